import { describe, expect, test } from "bun:test"
import { FEATURES, FeatureWindow } from "../../src/strategies/features.ts"

const startAt = 1_700_000_000_000_000
const bucketUs = 500_000
const at = (buckets: number) => startAt + buckets * bucketUs

/** A book of one level with this middle price, and a spread of two. */
function quote(window: FeatureWindow, time: number, middle: number, bidSize = 1, askSize = 1): void {
  window.book(time, [middle - 1, bidSize], [middle + 1, askSize])
}

function named(window: FeatureWindow): Record<string, number> {
  const values = window.values()
  return Object.fromEntries(FEATURES.map((name, index) => [name, values[index]!]))
}

/** A window filled by a price that alternates, so that its deviation is known. */
function filled(): FeatureWindow {
  const window = new FeatureWindow()
  for (let bucket = 0; bucket <= 8; bucket++) quote(window, at(bucket), bucket % 2 === 0 ? 1_000 : 1_001)
  return window
}

describe("the feature window", () => {
  test("is ready once eight buckets have closed after the first book", () => {
    const window = new FeatureWindow()
    window.trade(at(0), 1, "BUY")
    for (let bucket = 0; bucket < 8; bucket++) quote(window, at(bucket), 1_000)
    expect(window.isReady).toBe(false)
    quote(window, at(8), 1_000)
    expect(window.isReady).toBe(true)
    expect(window.values()).toHaveLength(16)
  })

  test("measures returns in standard deviations, newest first", () => {
    const window = filled()
    expect(window.deviation).toBeCloseTo(Math.log(1.001), 6)
    quote(window, at(8), 1_000)
    const first = named(window)
    expect(first["return 0"]).toBeCloseTo(-1, 2)
    expect(first["return 1"]).toBeCloseTo(1, 2)
    expect(first["return 2"]).toBeCloseTo(-1, 2)
    quote(window, at(8) + 1, 1_002)
    expect(named(window)["return 0"]).toBeCloseTo(1, 2)
  })

  test("weighs takers' volumes over one, two, four and eight buckets", () => {
    const window = new FeatureWindow()
    for (let bucket = 0; bucket < 8; bucket++) {
      quote(window, at(bucket), 1_000)
      window.trade(at(bucket), 1, bucket < 6 ? "SELL" : "BUY")
    }
    window.trade(at(8), 2, "BUY")
    const values = named(window)
    expect(values["flow 1"]).toBe(1)
    expect(values["flow 2"]).toBe(1)
    expect(values["flow 4"]).toBeCloseTo((4 - 1) / 5)
    expect(values["flow 8"]).toBeCloseTo((4 - 5) / 9)
  })

  test("compares sizes at the touch and on the five best levels, not beyond", () => {
    const window = filled()
    const levels = (best: number, step: number, sizes: number[]) =>
      sizes.flatMap((size, index) => [best + step * index, size])
    window.book(at(8), levels(999, -1, [3, 1, 1, 1, 1, 100]), levels(1_001, 1, [1, 1, 1, 1, 1, 900]))
    expect(named(window)["imbalance 1"]).toBe(0.5)
    expect(named(window)["imbalance 5"]).toBeCloseTo((7 - 5) / 12)
  })

  test("clips what no model has seen, so that one print cannot carry it away", () => {
    const window = filled()
    quote(window, at(8), 2_000)
    expect(named(window)["return 0"]).toBe(4)
    expect(named(window)["distance from mean"]).toBe(4)
  })

  test("gives numbers in a market that does not move", () => {
    const window = new FeatureWindow()
    for (let bucket = 0; bucket <= 8; bucket++) quote(window, at(bucket), 1_000)
    expect([...window.values()].every(Number.isFinite)).toBe(true)
  })

  test("starts afresh after a pause as long as the window, and carries the price over a shorter one", () => {
    const short = filled()
    quote(short, at(12), 1_000)
    expect(short.isReady).toBe(true)
    expect(named(short)["return 2"]).toBe(0)
    const long = filled()
    quote(long, at(30), 1_000)
    expect(long.isReady).toBe(false)
  })

  test("gives a fresh array each time, which later events leave alone", () => {
    const window = filled()
    const before = window.values()
    const copy = before.slice()
    quote(window, at(9), 1_005)
    expect(window.values()).not.toBe(before)
    expect(before).toEqual(copy)
  })

  test("does not look at a book with an empty side", () => {
    const window = filled()
    const before = window.values()
    window.book(at(8) + 1, [], [1_001, 1])
    expect(window.values()).toEqual(before)
  })
})
