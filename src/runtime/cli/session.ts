import type { Machine } from "../../world/entrance.ts"
import { onCrash, outside as realOutside } from "../../world/machine.ts"
import { openTape } from "../../world/tape.ts"
import { openWorld, type Stats, type World, type WorldOptions } from "../../world.ts"
import { describe, PerigeeError, stackOf } from "../domain/errors.ts"
import type { Tape } from "../ports.ts"
import { EXIT } from "./command.ts"
import { type Guard, startGuard } from "./guard.ts"

export interface SessionOptions extends Omit<WorldOptions, "outside" | "ended" | "watch"> {
  readonly log: Parameters<typeof realOutside>[0]
  /** Ends by itself this long after it became ready. */
  readonly seconds?: number
  /** Shown a few times a second. */
  progress?(world: World, readyMs: number | undefined): void
  readonly progressMs?: number
  /** What watches the process already, and goes on until it is stopped; absent: one for as long as this takes. */
  readonly guard?: Guard
  /** File that gets what model services answer. */
  readonly recordModel?: string
  /** File that gets the market data. */
  readonly record?: string
}

export interface Summary extends Stats {
  /** From the start of the process until it was safe to trade. */
  readonly readyMs: number | null
  readonly rssMb: number
  readonly peakRssMb: number
  readonly seconds: number
  readonly why: string
}

const READY_MS_MAX = 30_000
const LOOK_MS = 20

interface Ending {
  readonly status: number
  readonly summary: Summary
}

/** Runs one bot until it is asked to stop, its time is up, or it ends itself. */
export async function session(machine: Machine, options: SessionOptions): Promise<Ending> {
  const outside = realOutside(options.log)
  // As when it is killed: nothing promised is lost, and the next start reconciles. The log masks what the runtime would print.
  const leave = onCrash((error) => {
    outside.log.error("bot.crashed", { why: describe(error), stack: stackOf(error) })
    outside.log.flush()
    machine.err("perigee: an error that nobody caught has ended the bot; bot.crashed in its log tells which\n")
  })
  try {
    return await run(machine, outside, options)
  } finally {
    leave()
  }
}

async function run(
  machine: Machine,
  outside: ReturnType<typeof realOutside>,
  options: SessionOptions,
): Promise<Ending> {
  const ending = Promise.withResolvers<string>()
  machine.onStop((signal) => ending.resolve(signal))
  await options.door?.breathe()
  const guard = options.guard ?? startGuard(machine)
  guard.report((why) => outside.log.error("watchdog.failed", { why }))
  const tapes: Tape[] = []
  const open = async (file: string | undefined): Promise<Tape | undefined> => {
    if (file === undefined) return undefined
    const tape = await openTape(file, outside.log)
    tapes.push(tape)
    return tape
  }
  try {
    const [modelTape, tape] = [await open(options.recordModel), await open(options.record)]
    return await live(machine, outside, ending, {
      ...options,
      ...(modelTape === undefined ? {} : { modelTape }),
      ...(tape === undefined ? {} : { tape }),
      watch: guard,
    })
  } finally {
    for (const tape of tapes) await tape.close()
    if (options.guard === undefined) guard.stop()
    outside.log.flush()
  }
}

/** From the opening of the world to its end. */
async function live(
  machine: Machine,
  outside: ReturnType<typeof realOutside>,
  { promise: ended, resolve: end }: PromiseWithResolvers<string>,
  options: SessionOptions & Pick<WorldOptions, "watch">,
): Promise<Ending> {
  const { clock } = outside
  const world = await openWorld({
    ...options,
    outside,
    ended: end,
    hide: (secret) => outside.log.hide(secret),
  })
  await options.door?.breathe()
  let readyMs: number | undefined
  let reasons: readonly string[] = []
  let isDone = false
  let isLate = false

  const look = () => {
    if (isDone) return
    reasons = world.reasons()
    if (reasons.length === 0) {
      readyMs = clock.monotonic() / 1_000
      const { address } = world
      outside.log.info("bot.ready", { readyMs: Math.round(readyMs), ...(address === undefined ? {} : { address }) })
      if (options.seconds !== undefined) clock.timer(options.seconds * 1_000, () => end("its time is up"))
    } else clock.timer(LOOK_MS, look)
  }
  const show = () => {
    if (isDone) return
    options.progress?.(world, readyMs)
    clock.timer(options.progressMs ?? 1_000, show)
  }

  try {
    // A venue that does not answer may keep a start waiting; whoever asks to stop is served at once.
    await Promise.race([world.start(), ended])
  } catch (error) {
    await world.stop("could not start")
    throw error
  }
  look()
  if (options.progress !== undefined) show()
  if (options.seconds !== undefined) {
    clock.timer(READY_MS_MAX + options.seconds * 1_000, () => {
      isLate = readyMs === undefined
      end("its time is up")
    })
  }
  const why = await ended
  isDone = true
  const stats = world.stats()
  const memory = outside.env.memoryBytes()
  await world.stop(why)
  if (isLate) throw new PerigeeError(`not ready within ${READY_MS_MAX / 1_000} s: ${reasons.join("; ")}`)
  const summary: Summary = {
    ...stats,
    readyMs: readyMs === undefined ? null : Math.round(readyMs),
    rssMb: megabytes(memory),
    peakRssMb: megabytes(machine.peakMemoryBytes()),
    seconds: Math.round(clock.monotonic() / 1e5) / 10,
    why,
  }
  return { status: EXIT.ok, summary }
}

const megabytes = (bytes: number): number => Math.round(bytes / 1e5) / 10
