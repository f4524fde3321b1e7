import { expect, test } from "bun:test"
import fc from "fast-check"
import { UsageError } from "../../../src/runtime/domain/errors.ts"
import { drainMicrotasks } from "../../../src/runtime/platform/bun/microtasks.ts"
import { virtualClock } from "../../../src/runtime/simulation/clock.ts"

const startAt = 1_700_000_000_000_000
const clockAtStart = () => virtualClock(startAt, drainMicrotasks)

test("time stands still until it is moved, then jumps from timer to timer", () => {
  const clock = clockAtStart()
  const seen: [string, number][] = []
  clock.timer(20, () => seen.push(["b", clock.now() - startAt]))
  clock.timer(0.5, () => seen.push(["a", clock.monotonic()]))
  clock.timer(21, () => seen.push(["c", clock.now() - startAt]))
  expect([clock.now(), clock.monotonic(), clock.nextAt()]).toEqual([startAt, 0, startAt + 500])
  clock.advance(20)
  expect(seen).toEqual([
    ["a", 500],
    ["b", 20_000],
  ])
  expect([clock.now(), clock.pending]).toEqual([startAt + 20_000, 1])
})

test("equal times run in the order they were asked for, whatever else is scheduled or canceled", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 8 }), fc.boolean()), { maxLength: 200 }), (timers) => {
      const clock = clockAtStart()
      const ran: number[] = []
      const handles = timers.map(([delayMs], index) => clock.timer(delayMs, () => ran.push(index)))
      for (const [index, [, isCanceled]] of timers.entries()) if (isCanceled) handles[index]?.cancel()
      const expected = timers
        .map(([delayMs, isCanceled], index) => ({ delayMs, isCanceled, index }))
        .filter(({ isCanceled }) => !isCanceled)
        .sort((a, b) => a.delayMs - b.delayMs || a.index - b.index)
      expect(clock.pending).toBe(expected.length)
      clock.advance(8)
      expect(ran).toEqual(expected.map(({ index }) => index))
      expect(clock.pending).toBe(0)
    }),
  )
})

test("what a step leaves to microtasks is done before the next step, however deep", () => {
  const clock = clockAtStart()
  const order: string[] = []
  clock.timer(1, () => {
    void (async () => {
      for (let turn = 0; turn < 1_000; turn++) await undefined
      order.push("promises of the first")
    })()
  })
  clock.timer(1, () => order.push("second"))
  clock.advance(1)
  expect(order).toEqual(["promises of the first", "second"])
})

test("deferred calls run at the same time, after what was due already", () => {
  const clock = clockAtStart()
  const order: string[] = []
  clock.timer(1, () => {
    clock.defer(() => order.push(`deferred ${clock.monotonic()}`))
    order.push("first")
  })
  clock.timer(1, () => order.push("second"))
  clock.advance(5)
  expect(order).toEqual(["first", "second", "deferred 1000"])
})

test("runs until something holds, or until the limit", () => {
  const clock = clockAtStart()
  let ticks = 0
  const tick = (): void => {
    ticks++
    clock.timer(10, tick)
  }
  tick()
  expect(clock.runUntil(() => ticks === 4, startAt + 1_000_000)).toBe(true)
  expect(clock.monotonic()).toBe(30_000)
  expect(clock.runUntil(() => false, startAt + 55_000)).toBe(false)
  expect([clock.monotonic(), ticks]).toEqual([55_000, 6])
})

test("does not go back", () => {
  const clock = clockAtStart()
  clock.advance(1)
  expect(() => clock.advanceTo(startAt)).toThrow(UsageError)
})
