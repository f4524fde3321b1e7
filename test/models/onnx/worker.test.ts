import { afterEach, describe, expect, test } from "bun:test"
import { readFileSync } from "node:fs"
import { resolve } from "node:path"
import { type OnnxOptions, onnxRunner } from "../../../src/models/onnx/index.ts"
import { describe as said } from "../../../src/runtime/domain/errors.ts"
import { memoryOf } from "../../../src/runtime/domain/numbers.ts"
import type { ModelRunner } from "../../../src/runtime/ports.ts"
import { cases, distance, fixture, modelOf, realClock, sample, tensor } from "./fixtures.ts"

const running: ModelRunner[] = []
afterEach(async () => {
  for (const runner of running.splice(0)) await runner.close()
})

function runnerOf(options: Omit<OnnxOptions, "clock">): ModelRunner {
  const runner = onnxRunner({ clock: realClock, ...options })
  running.push(runner)
  return runner
}

const failureOf = (promise: Promise<unknown>): Promise<string> => promise.then(() => "it did not fail", said)

const one = cases.find(({ file }) => file === "mlp")!
const request = (metadata: Record<string, string> = {}) => tensor(one.data, one.shape, metadata)

describe.each([{ isInline: false }, { isInline: true, runtime: "trimmed" as const }])("a model %o", (where) => {
  test("loads, tells what it is, and answers with the native runtime's numbers", async () => {
    const runner = runnerOf({ source: modelOf("mlp"), ...where })
    const loaded = await runner.load()
    expect(loaded).toMatchObject({ name: "mlp", inputs: ["x"], outputs: ["y"], memoryBytes: 16 * 1024 * 1024 })
    expect(loaded.loadMs).toBeGreaterThan(0)
    const answer = await runner.predict(request({ asked: "7" }), 5_000)
    expect(distance(answer.data, one.answer)).toBeLessThanOrEqual(1e-5)
    expect({ ...answer, data: undefined }).toEqual({
      timestamp: 1_700_000_000_000_000,
      data: undefined as never,
      shape: [1, 2],
      metadata: {
        asked: "7",
        model_runner: "onnx",
        model_name: "mlp",
        output_index: "0",
        output_count: "1",
        output_dtype: "f32",
      },
    })
  })

  test("answers a burst in order, each request with its own", async () => {
    const runner = runnerOf({ source: fixture("types.onnx"), config: { outputIndex: 13 }, ...where })
    await runner.load()
    const order: number[] = []
    const asked = Array.from({ length: 60 }, async (_, index) => {
      const answer = await runner.predict(tensor([index, 1, 2, 3], [4]), 5_000)
      order.push(index)
      return answer.data[0]
    })
    const numbers = Array.from({ length: 60 }, (_, index) => index)
    expect(await Promise.all(asked)).toEqual(numbers)
    expect(order).toEqual(numbers)
  })

  test("survives a request it cannot compute", async () => {
    const runner = runnerOf({ source: modelOf("mlp"), ...where })
    await runner.load()
    const wrong = await failureOf(runner.predict(tensor(one.data, [6]), 5_000))
    expect(wrong).toEndWith("mlp.onnx: input x wants shape [batch, 6], got [6]; nothing is reshaped for you")
    const answer = await runner.predict(request(), 5_000)
    expect(distance(answer.data, one.answer)).toBeLessThanOrEqual(1e-5)
  })

  test("comes from bytes too, as a binary carries them", async () => {
    const runner = runnerOf({ source: readFileSync(sample), config: { modelName: "carried" }, ...where })
    expect((await runner.load()).name).toBe("carried")
    const momentum = cases.find(({ file }) => file === "momentum")!
    const answer = await runner.predict(tensor(momentum.data, momentum.shape), 5_000)
    expect(distance(answer.data, momentum.answer)).toBeLessThanOrEqual(1e-5)
    expect(answer.metadata["model_name"]).toBe("carried")
  })

  test("with operators the trimmed runtime lacks is answered by the full one", async () => {
    const rare = cases.find(({ file }) => file === "rare")!
    const runner = runnerOf({ source: modelOf("rare"), ...where })
    await runner.load()
    const answer = await runner.predict(tensor(rare.data, rare.shape), 5_000)
    expect(distance(answer.data, rare.answer)).toBeLessThanOrEqual(1e-5)
  })

  test("that cannot be loaded says so and leaves nothing running", async () => {
    const runner = runnerOf({ source: fixture("nowhere.onnx"), ...where })
    expect(await failureOf(runner.load())).toContain("nowhere.onnx cannot be read: there is no such file")
  })
})

describe("the worker", () => {
  // 3,000 rows of six are more than the memory that the loop and the worker share.
  const large = () => tensor(Array.from({ length: 3_000 }, () => [...one.data]).flat(), [3_000, 6])
  const largeAnswer = Array.from({ length: 3_000 }, () => one.answer).flat()

  test("takes large data with it when it is handed over, and copies it otherwise", async () => {
    const kept = large()
    const copying = runnerOf({ source: modelOf("mlp") })
    await copying.load()
    expect(distance((await copying.predict(kept, 5_000)).data, largeAnswer)).toBeLessThanOrEqual(1e-5)
    expect(kept.data).toEqual(large().data)
    const given = large()
    const moving = runnerOf({ source: modelOf("mlp"), isHandedOver: true })
    await moving.load()
    const asked = moving.predict(given, 5_000)
    expect(given.data.length).toBe(0)
    expect(distance((await asked).data, largeAnswer)).toBeLessThanOrEqual(1e-5)
  })

  test("copies a large view alone, not the memory it looks at, and answers small ones between", async () => {
    const memory = new Float32Array(1_000_000)
    memory.set(large().data, 500_000)
    const view = memory.subarray(500_000, 518_000)
    const runner = runnerOf({ source: modelOf("mlp") })
    await runner.load()
    const answers = await Promise.all([
      runner.predict(request(), 5_000),
      runner.predict({ ...large(), data: view }, 5_000),
      runner.predict(request(), 5_000),
    ])
    expect(distance(answers[0].data, one.answer)).toBeLessThanOrEqual(1e-5)
    expect(distance(answers[1].data, largeAnswer)).toBeLessThanOrEqual(1e-5)
    expect(distance(answers[2].data, one.answer)).toBeLessThanOrEqual(1e-5)
    expect(memory.length).toBe(1_000_000)
  })

  test("gives each answer memory of its own", async () => {
    const runner = runnerOf({ source: modelOf("mlp") })
    await runner.load()
    const first = await runner.predict(request(), 5_000)
    const copy = first.data.slice()
    await runner.predict(tensor([9, 9, 9, 9, 9, 9], [1, 6]), 5_000)
    expect(first.data).toEqual(copy)
    expect(memoryOf(first.data).buffer).toBeInstanceOf(ArrayBuffer)
  })

  test("leaves the loop free while it loads", async () => {
    const runner = runnerOf({ source: modelOf("mlp"), runtime: "full" })
    let turns = 0
    const count = setInterval(() => turns++, 1)
    await runner.load()
    clearInterval(count)
    expect(turns).toBeGreaterThan(10)
  })

  test("does not replace the global Worker, nor does a model on the loop", async () => {
    const before = globalThis.Worker
    await runnerOf({ source: modelOf("mlp"), isInline: true }).load()
    expect(globalThis.Worker).toBe(before)
    expect(Object.getOwnPropertyDescriptor(globalThis, "Worker")?.set).toBeUndefined()
  })

  test("that one input kills fails that request each time, is started again each time later, and answers the others", async () => {
    const runner = runnerOf({ source: modelOf("mlp"), worker: new URL("./dying-worker.ts", import.meta.url) })
    const told: string[] = []
    runner.watch?.({
      lost: (why, restartMs) => told.push(`${why} ${restartMs}`),
      restored: () => told.push("restored"),
    })
    await runner.load()
    const answers: unknown[] = []
    for (const _ of [1, 2, 3]) {
      const [poison, next] = await Promise.all([
        failureOf(runner.predict(tensor([666, 0, 0, 0, 0, 0], [1, 6]), 20_000)),
        runner.predict(request(), 20_000),
      ])
      answers.push([poison.replace(/^.*: the/, "the"), distance(next.data, one.answer) <= 1e-5])
    }
    const death = "the model's worker broke down: planned death"
    expect(answers).toEqual([
      [death, true],
      [death, true],
      [death, true],
    ])
    expect(told).toEqual([`${death} 0`, "restored", `${death} 500`, "restored", `${death} 1000`, "restored"])
  }, 30_000)
})

describe("models on the loop, opened and closed again and again,", () => {
  // A runtime whose memory is held costs more than 20 MB each time.
  test.skipIf(process.platform !== "linux")(
    "do not add up in memory",
    async () => {
      const child = Bun.spawn([process.execPath, resolve(import.meta.dir, "reopening.ts")], { stdout: "pipe" })
      const { before, after } = (await child.stdout.json()) as { before: number; after: number }
      expect(await child.exited).toBe(0)
      expect(after - before).toBeLessThan(60)
    },
    60_000,
  )

  test("leave the loop what it had", async () => {
    const { waitAsync } = Atomics
    const runner = runnerOf({ source: modelOf("mlp"), isInline: true })
    await runner.load()
    expect(waitAsync).toBeFunction()
    expect(Atomics.waitAsync).toBe(waitAsync)
  })
})
