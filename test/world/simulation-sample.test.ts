// The sample bot with its ONNX model on a virtual clock: what its trace shows, and that nothing passes it by.
import { expect, test } from "bun:test"
import { differenceText, firstDifference } from "../../src/runtime/simulation/trace.ts"
import { openSimulation, type SimulationOptions } from "../../src/world/simulation.ts"
import { sampleBot, sampleModel } from "../../src/world/sample.ts"
import { altered, lastDigit } from "./simulated/altered.ts"

async function run(options: Partial<SimulationOptions> = {}): Promise<{ lines: string[]; predictions: number }> {
  const lines: string[] = []
  const simulation = await openSimulation({
    bot: () => sampleBot,
    modelFile: sampleModel,
    seed: 7,
    faults: { latencyMsMin: 1, latencyMsMax: 10 },
    trace: (line) => void lines.push(line),
    ...options,
  })
  simulation.advance(15_000)
  const { predictions } = simulation.world.stats()
  simulation.stop("the test is over")
  return { lines, predictions }
}

test("the same seed gives the same trace, predictions and orders included", async () => {
  const [one, other] = [await run(), await run()]
  expect(firstDifference(one.lines, other.lines)).toBeUndefined()
  expect(one.predictions).toBeGreaterThan(20)
  const channels = one.lines.map((line) => line.replace(/^\d+ (.*) [0-9a-f]{16}$/, "$1"))
  expect(channels).toContain("journal")
  expect(channels.filter((channel) => channel.includes("onPreds")).length).toBeGreaterThan(20)
}, 60_000)

test("one changed byte of one frame gives another, from that frame on", async () => {
  const one = await run()
  const isMeant = (text: string): boolean => /\d"\]\]/.test(text)
  const other = await run({ through: (front) => altered(front, { nth: 40, change: lastDigit, isMeant }) })
  const difference = firstDifference(one.lines, other.lines)!
  expect(difference.one).toMatch(/^\d+ socket \d+ received [0-9a-f]{16}$/)
  expect(differenceText(difference)).toBe(
    `line ${difference.line} differs:\n  one:   ${difference.one}\n  other: ${difference.other}`,
  )
}, 60_000)

test("a model that answers later, or a bot with another parameter, gives another", async () => {
  const one = await run()
  for (const options of [{ model: { latencyMsMin: 2, latencyMsMax: 6 } }, { set: { askEveryMs: "300" } }]) {
    expect(firstDifference(one.lines, (await run(options)).lines)).toBeDefined()
  }
}, 60_000)
