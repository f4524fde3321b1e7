import type { Levels } from "../domain/events.ts"
import { Side } from "./side.ts"

export interface Best {
  readonly bidPrice: number
  readonly bidSize: number
  readonly askPrice: number
  readonly askSize: number
}

/** Flat pairs, best first: price, size, price, size, … */
export interface BookLevels {
  readonly bids: Float64Array
  readonly asks: Float64Array
}

/** The levels of one inst. Knows nothing of continuity: `BookSync` does. */
export class Book {
  readonly bids: Side
  readonly asks: Side

  /** `depthMax`: levels a side that are kept; beyond, the worst are forgotten. */
  constructor(depthMax?: number) {
    this.bids = new Side("bid", depthMax)
    this.asks = new Side("ask", depthMax)
  }

  /** Size 0 deletes. Throws WireError on a price or size that is none; the book is then not to be trusted. */
  apply(bids: Levels, asks: Levels): void {
    this.bids.apply(bids)
    this.asks.apply(asks)
  }

  /** Makes this the whole book. Throws as `apply` does. */
  replace(bids: Levels, asks: Levels): void {
    this.clear()
    this.apply(bids, asks)
  }

  clear(): void {
    this.bids.clear()
    this.asks.clear()
  }

  /** Best level of each side; undefined where a side is empty. */
  best(): Best | undefined {
    const { bids, asks } = this
    if (bids.count === 0 || asks.count === 0) return undefined
    return { bidPrice: bids.price(0), bidSize: bids.size(0), askPrice: asks.price(0), askSize: asks.size(0) }
  }

  /** A copy of the best `count` levels of each side. */
  levels(count: number): BookLevels {
    return { bids: this.bids.levels(count), asks: this.asks.levels(count) }
  }

  /** A bid at or above an ask: no venue's book is like that, so this one is wrong. */
  get isCrossed(): boolean {
    return this.bids.price(0) >= this.asks.price(0)
  }
}
