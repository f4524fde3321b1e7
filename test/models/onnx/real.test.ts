import { afterAll, describe, expect, test } from "bun:test"
import { onnxRunner } from "../../../src/models/onnx/index.ts"
import type { ModelRunner } from "../../../src/runtime/ports.ts"
import { type Case, distance, modelOf, realCases, realClock, tensor } from "./fixtures.ts"

// A runner each for model, config and place, opened once.
const running = new Map<string, ModelRunner>()
afterAll(async () => {
  for (const runner of running.values()) await runner.close()
})

async function runnerOf({ file, config }: Case, isInline: boolean): Promise<ModelRunner> {
  const key = JSON.stringify([file, config, isInline])
  // Trimmed in both places: what the usual libraries export must not need the whole runtime.
  const options = { clock: realClock, source: modelOf(file), config, isInline, runtime: "trimmed" } as const
  const runner = running.get(key) ?? onnxRunner(options)
  running.set(key, runner)
  await runner.load()
  return runner
}

const ask = async (one: Case, isInline: boolean) =>
  (await runnerOf(one, isInline)).predict(tensor(one.data, one.shape, { id: "7" }), 20_000)

test("the fixtures are the models that the usual libraries export", () => {
  expect([...new Set(realCases.map(({ file }) => file))].toSorted()).toEqual([
    "conv",
    "inputs",
    "int64",
    "mlp",
    "regressor",
    "transformer",
    "trees",
  ])
})

describe.each([
  ["in the worker", false],
  ["on the loop", true],
] as const)("a model %s", (_, isInline) => {
  test.each(
    realCases.map(
      (one, at) => [`${one.file} ${JSON.stringify(one.shape)} output ${one.outputIndex}`, at, one] as const,
    ),
  )("%s (case %d) answers a bot as the native runtime does", async (_, __, one) => {
    const answer = await ask(one, isInline)
    expect(answer.shape).toEqual([...one.answerShape])
    expect(distance(answer.data, one.answer)).toBeLessThanOrEqual(1e-5)
    expect(answer.metadata).toMatchObject({ id: "7", model_name: one.file, output_index: String(one.outputIndex) })
  })

  test("gives a class or an index in whole numbers", async () => {
    const labels = realCases.filter(
      ({ file, outputIndex }) => file === "int64" || (file === "trees" && outputIndex === 0),
    )
    for (const one of labels) {
      const answer = await ask(one, isInline)
      expect([...answer.data]).toEqual([...one.answer])
      expect(answer.metadata["output_dtype"]).toBe("i64")
    }
    expect(labels).toHaveLength(4)
  })
})
