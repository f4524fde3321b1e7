import { type BinanceFront, front, type FrontOptions } from "../../../src/exchanges/binance/front.ts"
import { systemClock } from "../../../src/runtime/platform/shared/clock.ts"
import { bunListener } from "../../../src/runtime/platform/bun/listener.ts"
import { frontGate, serveFront } from "../../../src/runtime/simulation/serve.ts"

/** The front behind real sockets on a free port of loopback, on the wall clock. */
export async function realFront(options: Omit<FrontOptions, "startedAt" | "ready">) {
  const clock = systemClock()
  const gate = frontGate()
  const venue: BinanceFront = front({ ...options, startedAt: clock.now(), ready: gate.ready })
  const served = await serveFront({ front: venue, listener: bunListener(), clock, gate, host: "127.0.0.1", port: 0 })
  return { venue, served }
}
