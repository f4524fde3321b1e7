import type { Instrument } from "./instrument.ts"
import { type Fill, openLots, type Order, type Side } from "./order.ts"

/** One-way: one signed position an instrument. Costs and profits are money units, exact. */
export interface Position {
  readonly symbol: string
  /** Signed. */
  lots: number
  /** What the open part cost, with the sign of `lots`; entry price = cost / lots. */
  cost: bigint
  realized: bigint
  /** Paid. */
  fees: bigint
  /** Received. */
  funding: bigint
  updatedAt: number
}

export interface Account {
  readonly id: string
  /** Wallet balance by asset. */
  readonly wallet: Map<string, bigint>
  readonly positions: Map<string, Position>
  readonly leverage: Map<string, number>
  /** Open orders by id, oldest first, and by client id. */
  readonly open: Map<bigint, Order>
  readonly openByClientId: Map<string, Order>
  /** Every order it had, oldest first; the oldest ended ones are forgotten past `ordersKept`. */
  readonly orders: Map<bigint, Order>
  readonly fills: Fill[]
}

export const ordersKept = 20_000
export const fillsKept = 20_000
export const leverageDefault = 20

export const account = (id: string, balances: ReadonlyMap<string, bigint>): Account => ({
  id,
  wallet: new Map(balances),
  positions: new Map(),
  leverage: new Map(),
  open: new Map(),
  openByClientId: new Map(),
  orders: new Map(),
  fills: [],
})

export function positionOf(account: Account, symbol: string): Position {
  const known = account.positions.get(symbol)
  if (known !== undefined) return known
  const position: Position = { symbol, lots: 0, cost: 0n, realized: 0n, fees: 0n, funding: 0n, updatedAt: 0 }
  account.positions.set(symbol, position)
  return position
}

/**
 * Books a fill into the position and returns the profit it realized, before fees. The cost of a closed part is its share of the
 * whole cost, truncated; the rest stays with the open part, so that nothing is lost to rounding over a position's life.
 */
export function settle(
  position: Position,
  of: Instrument,
  side: Side,
  ticks: number,
  lots: number,
  now: number,
): bigint {
  position.updatedAt = now
  const value = BigInt(ticks) * of.moneyUnit
  const closing = position.lots * side < 0 ? Math.min(lots, Math.abs(position.lots)) : 0
  let realized = 0n
  if (closing > 0) {
    const cost = (position.cost * BigInt(closing)) / BigInt(Math.abs(position.lots))
    realized = value * BigInt(-side * closing) - cost
    position.cost -= cost
    position.lots += side * closing
    position.realized += realized
  }
  const opening = lots - closing
  if (opening > 0) {
    position.lots += side * opening
    position.cost += value * BigInt(side * opening)
  }
  return realized
}

/** What closing the position at `ticks` would realize. */
export const unrealized = (position: Position, of: Instrument, ticks: number): bigint =>
  BigInt(position.lots) * BigInt(ticks) * of.moneyUnit - position.cost

/** Entry price as decimal text with `places` decimals, rounded half away from zero; "0" for a flat position. */
export function entryText(position: Position, of: Instrument, places: number): string {
  if (position.lots === 0) return "0." + "0".repeat(places)
  // cost [10^-8] / (lots × stepUnits × 10^-size.places) → units of 10^-places.
  const numerator = (position.cost < 0n ? -position.cost : position.cost) * 10n ** BigInt(of.size.places + places)
  const denominator = BigInt(Math.abs(position.lots) * of.size.stepUnits) * 10n ** 8n
  const units = ((numerator * 2n + denominator) / (denominator * 2n)).toString().padStart(places + 1, "0")
  return places === 0 ? units : units.slice(0, -places) + "." + units.slice(-places)
}

/** Share of a notional, in parts per million, rounded half up: the fee of a fill. */
export const share = (notional: bigint, ppm: number): bigint => {
  const product = notional * BigInt(ppm)
  return product < 0n ? (product - 500_000n) / 1_000_000n : (product + 500_000n) / 1_000_000n
}

/** The largest position, in lots, that the open orders could lead to. */
export function exposureLots(account: Account, symbol: string, extra?: { side: Side; lots: number }): number {
  const lots = account.positions.get(symbol)?.lots ?? 0
  let buying = extra?.side === 1 ? extra.lots : 0
  let selling = extra?.side === -1 ? extra.lots : 0
  for (const order of account.open.values()) {
    if (order.symbol !== symbol || order.reduceOnly) continue
    if (order.side === 1) buying += openLots(order)
    else selling += openLots(order)
  }
  return Math.max(Math.abs(lots + buying), Math.abs(lots - selling))
}
