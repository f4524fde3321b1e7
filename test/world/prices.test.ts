// What a whole bot's orders are valued at, whatever feeds it declares.
import { expect, test } from "bun:test"
import { book, type Bot, bot, candles, type Context, type Handle, lob, orders, schedule, trades } from "perigee"
import { openSimulation } from "../../src/world/simulation.ts"

const INST = "BTC_USDT_PERP"
const FEEDS: readonly (readonly [string, () => Handle])[] = [
  ["trades", () => trades("binance-um", [INST])],
  ["a book", () => book("binance-um", [INST])],
  ["images", () => lob("binance-um", [INST], { form: "snapshot", depth: 5 })],
  ["candles", () => candles("binance-um", [INST], "1m")],
]

test.each(FEEDS)(
  "a bot that declares %s of an instrument may trade it at the market, within its limits",
  async (_, of) => {
    const answers: string[] = []
    const made = (): Bot => {
      const tick = schedule({ everyMs: 1_000 })
      const router = orders("binance-um")
      let ticks = 0
      return bot({ name: "prices", limits: { orderNotionalMax: "1000" } })
        .tasks([of(), tick, router] as readonly Handle[] as never)
        .strategy({
          onTrade() {},
          onLob() {},
          onCandle() {},
          onSchedule(_tick: unknown, ctx: Context) {
            if (++ticks !== 8) return
            for (const asked of [
              { size: "0.002", type: "market" },
              { size: "0.002", price: "50000.0" },
              { size: "0.100", type: "market" },
              { size: "0.018", price: "50000.0" },
            ] as const) {
              const sent = ctx.submit(router, { inst: INST, side: "SELL", ...asked })
              const reasons = sent.kind === "refused" ? sent.reasons : []
              answers.push([sent.kind, ...reasons].join(" ").replace(/[\d.]+/g, "n"))
            }
          },
        } as never) as unknown as Bot
    }
    const simulation = await openSimulation({ bot: made, seed: 3, rate: 50 })
    simulation.advance(9_000)
    const tooMuch = "refused notional n is above the limit n"
    expect(answers).toEqual(["submitted", "submitted", tooMuch, tooMuch])
    simulation.stop("the test is over")
  },
)
