// Buys once, keeps an order resting far below the market, and says what is refused. Parameters make it misbehave.
import { book, bot, flag, fromNumber, orders, priceOnTick, schedule, text } from "perigee"

const INST = "BTC_USDT_PERP"
const depth = book("binance-um", [INST], { everyMs: 0 })
const tick = schedule({ everyMs: 50 })
const router = orders("binance-um")

export default bot({
  name: "steady",
  account: "exclusive",
  limits: { orderSizeMax: { [INST]: "0.01" } },
  params: { buys: flag(true), rests: flag(true), note: text("") },
})
  .tasks([depth, tick, router])
  .strategy(
    {
      name: "steady",
      onSchedule(_, ctx) {
        const { buys, rests, note } = ctx.params
        if (note !== "") {
          ctx.log.warn(`told ${note}`, { note, nested: [note] })
          ctx.metrics.counter("notes", "Notes told", { note }).value++
          ctx.state.set("note", note)
        }
        const view = ctx.book(INST)
        const instrument = ctx.instrument(INST)
        const best = view.state === "live" ? view.best() : undefined
        if (best === undefined || instrument === undefined) return
        const at = (side: "BUY" | "SELL", price: number) => priceOnTick(instrument, side, fromNumber(price))
        const ask = { inst: INST, side: "BUY", size: "0.004" } as const
        // Where news of the first order comes late, a second would buy twice.
        const isBuying = ctx.openOrders(INST).some(({ timeInForce }) => timeInForce === "ioc")
        if (buys && !isBuying && ctx.position(INST).own === "0") {
          const submission = ctx.submit(router, { ...ask, price: at("BUY", best.askPrice * 1.001), timeInForce: "ioc" })
          if (submission.kind === "refused") ctx.log.warn("refused", { reasons: submission.reasons })
        }
        if (rests && ctx.openOrders(INST).length === 0) {
          const submission = ctx.submit(router, { ...ask, price: at("BUY", best.bidPrice * 0.98) })
          if (submission.kind === "refused") ctx.log.warn("refused", { reasons: submission.reasons })
        }
        if (note !== "") throw new Error(`thrown with ${note}`)
      },
    },
    { on: [tick] },
  )
