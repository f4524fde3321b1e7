import type { Random } from "../ports.ts"

export interface BackoffBounds {
  readonly backoffMsMin: number
  readonly backoffMsMax: number
}

/** Doubling pauses with jitter over their upper half, so that a venue's clients do not return in step. */
export class Backoff {
  readonly #random: Random
  readonly #bounds: BackoffBounds
  #attempts = 0

  constructor(random: Random, bounds: BackoffBounds) {
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
