import { describe } from "../../domain/errors.ts"
import type { Outcome } from "../../domain/outcome.ts"
import type { Clock, Random, Timer } from "../../ports.ts"
import { Backoff } from "../../domain/backoff.ts"
import type { Turn } from "../turn.ts"
import type { Found, Past, PastEvent, Position } from "./past.ts"

export interface JoinerDeps<E extends PastEvent> {
  readonly clock: Clock
  readonly random: Random
  readonly turn: Turn
  readonly past: Past<E>
  /** Events of the time before the feed began. */
  readonly count: number
  /** Inside a turn. */
  publish(event: E, receivedAt: number): void
  /** This many events will never be told. */
  gap(missed: number, why: string): void
  /** The warm-up cannot be had. */
  failed(why: string): void
}

/** A strategy waits this long for its warm-up, and for what a gap lacks; then the stream goes on without. */
const WARM_MS_MAX = 30_000
const FILL_MS_MAX = 10_000
/** A longer gap is told and not filled: asking for it would eat the venue's limits. */
const FILL_EVENTS_MAX = 5_000
const BUFFERED_MAX = 20_000
/** Of history, told before the loop is given back. */
const SLICE = 128
const BACKOFF = { backoffMsMin: 100, backoffMsMax: 2_000 }

type State = "closed" | "warming" | "filling" | "telling" | "streaming"

/**
 * Joins one inst's past to its stream: every event once, in order. The stream comes first; while something older is
 * fetched, what arrives waits. What comes is compared with the position that is expected next: an event before it has been
 * told, one behind it shows what is missing, whatever lost it, and that is fetched before the stream goes on.
 */
export class Joiner<E extends PastEvent> {
  readonly #deps: JoinerDeps<E>
  readonly #backoff: Backoff
  readonly counters = { history: 0, filled: 0, repeated: 0, missed: 0 }
  #state: State = "closed"
  /** Position of the next event to tell; undefined before the first. */
  #expected: Position | undefined
  #isWarm: boolean
  #buffer: E[] = []
  /** Of a gap that is not whole yet. */
  #found: readonly E[] = []
  /** The connection is new: what was missed meanwhile is to be asked for as soon as nothing else is. */
  #isBehind = false
  #isStopped = false
  /** Counts fetches: what belongs to an earlier one is ignored. */
  #fetch = 0
  #timers: Timer[] = []

  constructor(deps: JoinerDeps<E>) {
    this.#deps = deps
    this.#backoff = new Backoff(deps.random, BACKOFF)
    this.#isWarm = deps.count === 0
  }

  /** Why strategies do not see the whole yet; undefined once they do. */
  get reason(): string | undefined {
    if (this.#state === "streaming") return undefined
    if (!this.#isWarm) return "its history is on its way"
    return this.#state === "closed" ? undefined : "what was missed is on its way"
  }

  /** The subscription stands: from here on the stream is whole, or shows that it is not. */
  subscribed(): void {
    if (this.#isStopped) return
    if (this.#state === "closed") this.#state = "streaming"
    if (!this.#isWarm && this.#state === "streaming") return this.#warm()
    this.#isBehind = true
    if (this.#state === "streaming") this.#drain()
  }

  stop(): void {
    this.#isStopped = true
    this.#fetch++
    this.#cancel()
    this.#buffer = []
    this.#state = "closed"
  }

  /** An event of the stream, inside the turn of its frame. */
  readonly accept = (event: E): void => {
    if (this.#isStopped) return
    if (this.#state === "streaming" && this.#take(event)) return
    this.#buffer.push(event)
    if (this.#buffer.length <= BUFFERED_MAX) return
    // A stream that is never confirmed has not begun: its beginning is where it is joined.
    if (this.#state === "closed") this.#buffer.splice(0, BUFFERED_MAX / 2)
    else this.#giveUp(`more than ${BUFFERED_MAX} events wait for it`)
  }

  /** Told, or known; false where something before it is missing, which is being fetched then. */
  #take(event: E): boolean {
    const { past } = this.#deps
    const position = past.position(event)
    const expected = this.#expected
    if (expected !== undefined && position < expected) {
      this.counters.repeated++
      return true
    }
    if (expected !== undefined && position > expected) {
      const span = past.span(expected, position)
      if (span <= FILL_EVENTS_MAX) {
        this.#fill(expected, position)
        return false
      }
      this.#missed(span, `more than ${FILL_EVENTS_MAX} are not fetched`)
    }
    this.#expected = past.after(event)
    this.#deps.publish(event, event.receivedAt)
    return true
  }

  // ---- fetching ----

  #warm(): void {
    this.#state = "warming"
    this.#within(WARM_MS_MAX, (fetch) =>
      this.#ask(
        fetch,
        () => this.#deps.past.latest(this.#deps.count),
        (events) => this.#warmed(events),
      ),
    )
  }

  #warmed(events: readonly E[]): void {
    this.#isWarm = true
    this.counters.history += events.length
    this.#tell(events)
  }

  #fill(from: Position, until: Position | undefined): void {
    this.#state = "filling"
    this.#within(FILL_MS_MAX, (fetch) =>
      this.#ask(
        fetch,
        () => this.#deps.past.from(from, until, FILL_EVENTS_MAX),
        (found) => this.#filled(from, until, found),
      ),
    )
  }

  #filled(from: Position, until: Position | undefined, { events, isReached }: Found<E>): void {
    if (until !== undefined && !isReached) {
      // The list is behind the stream: nothing is concluded from what it lacks.
      this.#found = events
      this.#later((fetch) =>
        this.#ask(
          fetch,
          () => this.#deps.past.from(from, until, FILL_EVENTS_MAX),
          (found) => this.#filled(from, until, found),
        ),
      )
      return
    }
    this.counters.filled += events.length
    if (until !== undefined) {
      const missed = this.#deps.past.span(from, until) - events.length
      if (missed > 0) this.#missed(missed, "the venue does not list them")
      // What is missing now will not come: the stream goes on where it stands.
      return this.#tell(events, until)
    }
    this.#tell(events)
  }

  #ask<T>(fetch: number, ask: () => Promise<Outcome<T>>, take: (value: T) => void): void {
    ask().then(
      (outcome) => {
        if (fetch !== this.#fetch) return
        if (outcome.kind === "accepted") return take(outcome.value)
        const why = outcome.kind === "refused" ? outcome.reason : outcome.why
        this.#why = why
        this.#later((again) => this.#ask(again, ask, take))
      },
      (error: unknown) => {
        if (fetch === this.#fetch) this.#giveUp(describe(error))
      },
    )
  }

  #why = "no answer"

  #within(msMax: number, work: (fetch: number) => void): void {
    this.#cancel()
    this.#found = []
    this.#why = "no answer"
    this.#backoff.reset()
    const fetch = ++this.#fetch
    this.#after(msMax, () => this.#giveUp(`not within ${msMax / 1_000} s: ${this.#why}`))
    work(fetch)
  }

  #later(work: (fetch: number) => void): void {
    const fetch = this.#fetch
    this.#after(this.#backoff.nextMs(), () => fetch === this.#fetch && work(fetch))
  }

  #after(delayMs: number, fire: () => void): void {
    this.#timers.push(this.#deps.clock.timer(delayMs, fire))
  }

  #cancel(): void {
    for (const timer of this.#timers.splice(0)) timer.cancel()
  }

  /** The stream goes on without what could not be had, and says so. */
  #giveUp(why: string): void {
    if (this.#state !== "warming" && this.#state !== "filling") return
    this.#fetch++
    this.#isBehind = false
    if (this.#state === "warming") {
      this.#isWarm = true
      this.#deps.turn.run(() => this.#deps.failed(why))
      return this.#tell([])
    }
    const [first] = this.#buffer
    const until = first === undefined ? undefined : this.#deps.past.position(first)
    if (until !== undefined && this.#expected !== undefined) {
      this.#missed(this.#deps.past.span(this.#expected, until) - this.#found.length, why)
    }
    this.#tell(this.#found, until)
  }

  #missed(missed: number, why: string): void {
    if (missed <= 0) return
    this.counters.missed += missed
    this.#deps.turn.run(() => this.#deps.gap(missed, why))
  }

  // ---- telling ----

  /** A slice at a time: handlers run in it, and the loop is not theirs alone. `next`: what is expected after it, at least. */
  #tell(events: readonly E[], next?: Position): void {
    this.#cancel()
    this.#state = "telling"
    const { turn, clock, past } = this.#deps
    turn.run(() => {
      for (const event of events.slice(0, SLICE)) {
        this.#expected = past.after(event)
        this.#deps.publish(event, event.receivedAt)
      }
    })
    if (this.#isStopped) return
    const rest = events.slice(SLICE)
    if (rest.length > 0) return clock.defer(() => this.#isStopped || this.#tell(rest, next))
    if (next !== undefined && (this.#expected === undefined || this.#expected < next)) this.#expected = next
    this.#go()
  }

  /** What waited, in the order it came. */
  #drain(): void {
    this.#deps.turn.run(() => {
      const isBehind = this.#isBehind && this.#expected !== undefined
      this.#isBehind = false
      if (isBehind) return this.#fill(this.#expected!, undefined)
      let told = 0
      while (told < Math.min(SLICE, this.#buffer.length) && this.#take(this.#buffer[told]!)) told++
      this.#buffer.splice(0, told)
    })
    if (this.#state !== "streaming" || this.#buffer.length === 0) return
    this.#state = "telling"
    this.#deps.clock.defer(() => this.#isStopped || this.#go())
  }

  #go(): void {
    this.#state = "streaming"
    this.#drain()
  }
}
