import type { Side } from "../../matching/order.ts"

/** Levels of the bids and of the asks, ticks and lots in pairs. */
export type Sides = readonly [bids: readonly number[], asks: readonly number[]]

/** Update numbers of a diff: of its last change, and of the last one of the diff before. */
interface Numbers {
  readonly last: number
  readonly previous: number
}

const WAITING_MAX = 10_000

/** A book as captured images and diffs tell it. Diffs that no image reaches yet wait for one. */
export class Image {
  readonly #bids = new Map<number, number>()
  readonly #asks = new Map<number, number>()
  #waiting: { readonly sides: Sides; readonly numbers: Numbers }[] = []
  #isWhole = false
  updateId = 0
  /** When the newest part of it was made, by the venue's clock. */
  ms = 0

  /** Nothing is missing between the image and the newest diff. */
  get isWhole(): boolean {
    return this.#isWhole
  }

  /** False where what is known already is as new, or what waits does not follow it. */
  load(sides: Sides, updateId: number): boolean {
    if (this.#isWhole && updateId <= this.updateId) return false
    const later = this.#waiting.filter(({ numbers }) => numbers.last > updateId)
    if (later[0] !== undefined && later[0].numbers.previous > updateId) return false
    this.#bids.clear()
    this.#asks.clear()
    this.#apply(sides, updateId)
    for (const { sides: newer, numbers } of later) this.#apply(newer, numbers.last)
    this.#waiting = []
    this.#isWhole = true
    return true
  }

  follow(sides: Sides, numbers: Numbers, ms: number): void {
    this.ms = ms
    const { last, previous } = numbers
    // The first diff behind an image may reach back before it.
    if (this.#isWhole && previous <= this.updateId) {
      if (last > this.updateId) this.#apply(sides, last)
      return
    }
    this.#isWhole = false
    if (this.#waiting.at(-1)?.numbers.last !== previous || this.#waiting.length >= WAITING_MAX) this.#waiting = []
    this.#waiting.push({ sides, numbers })
  }

  all(): Sides {
    return [[...this.#bids].flat(), [...this.#asks].flat()]
  }

  /** The best levels of one side, best first. */
  best(side: Side, count: number): readonly (readonly [ticks: number, lots: number])[] {
    const levels = side === 1 ? this.#bids : this.#asks
    return [...levels].sort(([a], [b]) => (b - a) * side).slice(0, count)
  }

  #apply([bids, asks]: Sides, updateId: number): void {
    enter(this.#bids, bids)
    enter(this.#asks, asks)
    this.updateId = updateId
  }
}

function enter(side: Map<number, number>, levels: readonly number[]): void {
  for (let at = 0; at < levels.length; at += 2) {
    if (levels[at + 1] === 0) side.delete(levels[at]!)
    else side.set(levels[at]!, levels[at + 1]!)
  }
}
