import { describe, expect, test } from "bun:test"
import * as fc from "fast-check"
import { Pulse } from "../../../src/runtime/tasks/heartbeat.ts"
import { Quiet } from "../../../src/runtime/tasks/quiet.ts"
import { VirtualClock } from "./scripted/clock.ts"

const HOUR_MS = 3_600_000

describe("how long nothing was heard", () => {
  test("is exact while nobody sets the clock, and never off by more than the time between two looks", async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant("heard" as const) }),
      fc.record({ kind: fc.constant("looked" as const) }),
      fc.record({ kind: fc.constant("set" as const), byMs: fc.integer({ min: -HOUR_MS, max: HOUR_MS }) }),
    )
    const happening = fc.tuple(fc.integer({ min: 1, max: 5_000 }), step)
    await fc.assert(
      fc.asyncProperty(fc.array(happening, { maxLength: 60 }), async (happenings) => {
        const clock = new VirtualClock()
        let heardAt = clock.now()
        let heardSince = clock.monotonic()
        const quiet = new Quiet(clock, heardAt)
        let lookedAt = clock.monotonic()
        // What is reckoned may be too little where the clock was set after something was heard; that it stays.
        let offUs = 0
        let isSet = false
        for (const [afterMs, what] of happenings) {
          await clock.advance(afterMs)
          if (what.kind === "set") {
            clock.set(what.byMs)
            isSet = true
          } else if (what.kind === "heard") {
            heardAt = clock.now()
            heardSince = clock.monotonic()
            offUs = Number.NaN
          } else {
            const us = quiet.look(heardAt)
            const truth = clock.monotonic() - heardSince
            const between = clock.monotonic() - lookedAt
            if (Number.isNaN(offUs)) {
              offUs = us - truth
              expect(Math.abs(offUs)).toBeLessThanOrEqual(isSet ? between : 0)
            }
            expect(us - truth).toBe(offUs)
            lookedAt = clock.monotonic()
            isSet = false
          }
        }
      }),
      { numRuns: 300 },
    )
  })

  test("is for ever until something was heard", async () => {
    const clock = new VirtualClock()
    const quiet = new Quiet(clock)
    await clock.advance(1_000)
    expect(quiet.look(0)).toBe(Number.POSITIVE_INFINITY)
    const heardAt = clock.now()
    await clock.advance(250)
    expect(quiet.look(heardAt)).toBe(250_000)
  })
})

describe("a connection's pulse", () => {
  const heartbeat = { everyMs: 1_000, silenceMsMax: 4_000 }

  test.each([0, -HOUR_MS, HOUR_MS])(
    "finds a dead line in time, and no living one dead, where the clock is set by %d ms",
    async (byMs) => {
      const clock = new VirtualClock()
      const told: string[] = []
      let pings = 0
      const pulse = new Pulse(clock, heartbeat, { ping: () => pings++, dead: (why) => void told.push(why) })
      pulse.start()
      for (let second = 0; second < 5; second++) {
        await clock.advance(700)
        pulse.heardAt = clock.now()
        await clock.advance(300)
      }
      clock.set(byMs)
      for (let second = 0; second < 5; second++) {
        await clock.advance(700)
        pulse.heardAt = clock.now()
        await clock.advance(300)
      }
      expect(told).toEqual([])
      const heardPings = pings
      clock.set(byMs)
      await clock.advance(3_000)
      expect([told, pings]).toEqual([[], heardPings + 3])
      await clock.advance(3_000)
      expect(told).toHaveLength(1)
      expect(told[0]).toMatch(/^no frame for (4|5)\d{3} ms$/)
      pulse.stop()
    },
  )
})
