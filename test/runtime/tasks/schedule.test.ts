import { describe, expect, test } from "bun:test"
import type { ScheduleTick } from "../../../src/runtime/domain/callbacks.ts"
import { scheduleTask } from "../../../src/runtime/tasks/schedule.ts"
import { START_AT, virtualHost } from "./host.ts"

function scheduled(everyMs = 100) {
  const world = virtualHost()
  const task = scheduleTask({ kind: "schedule", id: "1", everyMs }, world.host)
  const ticks = () =>
    world.of("onSchedule").map(({ data, atMs }) => {
      const { timestamp, missed } = data as ScheduleTick
      return [atMs, (timestamp - START_AT) / 1_000, missed]
    })
  return { ...world, task, ticks }
}

describe("a schedule", () => {
  test("ticks at once and then on a grid, with the time each tick was due", () => {
    const { task, clock, ticks } = scheduled()
    task.start()
    clock.advance(350)
    expect(ticks()).toEqual([
      [0, 0, 0],
      [100, 100, 0],
      [200, 200, 0],
      [300, 300, 0],
    ])
  })

  test("says that it has started, before the first tick", () => {
    const { task, clock, published } = scheduled()
    task.start()
    clock.advance(150)
    expect(published.map(({ callback }) => callback)).toEqual(["onAltEvent", "onSchedule", "onSchedule"])
    expect(published[0]?.data).toEqual({ spec: task.spec, starts: 1 })
  })

  test("that comes late counts what it missed, makes no burst, and stays on its grid", () => {
    // A loop that is held up serves timers later than asked for.
    const world = virtualHost()
    let lateMs = 0
    const late = {
      ...world.outside.clock,
      timer: (ms: number, fire: () => void) => world.clock.timer(ms + lateMs, fire),
    }
    const host = { ...world.host, outside: { ...world.outside, clock: late } }
    const task = scheduleTask({ kind: "schedule", id: "1", everyMs: 100 }, host)
    task.start()
    world.clock.advance(50)
    lateMs = 250
    world.clock.advance(60)
    lateMs = 0
    world.clock.advance(490)
    const told = world.of("onSchedule").map(({ data, atMs }) => {
      const { timestamp, missed } = data as ScheduleTick
      return [atMs, (timestamp - START_AT) / 1_000, missed]
    })
    expect(told).toEqual([
      [0, 0, 0],
      [100, 100, 0],
      [450, 200, 2],
      [500, 500, 0],
      [600, 600, 0],
    ])
  })

  test("of no whole number of microseconds gives whole ones all the same, and does not drift", () => {
    const { task, clock, of } = scheduled(1_000 / 3)
    task.start()
    clock.advance(3_000)
    const times = of("onSchedule").map(({ data }) => (data as ScheduleTick).timestamp - START_AT)
    expect(times).toEqual([
      0, 333_333, 666_666, 1_000_000, 1_333_333, 1_666_666, 2_000_000, 2_333_333, 2_666_666, 3_000_000,
    ])
  })

  test("stops with nothing left to run", async () => {
    const { task, clock, ticks } = scheduled()
    task.start()
    clock.advance(250)
    await task.stop()
    clock.advance(1_000)
    expect([ticks().length, clock.pending, task.state(), task.reasons()]).toEqual([
      3,
      0,
      { everyMs: 100, ticks: 3 },
      [],
    ])
  })
})
