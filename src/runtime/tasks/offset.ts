import { describe } from "../domain/errors.ts"
import type { Clock, Http, Log, Random, Timer, Venue } from "../ports.ts"

export interface OffsetDeps {
  readonly venue: Venue
  readonly http: Http
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

/** A measurement of how far the venue's clock stands from our monotonic one; µs. */
interface Sample {
  readonly shift: number
  /** The truth is within shift ± bound at the time of measuring. */
  readonly bound: number
  readonly measuredAt: number
}

const SAMPLES_MAX = 8
const BURST = 3
const EVERY_MS = 60_000
const RETRY_MS = 2_000
const TIMEOUT_MS = 3_000
/** Quartz drifts by some 50 ppm: what a measurement loses as it ages. */
const DRIFT = 50e-6
/** Above this uncertainty requests may be refused for their timestamp, and silence proves nothing. */
const BOUND_US_MAX = 500_000
/** Where a venue tells no time, its clock and ours are taken to agree within this. */
const ASSUMED_BOUND_US = 250_000

/**
 * The venue's clock, as well as round trips can tell it: of the newest measurements the one with the shortest trip
 * counts. It hangs on the monotonic clock, so a stepping wall clock does not move it.
 */
export class Offset {
  readonly #deps: OffsetDeps
  readonly #isTold: boolean
  #samples: Sample[] = []
  #shift: number
  #timer: Timer | undefined
  #measuring: Promise<boolean> | undefined
  #isStopped = true
  #why = "not measured yet"

  constructor(deps: OffsetDeps) {
    this.#deps = deps
    this.#isTold = deps.venue.operations.includes("serverTime")
    this.#shift = deps.clock.now() - deps.clock.monotonic()
  }

  /** µs since the epoch on the venue's clock. */
  now(): number {
    return Math.round(this.#deps.clock.monotonic() + this.#shift)
  }

  /** How far `now()` may be off, µs; Infinity while nothing is known. */
  boundUs(): number {
    if (!this.#isTold) return ASSUMED_BOUND_US
    const best = this.#best()
    return best === undefined ? Infinity : Math.ceil(this.#boundOf(best))
  }

  /** Venue's clock less the local wall clock, µs: what receive times are behind. */
  offsetUs(): number {
    return this.now() - this.#deps.clock.now()
  }

  reasons(): string[] {
    const bound = this.boundUs()
    if (bound <= BOUND_US_MAX) return []
    const { market } = this.#deps.venue
    if (bound === Infinity) return [`${market}: the venue's clock is ${this.#why}`]
    return [`${market}: the venue's clock is known only to ±${Math.round(bound / 1_000)} ms`]
  }

  start(): void {
    if (!this.#isStopped) return
    this.#isStopped = false
    if (this.#isTold) void this.#burst()
  }

  stop(): void {
    this.#isStopped = true
    this.#timer?.cancel()
  }

  /** Measures now; concurrent wishes share one measurement. False where it failed. */
  measure(): Promise<boolean> {
    if (!this.#isTold) return Promise.resolve(true)
    this.#measuring ??= this.#measure().finally(() => (this.#measuring = undefined))
    return this.#measuring
  }

  async #burst(): Promise<void> {
    let isMeasured = true
    const wanted = this.#samples.length === 0 ? BURST : 1
    for (let count = 0; count < wanted && isMeasured; count++) isMeasured = await this.measure()
    if (this.#isStopped) return
    const pauseMs = isMeasured ? EVERY_MS : RETRY_MS
    this.#timer = this.#deps.clock.timer(pauseMs * (0.9 + this.#deps.random.next() * 0.2), () => void this.#burst())
  }

  async #measure(): Promise<boolean> {
    const { venue, http, clock, log } = this.#deps
    const startAt = clock.monotonic()
    try {
      const reply = await http.request(venue.encode("serverTime", {}, { now: this.now() }), TIMEOUT_MS)
      const endAt = clock.monotonic()
      const outcome = venue.response("serverTime", {}, reply.status, reply.body)
      if (outcome.kind !== "accepted") {
        this.#fail(outcome.kind === "refused" ? outcome.reason : outcome.why)
        return false
      }
      this.#add(outcome.value.timestamp, startAt, endAt)
      return true
    } catch (error) {
      this.#fail(describe(error))
      log.debug("clock.unmeasured", { market: venue.market, why: describe(error) })
      return false
    }
  }

  #fail(why: string): void {
    this.#why = `not known: ${why}`
  }

  #add(serverAt: number, startAt: number, endAt: number): void {
    // Venues tell whole milliseconds, cut off: the middle of that millisecond is the best guess.
    const sample = {
      shift: serverAt + 500 - (startAt + endAt) / 2,
      bound: (endAt - startAt) / 2 + 500,
      measuredAt: endAt,
    }
    const best = this.#best()
    if (best !== undefined && Math.abs(best.shift - sample.shift) > this.#boundOf(best) + sample.bound) {
      // They exclude each other: a clock was set. What was measured before it says nothing any more.
      this.#deps.log.warn("clock.stepped", {
        market: this.#deps.venue.market,
        byMs: Math.round((sample.shift - best.shift) / 1_000),
      })
      this.#samples = []
    }
    this.#samples.push(sample)
    if (this.#samples.length > SAMPLES_MAX) this.#samples.shift()
    this.#shift = (this.#best() ?? sample).shift
  }

  #boundOf(sample: Sample): number {
    return sample.bound + (this.#deps.clock.monotonic() - sample.measuredAt) * DRIFT
  }

  #best(): Sample | undefined {
    let best: Sample | undefined
    for (const sample of this.#samples) {
      if (best === undefined || this.#boundOf(sample) < this.#boundOf(best)) best = sample
    }
    return best
  }
}
