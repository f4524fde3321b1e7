import { WireError } from "../domain/errors.ts"
import type { Levels } from "../domain/events.ts"

/** Shorter runs are moved by a loop: a call of `copyWithin` costs as much as 24 assignments. */
const loopMax = 24
const capacityMin = 256

/**
 * One side of a book in two sorted arrays, no object a level. Keys are prices for bids and negated prices for asks, so
 * that they rise on both sides and the best level is last, where nearly all changes are.
 *
 * A diff is applied in one walk from the best level to the worst: changed sizes are written where they are found, new and
 * deleted levels are noted in a plan, and then every run between them moves once. Venues send a diff's levels in price
 * order, so each search starts where the last one ended; where they are not in order, the walk starts again.
 */
export class Side {
  readonly #sign: 1 | -1
  readonly #depthMax: number
  #keys = new Float64Array(capacityMin)
  #sizes = new Float64Array(capacityMin)
  #count = 0
  // The plan: at which index a level is to be put (≥ 0) or, as complement, taken away; from the best to the worst.
  #places = new Int32Array(capacityMin)
  #newKeys = new Float64Array(capacityMin)
  #newSizes = new Float64Array(capacityMin)
  #planned = 0
  #growth = 0

  /** `depthMax` bounds what is kept: the worst levels beyond it (and a quarter) are forgotten. */
  constructor(side: "bid" | "ask", depthMax = Number.POSITIVE_INFINITY) {
    this.#sign = side === "bid" ? 1 : -1
    this.#depthMax = depthMax
  }

  get count(): number {
    return this.#count
  }

  /** `rank` 0 is the best level; NaN where there is none. */
  price(rank: number): number {
    return rank < this.#count ? this.#keys[this.#count - 1 - rank]! * this.#sign : Number.NaN
  }

  size(rank: number): number {
    return rank < this.#count ? this.#sizes[this.#count - 1 - rank]! : Number.NaN
  }

  /** A copy of the best `count` levels, best first: price, size, price, size, … */
  levels(count: number): Float64Array {
    const wanted = Math.min(count, this.#count)
    const levels = new Float64Array(2 * wanted)
    for (let rank = 0, index = this.#count - 1; rank < wanted; rank++, index--) {
      levels[2 * rank] = this.#keys[index]! * this.#sign
      levels[2 * rank + 1] = this.#sizes[index]!
    }
    return levels
  }

  clear(): void {
    this.#count = 0
  }

  /**
   * Sets the levels' sizes; size 0 deletes, also where there is nothing to delete. Throws WireError on a price or size
   * that is none; levels before it may have been applied.
   */
  apply(levels: Levels): void {
    const { length } = levels
    if (length === 0) return
    if (length > 2 * this.#places.length) this.#growPlan(length >> 1)
    const sign = this.#sign
    const isWorstFirst = (levels[0]! - levels[length - 2]!) * sign < 0
    let at = isWorstFirst ? length - 2 : 0
    let step = isWorstFirst ? -2 : 2
    let above = this.#count
    let last = Number.POSITIVE_INFINITY
    for (let left = length >> 1; left > 0; left--, at += step) {
      const key = levels[at]! * sign
      // Out of order, or not a number.
      if (!(key < last)) {
        if (!Number.isFinite(key)) throw this.#abandon(levels, at)
        this.#carryOut()
        above = this.#count
        if (step < 0) {
          // The later of two levels at one price must win: all of them again, in the order given.
          left = (length >> 1) + 1
          at = -2
          step = 2
          last = Number.POSITIVE_INFINITY
          continue
        }
      }
      last = key
      above = this.#find(key, above)
      this.#plan(levels, at, key, above)
    }
    this.#carryOut()
    if (this.#count > this.#depthMax * 1.25) this.#trim()
  }

  #plan(levels: Levels, at: number, key: number, place: number): void {
    const size = levels[at + 1]!
    const isKnown = this.#keys[place] === key && place < this.#count
    if (size > 0 && size < Number.POSITIVE_INFINITY) {
      if (isKnown) this.#sizes[place] = size
      else if (key > Number.NEGATIVE_INFINITY) {
        this.#newKeys[this.#planned] = key
        this.#newSizes[this.#planned] = size
        this.#note(place, 1)
      } else throw this.#abandon(levels, at)
    } else if (size !== 0) throw this.#abandon(levels, at)
    else if (isKnown) this.#note(~place, -1)
  }

  /** The least index whose key is not below `key`, where everything from `above` on is known to be above it. */
  #find(key: number, above: number): number {
    const keys = this.#keys
    let high = above
    let low = high - 1
    for (let stride = 1; low >= 0 && keys[low]! >= key; stride <<= 1) {
      high = low
      low -= stride
    }
    low = low < 0 ? 0 : low + 1
    while (low < high) {
      const middle = (low + high) >> 1
      if (keys[middle]! >= key) high = middle
      else low = middle + 1
    }
    return low
  }

  #note(place: number, growth: 1 | -1): void {
    this.#places[this.#planned++] = place
    this.#growth += growth
  }

  /** Forgets the plan; what was written in place stays, so the book is no longer to be trusted. */
  #abandon(levels: Levels, at: number): WireError {
    this.#planned = 0
    this.#growth = 0
    return notALevel(levels, at)
  }

  #carryOut(): void {
    const planned = this.#planned
    if (planned === 0) return
    const end = this.#count
    const growth = this.#growth
    this.#planned = 0
    this.#growth = 0
    if (end + planned > this.#keys.length) this.#growLevels(end + planned)
    this.#moveUp(planned, end, growth)
    this.#moveDown(planned, end)
    this.#count = end + growth
  }

  /** Runs that move towards the best end go first and from the best down: each moves into room already made. */
  #moveUp(planned: number, end: number, growth: number): void {
    let shift = growth
    let runEnd = end
    for (let index = 0; index < planned; index++) {
      const place = this.#places[index]!
      const isNew = place >= 0
      const runStart = isNew ? place : ~place + 1
      if (shift > 0) this.#move(runStart, runEnd, shift)
      shift += isNew ? -1 : 1
      runEnd = isNew ? place : ~place
    }
  }

  /** Then runs that move the other way, from the worst up, and the new levels take their places. */
  #moveDown(planned: number, end: number): void {
    let shift = 0
    for (let index = planned - 1; index >= 0; index--) {
      const place = this.#places[index]!
      const isNew = place >= 0
      if (isNew) {
        this.#keys[place + shift] = this.#newKeys[index]!
        this.#sizes[place + shift] = this.#newSizes[index]!
      }
      shift += isNew ? 1 : -1
      if (shift >= 0) continue
      const better = index === 0 ? end : this.#places[index - 1]!
      this.#move(isNew ? place : ~place + 1, better < 0 ? ~better : better, shift)
    }
  }

  #move(start: number, end: number, shift: number): void {
    const keys = this.#keys
    const sizes = this.#sizes
    if (end - start > loopMax) {
      keys.copyWithin(start + shift, start, end)
      sizes.copyWithin(start + shift, start, end)
    } else if (shift < 0) {
      for (let index = start; index < end; index++) {
        keys[index + shift] = keys[index]!
        sizes[index + shift] = sizes[index]!
      }
    } else {
      for (let index = end - 1; index >= start; index--) {
        keys[index + shift] = keys[index]!
        sizes[index + shift] = sizes[index]!
      }
    }
  }

  #trim(): void {
    const extra = this.#count - this.#depthMax
    this.#keys.copyWithin(0, extra, this.#count)
    this.#sizes.copyWithin(0, extra, this.#count)
    this.#count = this.#depthMax
  }

  #growLevels(needed: number): void {
    const capacity = Math.max(2 * this.#keys.length, needed)
    this.#keys = grown(this.#keys, capacity)
    this.#sizes = grown(this.#sizes, capacity)
  }

  #growPlan(needed: number): void {
    const capacity = Math.max(2 * this.#places.length, needed)
    this.#places = new Int32Array(capacity)
    this.#newKeys = grown(this.#newKeys, capacity)
    this.#newSizes = grown(this.#newSizes, capacity)
  }
}

function grown(old: Float64Array, capacity: number): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(capacity)
  larger.set(old)
  return larger
}

const notALevel = (levels: Levels, at: number): WireError =>
  new WireError(`book level ${at >> 1} has price ${levels[at]} and size ${levels[at + 1]}`)
