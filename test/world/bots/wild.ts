// Rests one order far below the market; once it rests, does what no bot should.
import { book, bot, choice, fromNumber, orders, priceOnTick, schedule } from "perigee"

const INST = "BTC_USDT_PERP"
const depth = book("binance-um", [INST], { everyMs: 0 })
const tick = schedule({ everyMs: 50 })
const router = orders("binance-um")

function spin(): never {
  for (;;);
}

export default bot({
  name: "wild",
  account: "exclusive",
  limits: { openOrdersMax: 2 },
  openOrdersOnStop: "keep",
  params: {
    does: choice("nothing", [
      "nothing",
      "spin",
      "spin later",
      "spin at start",
      "spin later at start",
      "reject",
      "wait at start",
    ]),
  },
})
  .tasks([depth, tick, router])
  .strategy(
    {
      name: "wild",
      start(ctx) {
        if (ctx.params.does === "spin at start") spin()
        if (ctx.params.does === "spin later at start") return Promise.resolve().then(spin)
        return ctx.params.does === "wait at start" ? new Promise(() => undefined) : undefined
      },
      onSchedule(_, ctx) {
        const instrument = ctx.instrument(INST)
        const view = ctx.book(INST)
        const best = view.state === "live" ? view.best() : undefined
        if (best === undefined || instrument === undefined) return undefined
        const [resting] = ctx.openOrders(INST)
        if (resting === undefined) {
          const price = priceOnTick(instrument, "BUY", fromNumber(best.bidPrice * 0.98))
          ctx.submit(router, { inst: INST, side: "BUY", size: "0.004", price })
        } else if (resting.state === "open") {
          if (ctx.params.does === "spin") spin()
          if (ctx.params.does === "reject")
            void Promise.reject(new Error(`nobody caught this ${process.env["BINANCE_SECRET_KEY"]}`))
        }
        const isLater = ctx.params.does === "spin later" && resting?.state === "open"
        return isLater ? Promise.resolve().then(spin) : undefined
      },
    },
    { on: [tick], startMsMax: 1_000 },
  )
