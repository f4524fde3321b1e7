import { describe, expect, test } from "bun:test"
import { Staleness } from "../../../../src/runtime/tasks/feed/staleness.ts"

const LATE_US = 1_000_000

/** A feed of ten events a second that take 1 ms, and a local clock that somebody sets. */
function watched() {
  let at = 1_790_000_000_000_000
  let ahead = 0
  const clock = { now: () => at + ahead, monotonic: () => at - 1_789_000_000_000_000 }
  const staleness = new Staleness(clock, LATE_US)
  const event = (delayMs: number) => {
    at += 100_000
    return Math.round(staleness.observe(at - 1_000 - delayMs * 1_000, clock.now()) / 1_000)
  }
  return {
    event,
    /** How late each event seemed, ms. */
    run: (seconds: number, delayMs = 0) => Array.from({ length: seconds * 10 }, () => event(delayMs)),
    set: (byMs: number) => void (ahead += byMs * 1_000),
  }
}

describe("staleness", () => {
  test("is what is beyond the usual delay, and the usual delay is that of the last minutes", () => {
    const feed = watched()
    expect(Math.max(...feed.run(20))).toBe(0)
    expect(feed.run(1, 3_000)).toEqual(Array(10).fill(3_000))
    expect(Math.max(...feed.run(1))).toBe(0)
    // A way that has become longer for good is the usual one once the shorter is forgotten.
    expect(feed.run(700, 3_000).at(-1)).toBe(0)
  })

  test.each([3_000, -3_000, 60_000, -86_400_000, 90, -90])("is none where the local clock is set by %d ms", (byMs) => {
    const feed = watched()
    feed.run(20)
    feed.set(byMs)
    expect(Math.max(...feed.run(700))).toBeLessThanOrEqual(90)
    // And where that is taken back.
    feed.set(-byMs)
    expect(Math.max(...feed.run(700))).toBeLessThanOrEqual(90)
  })

  test.each([3_000, -3_000, 500, -500])("shows a stall right after the clock was set by %d ms, and its end", (byMs) => {
    const feed = watched()
    feed.run(20)
    feed.set(byMs)
    expect(feed.run(5, 2_500)).toEqual(Array(50).fill(2_500))
    expect(Math.max(...feed.run(5))).toBeLessThan(LATE_US)
    feed.set(-byMs)
    expect(feed.run(5, 2_500).every((late) => late >= 2_500)).toBe(true)
  })

  test.each([3_000, -3_000, 1_500])(
    "shows a stall while which the clock is set by %d ms, as long as it is one",
    (byMs) => {
      const feed = watched()
      feed.run(20)
      expect(feed.run(2, 2_500)).toEqual(Array(20).fill(2_500))
      feed.set(byMs)
      expect(feed.run(2, 2_500)).toEqual(Array(20).fill(2_500))
      expect(Math.max(...feed.run(2))).toBe(0)
    },
  )

  test.each([2_000, 2_500, 3_000])(
    "shows a stall of %d ms within a second where the clock is set back by as much",
    (ms) => {
      const feed = watched()
      feed.run(20)
      feed.set(-ms)
      expect(feed.run(5, ms).slice(11)).toEqual(Array(39).fill(ms))
      expect(Math.max(...feed.run(5))).toBeLessThan(LATE_US)
    },
  )

  test("asks the clock once a second, not once an event, while data come as usual", () => {
    let asked = 0
    const staleness = new Staleness({ now: () => (asked++, 0), monotonic: () => 0 }, LATE_US)
    staleness.observe(0, 5_000)
    asked = 0
    for (let at = 0; at < 600_000_000; at += 10_000) staleness.observe(at, at + 5_000)
    expect(asked).toBeGreaterThan(500)
    expect(asked).toBeLessThan(620)
  })
})
