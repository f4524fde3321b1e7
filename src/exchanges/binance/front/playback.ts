import { Mirror } from "../../matching/mirror.ts"
import type { Matching } from "../../matching/engine.ts"
import type { Side } from "../../matching/order.ts"
import type { Scale } from "../../matching/instrument.ts"
import type { Hub } from "./hub.ts"
import { Image, type Sides } from "./image.ts"
import { depthName, type Pit } from "./pit.ts"
import { Refused } from "./refusal.ts"

export interface PlaybackOptions {
  /** Names of the streams that frames will come of: of each instrument, the most telling one makes its book. */
  readonly streams: Iterable<string>
}

const HELD_MAX = 20_000
const DEPTH = "GET /fapi/v1/depth?"
/** What books are built on; anything less is somebody's question. */
const WHOLE_LEVELS = "1000"

/** One instrument: where its orders are matched, and which streams its book and its trades are taken from. */
interface Shown {
  readonly pit: Pit
  readonly mirror: Mirror
  readonly image: Image
  readonly book: string | undefined
  readonly trades: string | undefined
}

type Pairs = readonly (readonly [string, string])[]

interface Payload {
  readonly [key: string]: unknown
  readonly b?: unknown
  readonly a?: unknown
}

/**
 * Captured market data in place of the simulated market: frames go out as they came, to whoever listens to their stream,
 * and orders meet the book and the trades that they tell.
 */
export class Playback {
  readonly #hub: Hub
  readonly #shown = new Map<string, Shown>()
  /** Frames of streams whose connection was cut as it was when they were captured: for whoever listens next. */
  readonly #held = new Map<string, string[]>()

  constructor({ streams }: PlaybackOptions, pits: Iterable<Pit>, engine: Matching, hub: Hub) {
    this.#hub = hub
    const all = [...streams]
    for (const pit of pits) {
      const own = all.filter((stream) => stream.startsWith(`${pit.key}@`))
      this.#shown.set(pit.key, {
        pit,
        mirror: new Mirror(engine, pit.listing.symbol),
        image: new Image(),
        book: bookOf(own),
        trades: own.find((stream) => stream.endsWith("@trade")) ?? own.find((stream) => stream.endsWith("@aggTrade")),
      })
    }
  }

  /** Streams that somebody listens to. */
  wanted(): readonly string[] {
    return [...this.#hub.wanted()]
  }

  /** Plays one frame. */
  frame(text: string, now: number): void {
    const captured = frameOf(text)
    if (captured === undefined) return
    const { stream, data } = captured
    this.#apply(stream, data, now)
    if (!this.#hub.isWanted(stream)) return this.#hold(stream, text)
    if (this.#held.size > 0) this.tell()
    this.#send(stream, text, data)
  }

  /** Here the captured connection of these streams was lost, and so is that of those who listen to them now. */
  cut(streams: Iterable<string>): void {
    for (const stream of streams) {
      for (const connection of [...this.#hub.listeners(stream)]) {
        for (const own of connection.streams) if (!this.#held.has(own)) this.#held.set(own, [])
        this.#hub.forget(connection)
        this.#hub.push({ kind: "close", connection: connection.id, code: 1001, reason: "lost when it was captured" })
      }
    }
  }

  /** Sends what was held to those who listen again, behind the answer to their subscription. */
  tell(): void {
    for (const [stream, texts] of this.#held) {
      if (!this.#hub.isWanted(stream)) continue
      this.#held.delete(stream)
      for (const text of texts) this.#send(stream, text, frameOf(text)!.data)
    }
  }

  #hold(stream: string, text: string): void {
    const held = this.#held.get(stream)
    if (held === undefined) return
    held.push(text)
    if (held.length > HELD_MAX) held.shift()
  }

  #send(stream: string, text: string, data: string): void {
    for (const { id, isCombined } of this.#hub.listeners(stream)) this.#hub.send(id, isCombined ? text : data)
  }

  /** What the venue answered to a public request: of those that tell a whole book, the book is made of it, not of a few levels. */
  reply(target: string, body: string, now: number): void {
    const query = target.startsWith(DEPTH) ? new URLSearchParams(target.slice(DEPTH.length)) : undefined
    const symbol = query?.get("limit") === WHOLE_LEVELS ? query.get("symbol") : undefined
    const shown = typeof symbol !== "string" ? undefined : this.#shown.get(symbol.toLowerCase())
    const told = shown === undefined ? undefined : parsed(body)
    if (shown === undefined || typeof told?.["lastUpdateId"] !== "number") return
    const sides = sidesOf(told["bids"], told["asks"], shown.pit)
    if (!shown.image.load(sides, told["lastUpdateId"])) return
    // Where nothing else tells the book, an image alone would only grow old.
    if (shown.book !== undefined) shown.mirror.replace(...shown.image.all(), now)
    this.#value(shown)
  }

  /** The reply of REST depth: the book as the frames so far have made it, without anybody's simulated orders. */
  depth(pit: Pit, limit: number): string {
    const image = this.#shown.get(pit.key)?.image
    if (image?.isWhole !== true) throw noAnswer("the tape has no image of this book up to here")
    const list = (side: Side) =>
      image.best(side, limit).map(([ticks, lots]) => `["${pit.price(ticks)}","${pit.size(lots)}"]`)
    const times = `"E":${image.ms},"T":${image.ms}`
    return `{"lastUpdateId":${image.updateId},${times},"bids":[${list(1).join()}],"asks":[${list(-1).join()}]}`
  }

  #apply(stream: string, data: string, now: number): void {
    const shown = this.#shown.get(stream.slice(0, stream.indexOf("@")))
    if (shown === undefined || (stream !== shown.book && stream !== shown.trades)) return
    const told = parsed(data)
    if (told === undefined) return
    if (stream === shown.trades) this.#trade(shown, told, now)
    if (stream === shown.book) this.#book(shown, stream, told, now)
    this.#value(shown)
  }

  #trade({ pit, mirror, book, trades }: Shown, told: Payload, now: number): void {
    const [ticks, lots] = [steps(told["p"], pit.listing.price), steps(told["q"], pit.listing.size)]
    // Insurance-fund prints carry no price; they are no trades.
    if (!(ticks > 0 && lots > 0)) return
    const side: Side = told["m"] === true ? -1 : 1
    pit.lastTicks = ticks
    mirror.trade(side, ticks, lots, now)
    if (book !== trades) return
    // Nothing else tells a book: the touch is where the last trade was, and as large.
    const bid = side === 1 ? ticks - 1 : ticks
    mirror.replace([bid, lots], [bid + 1, lots], now)
  }

  #book({ pit, mirror, image }: Shown, stream: string, told: Payload, now: number): void {
    const { price, size } = pit.listing
    if (stream.includes("@kline_")) {
      const { c, v } = (told["k"] ?? {}) as Payload
      const [ticks, lots] = [steps(c, price), steps(v, size)]
      if (ticks > 1 && lots > 0) mirror.replace([ticks - 1, lots], [ticks, lots], now)
    } else if (stream.endsWith("@bookTicker")) {
      const [bid, ask] = [steps(told.b, price), steps(told.a, price)]
      mirror.replace([bid, steps(told["B"], size)], [ask, steps(told["A"], size)], now)
    } else if (stream.includes("@depth")) {
      const sides = sidesOf(told.b, told.a, pit)
      const numbers = { last: Number(told["u"]), previous: Number(told["pu"]) }
      if (depthName(stream.slice(stream.indexOf("@") + 1))?.levels !== undefined) mirror.replace(...sides, now)
      else {
        image.follow(sides, numbers, Number(told["E"]))
        mirror.show(...sides, now)
      }
    }
  }

  /** Until a side is empty, its own book values the instrument; then the last that was known. */
  #value({ pit }: Shown): void {
    const middle = pit.book.middleTwice
    if (middle !== undefined) pit.fair = middle / 2
  }
}

/** A frame of a combined stream; undefined where it is something else: an answer, an event of a raw stream. */
export function frameOf(text: string): { readonly stream: string; readonly data: string } | undefined {
  if (!text.startsWith('{"stream":"')) return undefined
  const end = text.indexOf('"', 11)
  const at = text.indexOf('"data":', end)
  if (at < 0) return undefined
  return { stream: text.slice(11, end), data: text.slice(at + 7, text.lastIndexOf("}")) }
}

export const noAnswer = (why: string): Refused => new Refused(-1020, `This operation is not supported: ${why}.`, 400)

/** Diffs before images before best prices before trades before candles. */
const BOOKS = [/@depth(?:@\d+ms)?$/, /@depth\d+(?:@\d+ms)?$/, /@bookTicker$/, /@trade$/, /@aggTrade$/, /@kline_/]

function bookOf(streams: readonly string[]): string | undefined {
  for (const form of BOOKS) {
    const found = streams.filter((stream) => form.test(stream)).toSorted(byPace)[0]
    if (found !== undefined) return found
  }
  return undefined
}

const paceOf = (stream: string): number => Number(/@(\d+)ms$/.exec(stream)?.[1] ?? 250)
const byPace = (a: string, b: string): number => paceOf(a) - paceOf(b)

/** A frame that was damaged is for its reader to find fault with; here it tells nothing. */
function parsed(text: string): Payload | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === "object" && value !== null ? (value as Payload) : undefined
  } catch {
    return undefined
  }
}

const steps = (text: unknown, { places, stepUnits }: Scale): number =>
  typeof text === "string" ? Math.round((Number(text) * 10 ** places) / stepUnits) : Number.NaN

const sidesOf = (bids: unknown, asks: unknown, pit: Pit): Sides => [levelsOf(bids, pit), levelsOf(asks, pit)]

function levelsOf(told: unknown, { listing: { price, size } }: Pit): number[] {
  const levels: number[] = []
  for (const pair of Array.isArray(told) ? (told as Pairs) : []) {
    const [ticks, lots] = [steps(pair?.[0], price), steps(pair?.[1], size)]
    if (ticks > 0 && lots >= 0) levels.push(ticks, lots)
  }
  return levels
}
