import { closeSync, openSync, readFileSync, writeSync } from "node:fs"
import type { Machine } from "../../world/entrance.ts"
import { sampleBot, sampleModel } from "../../world/sample.ts"
import { ConfigError, describe } from "../domain/errors.ts"
import { EXIT } from "./command.ts"
import type { Summary } from "./session.ts"

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
}

const READY_MS_MAX = 30_000
const LATENCY = { latencyMsMin: 1, latencyMsMax: 10 }
const LINES_AT_ONCE = 1_000
const MEGABYTE = 1e6

/** The sample bot and its exchange on a virtual clock: a minute in half a second, and the same again for the same seed. */
export async function virtualDemo(
  machine: Machine,
  options: VirtualOptions,
): Promise<{ status: number; summary: Summary }> {
  if (machine.runtime !== "bun") throw new ConfigError("--virtual needs Bun: only there can a step be run to its end")
  const trace = traceFile(options)
  // Loaded where it is asked for: it stands on Bun's own engine.
  const { openSimulation } = await import("../../world/simulation.ts")
  const { seed, seconds, rate, set } = options
  const simulation = await openSimulation({
    bot: () => sampleBot,
    modelFile: sampleModel,
    seed,
    set,
    faults: LATENCY,
    ...(rate === undefined ? {} : { rate }),
    ...(trace === undefined ? {} : { trace: trace.add }),
  })
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
  const difference = trace?.end()
  if (difference !== undefined) machine.err(`${difference}\n`)
  const peakRssMb = Math.round(machine.peakMemoryBytes() / (MEGABYTE / 10)) / 10
  const summary = {
    ...stats,
    readyMs,
    rssMb: peakRssMb,
    peakRssMb,
    seconds: Math.round(clock.monotonic() / 1e5) / 10,
    why,
  }
  return { status: difference === undefined ? EXIT.ok : EXIT.failed, summary }
}

interface TraceFile {
  add(line: string): void
  /** In words, the first line that is not as it was before. */
  end(): string | undefined
}

function traceFile({ trace, sameAs }: VirtualOptions): TraceFile | undefined {
  if (trace === undefined && sameAs === undefined) return undefined
  const before = sameAs === undefined ? undefined : attempt(`read ${sameAs}`, () => readFileSync(sameAs, "utf8"))
  const expected = before?.split("\n").slice(0, -1)
  const file = trace === undefined ? undefined : attempt(`write ${trace}`, () => openSync(trace, "w"))
  let waiting: string[] = []
  let count = 0
  let difference: string | undefined
  const compare = (line: string | undefined): void => {
    const wanted = expected?.[count++]
    if (expected === undefined || difference !== undefined || line === wanted) return
    difference = `line ${count} differs from ${sameAs}:\n  now:    ${line ?? ENDS}\n  before: ${wanted ?? ENDS}`
  }
  const flush = (): void => {
    if (file !== undefined && waiting.length > 0) writeSync(file, `${waiting.join("\n")}\n`)
    waiting = []
  }
  return {
    add(line) {
      compare(line)
      waiting.push(line)
      if (waiting.length >= LINES_AT_ONCE) flush()
    },
    end() {
      flush()
      if (file !== undefined) closeSync(file)
      compare(undefined)
      return difference
    },
  }
}

const ENDS = "(ends here)"

function attempt<T>(what: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw new ConfigError(`cannot ${what}: ${describe(error)}`, { cause: error })
  }
}
