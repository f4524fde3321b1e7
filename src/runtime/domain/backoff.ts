/** A source of numbers in [0, 1). */
interface Chance {
  next(): number
}

export interface BackoffBounds {
  readonly backoffMsMin: number
  readonly backoffMsMax: number
}

/** Doubling pauses with jitter over their upper half, so that a venue's clients do not return in step. */
export class Backoff {
  readonly #random: Chance
  readonly #bounds: BackoffBounds
  #attempts = 0

  constructor(random: Chance, bounds: BackoffBounds) {
    this.#random = random
    this.#bounds = bounds
  }

  nextMs(): number {
    const ceiling = Math.min(this.#bounds.backoffMsMax, this.#bounds.backoffMsMin * 2 ** this.#attempts)
    this.#attempts++
    return Math.round(ceiling * (0.5 + this.#random.next() / 2))
  }

  reset(): void {
    this.#attempts = 0
  }
}

export interface RestartBounds extends BackoffBounds {
  /** Having worked for so long it is sound: the next failure counts as the first. */
  readonly soundMs: number
}

const RESTART_BOUNDS: RestartBounds = { backoffMsMin: 500, backoffMsMax: 30_000, soundMs: 30_000 }

/**
 * When something that broke down is started again: at once the first time, then after doubling pauses, until it has worked for a while.
 * Starting is not working: what dies at its first task is not started without a pause for ever. Times are µs of a monotonic clock.
 */
export class Restarts {
  readonly #backoff: Backoff
  readonly #soundMs: number
  #startedAt = 0
  #isFirst = true

  constructor(random: Chance, bounds: RestartBounds = RESTART_BOUNDS) {
    this.#backoff = new Backoff(random, bounds)
    this.#soundMs = bounds.soundMs
  }

  started(now: number): void {
    this.#startedAt = now
  }

  worked(now: number): void {
    if (this.#isFirst || now - this.#startedAt < this.#soundMs * 1_000) return
    this.#isFirst = true
    this.#backoff.reset()
  }

  /** It broke down, or could not be started. */
  nextMs(): number {
    if (!this.#isFirst) return this.#backoff.nextMs()
    this.#isFirst = false
    return 0
  }
}
