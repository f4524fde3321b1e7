const MINUTE_US = 60_000_000

/** How many of something happened within the last 60 s. */
export class LastMinute {
  #times: number[] = []
  #head = 0

  add(at: number): void {
    this.#times.push(at)
  }

  count(now: number): number {
    while (this.#head < this.#times.length && (this.#times[this.#head] ?? 0) <= now - MINUTE_US) this.#head++
    if (this.#head > 1_024 && this.#head * 2 > this.#times.length) {
      this.#times = this.#times.slice(this.#head)
      this.#head = 0
    }
    return this.#times.length - this.#head
  }
}
