// What a request through the ONNX worker costs beyond its inference, against a bare `postMessage` there and back.
import { fileURLToPath } from "node:url"
import { onnxRunner } from "../src/models/onnx/index.ts"
import type { AltTensor } from "../src/runtime/domain/tensor.ts"
import { FEATURES } from "../src/strategies/features.ts"
import { outside } from "../src/world/machine.ts"
import { type Bench, median, quantile, ratioRow, turns, valueRow } from "./measure.ts"

const source = fileURLToPath(new URL("../src/strategies/models/momentum.onnx", import.meta.url))
const deadlineMs = 1_000

export const bench: Bench = {
  name: "model",
  async run({ isQuick }) {
    const count = isQuick ? 1_000 : 5_000
    const { clock } = outside({ level: "warn", to: 2 })
    const inWorker = onnxRunner({ clock, source })
    const inline = onnxRunner({ clock, source, isInline: true })
    await Promise.all([inWorker.load(), inline.load()])
    const echo = new Worker(new URL("./peer/echo.ts", import.meta.url))
    const roundTrip = roundTrips(echo)
    const input: AltTensor = {
      timestamp: 0,
      data: Float32Array.from(FEATURES, (_, at) => at / 10),
      shape: [1, FEATURES.length],
      metadata: {},
    }
    const [request = [], inference = [], trip = []] = await turns(isQuick ? 5 : 7, 2, [
      () => p50(count, () => inWorker.predict(input, deadlineMs)),
      () => p50(count, () => inline.predict(input, deadlineMs)),
      () => p50(count, roundTrip),
    ])
    const beyond = median(request) - median(inference)
    const rows = [
      ratioRow(
        "ONNX request through the worker, beyond inference, p50",
        "µs",
        beyond,
        median(trip),
        "postMessage there and back",
        2.5,
      ),
      valueRow("  of which inference on the loop, not counted above", "µs", median(inference), ""),
    ]
    echo.terminate()
    await Promise.all([inWorker.close(), inline.close()])
    return rows
  },
}

async function p50(count: number, ask: () => Promise<unknown>): Promise<number> {
  const tookUs = new Float64Array(count)
  for (let at = 0; at < count; at++) {
    const startedAt = performance.now()
    await ask()
    tookUs[at] = (performance.now() - startedAt) * 1_000
  }
  return quantile(tookUs, 0.5)
}

/** A listener that stays: one that came and went with each message would be measured too. */
function roundTrips(worker: Worker): () => Promise<unknown> {
  let heard: (event: unknown) => void = () => undefined
  worker.addEventListener("message", (event) => heard(event))
  return () =>
    new Promise((resolve) => {
      heard = resolve
      worker.postMessage(1, [])
    })
}
