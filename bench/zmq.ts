// What a request to a model behind ZeroMQ costs, against libzmq alone: a REQ socket that sends and waits, in this process, with the same
// bytes to the same service. The service is libzmq alone too, in a process of its own.
import { ptr } from "bun:ffi"
import { Encoder } from "../src/models/zmq/encode.ts"
import { zmqRunner } from "../src/models/zmq/index.ts"
import { cString, libraryFile, openLibrary } from "../src/models/zmq/library.ts"
import { outside } from "../src/world/machine.ts"
import { features, latency, perSecond } from "./ask.ts"
import { type Bench, median, ratioRow, turns, valueRow } from "./measure.ts"
import { freePort } from "./program.ts"

const REQ = 3
const BYTES_MAX = 2 ** 16
const baseline = "libzmq alone, waiting"

export const bench: Bench = {
  name: "zmq",
  async run({ isQuick }) {
    const count = isQuick ? 1_000 : 4_000
    const service = await echo()
    const { clock } = outside({ level: "warn", to: 2 })
    const [asked, numbered] = (["req", "dealer"] as const).map((mode) =>
      zmqRunner({ clock, source: service.endpoint, mode, curve: false }),
    ) as [ReturnType<typeof zmqRunner>, ReturnType<typeof zmqRunner>]
    await Promise.all([asked.load(), numbered.load()])
    const bare = await roundTrip(service.endpoint)
    const [rounds, warmUps] = isQuick ? [5, 2] : [9, 3]
    const [bareP99, askedP99, numberedP99]: number[][] = [[], [], []]
    const keep =
      (into: number[]) =>
      ([p50, p99]: readonly [number, number]) => (into.push(p99), p50)
    const [alone = [], one = [], two = [], serial = [], eight = []] = await turns(rounds, warmUps, [
      () => latency(count, bare).then(keep(bareP99!)),
      () => latency(count, () => asked.predict(features, 1_000)).then(keep(askedP99!)),
      () => latency(count, () => numbered.predict(features, 1_000)).then(keep(numberedP99!)),
      () => perSecond(count, 1, () => numbered.predict(features, 1_000)),
      () => perSecond(count, 8, () => numbered.predict(features, 1_000)),
    ])
    const ratio = (name: string, value: number[], base: number[], budget: number | null = null) =>
      ratioRow(name, "µs", median(value), median(base), baseline, budget)
    await Promise.all([asked.close(), numbered.close()])
    service.stop()
    return [
      ratio("ZeroMQ round trip, REQ, p50", one, alone, 1.3),
      ratio("  its p99", askedP99!.slice(warmUps), bareP99!.slice(warmUps)),
      ratio("  numbered (DEALER), p50", two, alone, 1.3),
      ratio("  its p99", numberedP99!.slice(warmUps), bareP99!.slice(warmUps)),
      valueRow("  requests a second, one in flight", "/s", median(serial), "numbered"),
      valueRow("  requests a second, eight in flight", "/s", median(eight), "numbered"),
    ]
  },
}

async function echo(): Promise<{ readonly endpoint: string; stop(): void }> {
  const port = freePort()
  const words = [process.execPath, `${import.meta.dir}/peer/zmq-echo.ts`, String(port)]
  const child = Bun.spawn(words, { stdio: ["ignore", "pipe", "inherit"] })
  const { done } = await child.stdout.getReader().read()
  if (done) throw new Error("the service did not start")
  return { endpoint: `tcp://127.0.0.1:${port}`, stop: () => child.kill("SIGKILL") }
}

async function roundTrip(endpoint: string): Promise<() => void> {
  const zmq = openLibrary(await libraryFile())
  const socket = zmq.zmq_socket(zmq.zmq_ctx_new()!, REQ)!
  zmq.zmq_connect(socket, ptr(cString(endpoint)))
  const request = new Encoder("array").encode(features).slice()
  const reply = new Uint8Array(BYTES_MAX)
  const [from, to] = [ptr(request), ptr(reply)]
  return () => {
    zmq.zmq_send(socket, from, request.length, 0)
    // Its length, so that the closure keeps what libzmq writes to.
    zmq.zmq_recv(socket, to, reply.length, 0)
  }
}
