/** What executions add up to: average cost, exact but for the cost of a part that is closed. */
import {
  absolute,
  compare,
  type Decimal,
  isNegative,
  isZero,
  minus,
  negate,
  over,
  plus,
  times,
} from "../domain/decimal.ts"
import type { Fill } from "../domain/order.ts"

/** The cost of a closed part is truncated here, as finely as assets are booked; the rest stays with the open part. */
const COST_PLACES = 8

export interface Holding {
  /** Signed, native unit. */
  size: Decimal
  /** What the held size cost: signed like it, in native size × price. */
  cost: Decimal
  realized: Decimal
  /** Paid, by asset. */
  readonly fees: Map<string, Decimal>
}

export const emptyHolding = (): Holding => ({ size: "0", cost: "0", realized: "0", fees: new Map() })

export const copyOf = (holding: Holding): Holding => ({ ...holding, fees: new Map(holding.fees) })

export const signed = (fill: Fill): Decimal => (fill.side === "BUY" ? fill.size : negate(fill.size))

/** Counts one execution that came after all those counted before. */
export function add(holding: Holding, fill: Fill): void {
  const size = signed(fill)
  if (isZero(holding.size) || isNegative(holding.size) === isNegative(size)) open(holding, size, fill.price)
  else if (compare(fill.size, absolute(holding.size)) <= 0) close(holding, size, fill.price)
  else {
    const rest = plus(size, holding.size)
    close(holding, negate(holding.size), fill.price)
    open(holding, rest, fill.price)
  }
  addTo(holding.fees, fill.feeAsset, fill.fee)
}

export function addTo(sums: Map<string, Decimal>, asset: string, amount: Decimal): void {
  sums.set(asset, plus(sums.get(asset) ?? "0", amount))
}

function open(holding: Holding, size: Decimal, price: Decimal): void {
  holding.size = plus(holding.size, size)
  holding.cost = plus(holding.cost, times(size, price))
}

/** `size` has the opposite sign of the holding and is not larger. */
function close(holding: Holding, size: Decimal, price: Decimal): void {
  const costOfClosed = over(times(holding.cost, negate(size)), holding.size, COST_PLACES)
  // A long closed at `price` brings −size × price for what cost `costOfClosed`; a short the same with both signs turned.
  holding.realized = plus(holding.realized, minus(times(negate(size), price), costOfClosed))
  holding.size = plus(holding.size, size)
  holding.cost = minus(holding.cost, costOfClosed)
}

/**
 * Whether `a` happened before `b` at the venue: by time, then by trade id, whose numbers rise; of a trade with oneself the
 * resting order is booked first.
 */
export function isBefore(a: Fill, b: Fill): boolean {
  if (a.timestamp !== b.timestamp) return a.timestamp < b.timestamp
  if (a.tradeId === b.tradeId) return a.isMaker && !b.isMaker
  if (a.tradeId.length !== b.tradeId.length) return a.tradeId.length < b.tradeId.length
  return a.tradeId < b.tradeId
}

export const byTime = (a: Fill, b: Fill): number => (isBefore(a, b) ? -1 : isBefore(b, a) ? 1 : 0)
