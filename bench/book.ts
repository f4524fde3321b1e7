// ns a level to apply realistic diffs to a book of a given depth.
import { Book } from "../src/runtime/book/book.ts"
import type { Levels } from "../src/runtime/domain/events.ts"
import { seededRandom } from "../src/runtime/simulation/random.ts"
import { type Bench, median, valueRow } from "./measure.ts"

// As on a captured BTCUSDT tape: 34 levels a side in a diff, in price order; 59 % change a level that is there, 19 % put a
// new one, 22 % delete; denser near the best.
const levelsInDiff = 34
const diffs = 4_000
const rounds = 5
const middle = 50_000

interface Change {
  readonly bids: Levels
  readonly asks: Levels
}

/** Prices stand on every second tick, so that there is room for new ones. */
function imageOf(depth: number): Change {
  const side = (direction: 1 | -1): Levels =>
    new Float64Array(
      Array.from({ length: depth }, (_, rank) => [middle + direction * (2 * rank + 2), 1 + (rank % 7)]).flat(),
    )
  return { bids: side(-1), asks: side(1) }
}

function change(depth: number, direction: 1 | -1, next: () => number): Levels {
  const levels = new Map<number, number>()
  const most = Math.min(levelsInDiff, depth)
  for (let level = 0; level < most; level++) {
    const rank = Math.floor(depth * next() ** 3)
    const isBetween = next() < 0.41
    const price = middle + direction * (2 * rank + (isBetween ? 3 : 2))
    levels.set(price, isBetween && next() < 0.5 ? 0 : 1 + Math.floor(next() * 9))
  }
  return new Float64Array([...levels].sort(([a], [b]) => a - b).flat())
}

function measure(depth: number): number {
  const random = seededRandom(`book ${depth}`)
  const image = imageOf(depth)
  const changes: Change[] = Array.from({ length: diffs }, () => ({
    bids: change(depth, -1, () => random.next()),
    asks: change(depth, 1, () => random.next()),
  }))
  const levels = changes.reduce((sum, { bids, asks }) => sum + (bids.length + asks.length) / 2, 0)
  const results = Array.from({ length: rounds }, () => {
    const book = new Book()
    book.replace(image.bids, image.asks)
    const start = performance.now()
    for (const { bids, asks } of changes) book.apply(bids, asks)
    return ((performance.now() - start) * 1e6) / levels
  })
  return median(results)
}

export const bench: Bench = {
  name: "book",
  run: () =>
    [20, 1_000, 5_000].map((depth) => valueRow(`book apply at depth ${depth}, per level`, "ns", measure(depth), "")),
}
