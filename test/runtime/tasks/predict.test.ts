import { describe, expect, test } from "bun:test"
import type { Trouble } from "../../../src/runtime/domain/callbacks.ts"
import { ModelError } from "../../../src/runtime/domain/errors.ts"
import type { AltTensor } from "../../../src/runtime/domain/tensor.ts"
import type { ModelLoaded, ModelRunner, ModelWatcher } from "../../../src/runtime/ports.ts"
import { predictTask } from "../../../src/runtime/tasks/predict.ts"
import { virtualHost } from "./host.ts"

const LOADED: ModelLoaded = { name: "m", loadMs: 1, inputs: ["x"], outputs: ["y"] }
const tensor = (data: number[], metadata: Record<string, string> = {}): AltTensor => ({
  timestamp: 7,
  data: new Float32Array(data),
  shape: [data.length],
  metadata,
})

function predicting(runner: Partial<ModelRunner> = {}) {
  const world = virtualHost()
  const calls = { loads: 0, closed: 0 }
  const whole: ModelRunner = {
    load() {
      calls.loads++
      return Promise.resolve(LOADED)
    },
    predict: (input) => Promise.resolve(input),
    close() {
      calls.closed++
      return Promise.resolve()
    },
    ...runner,
  }
  const source = { runner: "onnx", source: "m.onnx", deadlineMs: 100, queueMax: 4, whenFull: "refuse" } as const
  const task = predictTask({ kind: "predict", id: "1", isInline: false, ...source }, world.host, whole)
  const troubles = () => world.of("onError").map(({ data }) => data as Trouble)
  return { ...world, task, calls, troubles }
}

describe("a predict task", () => {
  test("is ready once its model is loaded, and says so", () => {
    const { task, clock, of } = predicting()
    expect(task.reasons()).toEqual(["model m.onnx: loading"])
    task.start()
    clock.advance(0)
    expect([task.reasons(), of("onAltEvent").map(({ data }) => data as unknown)]).toEqual([
      [],
      [{ spec: task.spec, starts: 1 }],
    ])
  })

  test("whose model fails to load tells why and tries again after pauses that grow to half a minute", () => {
    let isBroken = true
    const attempts: number[] = []
    const world = predicting({
      load() {
        attempts.push(world.clock.monotonic() / 1_000_000)
        return isBroken ? Promise.reject(new ModelError("m.onnx is half")) : Promise.resolve(LOADED)
      },
    })
    const { task, clock, troubles } = world
    task.start()
    clock.advance(180_000)
    expect(task.reasons()).toEqual(["model m.onnx: m.onnx is half"])
    expect(troubles().map(({ kind, message }) => `${kind}: ${message}`)).toEqual(
      attempts.map(() => "model: m.onnx is half"),
    )
    const pauses = attempts.slice(1).map((at, index) => at - attempts[index]!)
    for (const [index, most] of [1, 2, 4, 8, 16, 30, 30].entries())
      expect(pauses[index]).toBeWithin(most / 2, most + 0.01)
    task.predict(tensor([1], { id: "a" }))
    expect(troubles().at(-1)).toMatchObject({ kind: "prediction", message: "m.onnx is half", detail: { id: "a" } })
    isBroken = false
    clock.advance(30_000)
    expect(task.reasons()).toEqual([])
  })

  test("whose model breaks down later says so, counts it, and says when it is there again", () => {
    let watcher: ModelWatcher | undefined
    const { task, clock, of, troubles } = predicting({ watch: (told) => void (watcher = told) })
    task.start()
    clock.advance(0)
    watcher?.lost("its worker ended", 500)
    watcher?.restored()
    expect(troubles()).toMatchObject([
      { kind: "model", message: "model m.onnx: its worker ended; it restarts in 500 ms", detail: { source: "m.onnx" } },
    ])
    expect(of("onAltEvent").map(({ data }) => (data as { starts: number }).starts)).toEqual([1, 2])
    expect(task.state()).toMatchObject({ breakdowns: 1 })
  })

  test("is not ready while its runner knows of a reason", () => {
    let trouble: string | undefined = "the service is not connected"
    const { task, clock } = predicting({ trouble: () => trouble })
    task.start()
    clock.advance(0)
    expect([task.reasons(), task.state()["why"]]).toEqual([["model m.onnx: the service is not connected"], trouble])
    trouble = undefined
    expect([task.reasons(), task.state()["why"]]).toEqual([[], ""])
  })

  test("delivers answers as predictions and failures as errors with the request's metadata", () => {
    const { task, clock, of, troubles } = predicting({
      predict: (input) => (input.data[0] === 1 ? Promise.resolve(input) : Promise.reject(new ModelError("too late"))),
    })
    task.start()
    task.predict(tensor([1], { id: "a" }))
    task.predict(tensor([2], { id: "b" }))
    task.predict({ ...tensor([1, 2]), shape: [3] })
    clock.advance(0)
    expect(of("onPreds").map(({ data }) => (data as AltTensor).metadata)).toEqual([{ id: "a" }])
    const [wrong, late] = troubles()
    expect(wrong?.kind).toBe("prediction")
    expect(late).toMatchObject({ kind: "prediction", message: "too late", detail: { source: "m.onnx", id: "b" } })
    expect(task.state()).toMatchObject({ predictions: 1, failures: 2 })
  })

  test("that is stopped closes its model, and delivers nothing more", async () => {
    const answer = Promise.withResolvers<AltTensor>()
    const { task, clock, of, calls, troubles } = predicting({ predict: () => answer.promise })
    task.start()
    task.predict(tensor([1]))
    await task.stop()
    answer.resolve(tensor([1]))
    clock.advance(10_000)
    expect([of("onPreds"), troubles(), calls]).toEqual([[], [], { loads: 1, closed: 1 }])
  })

  test.each(["before it loads again", "while it loads"])(
    "that is stopped %s leaves no timer and says nothing",
    async (when) => {
      const loading = Promise.withResolvers<ModelLoaded>()
      const { task, clock, calls, troubles } = predicting({ load: () => loading.promise })
      const fail = () => {
        loading.reject(new ModelError("m.onnx is half"))
        clock.advance(0)
      }
      task.start()
      if (when === "before it loads again") fail()
      const told = troubles().length
      await task.stop()
      fail()
      expect(clock.pending).toBe(0)
      clock.advance(10_000)
      expect([troubles().length, calls.closed]).toEqual([told, 1])
    },
  )
})
