// Wants less than the venue trades, again and again.
import { book, bot, orders, schedule } from "perigee"

const INST = "BTC_USDT_PERP"
const tick = schedule({ everyMs: 100 })
const depth = book("binance-um", [INST])
const router = orders("binance-um")

export default bot({ name: "small", limits: { openOrdersMax: 5 } })
  .tasks([tick, depth, router])
  .strategy(
    {
      onSchedule(_, ctx) {
        const view = ctx.book(INST)
        if (view.state !== "live" || ctx.instrument(INST) === undefined) return
        const { bidPrice } = view.best()!
        const asked = { inst: INST, side: "BUY", price: String(bidPrice) } as const
        const tiny = ctx.submit(router, { ...asked, size: "0.0001" })
        if (tiny.kind === "refused") ctx.log.warn("refused", { reasons: tiny.reasons })
      },
    },
    { on: [tick] },
  )
