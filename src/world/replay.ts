import { ConfigError, describe } from "../runtime/domain/errors.ts"
import type { Inst } from "../runtime/domain/inst.ts"
import type { Market } from "../runtime/domain/market.ts"
import type { FeedSpec, TaskSpec } from "../runtime/domain/task.ts"
import { type LogOptions, pinoLog } from "../runtime/platform/shared/log.ts"
import type { Clock, Log, TapeEntry, Venue } from "../runtime/ports.ts"
import { virtualEnv } from "../runtime/simulation/env.ts"
import { readTape } from "../runtime/storage/tape-reader.ts"
import { type Bot, nameOf, planOf, type Stats } from "../world.ts"
import { targetOf } from "./crossing.ts"
import { everyPart } from "./parts.ts"
import { allTo, answeredFrom, Answers } from "./replay/answers.ts"
import { bareReply, type BareReply, crossingOn, type Survey, survey } from "./replay/survey.ts"
import { listingsOf } from "./replay/listings.ts"
import { Lines } from "./replay/lines.ts"
import { type Happening, inOwnTask, openSimulation, type Simulation, type SimulationOptions } from "./simulation.ts"
import { frameOf, simulatedMarkets } from "./simulator.ts"

export interface ReplayOptions extends Pick<SimulationOptions, "modelFile" | "services" | "modelTape" | "trace"> {
  readonly bot: Bot
  readonly file: string
  readonly seed: number
  readonly set: Readonly<Record<string, string>>
  /** One way, between the bot and the exchange; what the tape says was received is received then all the same. */
  readonly latencyMs: number
  /** Where the bot's log goes, with virtual times; nowhere where absent. */
  readonly log?: Omit<LogOptions, "clock">
  /** Of the tape, from its first line on; all of it where absent. */
  readonly seconds?: number
}

export interface Replayed {
  readonly stats: Stats
  /** Virtual, from the start of the bot until it was first seen safe to trade. */
  readonly readyMs: number | undefined
  /** Virtual, from the tape's first line. */
  readonly seconds: number
  readonly why: string
}

/** Lines played before the bot is looked at, and more are read: fewer until it is ready. */
const BATCH = { unready: 16, ready: 512 }
/** The bot starts so long before the first line that it listens by then; some twenty journeys to the exchange and back. */
const LEAD_MS = 1_000
const LEAD_JOURNEYS = 40
const ORIGIN = "ws://exchange:8080"

/**
 * A bot over a recorded tape on a virtual clock: its feeds get the recorded frames at the times they were received, its
 * orders go through its adapter to a simulated exchange that matches them with the tape's book and trades. The same tape and
 * options give the same run. Throws ConfigError or JournalError where the tape cannot be played to this bot.
 */
export async function replay(options: ReplayOptions): Promise<Replayed> {
  const { bot, file, seed, set, latencyMs, services, modelTape, trace, modelFile } = options
  const { venue, feeds, insts } = wishesOf(bot, set)
  const found = await survey({ file, venue, feeds, insts, bot: nameOf(bot) })
  const { streams, listings, firstAt } = found
  const answers = answersOf(found, venue)
  const listed = listedOn(found)
  const instruments = listed.get(listings[0]?.body ?? "")
  const simulation = await openSimulation({
    bot: () => bot,
    seed,
    set,
    startAt: firstAt - (LEAD_MS + LEAD_JOURNEYS * latencyMs) * 1_000,
    faults: { latencyMsMin: latencyMs, latencyMsMax: latencyMs },
    playback: { streams, ...(instruments === undefined ? {} : { instruments }) },
    around: (outside) => ({
      ...outside,
      log: logOf(options, outside.clock),
      http: answeredFrom(answers, outside.http, outside.clock),
      sockets: allTo(ORIGIN, outside.sockets),
    }),
    ...(modelFile === undefined ? {} : { modelFile }),
    ...(services === undefined ? {} : { services }),
    ...(modelTape === undefined ? {} : { modelTape }),
    ...(trace === undefined ? {} : { trace }),
  }).catch(inPlainWords)
  return new Playing(simulation, { found, listed, bare: bareReply(venue, feeds) }, options).run()
}

const mute: Log = { debug() {}, info() {}, warn() {}, error() {} }

const logOf = ({ log }: ReplayOptions, clock: Clock): Log => (log === undefined ? mute : pinoLog({ clock, ...log }))

/** A listing that the simulated exchange cannot reckon with is the tape's, not this program's mistake. */
function inPlainWords(error: unknown): never {
  if (!(error instanceof RangeError)) throw error
  throw new ConfigError(`the simulated exchange cannot list what is on the tape: ${describe(error)}`, { cause: error })
}

/** What the exchange lists, by the listings of the tape. */
function listedOn({ listings }: Survey): Listed {
  try {
    return listingsOf(listings)
  } catch (error) {
    return inPlainWords(error)
  }
}

type Listed = ReturnType<typeof listingsOf>

interface Wishes {
  readonly venue: Venue
  readonly feeds: readonly FeedSpec[]
  readonly insts: readonly Inst[]
}

function wishesOf(bot: Bot, set: ReplayOptions["set"]): Wishes {
  const parts = everyPart()
  const { tasks, name, options } = planOf(bot, parts, { env: virtualEnv(), set })
  const markets = [...new Set(tasks.flatMap((spec) => ("market" in spec ? [spec.market] : [])))]
  const [market] = simulatedMarkets() as readonly Market[]
  const strange = markets.find((one) => one !== market)
  if (strange !== undefined) throw new ConfigError(`bot ${name} is on ${strange}; a replay has ${market} only`)
  const insts = Object.keys(options.limits?.orderSizeMax ?? {})
  return { venue: parts.venues[market!]!(), feeds: tasks.filter((spec) => isFeed(spec)), insts }
}

const isFeed = (spec: TaskSpec): spec is FeedSpec => spec.kind === "feed"

/** A question for a few levels is put again a little later than it was; much later the exchange has a newer book. */
const LEVELS_AGE_US_MAX = 5_000_000

/**
 * An old image of what a book is built on is of no use; the simulated exchange has a newer one. Old candles and trades are what
 * was asked for, and a listing holds until there is another.
 */
function answersOf({ answers, listings, listingTarget }: Survey, venue: Venue): Answers {
  const inst = "BTC_USDT_PERP"
  const image = targetOf(venue.encode("orderbook", { inst, depth: venue.book.depth }, { now: 0 }).url)
  const [before = "", after = ""] = image.split(venue.inst.toNative(inst))
  const all = [...answers, ...listings.map(({ at, body }) => ({ target: listingTarget, at, body }))]
  return new Answers(
    all,
    (target) => {
      if (!target.startsWith(`GET ${before}`)) return Number.POSITIVE_INFINITY
      return target.endsWith(after) ? 0 : LEVELS_AGE_US_MAX
    },
    (target) => target === listingTarget,
  )
}

interface Known {
  readonly found: Survey
  readonly listed: Listed
  readonly bare: BareReply
}

class Playing {
  readonly #simulation: Simulation
  readonly #survey: Survey
  readonly #listed: Listed
  readonly #bare: BareReply
  readonly #options: ReplayOptions
  readonly #endAt: number
  readonly #leadUs: number
  readonly #lines = new Lines()
  /** Ends of connections that nothing has come after yet: at the tape's own end they mean nothing. */
  readonly #cuts: Happening[] = []
  #readyMs: number | undefined

  constructor(simulation: Simulation, { found, listed, bare }: Known, options: ReplayOptions) {
    this.#simulation = simulation
    this.#survey = found
    this.#listed = listed
    this.#bare = bare
    this.#options = options
    this.#endAt = options.seconds === undefined ? Infinity : found.firstAt + options.seconds * 1e6
    this.#leadUs = options.latencyMs * 1_000
  }

  async run(): Promise<Replayed> {
    let batch: Happening[] = []
    let isCut = false
    for await (const entry of readTape(this.#options.file)) {
      if ((isCut = entry.receivedAt > this.#endAt)) break
      const happening = this.#happening(entry)
      if (happening !== undefined) batch.push(...this.#cuts.splice(0), happening)
      if (batch.length < (this.#readyMs === undefined ? BATCH.unready : BATCH.ready)) continue
      await this.#play(batch)
      batch = []
    }
    await this.#play(batch)
    return inOwnTask(() => this.#end(isCut))
  }

  #play(batch: readonly Happening[]): Promise<void> {
    return inOwnTask(() => {
      this.#simulation.play(batch)
      this.#look()
    })
  }

  #look(): void {
    if (this.#readyMs !== undefined || this.#simulation.world.reasons().length > 0) return
    this.#readyMs = Math.round(this.#simulation.outside.clock.monotonic() / 1_000)
  }

  /** It leaves the exchange as long before it is received as the way to the bot takes. */
  #happening(entry: TapeEntry): Happening | undefined {
    const crossing = crossingOn(entry, this.#bare)
    if (crossing === undefined || crossing.market !== this.#bare.market || crossing.kind === "sent") return undefined
    const { text } = entry
    const at = entry.receivedAt - this.#leadUs
    if (crossing.kind === "reply") {
      const { target } = crossing
      if (target === this.#survey.listingTarget) {
        const listings = this.#listed.get(text)
        return listings && { at, happen: ({ playback }, now) => playback?.relist(listings, now) }
      }
      return { at, happen: ({ playback }, now) => playback?.reply(target, text, now) }
    }
    if (crossing.kind === "closed") {
      const streams = this.#lines.closed(crossing.connection)
      this.#cuts.push({ at, happen: ({ playback }, now) => playback?.cut(streams, now) })
      return undefined
    }
    if (!this.#lines.isFirst(frameOf(text)?.stream, crossing.connection)) return undefined
    return { at, happen: ({ playback }, now) => playback?.frame(text, now) }
  }

  #end(isCut: boolean): Replayed {
    const simulation = this.#simulation
    const { firstAt, lastAt } = this.#survey
    const { clock } = simulation.outside
    const endAt = isCut ? this.#endAt : lastAt
    // What has left is received, and what it leads to at once is sent.
    simulation.advance(Math.max(0, endAt - clock.now()) / 1_000 + 1)
    this.#look()
    const stats = simulation.world.stats()
    const why = isCut ? "its time is up" : "the tape ends"
    simulation.stop(why)
    return { stats, readyMs: this.#readyMs, seconds: (endAt - firstAt) / 1e6, why }
  }
}
