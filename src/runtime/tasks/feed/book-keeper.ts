import { BookSync } from "../../book/sync.ts"
import type { BookView } from "../../book/view.ts"
import type { BookStateChanged } from "../../domain/callbacks.ts"
import type { Lob } from "../../domain/events.ts"
import type { Inst } from "../../domain/inst.ts"
import type { Outside, Timer, Venue } from "../../ports.ts"
import { Backoff } from "../../domain/backoff.ts"
import type { RestClient } from "../rest.ts"
import type { Publish } from "../task.ts"
import type { Turn } from "../turn.ts"

export interface KeeperDeps {
  readonly outside: Outside
  readonly turn: Turn
  readonly venue: Venue
  readonly rest: RestClient
  /** Where the venue sends images over the stream: asks for this inst's subscription anew. */
  resubscribe(inst: Inst): void
}

const BACKOFF = { backoffMsMin: 100, backoffMsMax: 10_000 }

/** Feeds one inst's book, fetches the image it builds on, and tells every task that wants it each change of its state. */
export class BookKeeper {
  readonly inst: Inst
  readonly #deps: KeeperDeps
  readonly #sync: BookSync
  readonly #backoff: Backoff
  #listeners: readonly Publish<"onBookState">[] = []
  #epoch = 0
  #retry: Timer | undefined
  #isStopping = false

  constructor(inst: Inst, deps: KeeperDeps) {
    this.inst = inst
    this.#deps = deps
    this.#sync = new BookSync({ name: `${deps.venue.market} ${inst}`, rule: deps.venue.book })
    this.#backoff = new Backoff(deps.outside.random, BACKOFF)
  }

  listen(listener: Publish<"onBookState">): void {
    this.#listeners = [...this.#listeners, listener]
  }

  /** The book goes on for the others. */
  leave(listener: Publish<"onBookState">): void {
    this.#listeners = this.#listeners.filter((other) => other !== listener)
    if (this.#sync.state === "live") this.#tellOne(listener)
  }

  get isWanted(): boolean {
    return this.#listeners.length > 0
  }

  view(): BookView {
    return this.#sync.view()
  }

  get gaps(): number {
    return this.#sync.counters.gaps + this.#sync.counters.crossed
  }

  /** Every message of this inst's book stream, before strategies see it. */
  apply(lob: Lob): void {
    const step = this.#sync.accept(lob)
    if (step !== "applied" || this.#sync.epoch !== this.#epoch) this.#settle()
  }

  subscribed(): void {
    this.#sync.connected(this.#now())
    this.#settle()
  }

  /** The connection is gone; `isAsked` where that was the bot's own wish. */
  disconnected(why: string, isAsked: boolean): void {
    this.#isStopping = isAsked
    this.#retry?.cancel()
    this.#sync.disconnected(why, this.#now())
    this.#settle()
  }

  stalled(why: string): void {
    this.#sync.stalled(why, this.#now())
    this.#settle()
  }

  fresh(): void {
    this.#sync.fresh(this.#now())
    this.#settle()
  }

  silent(why: string): void {
    this.#sync.silent(why, this.#now())
    this.#settle()
  }

  /** For readiness: state and why, in words. */
  words(): string {
    const { state, why } = this.#sync
    return why === "" ? state : `${state}, ${why}`
  }

  summary(): Readonly<Record<string, unknown>> {
    const { state, why, since, seq, counters } = this.#sync
    return { state, why, since, seq, ...counters }
  }

  #now(): number {
    return this.#deps.outside.clock.now()
  }

  /** After anything that may have changed the state or what is wanted. */
  #settle(): void {
    if (this.#sync.epoch !== this.#epoch) this.#tell()
    const { wanted } = this.#sync
    if (wanted === "image") void this.#fetch()
    else if (wanted === "subscription") {
      this.#sync.asked()
      this.#deps.resubscribe(this.inst)
    }
  }

  #tell(): void {
    this.#epoch = this.#sync.epoch
    const { state, why } = this.#sync
    const { outside, turn } = this.#deps
    if (state === "live") this.#backoff.reset()
    const change = this.#change(state, why)
    outside.log[state === "quarantined" && !this.#isStopping ? "warn" : "info"](`book.${state}`, { ...change })
    turn.run(() => {
      for (const listener of this.#listeners) listener(change, change.timestamp)
    })
  }

  #tellOne(listener: Publish<"onBookState">): void {
    const change = this.#change("quarantined", "asked to stop")
    this.#deps.turn.run(() => listener(change, change.timestamp))
  }

  #change(state: BookStateChanged["state"], why: string): BookStateChanged {
    return { market: this.#deps.venue.market, inst: this.inst, state, why, timestamp: this.#now() }
  }

  async #fetch(): Promise<void> {
    this.#sync.asked()
    const { rest, venue } = this.#deps
    const outcome = await rest.call("orderbook", { inst: this.inst, depth: venue.book.depth })
    if (outcome.kind === "accepted") {
      // An image too old for the buffered diffs is asked for again, but not in a tight loop.
      if (this.#sync.image(outcome.value, this.#now()) === "lost") this.#later()
      else this.#settle()
      return
    }
    this.#sync.imageFailed(outcome.kind === "refused" ? outcome.reason : outcome.why, this.#now())
    this.#later()
  }

  #later(): void {
    this.#retry?.cancel()
    this.#retry = this.#deps.outside.clock.timer(this.#backoff.nextMs(), () => this.#settle())
  }
}
