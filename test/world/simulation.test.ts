// The whole bot with its adapter and its exchange, on one thread and a virtual clock.
import { expect, test } from "bun:test"
import { bot, type Bot, schedule } from "perigee"
import { differenceText, firstDifference } from "../../src/runtime/simulation/trace.ts"
import { openSimulation, type SimulationOptions } from "../../src/world/simulation.ts"
import { altered, lastDigit } from "./simulated/altered.ts"
import { type Mood, newMood, trader } from "./simulated/trader.ts"

const weather = { latencyMsMin: 1, latencyMsMax: 30, dropRate: 0.002, duplicateRate: 0.002, cutRate: 0.0003 }

interface Run {
  readonly lines: readonly string[]
  readonly digest: string
  readonly orders: number
}

async function run(options: Partial<SimulationOptions> = {}, mood: Mood = newMood()): Promise<Run> {
  const lines: string[] = []
  const simulation = await openSimulation({
    bot: () => trader(mood),
    seed: 1,
    faults: weather,
    trace: (line) => void lines.push(line),
    ...options,
  })
  simulation.advance(8_000)
  simulation.kill("after commit")
  simulation.advance(3_000)
  simulation.revive()
  simulation.advance(8_000)
  const { orders } = simulation.world.stats()
  simulation.stop("the test is over")
  return { lines, digest: simulation.trace!.digest, orders }
}

test("the same seed gives the same trace, death and rebirth included", async () => {
  const [one, other] = [await run(), await run()]
  expect(firstDifference(one.lines, other.lines)).toBeUndefined()
  expect(other.digest).toBe(one.digest)
  expect(one.orders).toBeGreaterThan(10)
  expect(one.lines.length).toBeGreaterThan(1_000)
})

test("another seed gives another trace", async () => {
  const [one, other] = [await run(), await run({ seed: 2 })]
  expect(other.digest).not.toBe(one.digest)
})

test("one changed digit of one frame gives another trace, and the first line that differs is that frame", async () => {
  const nth = 400
  let changedAt = 0
  const one = await run()
  const other = await run({
    through: (front) => altered(front, { nth, change: (text) => (changedAt++, lastDigit(text)) }),
  })
  expect(changedAt).toBe(1)
  expect(other.digest).not.toBe(one.digest)
  const difference = firstDifference(one.lines, other.lines)!
  expect(difference.one).toMatch(/^\d+ socket \d+ received [0-9a-f]{16}$/)
  expect(difference.other).toMatch(/^\d+ socket \d+ received [0-9a-f]{16}$/)
  expect(differenceText(difference)).toStartWith(`line ${difference.line} differs:`)
})

test("one changed output of one handler gives another trace, and the first line that differs is what it did", async () => {
  const one = await run()
  const other = await run({}, { ...newMood(), odd: { submission: 20, size: "0.013" } })
  const difference = firstDifference(one.lines, other.lines)!
  expect(difference.one).toMatch(/^\d+ call strategy-1\.submit [0-9a-f]{16}$/)
  expect(difference.other).toMatch(/^\d+ call strategy-1\.submit [0-9a-f]{16}$/)
})

test("a promise that nothing can settle fails by name", async () => {
  const simulation = await openSimulation({ bot: () => trader(newMood()), seed: 3, rate: 0 })
  const never = new Promise<void>(() => {})
  expect(() => simulation.settle("the answer", never, 1_000)).toThrow(
    "the answer has not settled within 1000 virtual ms",
  )
  simulation.stop("the test is over")
})

test("a strategy that reaches for JavaScript's own clock, timers, chance or network gets virtual ones, or is told", async () => {
  const real = [globalThis.Date, globalThis.setTimeout, globalThis.fetch, Math.random, performance.now]
  const seen: unknown[] = []
  const tick = schedule({ everyMs: 1_000 })
  const naive = (): Bot =>
    bot({ name: "naive" })
      .task(tick)
      .strategy({
        async onSchedule(_, ctx) {
          const before = Date.now()
          await new Promise((resolve) => setTimeout(resolve, 250).unref())
          const refusal = await Promise.try(() => fetch("http://elsewhere")).catch(String)
          const isNow = new Date().getTime() === Math.floor(ctx.now() / 1_000)
          seen.push([Date.now() - before, isNow, new Date(0).getTime(), Math.random(), refusal, crypto.randomUUID()])
        },
      }) as unknown as Bot
  const play = async () => {
    seen.length = 0
    const simulation = await openSimulation({ bot: naive, seed: 5 })
    simulation.advance(3_500)
    simulation.stop("the test is over")
    return [...seen]
  }
  const one = await play()
  expect(one.length).toBeGreaterThan(2)
  expect(one[0]).toEqual([
    250,
    true,
    0,
    expect.any(Number),
    expect.stringContaining("fetch reaches a network"),
    expect.any(String),
  ])
  expect(await play()).toEqual(one)
  expect([globalThis.Date, globalThis.setTimeout, globalThis.fetch, Math.random, performance.now]).toEqual(real)
})
