/** What an instrument trades at now, from all that one market's feeds have heard of it: orders and open positions are valued at it. */
import type { Stream } from "./stream.ts"

/** A price that was heard longer ago than this is not known any more: its feed may be lost, or nobody trades. */
const AGE_US_MAX = 60_000_000

/** The middle of a live book, which is watched all the time; else what was heard last, where that is not too long ago. */
export function priceOf(streams: readonly Stream[], now: number): number | undefined {
  for (const { book } of streams) {
    const view = book?.view()
    const best = view?.state === "live" ? view.best() : undefined
    if (best !== undefined) return (best.bidPrice + best.askPrice) / 2
  }
  const newest = newestOf(streams)
  return newest !== undefined && now - newest.receivedAt <= AGE_US_MAX ? newest.lastPrice : undefined
}

/** How long ago the newest price was heard, µs; undefined where none ever was. */
export function priceAgeUs(streams: readonly Stream[], now: number): number | undefined {
  const newest = newestOf(streams)
  return newest === undefined ? undefined : now - newest.receivedAt
}

function newestOf(streams: readonly Stream[]): Stream | undefined {
  let newest: Stream | undefined
  for (const stream of streams) {
    if (stream.lastPrice > 0 && stream.receivedAt > (newest?.receivedAt ?? 0)) newest = stream
  }
  return newest
}
