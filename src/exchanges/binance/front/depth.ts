import type { Book } from "../../matching/book.ts"
import { type Scale, toText } from "../../matching/instrument.ts"
import type { Side } from "../../matching/order.ts"
import type { Listing } from "./listing.ts"

/** What changed in a book since the last event of one cadence. */
export class DepthRecorder {
  readonly #book: Book
  readonly #bids = new Set<number>()
  readonly #asks = new Set<number>()
  #first = 0
  #last = 0
  #previous: number

  constructor(book: Book) {
    this.#book = book
    this.#previous = book.updateId
  }

  get hasChanged(): boolean {
    return this.#first !== 0
  }

  note(side: Side, ticks: number): void {
    if (this.#first === 0) this.#first = this.#book.updateId
    this.#last = this.#book.updateId
    if (side === 1) this.#bids.add(ticks)
    else this.#asks.add(ticks)
  }

  /** The diff event of what was noted; `close` begins the next one. */
  diff(of: Listing, ms: number): string {
    const bids = this.#changes(this.#bids, 1, of)
    const asks = this.#changes(this.#asks, -1, of)
    return `${this.#head(of.symbol, ms)}"b":[${bids}],"a":[${asks}]}`
  }

  /** The best `levels` a side, with the numbers of the same diff. */
  partial(of: Listing, levels: number, ms: number): string {
    return `${this.#head(of.symbol, ms)}"b":[${top(this.#book, 1, levels, of)}],"a":[${top(this.#book, -1, levels, of)}]}`
  }

  close(): void {
    this.#previous = this.#last
    this.#first = 0
    this.#bids.clear()
    this.#asks.clear()
  }

  #head(symbol: string, ms: number): string {
    const ids = `"U":${this.#first},"u":${this.#last},"pu":${this.#previous}`
    return `{"e":"depthUpdate","E":${ms},"T":${ms},"s":"${symbol}",${ids},`
  }

  #changes(ticks: Iterable<number>, side: Side, of: Listing): string {
    let text = ""
    for (const price of ticks) text += level(price, this.#book.lotsAt(side, price), of.price, of.size)
    return text.slice(1)
  }
}

const level = (ticks: number, lots: number, price: Scale, size: Scale): string =>
  `,["${toText(ticks, price)}","${toText(lots, size)}"]`

/** The best `levels` of one side as JSON pairs, without the outer brackets. */
export function top(book: Book, side: Side, levels: number, of: Listing): string {
  const half = book.half(side)
  let text = ""
  const last = Math.max(0, half.prices.length - levels)
  for (let index = half.prices.length - 1; index >= last; index--) {
    const ticks = half.prices[index]!
    text += level(ticks, half.levels.get(ticks)!.lots, of.price, of.size)
  }
  return text.slice(1)
}
