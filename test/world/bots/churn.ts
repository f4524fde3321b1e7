// Trades all the time, both ways: takes, rests at the touch, moves and cancels what rests. Makes no money.
import { book, bot, compare, flag, fromNumber, number, orders, priceOnTick, schedule } from "perigee"

const INST = "BTC_USDT_PERP"
const SIZE = "0.002"
const REACH = 1.001

const depth = book("binance-um", [INST], { everyMs: 0 })
const tick = schedule({ everyMs: 50 })
const router = orders("binance-um")

let turns = 0

export default bot({
  name: "churn",
  account: "exclusive",
  limits: { orderSizeMax: { [INST]: "0.01" }, openOrdersMax: 20 },
  params: { trades: flag(true), restMsMax: number(400, { min: 1, max: 60_000 }) },
})
  .task(depth)
  .task(tick)
  .task(router)
  .strategy(
    {
      name: "churn",
      onSchedule(_, ctx) {
        const view = ctx.book(INST)
        const instrument = ctx.instrument(INST)
        if (!ctx.params.trades || view.state !== "live" || instrument === undefined) return
        const best = view.best()
        if (best === undefined) return
        for (const order of ctx.openOrders(INST)) {
          if (order.state !== "open" || ctx.now() - order.createdAt < ctx.params.restMsMax * 1_000) continue
          void ctx.cancel(router, order.clientId)
        }
        const isLong = compare(ctx.position(INST).own, "0") > 0
        const side = turns++ % 4 < 2 ? (isLong ? "SELL" : "BUY") : isLong ? "BUY" : "SELL"
        const [touch, other] = side === "BUY" ? [best.bidPrice, best.askPrice] : [best.askPrice, best.bidPrice]
        const reach = side === "BUY" ? other * REACH : other / REACH
        const price = (value: number) => priceOnTick(instrument, side, fromNumber(value))
        if (turns % 2 === 0)
          ctx.submit(router, { inst: INST, side, size: SIZE, price: price(reach), timeInForce: "ioc" })
        else ctx.submit(router, { inst: INST, side, size: SIZE, price: price(touch), timeInForce: "post-only" })
        // Read by the test, which ends this process at such a moment.
        if (turns % 8 === 0) process.stdout.write("sent\n")
      },
    },
    { on: [tick] },
  )
