/** Counts within windows aligned to the clock, as the venue's do. */
export class Window {
  readonly #lengthUs: number
  readonly limit: number
  #startedAt = 0
  #count = 0

  constructor(lengthMs: number, limit: number) {
    this.#lengthUs = lengthMs * 1000
    this.limit = limit
  }

  count(now: number): number {
    this.#roll(now)
    return this.#count
  }

  /** Adds, and says whether the limit still holds. */
  add(weight: number, now: number): boolean {
    this.#roll(now)
    this.#count += weight
    return this.#count <= this.limit
  }

  /** Seconds until the count starts again, rounded up. */
  secondsLeft(now: number): number {
    return Math.ceil((this.#startedAt + this.#lengthUs - now) / 1e6)
  }

  #roll(now: number): void {
    const start = now - (now % this.#lengthUs)
    if (start === this.#startedAt) return
    this.#startedAt = start
    this.#count = 0
  }
}

/** Limits as exchangeInfo states them. */
export const weightPerMinute = 2_400
export const ordersPer10s = 300
export const ordersPerMinute = 1_200
