import type { Random } from "../../../runtime/ports.ts"
import { exponential, normal } from "../../matching/random.ts"
import type { PublicTrade } from "./pit.ts"

/** About as busy as the made-up candles before it: 900 trades a minute. */
const GAP_MS = 1_000 / 15
const COUNT = 1_200

interface PastOptions {
  /** Price at the end, where the order flow begins. */
  readonly ticks: number
  /** Typical size of one order. */
  readonly lots: number
  readonly random: Random
  /** All are before. */
  readonly endMs: number
  /** All ids are below, and follow on each other. */
  readonly endId: bigint
}

/** Trades before the start, oldest first, made up from a seed: the price is walked backwards from the one everything starts at. */
export function pastTrades({ ticks, lots, random, endMs, endId }: PastOptions): readonly PublicTrade[] {
  const past: PublicTrade[] = []
  let [at, price] = [endMs - 1, ticks]
  for (let number = 1; number <= COUNT; number++) {
    const side = random.next() < 0.5 ? 1 : -1
    const size = Math.max(1, Math.round(exponential(random, lots)))
    past.push({ id: endId - BigInt(number), ticks: price, lots: size, side, ms: Math.floor(at) })
    at -= exponential(random, GAP_MS)
    // Most trades are at the price of the one before.
    if (random.next() < 0.4) price = Math.max(1, price + Math.round(normal(random) * 2))
  }
  return past.reverse()
}
