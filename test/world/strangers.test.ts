import { expect, test } from "bun:test"
import { bot, type Context, orders, schedule, trades } from "../../src/index.ts"
import { describe as textOf, UsageError } from "../../src/runtime/domain/errors.ts"
import { openSimulation } from "../../src/world/simulation.ts"

const INST = "BTC_USDT_PERP"

/** What becomes of questions about these names, in a whole bot that has heard what the venue lists. */
async function answers(insts: readonly string[]): Promise<Record<string, unknown>> {
  const told: Record<string, unknown> = {}
  const ask = (name: string, question: () => unknown): void => {
    try {
      told[name] = question()
    } catch (error) {
      told[name] = error instanceof UsageError ? textOf(error).split(";")[0] : "no UsageError"
    }
  }
  const declare = () => {
    const tick = schedule({ everyMs: 1_000 })
    return bot({ name: "asks" })
      .tasks([tick, trades("binance-um", [INST]), orders("binance-um")])
      .strategy(
        {
          onSchedule(_: unknown, ctx: Context) {
            for (const inst of insts) {
              ask(`position ${inst}`, () => ctx.position(inst).own)
              ask(`openOrders ${inst}`, () => ctx.openOrders(inst))
              ask(`instrument ${inst}`, () => ctx.instrument(inst)?.symbol)
            }
          },
        },
        { on: [tick] },
      )
  }
  const simulation = await openSimulation({ bot: declare, seed: 1 })
  simulation.advance(5_000)
  simulation.stop("enough")
  return told
}

test("a position or open orders of what the venue does not list are refused by name, not answered with nothing", async () => {
  const misspelt = '"BTC_USDT_PREP" is not an instrument name'
  expect(await answers([INST, "BTC_USDT_PREP", "BTCC_USDT_PERP"])).toEqual({
    [`position ${INST}`]: "0",
    [`openOrders ${INST}`]: [],
    [`instrument ${INST}`]: "BTCUSDT",
    "position BTC_USDT_PREP": misspelt,
    "openOrders BTC_USDT_PREP": misspelt,
    "instrument BTC_USDT_PREP": misspelt,
    "position BTCC_USDT_PERP": "binance-um does not list BTCC_USDT_PERP",
    "openOrders BTCC_USDT_PERP": "binance-um does not list BTCC_USDT_PERP",
    // Said so: undefined where the venue lists none of that name.
    "instrument BTCC_USDT_PERP": undefined,
  })
})
