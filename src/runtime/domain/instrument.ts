import {
  absolute,
  ceilTo,
  compare,
  type Decimal,
  floorTo,
  isMultiple,
  isPositive,
  isZero,
  negate,
  over,
  placesOf,
  times,
} from "./decimal.ts"
import { UsageError } from "./errors.ts"
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
  /** Price step. "0": the venue fixes none, but perhaps the two below. */
  readonly tickSize: Decimal
  /** Significant figures that a price with decimals may have; whole numbers may always be (Hyperliquid, "Tick and lot size"). */
  readonly priceFiguresMax?: number
  /** Decimals that a price may have where there is no step. */
  readonly pricePlacesMax?: number
  /** Size step. */
  readonly lotSize: Decimal
  readonly limitSizeMin: Decimal
  readonly limitSizeMax?: Decimal
  readonly marketSizeMin: Decimal
  readonly marketSizeMax?: Decimal
  readonly notionalMin?: Decimal
  readonly leverageMax?: number
  /** What one contract stands for, the venue's multiplier included; absent where sizes are coins. */
  readonly contractValue?: Decimal
  /** Of what: coins of the base, or (`BTC_USD_PERP` at 100 USD each) money of the quote. `coin` where absent. */
  readonly contractUnit?: "coin" | "quote"
  /** Fractions, e.g. "0.0004"; absent where the venue's listing does not tell. */
  readonly takerFee?: Decimal
  readonly makerFee?: Decimal
  /** Venue's numeric code where orders need one (OKX instIdCode, Hyperliquid asset). */
  readonly code?: string
}

/** Price on the venue's grid that never crosses the wished one: down for a buyer, up for a seller. */
export function priceOnTick(info: InstrumentInfo, side: "BUY" | "SELL", price: Decimal): Decimal {
  const tick = tickAt(info, price)
  if (tick === undefined) return price
  return side === "BUY" ? floorTo(price, tick) : ceilTo(price, tick)
}

/** The price step around a price, where there is one: it grows with the price where figures are limited. */
export function tickAt(info: InstrumentInfo, price: Decimal): Decimal | undefined {
  if (!isZero(info.tickSize)) return info.tickSize
  const { priceFiguresMax, pricePlacesMax } = info
  if (priceFiguresMax === undefined && pricePlacesMax === undefined) return undefined
  const figures = priceFiguresMax === undefined ? Infinity : Math.max(0, priceFiguresMax - magnitudeOf(price))
  const places = Math.min(figures, pricePlacesMax ?? Infinity)
  return places === 0 ? "1" : `0.${"0".repeat(places - 1)}1`
}

/** Digits before the point; of what is below one, minus the zeros after the point: 12.5 has 2, 0.5 has 0, 0.0012 has -2. */
function magnitudeOf(price: Decimal): number {
  const [whole = "", fraction = ""] = absolute(price).split(".")
  return whole === "0" ? -(/^0*/.exec(fraction)?.[0].length ?? 0) : whole.length
}

/**
 * Size on the venue's grid, never more than the wished one; with `up` the least that is not less. A size with a sign is
 * rounded as its amount is: a short of 0.5 at a lot of 1 is 0, not a short of 1.
 */
export function sizeOnLot(info: InstrumentInfo, size: Decimal, direction: "down" | "up" = "down"): Decimal {
  const round = direction === "down" ? floorTo : ceilTo
  return size.startsWith("-") ? negate(round(negate(size), info.lotSize)) : round(size, info.lotSize)
}

/**
 * The size nearest to the wished one, and not more than it, that an order of this type may have: on the grid and not above
 * the venue's maximum. Undefined where nothing is left that the venue would take.
 */
export function sizeWithin(info: InstrumentInfo, type: "limit" | "market", size: Decimal): Decimal | undefined {
  const [least, most] = sizeBounds(info, type)
  const wished = most !== undefined && compare(size, most) > 0 ? most : size
  const rounded = sizeOnLot(info, wished)
  return compare(rounded, least) < 0 || !isPositive(rounded) ? undefined : rounded
}

const sizeBounds = (info: InstrumentInfo, type: "limit" | "market"): [least: Decimal, most: Decimal | undefined] =>
  type === "market" ? [info.marketSizeMin, info.marketSizeMax] : [info.limitSizeMin, info.limitSizeMax]

/** Decimals of a conversion that does not come out even: more than any venue's size or coin has. */
const CONVERTED_PLACES = 18

/**
 * Native size → coins. Exact, but where a contract stands for money: such a size is worth coins at a price only, and the
 * quotient is cut after 18 decimals. UsageError without that price.
 */
export function toCoins(info: InstrumentInfo, size: Decimal, price?: Decimal): Decimal {
  if (info.contractValue === undefined) return size
  const worth = times(size, info.contractValue)
  return info.contractUnit === "quote" ? over(worth, priceFor(info, price), CONVERTED_PLACES) : worth
}

/** Coins → native size on the lot grid, never more than the wished one. `price` as in `toCoins`. */
export function fromCoins(info: InstrumentInfo, coins: Decimal, price?: Decimal): Decimal {
  if (info.contractValue === undefined) return sizeOnLot(info, coins)
  const worth = info.contractUnit === "quote" ? times(coins, priceFor(info, price)) : coins
  return sizeOnLot(info, over(worth, info.contractValue, placesOf(info.lotSize) + CONVERTED_PLACES))
}

/** What a native size is worth in the quote at a price. Exact. */
export const notionalOf = (info: InstrumentInfo, size: Decimal, price: Decimal): Decimal =>
  info.contractUnit === "quote" ? times(size, info.contractValue ?? "1") : times(price, toCoins(info, size))

function priceFor({ market, inst, contractValue }: InstrumentInfo, price: Decimal | undefined): Decimal {
  if (price !== undefined && isPositive(price)) return price
  const each = `a contract of ${inst} on ${market} is worth ${contractValue} of the quote`
  throw new UsageError(price === undefined ? `${each}: say at which price` : `${each}: ${price} is no price`)
}

/** Everything about an order's price and size that the venue would refuse; empty where it is fine. */
export function orderMistakes(
  info: InstrumentInfo,
  order: { type: "limit" | "market"; size: Decimal; price?: Decimal; reduceOnly?: boolean },
): string[] {
  const mistakes: string[] = []
  const [least, most] = sizeBounds(info, order.type)
  if (!isMultiple(order.size, info.lotSize))
    mistakes.push(`size ${order.size} is not a multiple of lot ${info.lotSize}`)
  if (compare(order.size, least) < 0) mistakes.push(`size ${order.size} is below the minimum ${least}`)
  if (most !== undefined && compare(order.size, most) > 0)
    mistakes.push(`size ${order.size} is above the maximum ${most}`)
  if (order.price === undefined) return mistakes
  const tick = tickAt(info, order.price)
  if (tick !== undefined && !isMultiple(order.price, tick)) {
    mistakes.push(`price ${order.price} is not a multiple of tick ${tick}`)
  }
  const notional = notionalOf(info, order.size, order.price)
  if (info.notionalMin !== undefined && order.reduceOnly !== true && compare(notional, info.notionalMin) < 0) {
    mistakes.push(`notional ${notional} is below the minimum ${info.notionalMin}`)
  }
  return mistakes
}
