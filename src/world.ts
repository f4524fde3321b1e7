import { clientIds, identityOf } from "./runtime/domain/client-id.ts"
import { isPrivate } from "./runtime/domain/channel.ts"
import { ConfigError, describe, listed } from "./runtime/domain/errors.ts"
import type { Market } from "./runtime/domain/market.ts"
import { Metrics } from "./runtime/domain/metrics.ts"
import type { FeedSpec, OrdersSpec, PredictSpec, TaskSpec } from "./runtime/domain/task.ts"
import { build, type Plan } from "./runtime/engine/build.ts"
import { type Bot, declared, isBot } from "./runtime/engine/declaration/bot.ts"
import type { ParamSources } from "./runtime/engine/declaration/params.ts"
import { Engine, type EngineOptions } from "./runtime/engine/engine.ts"
import { endpoint, type Endpoint } from "./runtime/http/endpoint.ts"
import type { StateImage, TradingMode } from "./runtime/http/deps.ts"
import type {
  Clock,
  Credentials,
  Env,
  ModelRunner,
  Outside,
  Random,
  Tape,
  Timer,
  Venue,
  VenueOptions,
} from "./runtime/ports.ts"
import { removeAddress, writeAddress } from "./runtime/storage/address.ts"
import { type JournalOptions, openJournal, type OpenJournal } from "./runtime/storage/journal.ts"
import { accountFeed } from "./runtime/tasks/feed/account.ts"
import { feedTask } from "./runtime/tasks/feed/feed.ts"
import { historyRefusal } from "./runtime/tasks/feed/past.ts"
import { ordersTask } from "./runtime/tasks/orders.ts"
import { predictTask } from "./runtime/tasks/predict.ts"
import { intentTask, relayTask } from "./runtime/tasks/relay.ts"
import { scheduleTask } from "./runtime/tasks/schedule.ts"
import type { RunningFeed, RunningOrders, RunningTask, TaskHost } from "./runtime/tasks/task.ts"
import { platform } from "#platform"
import { controlOf } from "./world/control.ts"
import { type Door, openDoor, reachable, urlOf } from "./world/door.ts"
import { stateImage } from "./world/image.ts"
import { checkLive, limitMistakes } from "./world/limits.ts"
import { withListing } from "./world/listing.ts"
import { MarketGear } from "./world/market-gear.ts"
import { modelRunner } from "./world/models.ts"
import { PnlGauges } from "./world/pnl-gauges.ts"
import { credentialsOf, secret } from "./world/secrets.ts"
import { type Stats, statsOf } from "./world/stats.ts"

export interface RunnerOptions {
  readonly clock: Clock
  /** Spreads pauses before restarts. */
  readonly random?: Random
  /** Where a runner finds its keys. */
  readonly env?: Env
  readonly source: string
  readonly isInline: boolean
  readonly queueMax: number
  readonly whenFull: "refuse" | "newest"
  /** Of a model service; see ServiceSpec. */
  readonly mode?: "req" | "dealer"
  readonly inFlightMax?: number
  readonly replyBytesMax?: number
  readonly curve?: boolean | string
}

/** The parts this program holds: a bot's own binary holds only those its declaration names. */
export interface Parts {
  readonly venues: Readonly<Partial<Record<Market, (options?: VenueOptions) => Venue>>>
  readonly runners: Readonly<Partial<Record<PredictSpec["runner"], (options: RunnerOptions) => ModelRunner>>>
}

export interface WorldOptions {
  readonly bot: Bot
  /** Where a declared model file lies: beside the bot file, or inside this executable. */
  modelFile(source: string): string
  readonly parts: Parts
  readonly outside: Outside
  readonly version: string
  readonly mode: TradingMode
  readonly venue: VenueOptions
  /** SQLite file, or `:memory:`. */
  readonly database: string
  /** Opens `database`: a simulation's own disk, which outlives the bot's simulated deaths. */
  readonly openJournal?: (options: JournalOptions) => OpenJournal
  /** Absent: no endpoint. */
  readonly http?: { readonly host: string; readonly port: number }
  /** Instead: one that listens already. */
  readonly door?: Door
  /** `--set name=value`. */
  readonly set: Readonly<Record<string, string>>
  /** Instead of the environment's: the demo's. */
  readonly credentials?: Credentials
  /** `MAIN`: `MAIN_BINANCE_API_KEY` and so on are read. */
  readonly keyPrefix?: string
  /** Gets what model services answer. */
  readonly modelTape?: Tape
  /** Gets the market data, as a replay needs them. */
  readonly tape?: Tape
  /** Told which handler runs: a watchdog's. */
  readonly watch?: EngineOptions["watch"]
  /** Makes what a strategy sees of the bot: a simulation's, which keeps a trace. */
  readonly makeContext?: EngineOptions["makeContext"]
  /** Called when the endpoint or the runtime itself wants the process to end. */
  ended(why: string): void
  /** Told each secret the bot holds, before anything could write it to a log. */
  hide?(secret: string): void
}

export interface World {
  readonly engine: Engine
  readonly journal: OpenJournal
  readonly address: string | undefined
  start(): Promise<void>
  stop(why: string): Promise<void>
  reasons(): readonly string[]
  stats(): Stats
  image(): StateImage
}

export { type Bot, isBot, type Stats }

export const nameOf = (bot: Bot): string => declared(bot).options.name

/** Text that no log line, error, event or state dump may hold. */
const secretsOf = (credentials: Credentials | undefined): readonly string[] => Object.values(credentials ?? {})

/** Checks a bot against the parts there are. Throws BuildError with every mistake. */
export function planOf(bot: Bot, parts: Parts, sources: ParamSources = {}): Plan {
  return build(
    bot,
    {
      markets: Object.keys(parts.venues),
      runners: Object.keys(parts.runners),
      refusal: (spec) => (spec.kind === "feed" ? feedRefusal(spec, parts) : runtimeRefusal(spec)),
    },
    sources,
  )
}

/** A stream the venue lacks, or a name it cannot have, is found before anything starts. */
function feedRefusal(spec: FeedSpec, parts: Parts): string | undefined {
  const venue = parts.venues[spec.market]?.()
  if (venue === undefined || isPrivate(spec.channel) || spec.isManual) return undefined
  try {
    venue.subscribe(spec.channel, spec.insts, { now: 0 })
    return spec.history === undefined ? undefined : historyRefusal(spec.channel, venue)
  } catch (error) {
    return describe(error)
  }
}

/** A model kind that needs Bun's own API. */
const runtimeRefusal = (spec: TaskSpec): string | undefined =>
  spec.kind === "predict" && spec.runner === "zmq" && platform.name !== "bun"
    ? "ZeroMQ models run on Bun only; run this bot on Bun"
    : undefined

/** Assembles a bot: its venues and models, its journal, its endpoint. Nothing runs before `start`. */
export async function openWorld(options: WorldOptions): Promise<World> {
  const { bot, parts, outside } = options
  const plan = planOf(bot, parts, { env: outside.env, set: options.set })
  const venues = new Map(marketsOf(plan).map((market) => [market, parts.venues[market]!(options.venue)]))
  const credentials = credentialsFor(plan, venues, options)
  for (const one of [...credentials.values()].flatMap(secretsOf)) options.hide?.(one)
  if (options.mode === "live") checkLive(plan, outside.log)
  const journal = (options.openJournal ?? openJournal)({
    file: options.database,
    clock: outside.clock,
    bot: plan.name,
    version: options.version,
    pid: outside.env.pid,
    log: outside.log,
    durability: plan.options.durability === "power" ? "power" : "process",
  })
  try {
    const assembly = new Assembly(plan, venues, credentials, journal, options)
    await assembly.listen()
    return assembly
  } catch (error) {
    journal.close("could not start")
    throw error
  }
}

const marketsOf = (plan: Plan): Market[] => [
  ...new Set(plan.tasks.flatMap((spec) => ("market" in spec ? [spec.market] : []))),
]

const needsKeys = (spec: TaskSpec): boolean =>
  spec.kind === "orders" || (spec.kind === "feed" && isPrivate(spec.channel) && !spec.isManual)

function credentialsFor(
  plan: Plan,
  venues: ReadonlyMap<Market, Venue>,
  { credentials, outside, keyPrefix }: WorldOptions,
): ReadonlyMap<Market, Credentials> {
  const found = new Map<Market, Credentials>()
  for (const spec of plan.tasks) {
    if (!needsKeys(spec) || !("market" in spec) || found.has(spec.market)) continue
    const venue = venues.get(spec.market)!
    found.set(spec.market, credentials ?? credentialsOf(venue, outside.env.get, keyPrefix))
  }
  return found
}

class Assembly implements World {
  readonly engine: Engine
  readonly journal: OpenJournal
  readonly #plan: Plan
  readonly #options: WorldOptions
  readonly #venues: ReadonlyMap<Market, Venue>
  readonly #credentials: ReadonlyMap<Market, Credentials>
  readonly #gears = new Map<Market, MarketGear>()
  readonly #metrics = new Metrics()
  readonly #endpoint: Endpoint
  readonly #nextClientId = new Map<string, () => string>()
  readonly #startedAt: number
  readonly #counts = { orders: 0, fills: 0 }
  #door: Door | undefined
  #pulse: Timer | undefined
  #loopLagMs = 0

  constructor(
    plan: Plan,
    venues: ReadonlyMap<Market, Venue>,
    credentials: ReadonlyMap<Market, Credentials>,
    journal: OpenJournal,
    options: WorldOptions,
  ) {
    this.#plan = plan
    this.#venues = venues
    this.#credentials = credentials
    this.#options = options
    this.journal = journal
    this.#startedAt = options.outside.clock.now()
    for (const spec of plan.tasks) {
      if (spec.kind === "feed" && isPrivate(spec.channel)) this.#wanted.push(spec)
    }
    this.engine = new Engine({
      plan,
      outside: options.outside,
      journal,
      metrics: this.#metrics,
      makeTask: (spec, host) => this.#task(spec, host),
      ...(options.watch === undefined ? {} : { watch: options.watch }),
      ...(options.makeContext === undefined ? {} : { makeContext: options.makeContext }),
    })
    this.engine.subscribe((news) => {
      if (news.kind === "order" && news.data.from === undefined) this.#counts.orders++
      if (news.kind === "fill") this.#counts.fills++
    })
    this.#endpoint = this.#openEndpoint()
  }

  readonly #wanted: FeedSpec[] = []
  /** Models that are files of the bot, unless it says otherwise: without one of them it does not start. */
  readonly #fileModels: ModelRunner[] = []

  // ---- tasks ----

  #task(spec: TaskSpec, host: TaskHost): RunningTask {
    switch (spec.kind) {
      case "feed":
        return this.#feed(spec, host)
      case "schedule":
        return scheduleTask(spec, host)
      case "orders":
        return this.#orders(spec, host)
      case "predict":
        return predictTask(spec, host, this.#runner(spec))
      case "intents":
        return intentTask(spec, host)
      case "relay":
        return relayTask(spec, host)
    }
  }

  #feed(spec: FeedSpec, host: TaskHost): RunningFeed {
    const gear = this.#gear(spec.market, host)
    const { instruments, rest } = gear
    return withListing(this.#heard(spec, host, gear), { spec, host, instruments, rest, tasks: this.#plan.tasks })
  }

  #heard(spec: FeedSpec, host: TaskHost, gear: MarketGear): RunningFeed {
    if (spec.isManual) return gear.manualFeed(spec, host)
    if (isPrivate(spec.channel)) return accountFeed(spec, host, gear.stream)
    return feedTask(spec, host, {
      hub: gear.hub,
      venue: gear.venue,
      rest: gear.rest,
      keeper: (inst) => gear.keeper(inst),
    })
  }

  #orders(spec: OrdersSpec, host: TaskHost): RunningOrders {
    const { limiter, offset, rest, venue, stream, hub, instruments } = this.#gear(spec.market, host)
    const disconnectMs = this.#plan.options.cancelOnDisconnectMs
    const identity = identityOf(this.#plan.name, this.#credentials.get(spec.market)?.apiKey ?? "")
    return ordersTask(spec, host, {
      venue,
      journal: this.journal,
      rest,
      limiter,
      offset,
      stream,
      instruments,
      identity,
      clientId: this.#clientIds(identity),
      account: this.#plan.options.account ?? "shared",
      limits: this.#plan.options.limits ?? {},
      ...(disconnectMs === undefined ? {} : { countdownMs: disconnectMs }),
      entry: venue.entry === undefined ? "rest" : "socket",
      mode: () => ({ mode: this.engine.mode, why: this.engine.modeWhy }),
      referencePrice: (inst) => hub.price(inst),
      priceAgeUs: (inst) => hub.priceAgeUs(inst),
      insts: this.#plan.tasks.flatMap((task) =>
        task.kind === "feed" && task.market === spec.market ? task.insts : [],
      ),
    })
  }

  /** One counter for all markets that share an identity. */
  #clientIds(identity: string): () => string {
    const known = this.#nextClientId.get(identity)
    if (known !== undefined) return known
    const next = clientIds(identity, this.journal.restored.run, this.#startedAt)
    this.#nextClientId.set(identity, next)
    return next
  }

  #runner(spec: PredictSpec): ModelRunner {
    const runner = modelRunner(spec, this.#options)
    if (spec.runner === "onnx" && spec.isOptional !== true) this.#fileModels.push(runner)
    return runner
  }

  #gear(market: Market, host: TaskHost): MarketGear {
    const known = this.#gears.get(market)
    if (known !== undefined) return known
    const gear = new MarketGear(this.#venues.get(market)!, host, this.#credentials.get(market), this.#options.tape)
    for (const spec of this.#wanted) if (spec.market === market) gear.wantChannel(spec.channel)
    this.#gears.set(market, gear)
    return gear
  }

  // ---- life ----

  get address(): string | undefined {
    return this.#door && urlOf(this.#door)
  }

  async listen(): Promise<void> {
    const { http, outside, database, version } = this.#options
    const door = this.#options.door ?? (http && (await openDoor(outside.listener, outside.clock, http)))
    if (door === undefined) return
    this.#door = door
    door.lead(this.#endpoint.fetch)
    if (database === ":memory:") return
    const { host, port } = door
    writeAddress(database, {
      bot: this.#plan.name,
      version,
      host: reachable(host),
      port,
      pid: outside.env.pid,
      startedAt: this.#startedAt,
    })
  }

  async start(): Promise<void> {
    await this.#preflight()
    if (this.engine.phase !== "built") return
    this.#beat()
    for (const gear of this.#gears.values()) gear.start()
    await this.engine.start()
  }

  async stop(why: string): Promise<void> {
    const { database, outside } = this.#options
    await this.engine.stop(why)
    await Promise.all([...this.#gears.values()].map((gear) => gear.stop()))
    this.#pulse?.cancel()
    this.#endpoint.close()
    await this.#door?.close()
    if (this.#door !== undefined && database !== ":memory:") removeAddress(database, outside.env.pid)
    this.journal.close(why)
  }

  /**
   * Keys the venue refuses, instruments it does not list and model files that cannot be loaded end the start; a venue or
   * a model service out of reach does not.
   */
  async #preflight(): Promise<void> {
    const gears = [...this.#gears.values()]
    const loading = Promise.all(this.#fileModels.map((model) => model.load()))
    const asking = Promise.all(gears.map((gear) => this.#mistakesOn(gear)))
    const [, mistakes] = await Promise.all([loading, asking])
    const traded = gears.flatMap(({ venue: { market }, instruments }) =>
      this.#trades(market) ? [{ market, instruments }] : [],
    )
    const all = [...mistakes.flat(), ...limitMistakes(this.#plan.options.limits, traded)]
    if (all.length > 0) throw new ConfigError(`bot ${this.#plan.name} cannot start:${listed(all)}`)
  }

  #mistakesOn(gear: MarketGear): Promise<string[]> {
    const { market } = gear.venue
    return gear.mistakes(this.#instsOn(market), this.#trades(market))
  }

  #trades(market: Market): boolean {
    return this.#plan.tasks.some((spec) => spec.kind === "orders" && spec.market === market)
  }

  #instsOn(market: Market): string[] {
    return [
      ...new Set(
        this.#plan.tasks.flatMap((spec) => (spec.kind === "feed" && spec.market === market ? spec.insts : [])),
      ),
    ]
  }

  /** How late the loop serves a timer: what `/health` tells. */
  #beat(): void {
    const { clock } = this.#options.outside
    const dueAt = clock.monotonic() + 250_000
    this.#pulse = clock.timer(250, () => {
      this.#loopLagMs = Math.max(0, (clock.monotonic() - dueAt) / 1_000)
      this.#beat()
    })
  }

  // ---- what outsiders see ----

  reasons(): readonly string[] {
    const unwritable = this.journal.probe()
    return unwritable === undefined ? this.engine.reasons() : [...this.engine.reasons(), `the disk: ${unwritable}`]
  }

  stats(): Stats {
    return statsOf(this.engine.tasks, { events: this.engine.state()["events"] as number, ...this.#counts })
  }

  /** Since the start of the process, as the door has told it before there was a bot. */
  #uptimeMs(): number {
    return Math.round(this.#options.outside.clock.monotonic() / 1_000)
  }

  image(): StateImage {
    const { mode, version } = this.#options
    const run = { number: this.journal.restored.run, startedAt: this.#startedAt, uptimeMs: this.#uptimeMs() }
    const head = { bot: this.#plan.name, version, mode, run, parameters: this.#plan.params }
    return stateImage(head, this.engine, this.journal)
  }

  #openEndpoint(): Endpoint {
    const { outside, mode } = this.#options
    const { engine } = this
    const { clock } = outside
    const gauges = new PnlGauges(this.#metrics)
    const token = secret(outside.env.get, "PERIGEE_TOKEN")
    if (token !== undefined) this.#options.hide?.(token)
    return endpoint({
      clock,
      ...(token === undefined ? {} : { token }),
      secrets: [...this.#credentials.values()].flatMap(secretsOf),
      health: () => ({ uptimeMs: this.#uptimeMs(), loopLagMs: this.#loopLagMs }),
      ready: () => ({ mode, reasons: this.reasons(), skipped: [] }),
      state: () => this.image(),
      metrics: () => {
        gauges.update(engine.tasks.filter((task): task is RunningOrders => task.spec.kind === "orders"))
        return this.#metrics
      },
      control: controlOf(engine, this.#options.ended),
      subscribe: (listener) => engine.subscribe(({ kind, ...rest }) => listener({ name: kind, data: rest })),
    })
  }
}
