// ns a level from a depth frame's bytes to the book that has taken it, continuity checked, against `JSON.parse` alone of its
// text, which is ready made.
import { binanceUm } from "../src/exchanges/binance/index.ts"
import { BookSync } from "../src/runtime/book/sync.ts"
import type { Lob } from "../src/runtime/domain/events.ts"
import { type Bench, medians, ratioRow, unjudged, valueRow } from "./measure.ts"
import { type Frame, frames } from "./tape.ts"

const venue = binanceUm()

export const bench: Bench = {
  name: "depth",
  async run({ isQuick }) {
    const { from, isCaptured, image, of } = frames()
    const diffs = of("depthUpdate")
    const levels = diffs.reduce((sum, { text }) => sum + levelsOf(text), 0)
    const parse = (): number => timed(() => diffs.forEach(({ text }) => void JSON.parse(text)))
    const decode = (): number => timed(() => diffs.forEach(({ bytes }) => void venue.decode(bytes, 1)))
    const apply = (): number => {
      const sync = started(diffs, image)
      const took = timed(() => diffs.forEach(({ bytes }) => void sync.accept(venue.decode(bytes, 1).events[0] as Lob)))
      if (sync.state !== "live" || sync.counters.gaps > 0) throw new Error(`the book is ${sync.state}: ${sync.why}`)
      return took
    }
    const rounds = isQuick ? 5 : 15
    const [whole = 0, base = 0, decoded = 0] = await medians(rounds, 3, [apply, parse, decode])
    const ns = (ms: number): number => (ms * 1e6) / levels
    const name = "depth frame to applied book, per level"
    const row = ratioRow(name, "ns", ns(whole), ns(base), `JSON.parse alone, ${from}`, 0.75)
    return [
      // The budget speaks of a real market's frames.
      isCaptured ? row : unjudged(row),
      valueRow("  of which decoding, per level", "ns", ns(decoded), ""),
    ]
  },
}

/** A book with the image that the first of these diffs follow: earlier ones are passed over as in a real start. */
function started(diffs: readonly Frame[], image: string): BookSync {
  const sync = new BookSync({ name: "bench", rule: venue.book })
  sync.connected(1)
  const outcome = venue.response("orderbook", { inst: "BTC_USDT_PERP", depth: 1_000 }, 200, image)
  if (outcome.kind !== "accepted") throw new Error("the image cannot be read")
  // One that is older than the image, so that an image is asked for; the book is then measured from its bridge on.
  sync.accept(venue.decode(diffs[0]?.bytes ?? "", 1).events[0] as Lob)
  sync.asked()
  sync.image(outcome.value, 1)
  return sync
}

function levelsOf(text: string): number {
  const { data } = JSON.parse(text) as { data: { b: unknown[]; a: unknown[] } }
  return data.b.length + data.a.length
}

function timed(work: () => void): number {
  const startedAt = performance.now()
  work()
  return performance.now() - startedAt
}
