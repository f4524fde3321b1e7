// Bad weather by seed: lost, late, doubled and cut messages, dead processes. Then the sky clears, and the bot must know
// what the exchange knows. A failing seed is the whole of its report: run it alone with STORM_SEED=n.
import { describe, expect, test } from "bun:test"
import { firstDifference } from "../../src/runtime/simulation/trace.ts"
import { storm } from "./simulated/storm.ts"

const SEEDS = 40
const SECONDS = 60
const only = process.env["STORM_SEED"]
const seeds = only === undefined ? Array.from({ length: SEEDS }, (_, index) => index + 1) : [Number(only)]

describe("no order twice or unknown, every fill once, no book believed with a gap", () => {
  test.each(seeds)(
    "seed %d",
    async (seed) => {
      const { wrong, orders, fills, compared } = await storm({ seed, seconds: SECONDS })
      expect(wrong).toEqual([])
      expect(orders).toBeGreaterThan(20)
      expect(fills).toBeGreaterThan(20)
      expect(compared).toBeGreaterThan(50)
    },
    30_000,
  )
})

test("messages that come mangled are told as unreadable and never believed; flipped bytes cut, and cost no more than a cut", async () => {
  const calm = { latencyMsMin: 1, latencyMsMax: 20 }
  const clear = await storm({ seed: 3, seconds: 20, faults: calm })
  expect(clear).toMatchObject({ wrong: [], unreadable: 0 })
  const mangled = await storm({ seed: 3, seconds: 20, faults: { ...calm, garbleRate: 0.05 } })
  expect(mangled.wrong).toEqual([])
  expect(mangled.unreadable).toBeGreaterThan(5)
  const flipped = await storm({ seed: 3, seconds: 20, faults: { ...calm, corruptRate: 0.003 } })
  expect(flipped).toMatchObject({ wrong: [], unreadable: 0 })
  expect(Math.min(mangled.orders, flipped.orders)).toBeGreaterThan(20)
}, 30_000)

test("a storm is the same storm again, line by line", async () => {
  const play = async (): Promise<string[]> => {
    const lines: string[] = []
    await storm({ seed: 18, seconds: 20, trace: (line) => void lines.push(line) })
    return lines
  }
  expect(firstDifference(await play(), await play())).toBeUndefined()
})
