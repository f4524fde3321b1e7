// The joint between past and stream alone, with a venue's list in the test's hand.
import { describe, expect, test } from "bun:test"
import type { Trade } from "../../../src/runtime/domain/events.ts"
import { accepted } from "../../../src/runtime/domain/outcome.ts"
import { Joiner } from "../../../src/runtime/tasks/feed/joiner.ts"
import type { Past } from "../../../src/runtime/tasks/feed/past.ts"
import { virtualHost } from "./host.ts"

const trade = (id: number): Trade => ({
  kind: "trade",
  market: "binance-um",
  inst: "BTC_USDT_PERP",
  price: 1,
  size: 1,
  side: "BUY",
  tradeId: String(id),
  timestamp: id,
  receivedAt: id,
})
const upTo = (from: number, until: number): number[] => Array.from({ length: until - from }, (_, at) => from + at)

function joint(count = 0) {
  const { clock, turn, outside } = virtualHost()
  /** What the venue lists by now. */
  const venue = { listed: [] as number[], asked: 0 }
  const past: Past<Trade> = {
    position: ({ tradeId }) => BigInt(tradeId),
    after: ({ tradeId }) => BigInt(tradeId) + 1n,
    span: (from, until) => Number(BigInt(until) - BigInt(from)),
    latest: (wanted) => {
      venue.asked++
      return Promise.resolve(accepted(venue.listed.slice(-wanted).map(trade)))
    },
    from: (position, until, countMax) => {
      venue.asked++
      const found = venue.listed.filter((id) => BigInt(id) >= BigInt(position))
      const wanted = found.filter((id) => until === undefined || BigInt(id) < BigInt(until)).slice(0, countMax)
      const isReached = until === undefined || (venue.listed.at(-1) ?? 0) >= Number(until) - 1
      return Promise.resolve(accepted({ events: wanted.map(trade), isReached }))
    },
    before: () => Promise.resolve(accepted([])),
  }
  const told: number[] = []
  const gaps: string[] = []
  let turns = 0
  const joiner = new Joiner<Trade>({
    clock,
    random: outside.random,
    turn,
    past,
    count,
    publish: ({ tradeId }) => void told.push(Number(tradeId)),
    gap: (missed, why) => void gaps.push(`${missed}: ${why}`),
    failed: (why) => void gaps.push(why),
  })
  const stream = (...ids: number[]) => turn.run(() => ids.forEach((id) => joiner.accept(trade(id))))
  const enter = turn.enter.bind(turn)
  turn.enter = () => {
    turns++
    enter()
  }
  return { clock, venue, joiner, told, gaps, stream, turns: () => turns }
}

describe("a stream that lost something", () => {
  test("waits while the venue's list is behind it, and concludes nothing from what that lacks", () => {
    const { clock, venue, joiner, told, gaps, stream } = joint()
    joiner.subscribed()
    stream(1, 2)
    venue.listed = [1, 2, 3]
    stream(6, 7)
    clock.advance(1_000)
    expect([told, joiner.reason]).toEqual([[1, 2], "what was missed is on its way"])
    venue.listed = upTo(1, 8)
    stream(8)
    clock.advance(3_000)
    expect([told, gaps, joiner.reason]).toEqual([upTo(1, 9), [], undefined])
  })

  test("goes on after ten seconds with what could be had, and tells how many lack", () => {
    const { clock, venue, joiner, told, gaps, stream } = joint()
    joiner.subscribed()
    stream(1)
    venue.listed = [1, 2, 3]
    stream(6)
    clock.advance(11_000)
    expect([told, gaps]).toEqual([[1, 2, 3, 6], ["2: not within 10 s: no answer"]])
    expect(joiner.counters).toMatchObject({ missed: 2 })
    stream(7)
    expect(told.at(-1)).toBe(7)
    expect(clock.pending).toBe(0)
  })

  test("tells ids that the venue itself has never listed as missing, and fetches the rest", () => {
    const { clock, venue, joiner, told, gaps, stream } = joint()
    joiner.subscribed()
    stream(1)
    venue.listed = [1, 2, 5, 6]
    stream(6)
    clock.advance(10)
    expect([told, gaps]).toEqual([[1, 2, 5, 6], ["2: the venue does not list them"]])
  })

  test("does not fetch more than five thousand", () => {
    const { venue, joiner, told, gaps, stream } = joint()
    joiner.subscribed()
    stream(1, 6_000)
    expect([told, gaps, venue.asked]).toEqual([[1, 6_000], ["5998: more than 5000 are not fetched"], 0])
  })

  test("drops what has been told, however late it comes again", () => {
    const { joiner, told, stream } = joint()
    joiner.subscribed()
    stream(1, 2, 2, 1, 3)
    expect([told, joiner.counters.repeated]).toEqual([[1, 2, 3], 2])
  })
})

test("a long history is told in slices, and the stream waits its turn", () => {
  const { clock, venue, joiner, told, stream, turns } = joint(1_000)
  venue.listed = upTo(1, 2_001)
  joiner.subscribed()
  stream(2_000, 2_001)
  const before = turns()
  clock.advance(10)
  expect(told).toEqual(upTo(1_001, 2_002))
  expect(turns() - before).toBeGreaterThan(7)
})
