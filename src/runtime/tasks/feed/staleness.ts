const WINDOW_US = 300_000_000

/**
 * How much later than usual data arrive: receive time minus exchange time, less its own running minimum over the last
 * five to ten minutes. A constant clock offset cancels out; a queue anywhere on the way, the event loop's included, shows.
 */
export class Staleness {
  #windowAt = 0
  #least = Number.POSITIVE_INFINITY
  #leastBefore = Number.POSITIVE_INFINITY

  /** Staleness of this event, µs. */
  observe(timestamp: number, receivedAt: number): number {
    const delay = receivedAt - timestamp
    if (receivedAt - this.#windowAt > WINDOW_US) {
      this.#leastBefore = this.#least
      this.#least = Number.POSITIVE_INFINITY
      this.#windowAt = receivedAt
    }
    if (delay < this.#least) this.#least = delay
    return delay - Math.min(this.#least, this.#leastBefore)
  }
}
