import type { Clock } from "../ports.ts"

/**
 * How long nothing has been heard. Whoever hears notes the wall clock's time, the only one it has at hand for every message;
 * that clock may be set while the bot runs, by an hour or a year. So what has passed counts on the monotonic clock, from one
 * look to the next: a clock that is set makes nobody quiet, and hides nobody who is.
 */
export class Quiet {
  readonly #clock: Pick<Clock, "now" | "monotonic">
  #heardAt: number
  #quietUs: number
  #lookedAt: number

  /** Never heard: quiet for ever. With `heardAt`, heard at this moment. */
  constructor(clock: Pick<Clock, "now" | "monotonic">, heardAt?: number) {
    this.#clock = clock
    this.#heardAt = heardAt ?? 0
    this.#quietUs = heardAt === undefined ? Number.POSITIVE_INFINITY : 0
    this.#lookedAt = clock.monotonic()
  }

  /** µs since it was last heard, which was at `heardAt` on the wall clock. What was heard since the last look is that old at most. */
  look(heardAt: number): number {
    const monotonic = this.#clock.monotonic()
    const elapsedUs = monotonic - this.#lookedAt
    if (heardAt === this.#heardAt) this.#quietUs += elapsedUs
    else this.#quietUs = Math.min(Math.max(this.#clock.now() - heardAt, 0), elapsedUs)
    this.#heardAt = heardAt
    this.#lookedAt = monotonic
    return this.#quietUs
  }
}

/** A wall clock that is slewed moves by less than this from one look to the next. */
const STEP_US = 500_000

/** Sees, from one look to the next, whether somebody set the wall clock. */
export class Steps {
  readonly #clock: Pick<Clock, "now" | "monotonic">
  /** Wall clock less the monotonic one. */
  #ahead: number
  #lookedAt: number
  /** Between the last two looks. */
  elapsedUs = 0

  constructor(clock: Pick<Clock, "now" | "monotonic">) {
    this.#clock = clock
    this.#lookedAt = clock.monotonic()
    this.#ahead = clock.now() - this.#lookedAt
  }

  /** By how much it was set since the last look, µs; 0 where it was not, or by less than half a second. `now` is its time. */
  look(now: number): number {
    const monotonic = this.#clock.monotonic()
    const step = now - monotonic - this.#ahead
    this.#ahead += step
    this.elapsedUs = monotonic - this.#lookedAt
    this.#lookedAt = monotonic
    return Math.abs(step) > STEP_US ? step : 0
  }
}
