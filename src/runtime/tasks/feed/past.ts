import type { Channel } from "../../domain/channel.ts"
import { UsageError } from "../../domain/errors.ts"
import type { Candle, Interval, Trade } from "../../domain/events.ts"
import type { Inst } from "../../domain/inst.ts"
import { candlesBetween, nextOpenAt } from "../../domain/interval.ts"
import type { CandleRow, OperationName, ParamsOf, PastTrade, ResultOf } from "../../domain/operation.ts"
import { accepted, type Outcome } from "../../domain/outcome.ts"
import type { FeedSpec } from "../../domain/task.ts"
import type { Clock, Venue } from "../../ports.ts"
import type { RestClient } from "../rest.ts"

/** More than this is no warm-up but a download. */
export const HISTORY_MAX = 5_000

/** Trade ids pass 2^53; candles are told apart by when they open. */
export type Position = bigint | number

export type PastEvent = Trade | Candle

/**
 * Past events of one inst's stream, and how one event follows another: trades by id, candles by open time. A position is
 * what one event is known by; the expected one is that of the next event that has not been told.
 */
export interface Past<E extends PastEvent> {
  position(event: E): Position
  /** What is expected once this event has been told: of a candle that still forms, the same one. */
  after(event: E): Position
  /** Events from one position to the one before another. */
  span(from: Position, until: Position): number
  /** The newest `count`, oldest first, fewer where there are no more. */
  latest(count: number): Promise<Outcome<readonly E[]>>
  /**
   * Oldest first, all from a position on. With `until`: up to the one before it; `isReached` tells whether the venue's
   * list goes that far by now, so that what it lacks does not exist. At most `countMax`.
   */
  from(position: Position, until: Position | undefined, countMax: number): Promise<Outcome<Found<E>>>
  /** The `count` right before this event, oldest first. */
  before(event: E, count: number): Promise<Outcome<readonly E[]>>
}

export interface Found<E> {
  readonly events: readonly E[]
  readonly isReached: boolean
}

export interface PastDeps {
  readonly venue: Venue
  readonly rest: RestClient
  readonly clock: Clock
}

/** Why the past of a feed's channel cannot be joined to its stream; undefined where it can. */
export function historyRefusal(channel: Channel, venue: Venue): string | undefined {
  const { history = {}, market } = venue
  if (channel.kind === "candles") {
    return history.candlesPageMax === undefined ? `${market} lists no past candles` : undefined
  }
  if (channel.kind !== "trades") return `only trades and candles have a history, not ${channel.kind}`
  if (channel.each === true) return history.eachTrade ?? `${market} lists no past fills one by one`
  return history.tradesPageMax === undefined ? `${market} lists no past trades with the ids of its stream` : undefined
}

/** The past of one inst of a feed. Throws UsageError where `historyRefusal` gives a reason. */
export function pastOf({ channel }: Pick<FeedSpec, "channel">, inst: Inst, deps: PastDeps): Past<PastEvent> {
  const refusal = historyRefusal(channel, deps.venue)
  if (refusal !== undefined) throw new UsageError(refusal)
  const past = channel.kind === "candles" ? new PastCandles(inst, channel.interval, deps) : new PastTrades(inst, deps)
  return past as unknown as Past<PastEvent>
}

/** Accepted, or the same trouble as an outcome of another type. */
type Page<T> = { readonly rows: T } | { readonly trouble: Outcome<never> }

abstract class PastBase<E extends PastEvent> {
  protected readonly inst: Inst
  protected readonly deps: PastDeps

  constructor(inst: Inst, deps: PastDeps) {
    this.inst = inst
    this.deps = deps
  }

  protected async page<O extends OperationName>(operation: O, params: ParamsOf<O>): Promise<Page<ResultOf<O>>> {
    const outcome = await this.deps.rest.call(operation, params)
    if (outcome.kind !== "accepted") return { trouble: outcome }
    return { rows: outcome.value }
  }

  abstract latest(count: number): Promise<Outcome<readonly E[]>>
}

class PastTrades extends PastBase<Trade> implements Past<Trade> {
  readonly #pageMax: number

  constructor(inst: Inst, deps: PastDeps) {
    super(inst, deps)
    this.#pageMax = deps.venue.history?.tradesPageMax ?? 0
  }

  position = (trade: Trade): bigint => BigInt(trade.tradeId)
  after = (trade: Trade): bigint => BigInt(trade.tradeId) + 1n
  span = (from: bigint, until: bigint): number => Math.max(0, Number(until - from))

  async latest(count: number): Promise<Outcome<readonly Trade[]>> {
    const limit = Math.min(count, this.#pageMax)
    const newest = await this.page("tradeHistory", { inst: this.inst, limit })
    if ("trouble" in newest) return newest.trouble
    const events = newest.rows.map((row) => this.#trade(row))
    const [first] = events
    if (first === undefined || count <= events.length || events.length < limit) return accepted(events)
    const older = await this.before(first, count - events.length)
    return older.kind === "accepted" ? accepted([...older.value, ...events]) : older
  }

  async from(position: bigint, until: bigint | undefined, countMax: number): Promise<Outcome<Found<Trade>>> {
    const events: Trade[] = []
    for (let next = position; ;) {
      // One more than is wanted: a list that goes on to `until` itself has nothing left out before it.
      const wanted = Math.min(countMax - events.length, until === undefined ? Infinity : Number(until - next)) + 1
      const limit = Math.min(this.#pageMax, wanted)
      const page = await this.page("tradeHistory", { inst: this.inst, fromTradeId: String(next), limit })
      if ("trouble" in page) return page.trouble
      for (const row of page.rows) {
        const id = BigInt(row.tradeId)
        if (id < next) continue
        if ((until !== undefined && id >= until) || events.length >= countMax) {
          return accepted({ events, isReached: until !== undefined && id >= until })
        }
        events.push(this.#trade(row))
        next = id + 1n
      }
      if (page.rows.length < limit) return accepted({ events, isReached: until === undefined || next >= until })
    }
  }

  async before(trade: Trade, count: number): Promise<Outcome<readonly Trade[]>> {
    const end = BigInt(trade.tradeId)
    const start = end > BigInt(count) ? end - BigInt(count) : 0n
    const found = await this.from(start, end, count)
    return found.kind === "accepted" ? accepted(found.value.events) : found
  }

  #trade(row: PastTrade): Trade {
    const { venue, clock } = this.deps
    return { kind: "trade", market: venue.market, inst: this.inst, ...row, receivedAt: clock.now(), isHistory: true }
  }
}

class PastCandles extends PastBase<Candle> implements Past<Candle> {
  readonly #interval: Interval
  readonly #pageMax: number

  constructor(inst: Inst, interval: Interval, deps: PastDeps) {
    super(inst, deps)
    this.#interval = interval
    this.#pageMax = deps.venue.history?.candlesPageMax ?? 0
  }

  position = (candle: Candle): number => candle.openAt
  after = (candle: Candle): number => (candle.isClosed ? nextOpenAt(this.#interval, candle.openAt) : candle.openAt)
  span = (from: number, until: number): number => candlesBetween(this.#interval, from, until)

  /** All but the newest row, which may still form: the stream brings its end, or shows that it was missed. */
  async latest(count: number): Promise<Outcome<readonly Candle[]>> {
    const newest = await this.#rows({ limit: Math.min(count + 1, this.#pageMax) })
    if ("trouble" in newest) return newest.trouble
    const events = newest.rows.slice(0, -1).map((row) => this.#candle(row))
    const [first] = events
    if (first === undefined || events.length >= count || newest.rows.length < this.#pageMax) return accepted(events)
    const older = await this.before(first, count - events.length)
    return older.kind === "accepted" ? accepted([...older.value, ...events]) : older
  }

  async from(position: number, until: number | undefined, countMax: number): Promise<Outcome<Found<Candle>>> {
    const events: Candle[] = []
    for (let next = position; ;) {
      const wanted = Math.min(countMax - events.length, until === undefined ? Infinity : this.span(next, until)) + 1
      const limit = Math.min(this.#pageMax, wanted)
      const page = await this.#rows({ startAt: next, limit })
      if ("trouble" in page) return page.trouble
      const { rows } = page
      for (const [place, row] of rows.entries()) {
        if (row.openAt < next) continue
        const isReached = until !== undefined && row.openAt >= until
        if (isReached || events.length >= countMax) return accepted({ events, isReached })
        // A candle is over once another follows it.
        if (rows[place + 1] === undefined && rows.length < limit)
          return accepted({ events, isReached: until === undefined })
        if (rows[place + 1] === undefined) break
        events.push(this.#candle(row))
        next = nextOpenAt(this.#interval, row.openAt)
      }
      if (rows.length < limit || limit < 2) return accepted({ events, isReached: until === undefined })
    }
  }

  async before(candle: Candle, count: number): Promise<Outcome<readonly Candle[]>> {
    const newestFirst: Candle[] = []
    for (let end = candle.openAt; newestFirst.length < count;) {
      const limit = Math.min(this.#pageMax, count - newestFirst.length)
      const page = await this.#rows({ endAt: end - 1_000, limit })
      if ("trouble" in page) return page.trouble
      const older = page.rows.filter((row) => row.openAt < end).map((row) => this.#candle(row))
      newestFirst.push(...older.toReversed())
      if (older.length < limit) break
      end = older[0]?.openAt ?? end
    }
    return accepted(newestFirst.reverse())
  }

  #rows(range: { startAt?: number; endAt?: number; limit: number }): Promise<Page<readonly CandleRow[]>> {
    return this.page("candles", { inst: this.inst, interval: this.#interval, ...range })
  }

  #candle(row: CandleRow): Candle {
    const { venue, clock } = this.deps
    return {
      kind: "candle",
      market: venue.market,
      inst: this.inst,
      interval: this.#interval,
      ...row,
      isClosed: true,
      timestamp: nextOpenAt(this.#interval, row.openAt),
      receivedAt: clock.now(),
      isHistory: true,
    }
  }
}
