import { platform } from "#platform"
import type { FundingTerms } from "../exchanges/binance/front.ts"
import { type ModelLatency, type OpenedModel, openForVirtualTime, virtualRunner } from "../models/onnx/virtual.ts"
import { type Peer, peerRunner } from "../models/zmq/index.ts"
import { withGlobals } from "../runtime/platform/shared/globals.ts"
import { UsageError } from "../runtime/domain/errors.ts"
import type { Watch } from "../runtime/engine/runner.ts"
import type { Clock, Front, JournalRecord, ModelRunner, Outside, Tape } from "../runtime/ports.ts"
import type { VirtualClock } from "../runtime/simulation/clock.ts"
import type { Faults } from "../runtime/simulation/faults.ts"
import { type Mortal, mortal } from "../runtime/simulation/mortal.ts"
import { type VirtualOutside, virtualOutside } from "../runtime/simulation/outside.ts"
import { seededRandom } from "../runtime/simulation/random.ts"
import { eventContent, Trace, traceCommit, traced } from "../runtime/simulation/trace.ts"
import { type JournalOptions, memoryDisk, type OpenJournal } from "../runtime/storage/journal.ts"
import { type Bot, openWorld, type Parts, planOf, type RunnerOptions, type World, type WorldOptions } from "../world.ts"
import { everyPart } from "./parts.ts"
import { openSimulator, type PlaybackSetup, SIM_ACCOUNT, type Simulator } from "./simulator.ts"
import { TracedContext } from "./traced-context.ts"

export interface SimulationOptions {
  /** Called once a life, so that nothing of a process outlives its death but what it wrote down. */
  bot(): Bot
  readonly seed: number
  /** µs since the epoch. */
  readonly startAt?: number
  readonly faults?: Faults
  /** Events a second and instrument of the exchange's order flow. */
  readonly rate?: number
  /** How often positions pay funding at the exchange, and what. */
  readonly funding?: FundingTerms
  /** Captured frames to play as market data. */
  readonly tape?: string
  /** Market data are captured frames, handed in by `play`. */
  readonly playback?: PlaybackSetup
  /** What stands between the bot and its network: a replay's answers. */
  around?(outside: VirtualOutside): Outside
  readonly parts?: Parts
  modelFile?(source: string): string
  /** How long models take: 1 to 5 ms where nothing is said. */
  readonly model?: ModelLatency
  /** What answers in the place of each model service, by its declared endpoint. It outlives the bot's deaths. */
  readonly services?: Readonly<Record<string, Peer>>
  /** Gets what these answer. */
  readonly modelTape?: Tape
  /** Gets what a replay of the run needs. */
  readonly record?: Tape
  readonly set?: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
  /** Gets every line of the trace. Where absent there is none, and no time is spent on it. */
  trace?(line: string): void
  /** What stands between the exchange and its clients: a witness. */
  readonly through?: (front: Front, clock: Clock) => Front
}

/** When a simulated process ends: between two steps, or within a turn right before or after its next commit. */
export type Death = "now" | "before commit" | "after commit"

export interface Happening {
  readonly at: number
  happen(exchange: Simulator, now: number): void
}

/** A bot, its network and its exchange on one thread and a virtual clock. Nothing goes on but within these calls. */
export interface Simulation {
  /** The present life's; that of the last one where the bot is dead. */
  readonly world: World
  readonly outside: VirtualOutside
  readonly trace: Trace | undefined
  readonly isAlive: boolean
  /** Runs it, or what is left of it. */
  advance(ms: number): void
  /** Runs it until this holds, at most so long; tells whether it does. */
  runUntil(isDone: () => boolean, msMax: number): boolean
  /** What the promise comes to as time goes on. Throws UsageError naming it where it does not settle in time. */
  settle<T>(what: string, promise: Promise<T>, msMax?: number): T
  /** Ends the process without a word: no handler, no farewell to the venue, no flush. What it has sent still arrives. */
  kill(death: Death): void
  /** Starts the bot again on what its former lives wrote down. Settles once it is started, not once it is ready. */
  revive(): void
  /** The dead process's disk is gone with it: the next life begins with an empty database, on the same account. */
  loseDatabase(): void
  /** Lets things happen at the exchange, each at its own time (µs, never back), and runs the bot up to the last of them. */
  play(happenings: readonly Happening[]): void
  /** Stops the bot in the orderly way, and the exchange. */
  stop(why: string): void
}

const START_AT = 1_790_000_000_000_000
const SETTLE_MS_MAX = 120_000
const MODEL_LATENCY: ModelLatency = { latencyMsMin: 1, latencyMsMax: 5 }
const MARKET = "binance-um"

/**
 * Whatever steps a simulation after an `await` of something else runs in this, where it may not be on Bun alone: Deno ends a
 * step only outside of every microtask.
 */
export const { inOwnTask } = platform

/** Loads the bot's models in real time, then starts everything in virtual time. The same options give the same run. */
export async function openSimulation(options: SimulationOptions): Promise<Simulation> {
  const { seed, env, faults, rate, funding, tape, playback, through, startAt = START_AT } = options
  const outside = virtualOutside({
    startAt,
    seed,
    drain: platform.drainMicrotasks,
    ...(env === undefined ? {} : { env }),
    ...(faults === undefined ? {} : { faults }),
  })
  const models = await loadModels(options, outside)
  const served = await openSimulator({
    market: MARKET,
    outside,
    host: "exchange",
    port: 8080,
    seed,
    pace: 1,
    ...(rate === undefined ? {} : { rate }),
    ...(funding === undefined ? {} : { funding }),
    ...(tape === undefined ? {} : { tape }),
    ...(playback === undefined ? {} : { playback }),
    ...(through === undefined ? {} : { through: (front: Front) => through(front, outside.clock) }),
  })
  const simulation = new Simulating(options, outside, models, served)
  await inOwnTask(() => simulation.revive())
  return simulation
}

/** Or why it cannot be loaded, where the bot can do without. */
type LoadedModel = OpenedModel | Error

const fileOf = (options: SimulationOptions, source: string): string => options.modelFile?.(source) ?? source

/** Reading and compiling a model takes real time, which must not be seen: all of it before virtual time begins. */
async function loadModels(options: SimulationOptions, { env }: Outside): Promise<ReadonlyMap<string, LoadedModel>> {
  const { parts = everyPart(), set = {} } = options
  const found = new Map<string, LoadedModel>()
  const plan = planOf(options.bot(), parts, { env, set })
  for (const spec of plan.tasks) {
    if (spec.kind !== "predict" || found.has(spec.source)) continue
    if (spec.runner === "zmq") {
      if (options.services?.[spec.source] !== undefined) continue
      throw new UsageError(
        `model ${spec.source} is a service, which a simulation has not: give it a peer or recorded replies in \`services\``,
      )
    }
    const opening = openForVirtualTime(fileOf(options, spec.source))
    const model = await (spec.isOptional === true ? opening.catch((error: Error) => error) : opening)
    found.set(spec.source, model)
  }
  return found
}

interface Life {
  readonly mortal: Mortal
  readonly world: World
}

class Simulating implements Simulation {
  readonly outside: VirtualOutside
  readonly trace: Trace | undefined
  readonly #options: SimulationOptions
  readonly #models: ReadonlyMap<string, LoadedModel>
  readonly #served: Simulator
  #disk = memoryDisk()
  /** What the present life sees, and with it what JavaScript's own clock, timers and chance stand for. */
  #seen: Outside
  #life: Life | undefined
  #doomed: Exclude<Death, "now"> | undefined
  #lives = 0

  constructor(
    options: SimulationOptions,
    outside: VirtualOutside,
    models: ReadonlyMap<string, LoadedModel>,
    served: Simulator,
  ) {
    this.outside = outside
    this.trace = options.trace === undefined ? undefined : new Trace(outside.clock, (line) => options.trace?.(line))
    this.#options = options
    this.#models = models
    this.#served = served
    this.#seen = outside
  }

  get world(): World {
    if (this.#life === undefined) throw new UsageError("the simulated bot has not been started")
    return this.#life.world
  }

  get isAlive(): boolean {
    return this.#life?.mortal.isAlive === true
  }

  // ---- time ----

  advance(ms: number): void {
    this.#run((clock) => clock.advance(ms))
  }

  runUntil(isDone: () => boolean, msMax: number): boolean {
    return this.#run((clock) => clock.runUntil(isDone, clock.now() + msMax * 1_000))
  }

  play(happenings: readonly Happening[]): void {
    const served = this.#served
    this.#run((clock) => {
      for (const happening of happenings) {
        clock.advanceTo(Math.max(happening.at, clock.now()))
        served.act((now) => happening.happen(served, now))
      }
    })
  }

  #run<T>(work: (clock: VirtualClock) => T): T {
    return withGlobals(
      () => this.#seen,
      () => work(this.outside.clock),
    )
  }

  settle<T>(what: string, promise: Promise<T>, msMax = SETTLE_MS_MAX): T {
    let end: (() => T) | undefined
    promise.then(
      (value) => (end = () => value),
      (error: unknown) =>
        (end = () => {
          throw error
        }),
    )
    const isSettled = (): boolean => end !== undefined
    this.runUntil(isSettled, msMax)
    if (end !== undefined) return (end as () => T)()
    throw new UsageError(
      this.outside.clock.nextAt() === undefined
        ? `${what} is pending and nothing is outstanding: it can never settle`
        : `${what} has not settled within ${msMax} virtual ms`,
    )
  }

  // ---- lives ----

  revive(): void {
    if (this.isAlive) throw new UsageError("the simulated bot is alive; kill it first")
    const { outside } = this
    this.#doomed = undefined
    this.#lives++
    const network = this.#options.around?.(outside) ?? outside
    const body = mortal({ ...network, random: seededRandom(`${this.#options.seed} life ${this.#lives}`) })
    const seen = this.trace === undefined ? body.outside : traced(body.outside, this.trace)
    this.#seen = seen
    this.trace?.add("life", this.#lives)
    const { parts = everyPart(), set = {} } = this.#options
    const opening = this.#run(() =>
      openWorld({
        bot: this.#options.bot(),
        modelFile: (source) => source,
        parts: {
          ...parts,
          runners: {
            onnx: (options) => this.#model(options, seen.clock),
            zmq: (options) => this.#service(options, seen.clock),
          },
        },
        outside: seen,
        version: "simulated",
        mode: "demo",
        venue: { endpoint: this.#served.url },
        database: ":memory:",
        openJournal: (options) => this.#journal(options, body),
        credentials: SIM_ACCOUNT,
        set,
        ...(this.#options.modelTape === undefined ? {} : { modelTape: this.#options.modelTape }),
        ...(this.#options.record === undefined ? {} : { tape: this.#options.record }),
        ...(this.trace === undefined ? {} : witnessing(this.trace)),
        ended: () => undefined,
      }),
    )
    const world = this.settle("opening the bot", opening)
    this.#life = { mortal: body, world }
    this.settle(
      "the bot's start",
      this.#run(() => world.start()),
    )
  }

  kill(death: Death): void {
    if (!this.isAlive) throw new UsageError("the simulated bot is dead already")
    if (death === "now") this.#die()
    else this.#doomed = death
  }

  #die(): void {
    this.#life?.mortal.die()
    this.#doomed = undefined
    this.trace?.add("death", this.#lives)
    this.outside.network.abandonAll()
  }

  loseDatabase(): void {
    if (this.isAlive) throw new UsageError("the simulated bot is alive; kill it first")
    this.#disk.close()
    this.#disk = memoryDisk()
  }

  stop(why: string): void {
    if (this.isAlive) this.settle("the bot's stop", this.world.stop(why))
    this.settle("the exchange's stop", this.#served.close())
    this.#disk.close()
    for (const model of this.#models.values()) if (!(model instanceof Error)) model.close()
  }

  // ---- what a life gets ----

  #model({ source, queueMax, whenFull }: RunnerOptions, clock: Clock): ModelRunner {
    const { seed, model: latency = MODEL_LATENCY } = this.#options
    const model = this.#models.get(source)
    if (model === undefined) throw new UsageError(`model ${source} was not loaded before the simulation began`)
    const random = seededRandom(`${seed} model ${source} ${this.#lives}`)
    const path = fileOf(this.#options, source)
    return virtualRunner({ ...latency, clock, random, model, source, path, queueMax, whenFull })
  }

  #service(options: RunnerOptions, clock: Clock): ModelRunner {
    const { seed, model = MODEL_LATENCY, services = {} } = this.#options
    const random = seededRandom(`${seed} service ${options.source} ${this.#lives}`)
    return peerRunner({ ...options, ...model, clock, random, peer: services[options.source]! })
  }

  #journal(options: JournalOptions, body: Mortal): OpenJournal {
    const journal = this.#disk.open({ ...options, checkpoint: "off" })
    return guarded(journal, (records) => {
      if (!body.isAlive) return
      if (this.#doomed === "before commit") return this.#die()
      if (this.trace !== undefined) traceCommit(this.trace, records)
      journal.commit(records)
      if (this.#doomed === "after commit") this.#die()
    })
  }
}

/** A journal whose commits go another way. */
const guarded = (journal: OpenJournal, commit: (records: readonly JournalRecord[]) => void): OpenJournal => ({
  restored: journal.restored,
  commit,
  order: (clientId) => journal.order(clientId),
  hasFill: (...key) => journal.hasFill(...key),
  orders: (filter) => journal.orders(filter),
  fills: (filter) => journal.fills(filter),
  fundings: (filter) => journal.fundings(filter),
  status: () => journal.status(),
  probe: () => journal.probe(),
  history: (clientId) => journal.history(clientId),
  prune: (wanted) => journal.prune(wanted),
  close: (why) => journal.close(why),
})

/** What passes between the runtime and strategies, both ways. */
const witnessing = (trace: Trace): Pick<WorldOptions, "watch" | "makeContext"> => ({
  watch: watchOf(trace),
  makeContext: (parts) => new TracedContext(parts, trace),
})

/** Each event as it is handed to a handler. */
function watchOf(trace: Trace): Watch {
  const names: string[] = []
  return {
    label: (name) => names.push(`event ${name}`) - 1,
    enter(label, message) {
      trace.add(names[label]!, eventContent(message))
      return 0
    },
    leave: () => undefined,
  }
}
