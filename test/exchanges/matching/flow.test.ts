import { describe, expect, test } from "bun:test"
import { Matching } from "../../../src/exchanges/matching/engine.ts"
import { Flow } from "../../../src/exchanges/matching/flow.ts"
import { instrument } from "../../../src/exchanges/matching/instrument.ts"
import { seeded } from "../../../src/exchanges/matching/random.ts"

const BTC = instrument({ symbol: "BTC", tick: "0.10", lot: "0.001", quote: "USDT", makerFeePpm: 0, takerFeePpm: 0 })
const startAt = 1_700_000_000_000_000

/** Plays `seconds` of flow and returns what it did. */
function play(seed: number, seconds: number, eventsPerSecond = 150) {
  const seen: string[] = []
  const middles: number[] = []
  const spreads: number[] = []
  const depths: number[] = []
  let trades = 0
  const engine = new Matching({
    instruments: [BTC],
    listener: {
      trade: (trade) => {
        trades++
        seen.push(`${trade.at} ${trade.lots}@${trade.ticks}`)
      },
      level: (book, side, ticks, lots) => seen.push(`${book.updateId} ${side} ${lots}@${ticks}`),
    },
  })
  const options = { symbol: "BTC", ticks: 618_000, lots: 40, spreadTicks: 80, eventsPerSecond, volatility: 0.00003 }
  const flow = new Flow(options, engine, seeded(seed), startAt)
  const book = engine.books.get("BTC")!
  let events = 0
  for (let now = startAt; now < startAt + seconds * 1e6; now = flow.nextAt) {
    while (flow.step(now)) events++
    depths.push(Math.min(book.bids.prices.length, book.asks.prices.length))
    spreads.push(book.asks.best!.ticks - book.bids.best!.ticks)
    middles.push(book.middleTwice! / 2)
  }
  return {
    seen,
    middles,
    spreads,
    depths,
    trades,
    events,
    levels: Math.max(book.bids.prices.length, book.asks.prices.length),
  }
}

describe("order flow", () => {
  test("the same seed gives the same flow, another seed another", () => {
    expect(play(7, 5).seen).toEqual(play(7, 5).seen)
    expect(play(8, 5).seen).not.toEqual(play(7, 5).seen)
  })

  test.each([1, 2, 3, 4, 5])(
    "seed %d: two minutes keep depth, spread and rate in bounds, and trend both ways",
    (seed) => {
      const { middles, spreads, depths, trades, events, levels } = play(seed, 120)
      expect(Math.min(...depths)).toBeGreaterThanOrEqual(25)
      expect(levels).toBeLessThanOrEqual(200)
      expect(spreads.toSorted((a, b) => a - b)[Math.floor(spreads.length / 2)]).toBeLessThanOrEqual(15)
      expect(events).toBeGreaterThan(120 * 150 * 0.9)
      expect(trades).toBeGreaterThan(120 * 5)
      // Moves over five seconds: some up and some down by more than half a basis point.
      const step = Math.floor(middles.length / 24)
      const moves = Array.from({ length: 23 }, (_, index) => middles[(index + 1) * step]! / middles[index * step]! - 1)
      expect(moves.filter((move) => move > 0.00005).length).toBeGreaterThan(1)
      expect(moves.filter((move) => move < -0.00005).length).toBeGreaterThan(1)
      // It stays where it began, within a few per cent.
      expect(Math.max(...middles) / Math.min(...middles)).toBeLessThan(1.05)
    },
  )

  test("it keeps up at soak speed", () => {
    const { events } = play(3, 2, 20_000)
    expect(events).toBeGreaterThan(36_000)
  })
})
