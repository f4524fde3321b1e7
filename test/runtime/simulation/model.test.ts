import { expect, test } from "bun:test"
import { ModelError } from "../../../src/runtime/domain/errors.ts"
import type { AltTensor } from "../../../src/runtime/domain/tensor.ts"
import { drainMicrotasks } from "../../../src/runtime/platform/bun/microtasks.ts"
import type { ModelRunner } from "../../../src/runtime/ports.ts"
import { virtualClock } from "../../../src/runtime/simulation/clock.ts"
import { virtualModel } from "../../../src/runtime/simulation/model.ts"
import { seededRandom } from "../../../src/runtime/simulation/random.ts"

const loaded = { name: "double", loadMs: 1_234, inputs: ["x"], outputs: ["y"] }
const runner: ModelRunner = {
  load: () => Promise.resolve(loaded),
  predict: (input) =>
    input.data[0] === 13
      ? Promise.reject(new ModelError("model /srv/models/double.onnx: no"))
      : Promise.resolve({ ...input, data: input.data.map((value) => 2 * value) }),
  close: () => Promise.resolve(),
}
const tensor = (value: number): AltTensor => ({
  timestamp: 0,
  data: new Float32Array([value]),
  shape: [1],
  metadata: {},
})

function make(seed: number) {
  const clock = virtualClock(0, drainMicrotasks)
  const source = "double.onnx"
  const random = seededRandom(seed)
  const path = "/srv/models/double.onnx"
  const model = virtualModel({ runner, loaded, clock, random, source, path, latencyMsMin: 10, latencyMsMax: 30 })
  const heard: string[] = []
  const ask = (value: number, deadlineMs = 1_000): void => {
    const input = tensor(value)
    model.predict(input, deadlineMs).then(
      ({ data }) => heard.push(`${clock.monotonic()} ${data[0]}`),
      (error: Error) => heard.push(error.message),
    )
    input.data[0] = -1
  }
  return { clock, model, heard, ask }
}

test("a virtual model answers after its latency, in order, to what it was asked, and the same for the same seed", () => {
  const play = (seed: number): string[] => {
    const { clock, heard, ask } = make(seed)
    for (const value of [1, 2, 3]) ask(value)
    clock.advance(1_000)
    return heard
  }
  const one = play(1)
  expect(one.map((line) => line.split(" ")[1])).toEqual(["2", "4", "6"])
  const times = one.map((line) => Number(line.split(" ")[0]))
  expect(times[0]).toBeWithin(10_000, 30_001)
  expect(times[2]! - times[1]!).toBeWithin(10_000, 30_002)
  expect(play(1)).toEqual(one)
  expect(play(2)).not.toEqual(one)
})

test("a virtual model fails at the deadline, when closed, and without telling where its file lies", () => {
  const { clock, model, heard, ask } = make(1)
  ask(1, 5)
  ask(13)
  clock.advance(1_000)
  expect(heard).toEqual(["model double.onnx: no answer within 5 ms", "model double.onnx: no"])
  void model.close()
  ask(1)
  clock.advance(1)
  expect(heard.at(-1)).toBe("model double.onnx is closed")
})
