// A program for the worker's test: opens and closes a model on the loop twenty times, and prints the megabytes after the fifth and the last.
import { readFileSync } from "node:fs"
import { onnxRunner } from "../../../src/models/onnx/index.ts"
import { modelOf, realClock, tensor } from "./fixtures.ts"

const residentMb = (): number => Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1]) / 1_024

const seen: number[] = []
for (let round = 0; round < 20; round++) {
  const runner = onnxRunner({ clock: realClock, source: modelOf("mlp"), isInline: true, runtime: "trimmed" })
  await runner.load()
  await runner.predict(tensor([1, 2, 3, 4, 5, 6], [1, 6]), 5_000)
  await runner.close()
  for (let turn = 0; turn < 3; turn++) {
    await Bun.sleep(10)
    Bun.gc(true)
  }
  seen.push(residentMb())
}
console.log(JSON.stringify({ before: seen[4], after: seen.at(-1) }))
