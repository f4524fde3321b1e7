import { expect, test } from "bun:test"
import { type Bot, bot, orders, schedule, trades } from "perigee"
import type { Front } from "../../src/runtime/ports.ts"
import { openSimulation } from "../../src/world/simulation.ts"

const INST = "BTC_USDT_PERP"

/** The exchange, whose listing of BTCUSDT a test rewrites. */
function relisted(front: Front, rewrite: (row: { status: string; filters: Record<string, string>[] }) => void): Front {
  return {
    ...front,
    request: (asked, now) => {
      const answer = front.request(asked, now)
      if (asked.path !== "/fapi/v1/exchangeInfo") return answer
      const listing = JSON.parse(answer.body) as { symbols: (Parameters<typeof rewrite>[0] & { symbol: string })[] }
      for (const row of listing.symbols) if (row.symbol === "BTCUSDT") rewrite(row)
      return { ...answer, body: JSON.stringify(listing) }
    },
  }
}

test("a tick that grows and a status that changes reach the strategy, its rounding and its orders", async () => {
  const listing = { status: "TRADING", tickSize: "0.10" }
  const told: string[] = []
  const answers: unknown[] = []
  const sample = (): Bot => {
    const tape = trades("binance-um", [INST])
    const tick = schedule({ everyMs: 60_000 })
    const router = orders("binance-um")
    return bot({ name: "sample" })
      .task(tape)
      .task(tick)
      .task(router)
      .strategy({
        onTrade: () => undefined,
        onInstrument({ data }, ctx) {
          told.push(`${data.inst} ${data.fields.join()} ${ctx.instrument(INST)?.tickSize} ${data.now.status}`)
        },
        onSchedule(_, ctx) {
          answers.push(ctx.submit(router, { inst: INST, side: "BUY", size: "0.010", price: "50000.1" }))
        },
      }) as unknown as Bot
  }
  const simulation = await openSimulation({
    bot: sample,
    seed: 3,
    rate: 1,
    through: (front) =>
      relisted(front, (row) => {
        row.status = listing.status
        for (const filter of row.filters)
          if (filter["filterType"] === "PRICE_FILTER") filter["tickSize"] = listing.tickSize
      }),
  })
  simulation.advance(70_000)
  expect(answers.at(-1)).toMatchObject({ kind: "submitted" })
  listing.tickSize = "0.50"
  simulation.advance(15 * 60_000)
  expect(answers.at(-1)).toMatchObject({ kind: "refused", reasons: ["price 50000.1 is not a multiple of tick 0.5"] })
  listing.status = "SETTLING"
  simulation.advance(15 * 60_000)
  expect(answers.at(-1)).toMatchObject({ kind: "refused", reasons: [expect.stringMatching(/^BTC_USDT_PERP is \w+/)] })
  expect(told).toEqual([
    `${INST} tickSize 0.5 live`,
    expect.stringMatching(/^BTC_USDT_PERP status 0\.5 (delisting|closed|suspended)$/),
  ])
  simulation.stop("the test is over")
}, 60_000)
