// The sample bot: a small neural network looks at trades and book, and the position follows what it expects.
import {
  absolute,
  book,
  bot,
  compare,
  decimal,
  fromNumber,
  isNegative,
  minus,
  number,
  onnx,
  orders,
  type PredictHandle,
  priceOnTick,
  sizeOnLot,
  times,
  trades,
  zmq,
} from "perigee"
import { FEATURES, FeatureWindow } from "./features.ts"

const INST = "BTC_USDT_PERP"
const LEVELS = 5
/** How far beyond the touch a taking order may reach. */
const REACH = 0.0005

const tape = trades("binance-um", [INST], { each: true })
const depth = book("binance-um", [INST], { everyMs: 0 })
const router = orders("binance-um")

let window = new FeatureWindow()
let askedAt = 0

/** An old prediction is worth nothing: the newest four wait, one second at most. */
const PATIENCE = { deadlineMs: 1_000, queueMax: 4, whenFull: "newest" } as const

export default momentum(onnx("models/momentum.onnx", PATIENCE))

/** The same bot, its model in another process: python/examples/momentum.py, or whatever answers there likewise. */
export const onService = (endpoint: string) => momentum(zmq(endpoint, { ...PATIENCE, curve: false }))

function momentum(model: PredictHandle) {
  return bot({
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
      /** Chance of up minus chance of down at which the position is full; below it, in proportion. */
      fullEdge: number(0.4, { min: 0.01, max: 1 }),
      /** From here on an order takes; below, it rests at the touch. */
      takeEdge: number(0.5, { min: 0, max: 1 }),
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

        // What it saw in a former life in this process is not what it has seen now.
        start() {
          window = new FeatureWindow()
          askedAt = 0
        },

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
          const { params } = ctx
          const open = ctx.openOrders(INST)
          for (const order of open) {
            const isOld = ctx.now() - order.createdAt > params.restMsMax * 1_000
            if (order.state === "open" && (isOld || edge > 0 !== (order.side === "BUY")))
              void ctx.cancel(router, order.clientId)
          }
          const view = ctx.book(INST)
          const instrument = ctx.instrument(INST)
          if (open.length > 0 || instrument === undefined || view.state !== "live") return
          const best = view.best()
          if (best === undefined) return

          // The surer the model, the larger the position, in quarters of the full size.
          const share = Math.max(-1, Math.min(1, Math.round((4 * edge) / params.fullEdge) / 4))
          const wanted = minus(times(fromNumber(share), params.size), ctx.position(INST).own)
          const side = isNegative(wanted) ? "SELL" : "BUY"
          const size = sizeOnLot(instrument, absolute(wanted))
          if (compare(size, times(params.size, "0.25")) < 0 || edge > 0 !== (side === "BUY")) return
          const takes = Math.abs(edge) >= params.takeEdge
          const touch = side === "BUY" ? best.bidPrice : best.askPrice
          const reach = side === "BUY" ? best.askPrice * (1 + REACH) : best.bidPrice * (1 - REACH)
          const price = priceOnTick(instrument, side, fromNumber(takes ? reach : touch))
          ctx.submit(router, { inst: INST, side, size, price, timeInForce: takes ? "ioc" : "post-only" })
        },
      },
      { on: [tape, depth, model] },
    )
}
