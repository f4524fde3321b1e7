import { isPrivate, channelName } from "../../runtime/domain/channel.ts"
import { ConfigError, listed } from "../../runtime/domain/errors.ts"
import type { Inst } from "../../runtime/domain/inst.ts"
import type { FeedSpec } from "../../runtime/domain/task.ts"
import type { TapeEntry, Venue } from "../../runtime/ports.ts"
import { readLines } from "../../runtime/storage/tape-reader.ts"
import { type Crossing, crossingOf, targetOf } from "../crossing.ts"
import { frameOf, streamsOf } from "../simulator.ts"
import type { Answer } from "./answers.ts"
import type { TapedListing } from "./listings.ts"

/** What a tape holds of one market, read once before anything of it is played. */
export interface Survey {
  /** Of its first and last frame or answer, µs. */
  readonly firstAt: number
  readonly lastAt: number
  readonly frames: number
  /** Streams that there are frames of. */
  readonly streams: ReadonlySet<string>
  readonly answers: readonly Answer[]
  /** Each that says something else than the one before it. */
  readonly listings: readonly TapedListing[]
  /** What asks for one. */
  readonly listingTarget: string
}

export interface SurveyOptions {
  readonly file: string
  readonly venue: Venue
  /** Of the bot. */
  readonly feeds: readonly FeedSpec[]
  /** What the exchange is to list beside what these name: instruments of its limits. */
  readonly insts: readonly Inst[]
  /** For messages. */
  readonly bot: string
}

const LISTED_MAX = 8

/** Throws JournalError on a line that is none, ConfigError where the tape is not of what the bot wants. */
export async function survey(options: SurveyOptions): Promise<Survey> {
  const { file, venue, feeds } = options
  const found = new Finding(options)
  for await (const { entry, number } of readLines(file)) found.add(entry, number)
  if (found.frames === 0) throw noFrames(options, found.others)
  // A stream that was asked for and said nothing is not missing.
  const known = new Set([...found.streams, ...found.asked])
  const lacking = feeds.flatMap((feed) => lackOf(feed, venue, known))
  if (lacking.length > 0) {
    const held = [...known].sort()
    const more = held.length > LISTED_MAX ? ` and ${held.length - LISTED_MAX} more` : ""
    const remedy = `it holds ${held.slice(0, LISTED_MAX).join(", ")}${more}; perigee run ${options.bot} --record FILE writes a tape of what the bot wants`
    throw new ConfigError(`the tape ${file} lacks what bot ${options.bot} listens to:${listed(lacking)}\n${remedy}`)
  }
  return found.survey()
}

function noFrames({ file, venue, bot }: SurveyOptions, others: ReadonlySet<string>): ConfigError {
  const remedy = `give a tape that was recorded of ${venue.market}`
  return others.size === 0
    ? new ConfigError(`the tape ${file} holds no market data of ${venue.market}; ${remedy}`)
    : new ConfigError(`${file} is a tape of ${[...others].join(", ")}, and bot ${bot} is on ${venue.market}; ${remedy}`)
}

/** What each feed wants and the tape has nothing of. */
function lackOf(feed: FeedSpec, venue: Venue, streams: ReadonlySet<string>): string[] {
  if (feed.isManual || isPrivate(feed.channel)) return []
  return feed.insts.flatMap((inst) => {
    const wanted = streamsOf(venue.subscribe(feed.channel, [inst], { now: 0 }))
    const missing = wanted.filter((stream) => !streams.has(stream))
    return missing.map((stream) => `${channelName(feed.channel)} of ${inst} (${stream})`)
  })
}

/** What one line of the tape is; undefined where it is none of market data. */
export function crossingOn(entry: TapeEntry, bare: BareReply): Crossing | undefined {
  if (entry.channel !== "") return crossingOf(entry.channel)
  if (frameOf(entry.text) !== undefined) return { kind: "frame", market: bare.market, target: "", connection: 0 }
  if (!entry.text.startsWith('{"lastUpdateId":')) return undefined
  return { kind: "reply", market: bare.market, target: bare.target }
}

/** What an answer without a channel must be to: a capture of somebody else's holds one book image, of its only instrument. */
export interface BareReply {
  readonly market: string
  readonly target: string
}

export function bareReply(venue: Venue, feeds: readonly FeedSpec[]): BareReply {
  const inst = feeds.flatMap(({ insts }) => insts)[0]
  const target =
    inst === undefined || !venue.operations.includes("orderbook")
      ? ""
      : `GET ${targetOf(venue.encode("orderbook", { inst, depth: venue.book.depth }, { now: 0 }).url)}`
  return { market: venue.market, target }
}

class Finding {
  readonly streams = new Set<string>()
  readonly asked = new Set<string>()
  readonly others = new Set<string>()
  frames = 0
  readonly #options: SurveyOptions
  readonly #bare: BareReply
  readonly #listingTarget: string
  readonly #answers: Answer[] = []
  readonly #listings: TapedListing[] = []
  #firstAt: number | undefined
  #lastAt = 0

  constructor(options: SurveyOptions) {
    const { venue, feeds } = options
    this.#options = options
    this.#bare = bareReply(venue, feeds)
    this.#listingTarget = `GET ${targetOf(venue.encode("instruments", {}, { now: 0 }).url)}`
  }

  add(entry: TapeEntry, line: number): void {
    const { venue, file } = this.#options
    const crossing = crossingOn(entry, this.#bare)
    if (crossing === undefined) {
      if (entry.channel !== "") return
      throw new ConfigError(
        `${file} line ${line} is no frame of ${venue.market}: it begins "${entry.text.slice(0, 40)}"; give a tape that was recorded of ${venue.market}`,
      )
    }
    if (crossing.market !== venue.market) return void this.others.add(crossing.market)
    this.#firstAt ??= entry.receivedAt
    this.#lastAt = Math.max(this.#lastAt, entry.receivedAt)
    if (crossing.kind === "frame") this.#frame(entry.text, line)
    else if (crossing.kind === "reply") this.#reply(crossing.target, entry)
    else if (crossing.kind === "sent")
      for (const one of streamsOf({ url: crossing.target, messages: [entry.text] })) this.asked.add(one)
  }

  #frame(text: string, line: number): void {
    const frame = frameOf(text)
    if (frame === undefined) return
    if (!text.endsWith("}")) {
      throw new ConfigError(
        `${this.#options.file} line ${line} is damaged: its frame has no end; cut the line out, or give another tape`,
      )
    }
    this.frames++
    this.streams.add(frame.stream)
  }

  #reply(target: string, { receivedAt, text }: TapeEntry): void {
    if (target !== this.#listingTarget) return void this.#answers.push({ target, at: receivedAt, body: text })
    const { venue, feeds, insts } = this.#options
    const outcome = venue.response("instruments", {}, 200, text)
    const wanted = new Set([...insts, ...feeds.flatMap((feed) => feed.insts)])
    if (outcome.kind !== "accepted") return
    const instruments = outcome.value.filter(({ inst }) => wanted.has(inst))
    this.#listings.push({ at: receivedAt, body: text, instruments })
  }

  survey(): Survey {
    return {
      firstAt: this.#firstAt ?? 0,
      lastAt: this.#lastAt,
      frames: this.frames,
      streams: this.streams,
      answers: this.#answers,
      listings: this.#listings,
      listingTarget: this.#listingTarget,
    }
  }
}
