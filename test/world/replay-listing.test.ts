// What becomes of an instrument while a tape is recorded, lived through again.
import { afterAll, expect, test } from "bun:test"
import { join } from "node:path"
import { bot, type Bot, type InstrumentMsg, orders, schedule, trades } from "perigee"
import type { Front, TapeEntry } from "../../src/runtime/ports.ts"
import { replay } from "../../src/world/replay.ts"
import { openSimulation } from "../../src/world/simulation.ts"
import { openTape } from "../../src/world/tape.ts"
import { folder } from "./program.ts"

const INST = "BTC_USDT_PERP"
const MINUTE = 60_000

const home = folder()
afterAll(() => home.remove())

/** The exchange, whose listing of BTCUSDT a test rewrites. */
const relisted = (front: Front, now: { readonly status: string; readonly tickSize: string }): Front => ({
  ...front,
  request: (asked, at) => {
    const answer = front.request(asked, at)
    if (asked.path !== "/fapi/v1/exchangeInfo") return answer
    const listing = JSON.parse(answer.body) as {
      symbols: { symbol: string; status: string; filters: Record<string, string>[] }[]
    }
    for (const row of listing.symbols) {
      if (row.symbol !== "BTCUSDT") continue
      row.status = now.status
      for (const filter of row.filters) if (filter["filterType"] === "PRICE_FILTER") filter["tickSize"] = now.tickSize
    }
    return { ...answer, body: JSON.stringify(listing) }
  },
})

/** Asks for the same order every minute, and hears what becomes of its instrument. */
function watcher() {
  const told: InstrumentMsg["data"][] = []
  const seen: unknown[] = []
  const answers: string[] = []
  const tape = trades("binance-um", [INST])
  const tick = schedule({ everyMs: MINUTE })
  const router = orders("binance-um")
  const watching = bot({ name: "watcher", account: "exclusive" })
    .tasks([tape, tick, router])
    .strategy(
      {
        onTrade() {},
        onInstrument({ data }, ctx) {
          told.push(data)
          seen.push(ctx.instrument(INST))
        },
        async onSchedule(_, ctx) {
          const submission = ctx.submit(router, { inst: INST, side: "BUY", size: "0.010", price: "50000.1" })
          if (submission.kind === "refused") return void answers.push(String(submission.reasons))
          answers.push((await submission.ack).kind)
          await ctx.cancel(router, submission.clientId)
        },
      },
      { on: [tape, tick, router] },
    )
  return { bot: watching as unknown as Bot, told, seen, answers }
}

/**
 * Without when it was noticed, and in a row what was answered in a row. Between a change and the bot's own refresh the
 * exchange of a replay, which knows of it, refuses what the bot does not yet.
 */
const contents = ({ told, seen, answers }: ReturnType<typeof watcher>) => ({
  told: told.map((change) => ({ ...change, timestamp: 0 })),
  seen,
  answers: answers.filter((answer) => answer !== "refused").filter((answer, at, all) => answer !== all[at - 1]),
})

test("a tick that grows, one that shrinks and a status that changes are the same in a run and in its replay", async () => {
  const now = { status: "TRADING", tickSize: "0.10" }
  const entries: TapeEntry[] = []
  const live = watcher()
  const simulation = await openSimulation({
    bot: () => live.bot,
    seed: 3,
    rate: 1,
    through: (front) => relisted(front, now),
    record: { append: (entry) => void entries.push(entry), close: () => Promise.resolve() },
  })
  for (const change of [{}, { tickSize: "0.50" }, { tickSize: "0.01" }, { status: "SETTLING" }]) {
    Object.assign(now, change)
    simulation.advance(25 * MINUTE)
  }
  simulation.stop("the test is over")
  expect(live.told.map(({ fields, now: { tickSize, status } }) => [fields.join(), tickSize, status])).toEqual([
    ["tickSize", "0.5", "live"],
    ["tickSize", "0.01", "live"],
    ["status", "0.01", "delisting"],
  ])
  const listings = entries.filter(({ channel }) => channel.endsWith("exchangeInfo"))
  expect(listings).toHaveLength(4)

  const file = join(home.path, "listing.tape")
  const tape = await openTape(file)
  for (const entry of entries) tape.append(entry)
  await tape.close()
  const replayed = watcher()
  await replay({ bot: replayed.bot, file, seed: 9, set: {}, latencyMs: 10 })
  expect(contents(replayed)).toEqual(contents(live))
  expect(replayed.answers).toContain("refused")
  // Within its own refresh: each later than the tape tells it, and by less than twelve minutes.
  const late = replayed.told.map(({ timestamp }, at) => (timestamp - listings[at + 1]!.receivedAt) / 1_000)
  expect(late.filter((ms) => ms < 0 || ms > 12 * MINUTE)).toEqual([])
}, 60_000)
