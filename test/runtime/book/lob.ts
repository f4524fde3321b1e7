// Book messages and how to keep a book in tests.
import type { Levels, Lob, Sequence } from "../../../src/runtime/domain/events.ts"
import { BookSync, type BookSyncOptions } from "../../../src/runtime/book/sync.ts"

const NONE: Levels = new Float64Array()

export function lob(form: Lob["form"], sequence: Sequence, changes: Partial<Lob> = {}): Lob {
  return {
    kind: "lob",
    form,
    market: "binance-um",
    inst: "BTC_USDT_PERP",
    bids: NONE,
    asks: NONE,
    timestamp: 0,
    receivedAt: 0,
    sequence,
    ...changes,
  }
}

/** A diff as Binance futures numbers it: `pu`, `U`, `u`. */
export const diff = (prev: number, first: number, last: number, changes: Partial<Lob> = {}): Lob =>
  lob("incremental", { prev, first, last }, { receivedAt: last, ...changes })

export const levels = (...pairs: [price: number, size: number][]): Float64Array => new Float64Array(pairs.flat())

/** Bid 100, ask 101. */
export const image = (sequence: number, bid = 100, ask = 101) => ({
  bids: levels([bid, 1]),
  asks: levels([ask, 1]),
  sequence,
})

export const futures = { image: "rest", chain: "prev" } as const

export function syncOf(options: Partial<BookSyncOptions> = {}): BookSync {
  return new BookSync({ name: "binance-um BTC_USDT_PERP", rule: futures, ...options })
}

/** A live book: image 10, diffs up to 20. */
export function live(options: Partial<BookSyncOptions> = {}): BookSync {
  const sync = syncOf(options)
  sync.connected(1)
  sync.accept(diff(5, 6, 12))
  sync.asked()
  sync.image(image(10), 13)
  sync.accept(diff(12, 14, 20))
  return sync
}
