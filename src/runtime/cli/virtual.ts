import type { Machine } from "../../world/entrance.ts"
import { sampleBot, sampleBotOn, sampleModel } from "../../world/sample.ts"
import { ConfigError } from "../domain/errors.ts"
import type { Simulation, SimulationOptions } from "../../world/simulation.ts"
import { EXIT } from "./command.ts"
import type { Summary } from "./session.ts"
import { traceFile } from "./trace-file.ts"

export interface VirtualOptions {
  readonly seed: number
  /** Virtual, from when it is ready. */
  readonly seconds: number
  readonly rate: number | undefined
  readonly set: Readonly<Record<string, string>>
  /** Where the trace is written. */
  readonly trace: string | undefined
  /** A trace written before: what differs from it is an error. */
  readonly sameAs: string | undefined
  readonly model: VirtualModel
}

export interface VirtualModel {
  readonly kind: "onnx" | "zmq"
  /** Where a service's answers are written. */
  readonly record: string | undefined
  /** Answers written before, instead of a service. */
  readonly replies: string | undefined
}

const READY_MS_MAX = 30_000
const LATENCY = { latencyMsMin: 1, latencyMsMax: 10 }
const MEGABYTE = 1e6

/** Where the service is said to be: an address that is the same in every run. */
const ENDPOINT = "tcp://127.0.0.1:5555"
/** The sample bot has one model. */
const MODEL_ID = "1"
/** How long the virtual clock stands still for an answer at most. */
const ANSWER_MS_MAX = 20_000

/** The sample bot and its exchange on a virtual clock: a minute in half a second, and the same again for the same seed. */
export async function virtualDemo(
  machine: Machine,
  options: VirtualOptions,
): Promise<{ status: number; summary: Summary }> {
  const service = options.model.kind === "zmq" ? await openService(machine, options.model) : undefined
  try {
    return await play(machine, options, service)
  } finally {
    await service?.close()
  }
}

async function play(
  machine: Machine,
  options: VirtualOptions,
  service: VirtualService | undefined,
): Promise<{ status: number; summary: Summary }> {
  const trace = traceFile(options)
  const { inOwnTask, openSimulation } = await import("../../world/simulation.ts")
  const { seed, seconds, rate, set } = options
  const simulation = await openSimulation({
    bot: () => (service === undefined ? sampleBot : sampleBotOn(ENDPOINT)),
    modelFile: sampleModel,
    ...service?.simulated,
    seed,
    set,
    faults: LATENCY,
    ...(rate === undefined ? {} : { rate }),
    ...(trace === undefined ? {} : { trace: trace.add }),
  })
  const summary = await inOwnTask(() => run(simulation, seconds))
  const difference = trace?.end()
  if (difference !== undefined) machine.err(`${difference}\n`)
  const peakRssMb = Math.round(machine.peakMemoryBytes() / (MEGABYTE / 10)) / 10
  const status = difference === undefined ? EXIT.ok : EXIT.failed
  return { status, summary: { ...summary, rssMb: peakRssMb, peakRssMb } }
}

/** All of its virtual time. */
function run(simulation: Simulation, seconds: number): Omit<Summary, "rssMb" | "peakRssMb"> {
  const { clock } = simulation.outside
  const isReady = simulation.runUntil(() => simulation.world.reasons().length === 0, READY_MS_MAX)
  if (!isReady) {
    throw new ConfigError(`not ready within ${READY_MS_MAX / 1_000} s: ${simulation.world.reasons().join("; ")}`)
  }
  const readyMs = Math.round(clock.monotonic() / 1_000)
  simulation.advance(seconds * 1_000)
  const stats = simulation.world.stats()
  const why = "its time is up"
  simulation.stop(why)
  return { ...stats, readyMs, seconds: Math.round(clock.monotonic() / 1e5) / 10, why }
}

interface VirtualService {
  readonly simulated: Pick<SimulationOptions, "services" | "modelTape">
  close(): Promise<void>
}

/** The Python service, asked while the virtual clock stands still; or what one answered before. */
async function openService(machine: Machine, { record, replies }: VirtualModel): Promise<VirtualService> {
  const [{ replies: recordedIn }, { openTape }] = await Promise.all([
    import("../../world/replies.ts"),
    import("../../world/tape.ts"),
  ])
  const tape = record === undefined ? undefined : await openTape(record)
  const modelTape = tape === undefined ? {} : { modelTape: tape }
  if (replies !== undefined) {
    const services = { [ENDPOINT]: await recordedIn(replies, MODEL_ID) }
    return { simulated: { services, ...modelTape }, close: async () => tape?.close() }
  }
  const [{ startService }, { askStandingStill }] = await Promise.all([
    import("./python.ts"),
    import("../../world/standing.ts"),
  ])
  const child = await startService(machine)
  const { peer, close } = await askStandingStill(child.endpoint, ANSWER_MS_MAX)
  return {
    simulated: { services: { [ENDPOINT]: peer }, ...modelTape },
    async close() {
      close()
      child.stop()
      await tape?.close()
    },
  }
}
