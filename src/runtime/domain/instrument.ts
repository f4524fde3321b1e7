import { ceilTo, compare, type Decimal, floorTo, isMultiple, isZero, over, times } from "./decimal.ts"
import type { Inst } from "./inst.ts"
import type { InstrumentType, Market } from "./market.ts"

export type InstrumentStatus = "live" | "suspended" | "pre-open" | "delisting" | "closed"

/** One listed instrument. Sizes are in the venue's native unit, which `sizeUnit` names. */
export interface InstrumentInfo {
  readonly market: Market
  readonly inst: Inst
  /** The venue's own name. */
  readonly symbol: string
  readonly type: InstrumentType
  readonly status: InstrumentStatus
  readonly sizeUnit: "coin" | "contract"
  /** Price step. "0": the venue fixes none. */
  readonly tickSize: Decimal
  /** Size step. */
  readonly lotSize: Decimal
  readonly limitSizeMin: Decimal
  readonly limitSizeMax?: Decimal
  readonly marketSizeMin: Decimal
  readonly marketSizeMax?: Decimal
  readonly notionalMin?: Decimal
  readonly leverageMax?: number
  /** Coins one contract stands for; absent where sizes are coins. */
  readonly contractValue?: Decimal
  /** Fractions, e.g. "0.0004"; absent where the venue's listing does not tell. */
  readonly takerFee?: Decimal
  readonly makerFee?: Decimal
  /** Venue's numeric code where orders need one (OKX instIdCode, Hyperliquid asset). */
  readonly code?: string
}

/** Price on the venue's grid that never crosses the wished one: down for a buyer, up for a seller. */
export function priceOnTick(info: InstrumentInfo, side: "BUY" | "SELL", price: Decimal): Decimal {
  if (isZero(info.tickSize)) return price
  return side === "BUY" ? floorTo(price, info.tickSize) : ceilTo(price, info.tickSize)
}

/** Size on the venue's grid, never above the wished one. */
export const sizeOnLot = (info: InstrumentInfo, size: Decimal): Decimal => floorTo(size, info.lotSize)

/** Native size → coins. */
export const toCoins = (info: InstrumentInfo, size: Decimal): Decimal =>
  info.contractValue === undefined ? size : times(size, info.contractValue)

/** Coins → native size on the lot grid, never above the wished one. */
export const fromCoins = (info: InstrumentInfo, coins: Decimal): Decimal =>
  sizeOnLot(info, info.contractValue === undefined ? coins : over(coins, info.contractValue, 18))

/** Everything about an order's price and size that the venue would refuse; empty where it is fine. */
export function orderMistakes(
  info: InstrumentInfo,
  order: { type: "limit" | "market"; size: Decimal; price?: Decimal; reduceOnly?: boolean },
): string[] {
  const mistakes: string[] = []
  const least = order.type === "market" ? info.marketSizeMin : info.limitSizeMin
  const most = order.type === "market" ? info.marketSizeMax : info.limitSizeMax
  if (!isMultiple(order.size, info.lotSize))
    mistakes.push(`size ${order.size} is not a multiple of lot ${info.lotSize}`)
  if (compare(order.size, least) < 0) mistakes.push(`size ${order.size} is below the minimum ${least}`)
  if (most !== undefined && compare(order.size, most) > 0)
    mistakes.push(`size ${order.size} is above the maximum ${most}`)
  if (order.price === undefined) return mistakes
  if (!isZero(info.tickSize) && !isMultiple(order.price, info.tickSize)) {
    mistakes.push(`price ${order.price} is not a multiple of tick ${info.tickSize}`)
  }
  const notional = times(order.price, toCoins(info, order.size))
  if (info.notionalMin !== undefined && order.reduceOnly !== true && compare(notional, info.notionalMin) < 0) {
    mistakes.push(`notional ${notional} is below the minimum ${info.notionalMin}`)
  }
  return mistakes
}
