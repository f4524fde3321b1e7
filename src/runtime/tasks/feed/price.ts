/** What an instrument trades at now, from all that one market's feeds have heard of it: orders and open positions are valued at it. */
import type { BookView } from "../../book/view.ts"
import type { Candle, Lob, Trade } from "../../domain/events.ts"

/** Who tells of an instrument: a stream, or a feed that its strategy drives. */
export interface Source {
  /** What its newest event says it trades at; 0 where that says nothing. */
  readonly lastPrice: number
  /** Local time of that event, µs. */
  readonly receivedAt: number
  readonly book?: { view(): BookView } | undefined
}

/** A price that was heard longer ago than this is not known any more: its feed may be lost, or nobody trades. */
const AGE_US_MAX = 60_000_000

/** The middle of a live book, which is watched all the time; else what was heard last, where that is not too long ago. */
export function priceOf(sources: readonly Source[], now: number): number | undefined {
  for (const { book } of sources) {
    const view = book?.view()
    const best = view?.state === "live" ? view.best() : undefined
    if (best !== undefined) return (best.bidPrice + best.askPrice) / 2
  }
  const newest = newestOf(sources)
  return newest !== undefined && now - newest.receivedAt <= AGE_US_MAX ? newest.lastPrice : undefined
}

/** How long ago the newest price was heard, µs; undefined where none ever was. */
export function priceAgeUs(sources: readonly Source[], now: number): number | undefined {
  const newest = newestOf(sources)
  return newest === undefined ? undefined : now - newest.receivedAt
}

function newestOf(sources: readonly Source[]): Source | undefined {
  let newest: Source | undefined
  for (const source of sources) {
    if (source.lastPrice > 0 && source.receivedAt > (newest?.receivedAt ?? 0)) newest = source
  }
  return newest
}

/** What an event says that its instrument trades at; 0 where it says nothing, as a diff of a book. */
export function priceIn(event: Trade | Lob | Candle): number {
  if (event.kind === "trade") return event.price
  if (event.kind === "candle") return event.close
  return event.form === "bbo" || event.form === "snapshot" ? middleOf(event) : 0
}

/** The middle of one side alone would be half a price: 0. */
export const middleOf = ({ bids, asks }: Lob): number =>
  bids.length > 0 && asks.length > 0 ? (bids[0]! + asks[0]!) / 2 : 0
