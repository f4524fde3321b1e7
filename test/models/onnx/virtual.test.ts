import { describe, expect, test } from "bun:test"
import { type Backend, LostRuntime } from "../../../src/models/onnx/backend.ts"
import { openForVirtualTime, type VirtualOptions, virtualRunner } from "../../../src/models/onnx/virtual.ts"
import { ModelError } from "../../../src/runtime/domain/errors.ts"
import { memoryOf } from "../../../src/runtime/domain/numbers.ts"
import { drainMicrotasks } from "../../../src/runtime/platform/bun/microtasks.ts"
import { virtualClock } from "../../../src/runtime/simulation/clock.ts"
import { seededRandom } from "../../../src/runtime/simulation/random.ts"
import { cases, distance, modelOf, tensor } from "./fixtures.ts"

const path = "/srv/models/double.onnx"
const double: Backend = {
  facts: {
    name: "double",
    file: path,
    inputs: ["x"],
    outputs: ["y"],
    outputIndex: 0,
    outputType: "f32",
    memoryBytes: 1,
  },
  lost: new Promise(() => {}),
  run(data, shape) {
    if (data[0] === 13) return Promise.reject(new ModelError(`model ${path}: no`))
    if (data[0] === 666) return Promise.reject(new LostRuntime(`model ${path}: trap`))
    return Promise.resolve({ data: data.map((value) => 2 * value), shape })
  },
  close() {},
}

function make(options: Partial<VirtualOptions> = {}, seed = 1) {
  const clock = virtualClock(0, drainMicrotasks)
  const bounds = { latencyMsMin: 10, latencyMsMax: 30, queueMax: 8, whenFull: "refuse" } as const
  const random = seededRandom(seed)
  const model = virtualRunner({ clock, random, model: double, source: "double.onnx", path, ...bounds, ...options })
  const heard: string[] = []
  const ask = (value: number, deadlineMs = 1_000): void => {
    const input = tensor([value], [1])
    model.predict(input, deadlineMs).then(
      ({ data }) => heard.push(`${clock.monotonic()} ${data[0]}`),
      (error: Error) => heard.push(`${clock.monotonic()} ${error.message.replace("model double.onnx: ", "")}`),
    )
    // Whoever keeps the buffer may write to it.
    memoryOf(input.data)[0] = -1
  }
  return { clock, model, heard, ask }
}

async function loaded(options: Partial<VirtualOptions> = {}, seed = 1) {
  const made = make(options, seed)
  let name: string | undefined
  void made.model.load().then((told) => (name = `${told.name} in ${told.loadMs} ms`))
  made.clock.advance(options.latencyMsMax ?? 30)
  expect(name).toBe(`double in ${options.latencyMsMax ?? 30} ms`)
  return { ...made, startedAt: made.clock.monotonic() }
}

const exact = { latencyMsMin: 10, latencyMsMax: 10 }

describe("a model on a virtual clock", () => {
  test("answers after its latency, in order, to what it was asked, and the same for the same seed", async () => {
    const play = async (seed: number): Promise<string[]> => {
      const { clock, heard, ask } = await loaded({}, seed)
      for (const value of [1, 2, 3]) ask(value)
      clock.advance(1_000)
      return heard
    }
    const one = await play(1)
    expect(one.map((line) => line.split(" ")[1])).toEqual(["2", "4", "6"])
    const times = one.map((line) => Number(line.split(" ")[0]))
    expect(times[0]).toBeWithin(40_000, 60_001)
    expect(times[2]! - times[1]!).toBeWithin(10_000, 30_002)
    expect(await play(1)).toEqual(one)
    expect(await play(2)).not.toEqual(one)
  })

  test("has a live model's queue: what is beyond its bound is refused at once", async () => {
    const { clock, heard, ask } = await loaded({ ...exact, queueMax: 2 })
    for (const value of [1, 2, 3, 4]) ask(value)
    clock.advance(100)
    expect(heard).toEqual([
      "10000 2 requests are waiting already, this one was refused",
      "20000 2",
      "30000 4",
      "40000 6",
    ])
  })

  test("lets a newer request take the oldest waiting one's place, where the newest is wanted", async () => {
    const { clock, heard, ask } = await loaded({ ...exact, queueMax: 1, whenFull: "newest" })
    for (const value of [1, 2, 3]) ask(value)
    clock.advance(15)
    ask(4)
    clock.advance(100)
    expect(heard).toEqual([
      "10000 1 requests are waiting, a newer one took this one's place",
      "20000 2",
      "30000 6",
      "40000 8",
    ])
  })

  test("lets a deadline pass while a request waits, or while it is computed, and goes on with the next", async () => {
    const { clock, heard, ask } = await loaded(exact)
    ask(1, 5)
    ask(2, 8)
    ask(3, 25)
    clock.advance(100)
    expect(heard).toEqual([
      "15000 no answer within 5 ms, the deadline passed while it was computed",
      "18000 no answer within 8 ms, the deadline passed while it waited",
      "30000 6",
    ])
  })

  test("that is slow beyond bearing is given up and opened again, as a live one", async () => {
    const { clock, heard, ask } = await loaded({ latencyMsMin: 25_000, latencyMsMax: 25_000 })
    ask(1, 60_000)
    clock.advance(20_000)
    expect(heard).toEqual(["45000000 still computing after 20000 ms, given up"])
  })

  test("fails what it cannot take, and when it is closed, without telling where its file lies", async () => {
    const { clock, model, heard, ask } = await loaded(exact)
    ask(13)
    clock.advance(100)
    void model.close()
    ask(1)
    clock.advance(1)
    expect(heard).toEqual(["20000 no", "110000 model double.onnx is closed"])
  })

  test("that cannot be loaded says so after a while, by its declared name", async () => {
    const { model, clock } = make({ model: new ModelError(`model ${path} cannot be read`) })
    let why: string | undefined
    model.load().catch((error: Error) => (why = error.message))
    clock.advance(30)
    expect(why).toBe("model double.onnx cannot be read")
  })

  test("dies at its requests as often as is said, and is opened again after growing pauses", async () => {
    const { clock, heard, ask } = await loaded({ ...exact, deathRate: 1 })
    const lost = "the model's worker broke down: it ended"
    ask(1)
    clock.advance(10)
    ask(2)
    clock.advance(20)
    ask(3, 100)
    clock.advance(100)
    expect(heard).toEqual([
      `20000 ${lost}`,
      `40000 ${lost}`,
      expect.stringMatching(/^40000 .*; it restarts in \d+ ms, after this request's deadline$/),
    ])
    const sometimes = await loaded({ deathRate: 0.1, queueMax: 100, latencyMsMin: 1, latencyMsMax: 1 })
    for (let value = 1; value <= 100; value++) sometimes.ask(value, 600_000)
    sometimes.clock.advance(600_000)
    const deaths = sometimes.heard.filter((line) => line.endsWith(lost)).length
    expect([sometimes.heard.length, deaths > 2 && deaths < 25]).toEqual([100, true])
  })

  test("whose runtime breaks down fails that request, and is opened again after growing pauses", async () => {
    const { clock, heard, ask, model } = await loaded(exact)
    for (const _ of [1, 2]) {
      ask(666)
      clock.advance(10)
      ask(1)
      clock.advance(2_000)
    }
    expect(heard.map((line) => line.slice(line.indexOf(" ") + 1))).toEqual(["trap", "2", "trap", "2"])
    expect(model.trouble?.()).toBeUndefined()
  })
})

test("a real model is opened in real time and answers in virtual time as it does live", async () => {
  const { data, shape, answer } = cases.find(({ file }) => file === "mlp")!
  const opened = await openForVirtualTime(modelOf("mlp"))
  const { clock, model } = make({ model: opened, source: "mlp.onnx", path: modelOf("mlp") })
  void model.load()
  clock.advance(30)
  let found: ArrayLike<number> = []
  void model.predict(tensor(data, shape), 1_000).then((output) => (found = output.data))
  clock.advance(9)
  expect(found.length).toBe(0)
  clock.advance(30)
  expect(distance(found, answer)).toBeLessThanOrEqual(1e-5)
  opened.close()
})
