// The sample bot: a small neural network looks at trades and book, and the position follows what it expects.
import {
  absolute,
  book,
  bot,
  compare,
  decimal,
  fromNumber,
  isZero,
  minus,
  negate,
  number,
  onnx,
  orders,
  priceOnTick,
  sizeOnLot,
  trades,
} from "perigee"
import { FEATURES, FeatureWindow } from "./features.ts"

const INST = "BTC_USDT_PERP"
const LEVELS = 5
/** How far beyond the touch a taking order may reach. */
const REACH = 0.0005

const tape = trades("binance-um", [INST], { each: true })
const depth = book("binance-um", [INST], { everyMs: 0 })
const model = onnx("models/momentum.onnx", { deadlineMs: 1_000, queueMax: 4, whenFull: "newest" })
const router = orders("binance-um")

const window = new FeatureWindow()
let askedAt = 0

export default bot({
  name: "momentum",
  account: "exclusive",
  limits: {
    orderSizeMax: { [INST]: "0.1" },
    orderNotionalMax: "20000",
    positionNotionalMax: "20000",
    ordersPerMinuteMax: 240,
  },
  params: {
    size: decimal("0.02", { min: "0.001", max: "0.05" }),
    /** Expected up minus expected down: from here on a resting order joins the touch, */
    joinEdge: number(0.08, { min: 0, max: 1 }),
    /** and from here on an order takes. */
    takeEdge: number(0.3, { min: 0, max: 1 }),
    askEveryMs: number(250, { min: 50, max: 60_000 }),
    restMsMax: number(3_000, { min: 100, max: 600_000 }),
  },
})
  .task(tape)
  .task(depth)
  .task(model)
  .task(router)
  .strategy(
    {
      name: "momentum",

      onTrade({ data }) {
        window.trade(data.timestamp, data.size, data.side)
      },

      onLob({ data }, ctx) {
        const view = ctx.book(INST)
        if (view.state !== "live") return
        const { bids, asks } = view.levels(LEVELS)
        window.book(data.timestamp, bids, asks)
        if (!window.isReady || ctx.now() - askedAt < ctx.params.askEveryMs * 1_000) return
        askedAt = ctx.now()
        ctx.predict(model, {
          timestamp: data.timestamp,
          data: window.values(),
          shape: [1, FEATURES.length],
          metadata: {},
        })
      },

      onPreds({ data }, ctx) {
        const [down = 0, , up = 0] = data.data
        const edge = up - down
        const open = ctx.openOrders(INST)
        for (const order of open) {
          const isOld = ctx.now() - order.createdAt > ctx.params.restMsMax * 1_000
          if (order.state === "open" && (isOld || edge > 0 !== (order.side === "BUY")))
            void ctx.cancel(router, order.clientId)
        }
        const view = ctx.book(INST)
        const instrument = ctx.instrument(INST)
        if (open.length > 0 || Math.abs(edge) < ctx.params.joinEdge) return
        if (instrument === undefined || view.state !== "live") return
        const best = view.best()
        if (best === undefined) return
        const target = edge > 0 ? ctx.params.size : negate(ctx.params.size)
        const wanted = minus(target, ctx.position(INST).own)
        const side = compare(wanted, "0") > 0 ? "BUY" : "SELL"
        const size = sizeOnLot(instrument, absolute(wanted))
        if (isZero(size) || (edge > 0 && side === "SELL") || (edge < 0 && side === "BUY")) return
        const takes = Math.abs(edge) >= ctx.params.takeEdge
        const touch = side === "BUY" ? best.bidPrice : best.askPrice
        const reach = side === "BUY" ? best.askPrice * (1 + REACH) : best.bidPrice * (1 - REACH)
        const price = priceOnTick(instrument, side, fromNumber(takes ? reach : touch))
        ctx.submit(router, { inst: INST, side, size, price, timeInForce: takes ? "ioc" : "post-only" })
      },
    },
    { on: [tape, depth, model] },
  )
