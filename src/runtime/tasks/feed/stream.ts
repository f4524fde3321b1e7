import type { Channel } from "../../domain/channel.ts"
import type { Candle, Lob, Trade } from "../../domain/events.ts"
import type { Inst } from "../../domain/inst.ts"
import { candlesBetween, nextOpenAt } from "../../domain/interval.ts"
import type { Publish } from "../task.ts"
import type { BookKeeper } from "./book-keeper.ts"
import { middleOf } from "./price.ts"

/** A feed task as the hub sees it. */
export interface Listener {
  readonly channel: Channel
  readonly insts: readonly Inst[]
  /** Where the task names a bound of its own. */
  readonly silenceMsMax?: number
  /** Takes the task's place on a stream that it declares; none where it wants to hear of the connection only. */
  join(stream: Stream): Seat | undefined
  readonly feedState: Publish<"onFeedState">
  readonly trouble: Publish<"onError">
  readonly lag: Publish<"onLag">
}

export type StreamEvent = Trade | Lob | Candle
export type Sink = (event: StreamEvent, receivedAt: number) => void

/** What stands between a stream and its strategies because it joins the past to it. */
export interface Joint {
  subscribed(): void
  stop(): void
}

/** What one task has on one stream. */
export interface Seat {
  readonly sink: Sink
  readonly joint?: Joint
  /** Told how many trades or candles a lost connection cost; absent where somebody fills the gap. */
  readonly gap?: (missed: number) => void
  /** Lets go of the inst's book. */
  readonly leave?: () => void
}

/** One inst of one channel: subscribed once, decoded once, and told to every task that declares it. */
export class Stream {
  readonly channel: Channel
  readonly inst: Inst
  /** In order of declaration. */
  listeners: readonly Listener[] = []
  /** The stream that this inst's book is built from: this one, or one of the same inst at a finer pace; of diffs only. */
  builder: Stream | undefined
  /** Streams of the same inst whose tasks read the book that this one builds. */
  readonly followers: Stream[] = []
  /** Fed by this stream. */
  book: BookKeeper | undefined
  /** Local time of the newest event, µs; 0 before the first. */
  receivedAt = 0
  /** Events that came. */
  events = 0
  /** What the newest event says it trades at: of a trade or candle, the middle of a best bid and ask; 0 where it says nothing. */
  lastPrice = 0
  last: Trade | Candle | undefined
  /** The connection is a new one: the next trade or candle tells whether any are missing. */
  isResumed = false
  /** The venue refused it when it was asked for alone: it never again costs others their subscription. */
  isRefused = false
  /** Every event shows the top of the book: a diff shows what changed. */
  readonly #isWhole: boolean
  /** Its socket is, and the venue has answered. */
  #isLive = false
  readonly #seats = new Map<Listener, Seat>()
  #sinks: readonly Sink[] = []
  #joints: readonly Joint[] = []
  #gaps: readonly ((missed: number) => void)[] = []

  constructor(channel: Channel, inst: Inst) {
    this.channel = channel
    this.inst = inst
    this.#isWhole = channel.kind === "lob" && channel.form !== "incremental"
  }

  /** Once, however often the task names it. */
  want(listener: Listener): void {
    if (!this.listeners.includes(listener)) this.listeners = [...this.listeners, listener]
  }

  /** Seats every task that declares it. */
  open(): void {
    for (const listener of this.listeners) {
      const seat = listener.join(this)
      if (seat !== undefined) this.#seats.set(listener, seat)
    }
    this.#settle()
  }

  /** The others go on. An event that is being told now may still reach the one that leaves. */
  leave(listener: Listener): void {
    const seat = this.#seats.get(listener)
    this.#seats.delete(listener)
    this.listeners = this.listeners.filter((other) => other !== listener)
    seat?.joint?.stop()
    seat?.leave?.()
    this.#settle()
  }

  /** Every task that lacks something without it: its own, and those that read its book. */
  get dependents(): readonly Listener[] {
    return [...new Set([this, ...this.followers].flatMap(({ listeners }) => listeners))]
  }

  trade(trade: Trade, receivedAt: number): void {
    this.receivedAt = receivedAt
    this.events++
    this.lastPrice = trade.price
    if (this.isResumed) this.#resumed(missedTrades(this.last as Trade | undefined, trade))
    this.last = trade
    const sinks = this.#sinks
    for (let index = 0; index < sinks.length; index++) sinks[index]!(trade, receivedAt)
  }

  lob(lob: Lob, receivedAt: number): void {
    this.receivedAt = receivedAt
    this.events++
    // The book first: a handler that reads ctx.book sees the state after this diff.
    if (!this.#isWhole) this.book?.apply(lob)
    else if (lob.form !== "heartbeat") this.lastPrice = middleOf(lob)
    const sinks = this.#sinks
    for (let index = 0; index < sinks.length; index++) sinks[index]!(lob, receivedAt)
  }

  candle(candle: Candle, receivedAt: number): void {
    this.receivedAt = receivedAt
    this.events++
    if (this.isResumed) this.#resumed(missedCandles(this.last as Candle | undefined, candle))
    this.lastPrice = candle.close
    this.last = candle
    const sinks = this.#sinks
    for (let index = 0; index < sinks.length; index++) sinks[index]!(candle, receivedAt)
  }

  /** Nobody would miss it: no task has it, and no task reads a book that it builds. */
  get isIdle(): boolean {
    return this.listeners.length === 0 && this.book?.isWanted !== true
  }

  /** From now on this inst's book is built from that stream. */
  handOver(heir: Stream, why: string): void {
    const { book } = this
    const family = [this, ...this.followers.splice(0)]
    for (const stream of family) {
      stream.builder = heir
      if (stream !== heir) heir.followers.push(stream)
    }
    this.book = undefined
    heir.book = book
    book?.disconnected(why, false)
    if (heir.#isLive) book?.subscribed()
  }

  /** Its socket is live, and the venue has answered. */
  subscribed(): void {
    this.#isLive = true
    this.book?.subscribed()
    for (const joint of this.#joints) joint.subscribed()
  }

  /** Its socket is not live; `isAsked` where that was the bot's own wish. */
  disconnected(why: string, isAsked: boolean): void {
    this.#isLive = false
    // From the next event on, also where it comes before the venue's answer does.
    this.isResumed = this.#gaps.length > 0
    this.book?.disconnected(why, isAsked)
    if (isAsked) for (const joint of this.#joints) joint.stop()
  }

  #resumed(missed: number): void {
    this.isResumed = false
    if (missed > 0) for (const told of this.#gaps) told(missed)
  }

  #settle(): void {
    const seats = [...this.#seats.values()]
    this.#sinks = seats.map(({ sink }) => sink)
    this.#joints = seats.flatMap(({ joint }) => joint ?? [])
    this.#gaps = seats.flatMap(({ gap }) => gap ?? [])
  }
}

const missedTrades = (last: Trade | undefined, trade: Trade): number =>
  last === undefined ? 0 : Number(BigInt(trade.tradeId) - BigInt(last.tradeId)) - 1

/** Candles whose end was not seen. */
function missedCandles(last: Candle | undefined, { interval, openAt }: Candle): number {
  if (last === undefined) return 0
  return candlesBetween(interval, last.isClosed ? nextOpenAt(interval, last.openAt) : last.openAt, openAt)
}
