import { type Order, openLots, type Side } from "./order.ts"

export interface Level {
  readonly ticks: number
  lots: number
  count: number
  first: Order | undefined
  last: Order | undefined
}

/** One side of a book: levels by price, and their prices sorted with the best last, where a change is cheapest. */
class Half {
  readonly levels = new Map<number, Level>()
  readonly prices: number[] = []
  readonly #sign: Side

  constructor(side: Side) {
    this.#sign = side
  }

  get best(): Level | undefined {
    const ticks = this.prices.at(-1)
    return ticks === undefined ? undefined : this.levels.get(ticks)
  }

  /** Where `ticks` stands or would stand in `prices`. */
  #place(ticks: number): number {
    let low = 0
    let high = this.prices.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.prices[middle]! * this.#sign < ticks * this.#sign) low = middle + 1
      else high = middle
    }
    return low
  }

  at(ticks: number): Level {
    const known = this.levels.get(ticks)
    if (known !== undefined) return known
    const level: Level = { ticks, lots: 0, count: 0, first: undefined, last: undefined }
    this.levels.set(ticks, level)
    this.prices.splice(this.#place(ticks), 0, ticks)
    return level
  }

  drop(ticks: number): void {
    this.levels.delete(ticks)
    this.prices.splice(this.#place(ticks), 1)
  }
}

/** Resting orders of one instrument by price, then time. */
export class Book {
  readonly symbol: string
  readonly bids = new Half(1)
  readonly asks = new Half(-1)
  /** Number of the last change; shared numbering of all books, so it rises in jumps, as venues' do. */
  updateId = 0

  constructor(symbol: string) {
    this.symbol = symbol
  }

  half(side: Side): Half {
    return side === 1 ? this.bids : this.asks
  }

  /** Displayed lots at a price, 0 where there are none. */
  lotsAt(side: Side, ticks: number): number {
    return this.half(side).levels.get(ticks)?.lots ?? 0
  }

  /** The order joins the end of its level's queue. */
  join(order: Order): void {
    const level = this.half(order.side).at(order.ticks)
    order.ahead = level.last
    order.behind = undefined
    if (level.last === undefined) level.first = order
    else level.last.behind = order
    level.last = order
    level.lots += openLots(order)
    level.count++
  }

  leave(order: Order): void {
    const half = this.half(order.side)
    const level = half.at(order.ticks)
    if (order.ahead === undefined) level.first = order.behind
    else order.ahead.behind = order.behind
    if (order.behind === undefined) level.last = order.ahead
    else order.behind.ahead = order.ahead
    order.ahead = undefined
    order.behind = undefined
    level.lots -= openLots(order)
    level.count--
    if (level.count === 0) half.drop(level.ticks)
  }

  /** A resting order shrinks by a fill or an amendment and keeps its place. Call before its own numbers change. */
  shrink(order: Order, lots: number): void {
    this.half(order.side).at(order.ticks).lots -= lots
  }

  /** Lots that an order of `side` could take at `ticks` or better; everything where `ticks` is absent. */
  takeable(side: Side, ticks: number | undefined, lotsMax: number): number {
    const half = this.half(side === 1 ? -1 : 1)
    let lots = 0
    for (let index = half.prices.length - 1; index >= 0 && lots < lotsMax; index--) {
      const price = half.prices[index]!
      if (ticks !== undefined && (ticks - price) * side < 0) break
      lots += half.levels.get(price)!.lots
    }
    return lots
  }

  crosses(side: Side, ticks: number): boolean {
    const best = this.half(side === 1 ? -1 : 1).best
    return best !== undefined && (ticks - best.ticks) * side >= 0
  }

  /** Twice the middle price in ticks, so that it stays whole; undefined while a side is empty. */
  get middleTwice(): number | undefined {
    const bid = this.bids.prices.at(-1)
    const ask = this.asks.prices.at(-1)
    return bid === undefined || ask === undefined ? undefined : bid + ask
  }
}
