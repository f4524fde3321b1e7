import { describe } from "../domain/errors.ts"
import type { Levels, Lob, SequenceNumber } from "../domain/events.ts"
import type { BookRule } from "../ports.ts"
import { Book } from "./book.ts"
import { bridge, place } from "./chain.ts"
import { type BookState, type BookView, Live, type NoView, type Viewed } from "./view.ts"

export interface BookSyncOptions {
  /** For messages: `binance-um BTC_USDT_PERP`. */
  readonly name: string
  readonly rule: Pick<BookRule, "image" | "chain">
  /** Levels kept on each side; all by default. */
  readonly depthMax?: number
  /** Diffs buffered while an image is on its way; beyond, the oldest are given up. */
  readonly bufferedMax?: number
}

/** What one message came to. `applied` is also said of a book that a stall keeps from its readers. */
export type Step = "applied" | "buffered" | "ignored" | "lost"

/** What must be fetched for the book to go on: an image by request, or a new subscription that begins with one. */
export type Wanted = "image" | "subscription" | undefined

/** An image as the `orderbook` operation gives it. */
export interface Image {
  readonly bids: Levels
  readonly asks: Levels
  readonly sequence?: SequenceNumber
}

export interface SyncCounters {
  applied: number
  /** Duplicates, diffs older than the image, messages before any image. */
  ignored: number
  /** Gaps, out-of-order and unnumbered diffs. */
  gaps: number
  crossed: number
  /** Levels that could not be applied. */
  unreadable: number
  /** Images that diffs were built on. */
  images: number
}

/** `waiting` for an image, `bridging` from it to the diffs, `following` them. */
type Progress = "waiting" | "bridging" | "following"

/**
 * One book and whether it can be trusted: continuity is checked on every message. Pure: time comes with the messages,
 * and what must be fetched is told by `wanted`. In the `following` state the book is right; readers also see it as
 * quarantined while a stall makes it late.
 */
export class BookSync implements Viewed {
  readonly name: string
  readonly book: Book
  readonly counters: SyncCounters = { applied: 0, ignored: 0, gaps: 0, crossed: 0, unreadable: 0, images: 0 }
  readonly #rule: BookSyncOptions["rule"]
  readonly #bufferedMax: number
  #state: BookState = "syncing"
  #why = "not subscribed yet"
  #since = 0
  #epoch = 0
  #view: BookView | undefined
  #isConnected = false
  #progress: Progress = "waiting"
  #isAsked = false
  #wantsSubscription = false
  #stall: string | undefined
  #seq: SequenceNumber | undefined
  #receivedAt = 0
  #buffer: Lob[] = []

  constructor(options: BookSyncOptions) {
    this.name = options.name
    this.#rule = options.rule
    this.#bufferedMax = options.bufferedMax ?? 4_096
    this.book = new Book(options.depthMax)
  }

  get state(): BookState {
    return this.#state
  }

  /** Why it is not live; empty while it is. */
  get why(): string {
    return this.#why
  }

  /** When the state began, µs. */
  get since(): number {
    return this.#since
  }

  /** Changes with every change of state. */
  get epoch(): number {
    return this.#epoch
  }

  get seq(): SequenceNumber | undefined {
    return this.#seq
  }

  get receivedAt(): number {
    return this.#receivedAt
  }

  view(): BookView {
    return (this.#view ??= this.#state === "live" ? new Live(this) : this.#noView(this.#state))
  }

  /** Look after every call; tell `asked` when it is on its way, then `image` or `imageFailed`. */
  get wanted(): Wanted {
    if (!this.#isConnected || this.#isAsked || !this.#isWaiting) return undefined
    if (this.#rule.image === "stream") return this.#wantsSubscription ? "subscription" : undefined
    // Asked for when diffs are there to bridge from: an image that is older than the first of them is no use.
    return this.#rule.image === "rest" && this.#buffer.length > 0 ? "image" : undefined
  }

  asked(): void {
    this.#isAsked = true
  }

  /** The subscription stands: what arrives from now on is without gaps, or shows them. */
  connected(at: number): void {
    this.#restart()
    this.#isAsked = false
    this.#isConnected = true
    this.#since ||= at
    if (this.#state === "syncing") this.#become("syncing", "waiting for the first image", at)
  }

  disconnected(why: string, at: number): void {
    this.#restart()
    this.#isAsked = false
    this.#isConnected = false
    this.#become(this.#state === "syncing" ? "syncing" : "quarantined", why, at)
  }

  /** Nothing came for too long, so what came may not be all: the book starts anew. */
  silent(why: string, at: number): void {
    if (this.#isConnected) this.#lose(why, at)
  }

  /** Data are late. The book goes on in step, but no reader gets it until `fresh`. */
  stalled(why: string, at: number): void {
    this.#stall = why
    if (this.#state === "live") this.#become("quarantined", why, at)
  }

  fresh(at: number): void {
    this.#stall = undefined
    if (this.#progress === "following") this.#become("live", "", at)
  }

  /** Applies, buffers or refuses one book message of this inst; `bbo` is none. */
  accept(lob: Lob): Step {
    if (!this.#isConnected || lob.form === "bbo") return this.#ignore()
    if (lob.form !== "snapshot") return this.#diff(lob)
    return this.#rule.image === "rest" ? this.#ignore() : this.#streamed(lob)
  }

  /** The image that was asked for. One that does not reach the buffered diffs makes `wanted` ask again. */
  image(image: Image, at: number): Step {
    this.#isAsked = false
    if (!this.#isConnected || !this.#isWaiting) return this.#ignore()
    const { sequence } = image
    if (sequence === undefined && this.#rule.chain !== "none")
      return this.#unbridged("the image has no update number", at)
    const buffer = this.#buffer
    this.#buffer = []
    if (!this.#replace(image, at)) return "lost"
    this.#seq = sequence
    this.#receivedAt = at
    this.#progress = "bridging"
    this.#why = `waiting for the update that follows image ${sequence}`
    for (const lob of buffer) this.#diff(lob)
    return this.#isWaiting ? "lost" : "applied"
  }

  imageFailed(why: string, at: number): void {
    this.#isAsked = false
    if (this.#isWaiting) this.#become(this.#state, why, at)
  }

  #streamed(lob: Lob): Step {
    if (!this.#replace(lob, lob.receivedAt)) return "lost"
    return this.#step(lob)
  }

  #diff(lob: Lob): Step {
    if (this.#progress === "following") return this.#follow(lob)
    if (this.#progress === "bridging") return this.#bridge(lob)
    return this.#rule.image === "rest" ? this.#keep(lob) : this.#ignore()
  }

  #follow(lob: Lob): Step {
    const { sequence } = lob
    if (this.#seq === undefined && this.#rule.chain !== "none") return this.#gap(lob, "the image has no update number")
    const found = place(this.#rule.chain, sequence, this.#seq ?? 0)
    if (found === "next") return this.#apply(lob)
    if (found === "same") return this.#ignore()
    if (found === "unnumbered") return this.#gap(lob, `an update without number came after ${this.#seq}`)
    const told = `update ${sequence?.prev ?? sequence?.first}..${sequence?.last}`
    return this.#gap(
      lob,
      found === "behind" ? `${told} came after ${this.#seq}` : `${told} does not follow ${this.#seq}`,
    )
  }

  #bridge(lob: Lob): Step {
    const found = bridge(this.#rule.chain, lob.sequence, this.#seq ?? 0)
    if (found === "covered") return this.#ignore()
    if (found === "bridges") {
      this.counters.images++
      return this.#apply(lob)
    }
    if (found === "unnumbered") return this.#gap(lob, "an update has no number")
    const why = `image ${this.#seq} is older than update ${lob.sequence?.prev ?? lob.sequence?.first}`
    this.#progress = "waiting"
    this.#keep(lob)
    return this.#unbridged(why, lob.receivedAt)
  }

  #apply(lob: Lob): Step {
    try {
      this.book.apply(lob.bids, lob.asks)
    } catch (error) {
      this.counters.unreadable++
      return this.#lose(describe(error), lob.receivedAt)
    }
    return this.#step(lob)
  }

  /** The book has taken this message. */
  #step(lob: Lob): Step {
    if (this.book.isCrossed) return this.#cross(lob)
    this.#seq = lob.sequence?.last ?? this.#seq
    this.#receivedAt = lob.receivedAt
    this.counters.applied++
    if (this.#progress !== "following") this.#follows(lob.receivedAt)
    return "applied"
  }

  #follows(at: number): void {
    this.#progress = "following"
    if (this.#stall === undefined) this.#become("live", "", at)
    else this.#become("quarantined", this.#stall, at)
  }

  #cross(lob: Lob): Step {
    this.counters.crossed++
    const { bids, asks } = this.book
    this.#lose(`crossed: bid ${bids.price(0)} is not below ask ${asks.price(0)}`, lob.receivedAt)
    return this.#keepNewest(lob)
  }

  #gap(lob: Lob, why: string): Step {
    this.counters.gaps++
    this.#lose(why, lob.receivedAt)
    return this.#keepNewest(lob)
  }

  /** The message that broke the book may be the one that the next image bridges to. */
  #keepNewest(lob: Lob): Step {
    if (this.#rule.image === "rest" && lob.form !== "snapshot") this.#keep(lob)
    return "lost"
  }

  #lose(why: string, at: number): Step {
    this.#restart()
    this.#wantsSubscription = this.#rule.image === "stream"
    this.#become(this.#state === "syncing" ? "syncing" : "quarantined", why, at)
    return "lost"
  }

  #unbridged(why: string, at: number): Step {
    this.#become(this.#state, why, at)
    return "lost"
  }

  /** Buffers only what hangs together: what came before a gap can never be bridged to. */
  #keep(lob: Lob): Step {
    const newest = this.#buffer.at(-1)?.sequence?.last
    if (newest !== undefined) {
      const found = place(this.#rule.chain, lob.sequence, newest)
      if (found === "same" || found === "behind") return this.#ignore()
      if (found === "gap" || this.#buffer.length >= this.#bufferedMax) this.#buffer = []
    }
    if (lob.sequence?.last === undefined && this.#rule.chain !== "none") return this.#ignore()
    this.#buffer.push(lob)
    return "buffered"
  }

  #replace(image: Image | Lob, at: number): boolean {
    try {
      this.book.replace(image.bids, image.asks)
      return true
    } catch (error) {
      this.counters.unreadable++
      this.#lose(describe(error), at)
      return false
    }
  }

  #restart(): void {
    this.#progress = "waiting"
    this.#wantsSubscription = false
    this.#buffer = []
  }

  get #isWaiting(): boolean {
    return this.#progress === "waiting"
  }

  #ignore(): Step {
    this.counters.ignored++
    return "ignored"
  }

  #become(state: BookState, why: string, at: number): void {
    this.#why = why
    this.#view = undefined
    if (state === this.#state) return
    this.#state = state
    this.#since = at
    this.#epoch++
  }

  #noView(state: NoView["state"]): NoView {
    return { state, why: this.#why, since: this.#since }
  }
}
