// A book as plainly as it can be written: what the fast one is held against.
import type { Levels } from "../../../src/runtime/domain/events.ts"

export class NaiveSide {
  readonly #levels = new Map<number, number>()
  readonly #isBid: boolean

  constructor(isBid: boolean) {
    this.#isBid = isBid
  }

  apply(levels: Levels): void {
    for (let at = 0; at < levels.length; at += 2) {
      const price = levels[at] ?? Number.NaN
      const size = levels[at + 1] ?? Number.NaN
      if (size === 0) this.#levels.delete(price)
      else this.#levels.set(price, size)
    }
  }

  /** Flat pairs, best first. */
  levels(): number[] {
    return [...this.#levels].sort(([a], [b]) => (this.#isBid ? b - a : a - b)).flat()
  }
}
