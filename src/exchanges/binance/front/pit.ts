import type { Random } from "../../../runtime/ports.ts"
import type { Book } from "../../matching/book.ts"
import { toText } from "../../matching/instrument.ts"
import type { Side, Trade } from "../../matching/order.ts"
import { bounds, type Candle, Candles } from "./candles.ts"
import { DepthRecorder } from "./depth.ts"
import type { Hub } from "./hub.ts"
import type { Listing } from "./listing.ts"

export interface PublicTrade {
  readonly id: bigint
  readonly ticks: number
  readonly lots: number
  /** The aggressor's side. */
  readonly side: Side
  readonly ms: number
}

/** Trades at one price by takers of one side, added up over at most 100 ms. */
interface AggTrade {
  readonly id: bigint
  readonly ticks: number
  readonly side: Side
  readonly ms: number
  readonly firstId: bigint
  lots: number
  lastId: bigint
}

/** Cadences of the depth streams in ms: 250 is the one without a suffix, 0 sends every change as it happens. */
type Cadence = 0 | 100 | 250 | 500
const tradesKept = 1_000
const aggregatesKept = 4_000

/** What a depth stream's name asks for: `btcusdt@depth20@100ms`. */
interface DepthName {
  readonly levels: number | undefined
  readonly cadence: Cadence
}

export function depthName(suffix: string): DepthName | undefined {
  const match = /^depth(5|10|20)?(?:@(0|100|250|500)ms)?$/.exec(suffix)
  if (match === null) return undefined
  return { levels: match[1] === undefined ? undefined : Number(match[1]), cadence: Number(match[2] ?? 250) as Cadence }
}

/** The public face of one instrument: turns what the engine does into market streams. */
export class Pit {
  /** Another where the venue lists it otherwise from now on. */
  listing: Listing
  readonly book: Book
  readonly candles: Candles
  readonly trades: PublicTrade[] = []
  readonly aggregates: AggTrade[] = []
  /** Lower-case symbol, as stream names have it. */
  readonly key: string
  readonly #hub: Hub
  readonly #recorders = new Map<Cadence, DepthRecorder>()
  readonly #sentCandles = new Map<string, number>()
  #aggregateId: bigint
  #waiting: AggTrade[] = []
  #isDirty = false
  #top = ""
  /** Best prices of a market outside the engine, where a tape is one. */
  outside: (() => { readonly bid: number; readonly ask: number } | undefined) | undefined
  /** Index price in ticks, a fraction: what makers believe in. */
  fair: number
  lastTicks: number

  /** `past` is what was traded before: told to who asks, and in the candles. */
  constructor(
    listing: Listing,
    book: Book,
    hub: Hub,
    random: Random,
    firstAggregateId: bigint,
    nowMs: number,
    past: readonly PublicTrade[] = [],
  ) {
    this.listing = listing
    this.book = book
    this.#hub = hub
    this.#aggregateId = firstAggregateId
    this.key = listing.symbol.toLowerCase()
    const { ticks, ms } = past[0] ?? { ticks: listing.startTicks, ms: nowMs }
    this.candles = new Candles(ticks, listing.flowLots, random, ms)
    this.fair = listing.startTicks
    this.lastTicks = listing.startTicks
    for (const trade of past) this.#enter(trade, trade.ms)
    this.#waiting = []
  }

  price(ticks: number): string {
    return toText(ticks, this.listing.price)
  }

  size(lots: number): string {
    return toText(lots, this.listing.size)
  }

  /** Mark price in whole ticks: the middle of the book, or the index where a side is empty. */
  get markTicks(): number {
    const top = this.outside?.()
    if (top !== undefined) return Math.round((top.bid + top.ask) / 2)
    const middleTwice = this.book.middleTwice
    return middleTwice === undefined ? Math.round(this.fair) : Math.round(middleTwice / 2)
  }

  traded(trade: Trade): void {
    const ms = Math.floor(trade.at / 1000)
    this.print({ id: trade.id, ticks: trade.ticks, lots: trade.lots, side: trade.side, ms }, ms)
  }

  /** Enters a trade into the candles and the trade streams. */
  print(trade: PublicTrade, ms: number): void {
    this.lastTicks = trade.ticks
    this.#enter(trade, ms)
    const stream = `${this.key}@trade`
    if (this.#hub.isWanted(stream)) this.#hub.publish(stream, this.#tradeText(trade, ms))
  }

  #enter(trade: PublicTrade, ms: number): void {
    this.trades.push(trade)
    if (this.trades.length > tradesKept * 2) this.trades.splice(0, tradesKept)
    this.candles.add(trade.ticks, trade.lots, trade.side === 1, trade.id, ms)
    this.#aggregate(trade)
  }

  changed(side: Side, ticks: number): void {
    this.#isDirty = true
    for (const recorder of this.#recorders.values()) recorder.note(side, ticks)
  }

  /** After each whole operation of the engine, so that nobody sees a book halfway: best prices, and the depth that does not wait. */
  settle(ms: number): void {
    if (!this.#isDirty) return
    this.#isDirty = false
    this.#sendTop(ms)
    this.flushDepth(0, ms)
  }

  flushDepth(cadence: Cadence, ms: number): void {
    const recorder = this.#recorders.get(cadence)
    if (recorder === undefined || !recorder.hasChanged) return
    const suffix = cadence === 250 ? "" : `@${cadence}ms`
    for (const levels of ["", "5", "10", "20"]) {
      for (const ending of cadence === 250 ? ["", "@250ms"] : [suffix]) {
        const stream = `${this.key}@depth${levels}${ending}`
        if (!this.#hub.isWanted(stream)) continue
        const text =
          levels === "" ? recorder.diff(this.listing, ms) : recorder.partial(this.listing, Number(levels), ms)
        this.#hub.publish(stream, text)
      }
    }
    recorder.close()
  }

  /** Aggregates that can grow no more, oldest first: what is still being added up is not told by REST either. */
  closedAggregates(): readonly AggTrade[] {
    return this.#waiting.length === 0 ? this.aggregates : this.aggregates.slice(0, -this.#waiting.length)
  }

  flushAggregates(ms: number): void {
    const stream = `${this.key}@aggTrade`
    const isWanted = this.#hub.isWanted(stream)
    for (const aggregate of this.#waiting) {
      if (isWanted) this.#hub.publish(stream, this.#aggregateText(aggregate, ms))
    }
    this.#waiting = []
  }

  flushCandles(intervals: readonly string[], ms: number): void {
    for (const interval of intervals) {
      const open = bounds(interval, ms).openMs
      const sent = this.#sentCandles.get(interval) ?? open
      if (sent < open) this.#sendCandle(interval, this.candles.at(interval, sent, ms), true, ms)
      this.#sendCandle(interval, this.candles.at(interval, ms, ms), false, ms)
      this.#sentCandles.set(interval, open)
    }
  }

  sendMark(streams: readonly string[], rate: string, nextFundingMs: number, ms: number): void {
    for (const stream of streams) {
      this.#hub.publish(
        stream,
        `{"e":"markPriceUpdate","E":${ms},"s":"${this.listing.symbol}","p":"${this.markText()}","ap":"${this.markText()}","P":"${this.indexText()}","i":"${this.indexText()}","r":"${rate}","T":${nextFundingMs}}`,
      )
    }
  }

  markText(): string {
    return exact(this.markTicks * this.listing.price.stepUnits, this.listing.price.places)
  }

  indexText(): string {
    return exact(Math.round(this.fair) * this.listing.price.stepUnits, this.listing.price.places)
  }

  /** A depth stream was first asked for, or is no longer. */
  want(depth: DepthName, isWanted: boolean): void {
    if (isWanted) {
      if (!this.#recorders.has(depth.cadence)) this.#recorders.set(depth.cadence, new DepthRecorder(this.book))
      return
    }
    const levels = ["", "5", "10", "20"]
    const endings = depth.cadence === 250 ? ["", "@250ms"] : [`@${depth.cadence}ms`]
    const names = levels.flatMap((level) => endings.map((ending) => `${this.key}@depth${level}${ending}`))
    if (!names.some((name) => this.#hub.isWanted(name))) this.#recorders.delete(depth.cadence)
  }

  #aggregate(trade: PublicTrade): void {
    const last = this.#waiting.at(-1)
    if (last !== undefined && last.ticks === trade.ticks && last.side === trade.side && trade.ms - last.ms < 100) {
      last.lots += trade.lots
      last.lastId = trade.id
      return
    }
    const { id, ...rest } = trade
    const aggregate: AggTrade = { ...rest, id: this.#aggregateId++, firstId: id, lastId: id }
    this.#waiting.push(aggregate)
    this.aggregates.push(aggregate)
    if (this.aggregates.length > aggregatesKept * 2) this.aggregates.splice(0, aggregatesKept)
  }

  #sendTop(ms: number): void {
    const stream = `${this.key}@bookTicker`
    if (!this.#hub.isWanted(stream)) return
    const [bid, ask] = [this.book.bids.best, this.book.asks.best]
    if (bid === undefined || ask === undefined) return
    const top = `"b":"${this.price(bid.ticks)}","B":"${this.size(bid.lots)}","a":"${this.price(ask.ticks)}","A":"${this.size(ask.lots)}"`
    if (top === this.#top) return
    this.#top = top
    const ids = `"e":"bookTicker","u":${this.book.updateId},"s":"${this.listing.symbol}"`
    this.#hub.publish(stream, `{${ids},${top},"T":${ms},"E":${ms}}`)
  }

  #sendCandle(interval: string, candle: Candle, isClosed: boolean, ms: number): void {
    const head = `{"e":"kline","E":${ms},"s":"${this.listing.symbol}","k":{"t":${candle.openMs},"T":${candle.closeMs},"s":"${this.listing.symbol}","i":"${interval}"`
    const ids = `"f":${candle.firstId},"L":${candle.lastId}`
    const prices = `"o":"${this.price(candle.open)}","c":"${this.price(candle.close)}","h":"${this.price(candle.high)}","l":"${this.price(candle.low)}"`
    const volumes = `"v":"${this.size(candle.lots)}","n":${candle.trades},"x":${isClosed},"q":"${this.value(candle.value)}","V":"${this.size(candle.takerLots)}","Q":"${this.value(candle.takerValue)}","B":"0"`
    this.#hub.publish(`${this.key}@kline_${interval}`, `${head},${ids},${prices},${volumes}}}`)
  }

  /** A sum of ticks times lots in the quote asset. */
  value(value: number): string {
    const { price, size } = this.listing
    const units = (BigInt(value) * BigInt(price.stepUnits * size.stepUnits)).toString()
    const places = price.places + size.places
    const digits = units.padStart(places + 1, "0")
    return `${digits.slice(0, -places)}.${digits.slice(-places)}`
  }

  #tradeText(trade: PublicTrade, ms: number): string {
    const size = this.size(trade.lots)
    return `{"e":"trade","E":${ms},"T":${trade.ms},"s":"${this.listing.symbol}","t":${trade.id},"p":"${this.price(trade.ticks)}","q":"${size}","X":"MARKET","m":${trade.side === -1}}`
  }

  #aggregateText(of: AggTrade, ms: number): string {
    const size = this.size(of.lots)
    return `{"e":"aggTrade","E":${ms},"a":${of.id},"s":"${this.listing.symbol}","p":"${this.price(of.ticks)}","q":"${size}","nq":"${size}","f":${of.firstId},"l":${of.lastId},"T":${of.ms},"m":${of.side === -1}}`
  }
}

/** Units of 10^-places with eight decimals, as mark and index prices are written. */
function exact(units: number, places: number): string {
  const digits = (BigInt(units) * 10n ** BigInt(8 - places)).toString().padStart(9, "0")
  return `${digits.slice(0, -8)}.${digits.slice(-8)}`
}
