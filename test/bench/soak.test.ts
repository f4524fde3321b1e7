import { describe, expect, test } from "bun:test"
import { isBusy, judge, type Sample, soak, words } from "../../bench/soak.ts"

/** A sample a second: a level, what is added each second, and what the collector's saw-tooth adds and takes. */
const memory = (seconds: number, mb: number, mbPerSecond: number): Sample[] =>
  Array.from({ length: seconds }, (_, at) => {
    const now = mb + at * mbPerSecond + (at % 5) * 1.5
    return { at, mb: now, anonymousMb: now * 0.7 }
  })

describe("what a soak makes of memory", () => {
  test("is flat where a saw-tooth stays on its level, in short runs and in long ones", () => {
    expect(judge(memory(20, 140, 0), 20).isFlat).toBe(true)
    expect(judge(memory(600, 140, 0), 600)).toMatchObject({ isFlat: true, warmUpSec: 120 })
  })

  test("grows where each event leaves fifty bytes behind at 50,000 events a second", () => {
    const { isFlat, slopeMbPerMinute } = judge(memory(20, 140, 2.5), 20)
    expect(isFlat).toBe(false)
    expect(slopeMbPerMinute).toBeGreaterThan(100)
  })

  test("grows in a long run where a byte an event stays behind", () => {
    expect(judge(memory(600, 140, 0.05), 600).isFlat).toBe(false)
  })

  test("grows in a long run where a heap grows as fast as code is let go", () => {
    const hidden = memory(600, 140, 0).map((sample) => ({ ...sample, anonymousMb: 70 + sample.at * 0.006 }))
    expect(judge(hidden, 600)).toMatchObject({ isFlat: false, growth: 0 })
  })

  test("does not count what the warm-up takes", () => {
    const warming = memory(600, 140, 0).map(({ at, mb }) => ({ at, mb: at < 100 ? mb / 2 : mb, anonymousMb: 70 }))
    expect(judge(warming, 600).isFlat).toBe(true)
  })

  test("tells each minute's median, the warm-up's too", () => {
    const { minutesMb } = judge(memory(150, 100, 0.1), 150)
    expect(minutesMb).toEqual([
      [106.1, 74.3],
      [112.1, 78.5],
      [116.7, 81.7],
    ])
  })
})

test("a long run counts for the rate it was asked for only with nine tenths of it, a short one always", () => {
  expect(isBusy({ seconds: 600, rate: 50_000, eventsPerSecond: 45_000 })).toBe(true)
  expect(isBusy({ seconds: 600, rate: 50_000, eventsPerSecond: 44_999 })).toBe(false)
  expect(isBusy({ seconds: 20, rate: 50_000, eventsPerSecond: 6_000 })).toBe(true)
})

test("the demo takes thousands of events a second for 20 s and its memory stays", async () => {
  const result = await soak({ seconds: 20, rate: 50_000 })
  console.log(words(result))
  // A busy machine may not bring 50,000; what is counted is what came.
  expect(result.eventsPerSecond).toBeGreaterThan(5_000)
  expect(result.p999Us).toBeGreaterThan(0)
  expect(result.held).toBe(true)
}, 90_000)
