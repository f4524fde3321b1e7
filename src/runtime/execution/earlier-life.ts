/** Whose a position is, where the database that knew is lost. Pure: what the venue shows in, own orders out. */
import { type Decimal, isPositive, isZero, minus, plus } from "../domain/decimal.ts"
import type { OrderDetail } from "../domain/operation.ts"
import type { Fill } from "../domain/order.ts"

/**
 * The newest own orders whose fills, all of them, add up to the position from nothing: back to the last time that it was flat.
 * Those still open and filled in part are always among them. Undefined where the orders shown do not explain it: somebody
 * else traded too, or they go back too little. `orders` are own ones by their venue's id, `fills` of whomever.
 */
export function ordersBehind(
  position: Decimal,
  orders: ReadonlyMap<string, OrderDetail>,
  fills: readonly Fill[],
): ReadonlySet<string> | undefined {
  /** Taken orders of which older fills must follow, with how much. */
  const missing = new Map<string, Decimal>()
  for (const [orderId, { status, filledSize }] of orders) {
    if (status === "open" && isPositive(filledSize)) missing.set(orderId, filledSize)
  }
  const taken = new Set(missing.keys())
  let left = position
  if (isZero(left) && missing.size === 0) return taken
  for (const { orderId, side, size } of fills.toSorted(newestFirst)) {
    const order = orders.get(orderId)
    if (order === undefined) continue
    left = side === "BUY" ? minus(left, size) : plus(left, size)
    const rest = minus(taken.has(orderId) ? (missing.get(orderId) ?? "0") : order.filledSize, size)
    taken.add(orderId)
    if (isPositive(rest)) missing.set(orderId, rest)
    else missing.delete(orderId)
    if (isZero(left) && missing.size === 0) return taken
  }
  return undefined
}

/** Venues count their trades up within an inst, in numbers beyond what a number holds. */
const newestFirst = (a: Fill, b: Fill): number =>
  b.timestamp - a.timestamp || b.tradeId.length - a.tradeId.length || (a.tradeId < b.tradeId ? 1 : -1)
