import { describe, expect, test } from "bun:test"
import { Matching } from "../../src/exchanges/matching/engine.ts"
import { Flow } from "../../src/exchanges/matching/flow.ts"
import { instrument } from "../../src/exchanges/matching/instrument.ts"
import { seeded } from "../../src/exchanges/matching/random.ts"
import { openModel } from "../../src/models/onnx/model.ts"
import { FeatureWindow } from "../../src/strategies/features.ts"
import { sample } from "../models/onnx/fixtures.ts"

const BTC = instrument({ symbol: "BTC", tick: "0.10", lot: "0.001", quote: "USDT", makerFeePpm: 0, takerFeePpm: 0 })
const startAt = 1_700_000_000_000_000
const everyUs = 250_000

/** Features and middle price four times a second, over `seconds` of seeded order flow. */
function watch(seed: number, seconds: number) {
  const window = new FeatureWindow()
  const engine = new Matching({
    instruments: [BTC],
    listener: { trade: ({ at, lots, side }) => window.trade(at, lots, side === 1 ? "BUY" : "SELL") },
  })
  const options = {
    symbol: "BTC",
    ticks: 618_000,
    lots: 40,
    spreadTicks: 80,
    eventsPerSecond: 150,
    volatility: 0.00003,
  }
  const flow = new Flow(options, engine, seeded(seed), startAt)
  const book = engine.books.get("BTC")!
  const levels = (half: typeof book.bids) =>
    half.prices
      .slice(-5)
      .toReversed()
      .flatMap((ticks) => [ticks, half.levels.get(ticks)!.lots])
  const moments: { values: Float32Array; middle: number }[] = []
  for (let now = startAt; now < startAt + seconds * 1e6; now += everyUs) {
    while (flow.step(now)) window.book(now, levels(book.bids), levels(book.asks))
    if (window.isReady) moments.push({ values: window.values(), middle: book.middleTwice! / 2 })
  }
  return moments
}

describe("the sample model on the simulated exchange's order flow", () => {
  test.each([11, 12, 13])("seed %d: it is sure of up at times and of down at times, and mostly right", async (seed) => {
    const model = await openModel(sample, {}, "trimmed")
    const moments = watch(seed, 180)
    const sure = { up: 0, down: 0, right: 0 }
    for (const [index, { values, middle }] of moments.slice(0, -8).entries()) {
      const [down = 0, , up = 0] = model.run(values, [1, 16]).data
      if (Math.max(down, up) < 0.6) continue
      const move = moments[index + 8]!.middle - middle
      sure[up > down ? "up" : "down"]++
      if (move > 0 === up > down) sure.right++
    }
    model.close()
    expect(sure.up).toBeGreaterThan(20)
    expect(sure.down).toBeGreaterThan(20)
    expect(sure.right / (sure.up + sure.down)).toBeGreaterThan(0.75)
  })
})
