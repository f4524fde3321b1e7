import { afterAll, describe, expect, test } from "bun:test"
import { readFileSync } from "node:fs"
import { type Model, openModel } from "../../../src/models/onnx/model.ts"
import { isDead, openRuntime, settle } from "../../../src/models/onnx/ort.ts"
import { openSession } from "../../../src/models/onnx/session.ts"
import { cases, distance, modelOf, realCases } from "./fixtures.ts"

// Models are opened once for all of their cases.
const opened = new Map<string, Promise<Model>>()
afterAll(async () => {
  for (const model of opened.values()) (await model).close()
})

function open({ file, config }: (typeof cases)[number]): Promise<Model> {
  const key = `${file} ${JSON.stringify(config)}`
  // The rare one needs the whole runtime; all others prove the trimmed one.
  const model = opened.get(key) ?? openModel(modelOf(file), config, file === "rare" ? "full" : "trimmed")
  opened.set(key, model)
  return model
}

const types = cases.filter(({ file }) => file === "types")
const others = cases.filter(({ file }) => file !== "types")

describe("answers of the native runtime", () => {
  test.each(others.map((one) => [`${one.file} ${JSON.stringify(one.shape)} output ${one.outputIndex}`, one] as const))(
    "%s is answered alike",
    async (_, one) => {
      const model = await open(one)
      const { data, shape } = model.run(one.data, one.shape)
      expect(distance(data, one.answer)).toBeLessThanOrEqual(1e-5)
      expect(shape).toEqual([...one.answerShape])
      expect(model.facts.outputIndex).toBe(one.outputIndex)
    },
  )

  test("every element type but text and bfloat16 becomes float32 alike", async () => {
    const session = openSession(await openRuntime("trimmed"), readFileSync(modelOf("types")))
    for (const one of types) {
      const { data } = session.run([{ data: one.data, shape: one.shape }], one.outputIndex)
      expect([...data]).toEqual([...one.answer])
    }
    expect(types.map(({ outputIndex }) => outputIndex).toSorted((a, b) => a - b)).toEqual([
      2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13,
    ])
    session.close()
  })
})

function failure(run: () => unknown): unknown {
  try {
    return run()
  } catch (error) {
    return error
  }
}

describe("one runtime", () => {
  test("gives the same bits again and again, whatever was asked between", async () => {
    const [one, other] = cases.filter(({ file }) => file === "momentum")
    const model = await open(one!)
    const first = model.run(one!.data, one!.shape).data
    for (let round = 0; round < 50; round++) {
      model.run(other!.data, other!.shape)
      expect(model.run(one!.data, one!.shape).data).toEqual(first)
    }
  })

  test("gives the same bits once it has let go of what only a start needs, and refuses as it did", async () => {
    const ort = await openRuntime("trimmed")
    const session = openSession(ort, readFileSync(modelOf("transformer")))
    const one = realCases.find(({ file }) => file === "transformer")!
    const before = session.run([one], 0)
    const wrong = { data: new Float32Array(3), shape: [1, 1, 3] }
    const refusal = failure(() => session.run([wrong], 0))
    await settle(ort)
    expect(session.run([one], 0)).toEqual(before)
    expect(failure(() => session.run([wrong], 0))).toEqual(refusal)
    for (let round = 0; round < 100; round++) session.run([one], 0)
    expect(session.run([one], 0)).toEqual(before)
    // What is gone is gone by name: whoever needs it opens the runtime again.
    expect(isDead(failure(() => openSession(ort, readFileSync(modelOf("mlp")))))).toBe(true)
  })

  test("does not grow while models are opened and closed and the shape of requests changes", async () => {
    const ort = await openRuntime("trimmed")
    const bytes = readFileSync(modelOf("mlp"))
    for (let round = 0; round < 300; round++) {
      const session = openSession(ort, bytes)
      for (const rows of [1, 200, 7]) session.run([{ data: new Float32Array(rows * 6), shape: [rows, 6] }], 0)
      session.close()
    }
    expect(ort.HEAPU8.length).toBe(16 * 1024 * 1024)
  })
})
