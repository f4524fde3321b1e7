import type { Front, FrontOutput, FrontRefusal, FrontRequest, FrontResponse } from "../../runtime/ports.ts"
import { booksOf, type SymbolBooks } from "./front/books.ts"
import { Entry } from "./front/entry.ts"
import { Exchange, type FrontOptions } from "./front/exchange.ts"
import { frameOf } from "./front/playback.ts"
import { Presence } from "./front/presence.ts"
import { Rest } from "./front/rest.ts"
import { streamPath, Streams } from "./front/streams.ts"
import type { ListingSpec } from "./front/listing.ts"
import type { TapeState } from "./front/tape.ts"

export type { FrontAccount, FrontOptions } from "./front/exchange.ts"
export type { FundingTerms } from "./front/funding.ts"
export { listingOf, type ListingSpec, type Steps } from "./front/listing.ts"
export { frameOf }
export type { TapeFaults, TapeOptions, TapeState } from "./front/tape.ts"

/** The front of Binance USD-M futures, and what a test or a transport may ask of it. */
export interface BinanceFront extends Front {
  /** Where the tape stands; undefined without one. */
  readonly tape: { readonly state: TapeState; readonly diffs: number } | undefined
  /** With captured market data: takes them, each at its time. */
  readonly playback: BinancePlayback | undefined
  /** Events of its order flow that were late, and left out. */
  readonly skipped: number
  /** The books it keeps of one account, by symbol that the account ever held. */
  books(apiKey: string): readonly SymbolBooks[]
}

export interface BinancePlayback {
  /** One frame as it came. */
  frame(text: string, now: number): void
  /** What was answered to a request, `GET /fapi/v1/depth?symbol=…`. */
  reply(target: string, body: string, now: number): void
  /** The captured connection of these streams was lost: as is that of whoever listens to them. */
  cut(streams: Iterable<string>, now: number): void
  /** The venue lists these otherwise from now on; each with the steps it had. */
  relist(listings: readonly ListingSpec[], now: number): void
  /** Streams that somebody listens to. */
  wanted(): readonly string[]
}

const entryPath = /^\/ws-fapi\/v1(?:\?(.*))?$/

/**
 * The venue's end of Binance USD-M futures: REST under /fapi, streams under /public, /market and /private (and unrouted), the
 * WebSocket API at /ws-fapi/v1. One-way positions and single-asset margin only; nothing is liquidated. Written from the product
 * pages at developers.binance.com (read 2026-11-22), never from this venue's adapter.
 */
export function front(options: FrontOptions): BinanceFront {
  const exchange = new Exchange(options)
  const rest = new Rest(exchange)
  const streams = new Streams(exchange)
  const entry = new Entry(exchange, rest.weight)
  const presence = new Presence(exchange)
  exchange.onTick.push((now) => presence.tick(now))

  const { playback } = exchange
  return {
    playback: playback && {
      frame(text, now) {
        exchange.advance(now)
        playback.frame(text, now)
      },
      reply(target, body, now) {
        exchange.advance(now)
        playback.reply(target, body, now)
      },
      cut(streams, now) {
        exchange.advance(now)
        playback.cut(streams)
      },
      relist(listings, now) {
        exchange.advance(now)
        exchange.relist(listings)
      },
      wanted: () => playback.wanted(),
    },
    get tape() {
      const { tape } = exchange
      return tape === undefined ? undefined : { state: tape.state, diffs: tape.diffs }
    },
    get skipped() {
      return exchange.skipped
    },
    books: (apiKey) => booksOf(exchange, apiKey),
    request(request: FrontRequest, now: number): FrontResponse {
      exchange.advance(now)
      return rest.answer(request)
    },
    open(connection: number, path: string, _headers, now: number): FrontRefusal | undefined {
      exchange.advance(now)
      const asked = entryPath.exec(path)
      const target = asked === null ? streamPath(path) : undefined
      if (asked === null && target === undefined) return { status: 404, body: "" }
      presence.open(connection, asked === null ? "streams" : "entry", now)
      if (target === undefined) entry.open(connection, asked?.[1] ?? "")
      else streams.open(connection, target)
      return undefined
    },
    message(connection: number, text: string, now: number): void {
      exchange.advance(now)
      const kind = presence.message(connection, now)
      if (kind === "entry") entry.message(connection, text)
      else if (kind === "streams") streams.message(connection, text)
    },
    pong(connection: number, now: number): void {
      exchange.advance(now)
      presence.alive(connection, now)
    },
    closed(connection: number, now: number): void {
      exchange.advance(now)
      presence.closed(connection)
      entry.closed(connection)
      streams.closed(connection)
    },
    advance(now: number): void {
      exchange.advance(now)
    },
    drain(): readonly FrontOutput[] {
      return exchange.drain()
    },
    nextAt(): number {
      return exchange.nextAt()
    },
  }
}
