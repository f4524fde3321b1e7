// What a request to an ONNX model costs beyond its inference: through the worker against a bare `postMessage` there and back, on the loop
// against the bare session; and what it costs at all.
import { fileURLToPath } from "node:url"
import { onnxRunner } from "../src/models/onnx/index.ts"
import { openModel } from "../src/models/onnx/model.ts"
import { memoryOf } from "../src/runtime/domain/numbers.ts"
import { outside } from "../src/world/machine.ts"
import { features, latency, perSecond } from "./ask.ts"
import { type Bench, median, ratioRow, turns, valueRow } from "./measure.ts"

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
    const session = await openModel(source, {}, "trimmed")
    const echo = new Worker(new URL("./peer/echo.ts", import.meta.url))
    const roundTrip = roundTrips(echo)
    const throughWorker = () => inWorker.predict(features, deadlineMs)
    const p99: number[][] = [[], [], [], []]
    const measured = (at: number, ask: () => unknown) => async () => {
      const [half, most] = await latency(count, ask)
      p99[at]?.push(most)
      return half
    }
    const [rounds, warmUps] = isQuick ? [5, 2] : [7, 2]
    const p50 = await turns(rounds, warmUps, [
      measured(0, throughWorker),
      measured(1, () => inline.predict(features, deadlineMs)),
      measured(2, () => session.run(memoryOf(features.data), features.shape)),
      measured(3, roundTrip),
      () => perSecond(count, 1, throughWorker),
      () => perSecond(count, 8, throughWorker),
    ])
    const [worker = 0, loop = 0, bare = 0, trip = 0, serial = 0, eight = 0] = p50.map(median)
    const [workerMost = 0, loopMost = 0, bareMost = 0, tripMost = 0] = p99.map((each) => median(each.slice(warmUps)))
    const there = "postMessage there and back"
    echo.terminate()
    session.close()
    await Promise.all([inWorker.close(), inline.close()])
    return [
      ratioRow("ONNX request through the worker, beyond inference, p50", "µs", worker - bare, trip, there, 2.5),
      ratioRow("  its p99", "µs", workerMost - bare, tripMost, there),
      ratioRow("  on the loop, p50", "µs", loop, bare, "the bare session"),
      ratioRow("  its p99", "µs", loopMost, bareMost, "the bare session"),
      valueRow("  requests a second through the worker, one in flight", "/s", serial, "the sample model"),
      valueRow("  requests a second through the worker, eight in flight", "/s", eight, "the sample model"),
    ]
  },
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
