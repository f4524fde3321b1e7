// An ONNX model's worker that is killed again and again under a bot that goes on asking: every request ends in its own answer or in an error.
import { afterEach, expect, test } from "bun:test"
import { onnx } from "perigee"
import { sample } from "../models/onnx/fixtures.ts"
import { type Asking, asking, request } from "./asker.ts"
import { until } from "./until.ts"

const Real = globalThis.Worker
const models: Worker[] = []

/** Keeps the workers of models, so that they can be killed. */
class Kept extends Real {
  constructor(url: string | URL, options?: WorkerOptions) {
    super(url, options)
    if (String(url).includes("/models/onnx/")) models.push(this)
  }
}

let open: Asking | undefined
afterEach(async () => {
  globalThis.Worker = Real
  models.length = 0
  await open?.close()
  open = undefined
})

const row = (value: number) => Array.from({ length: 16 }, () => value)
const DEATHS = 4

test("a model whose worker is killed again and again is told of, not ready meanwhile, and back each time", async () => {
  globalThis.Worker = Kept as typeof Worker
  open = await asking(onnx(sample, { deadlineMs: 10_000 }))
  const { ask, heard, world, lines, metrics } = open
  const bare = async (id: string) => {
    await ask(request(id, row(0.5), [1, 16]))
    return heard.answers.at(-1)?.[1]
  }
  const expected = await bare("first")
  for (let death = 1; death <= DEATHS; death++) {
    expect(models).toHaveLength(death)
    models.at(-1)!.terminate()
    await until("its death is told of", () => heard.troubles.length === death)
    // Asked before it is back: it waits, since its deadline allows.
    expect(await bare(`after ${death}`)).toEqual(expected!)
    expect(world.reasons()).toEqual([])
  }
  const pauses = heard.troubles.map((message) => Number(/: it ended; it restarts in (\d+) ms$/.exec(message)?.[1]))
  expect(pauses[0]).toBe(0)
  for (const [index, most] of [500, 1_000, 2_000].entries()) expect(pauses[index + 1]).toBeWithin(most / 2, most + 1)
  expect(heard.answers.map(([id]) => id)).toEqual(["first", ...[1, 2, 3, 4].map((death) => `after ${death}`)])
  expect(heard.failures).toEqual([])
  expect(await metrics()).toContain(`perigee_model_breakdowns_total{model="${sample}"} ${DEATHS}`)
  const told = lines.map((line) => (JSON.parse(line) as { event?: string; msg?: string }).event ?? line)
  expect(told.filter((event) => /model\.(lost|restored)/.test(event))).toHaveLength(2 * DEATHS)
}, 60_000)

test("a request that cannot wait for the restart fails at once, and /ready names the reason", async () => {
  globalThis.Worker = Kept as typeof Worker
  open = await asking(onnx(sample, { deadlineMs: 50 }))
  const { ask, heard, world } = open
  models.at(-1)!.terminate()
  await until("it is back", () => heard.troubles.length === 1 && world.reasons().length === 0)
  models.at(-1)!.terminate()
  await until("its second death is told of", () => heard.troubles.length === 2)
  const why = `model ${sample}: the model's worker broke down: it ended`
  expect(world.reasons()).toEqual([`${why}; it is being started again`])
  await ask(request("hasty", row(0.5), [1, 16]))
  expect(heard.failures).toEqual([
    ["hasty", expect.stringMatching(/: it ended; it restarts in \d+ ms, after this request's deadline$/)],
  ])
  await until("it is back again", () => world.reasons().length === 0)
}, 60_000)
