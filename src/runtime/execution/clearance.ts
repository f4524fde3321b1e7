/**
 * The risk rules for the hot path: whether an order satisfies all of them beyond doubt, in plain numbers. False only
 * means that exact arithmetic (`violations`) must decide, so a rounding error can cost time, never let an order through.
 */
import { isZero, placesOf, toNumber } from "../domain/decimal.ts"
import type { InstrumentInfo } from "../domain/instrument.ts"
import { isSizeBounded, type RiskLimits, sizeMaxOf } from "../domain/limits.ts"
import type { OrderRequest } from "../domain/order.ts"

/** An instrument's rules and the bot's limits for it as numbers: steps as whole units of their last decimal. */
export interface Grid {
  readonly sizePlaces: number
  readonly lot: number
  readonly pricePlaces: number
  readonly tick: number
  /** Sizes in whole units, amounts of money as they are. */
  readonly limitMin: number
  readonly limitMax: number
  readonly marketMin: number
  readonly marketMax: number
  readonly notionalMin: number
  readonly coinsPerUnit: number
  readonly isLive: boolean
  readonly sizeMax: number
  readonly notionalMax: number
  readonly positionMax: number
  readonly ordersMax: number
  readonly openMax: number
}

/** What the request meets, as numbers; the mode, the venue and blocks are the caller's to test first. */
export interface Situation {
  readonly own: number
  readonly openSameSide: number
  readonly openOrders: number
  readonly ordersLastMinute: number
  /** Wanted where `needsPrice` says so. */
  readonly referencePrice: number | undefined
}

/** Numbers within this share of a bound are too close to call. */
const MARGIN = 1e-9
const PLACES_MAX = 15

export function gridOf(info: InstrumentInfo, limits: RiskLimits): Grid {
  const sizePlaces = placesOf(info.lotSize)
  const pricePlaces = placesOf(info.tickSize)
  const bound = (text: string | undefined): number => (text === undefined ? Infinity : toNumber(text) * (1 - MARGIN))
  // Sizes are compared as whole units: orders of exactly the smallest or largest size are usual.
  const most = (text: string | undefined): number => (text === undefined ? Infinity : unitsOf(text, sizePlaces))
  const least = (text: string): number => (isZero(text) ? 0 : unitsOf(text, sizePlaces))
  return {
    sizePlaces,
    lot: unitsOf(info.lotSize, sizePlaces),
    pricePlaces,
    tick: unitsOf(info.tickSize, pricePlaces),
    limitMin: least(info.limitSizeMin),
    limitMax: most(info.limitSizeMax),
    marketMin: least(info.marketSizeMin),
    marketMax: most(info.marketSizeMax),
    notionalMin: info.notionalMin === undefined ? 0 : toNumber(info.notionalMin) * (1 + MARGIN),
    coinsPerUnit: coinsPerUnitOf(info),
    isLive: info.status === "live",
    sizeMax: isSizeBounded(limits, info.inst) ? most(sizeMaxOf(limits, info.inst)) : 0,
    notionalMax: bound(limits.orderNotionalMax),
    positionMax: bound(limits.positionNotionalMax),
    ordersMax: limits.ordersPerMinuteMax ?? Infinity,
    openMax: limits.openOrdersMax ?? Infinity,
  }
}

/** NaN, which clears nothing, where a contract stands for money and not for coins. */
function coinsPerUnitOf({ contractValue, contractUnit }: InstrumentInfo): number {
  if (contractUnit === "quote") return Number.NaN
  return contractValue === undefined ? 1 : toNumber(contractValue)
}

/** `text` in whole units of 10^-places; NaN where it is no plain number above zero of so many decimals at most. */
export function unitsOf(text: string, places: number): number {
  let units = 0
  let decimals = -1
  if (text.length === 0 || text.length > PLACES_MAX || text.charCodeAt(0) === 46) return Number.NaN
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 46 && decimals < 0) decimals = 0
    else if (code < 48 || code > 57) return Number.NaN
    else {
      units = units * 10 + (code - 48)
      if (decimals >= 0) decimals++
    }
  }
  if (decimals === 0) return Number.NaN
  const missing = places - Math.max(decimals, 0)
  if (missing < 0 || units === 0) return Number.NaN
  for (let at = 0; at < missing; at++) units *= 10
  return units <= Number.MAX_SAFE_INTEGER ? units : Number.NaN
}

const isOnStep = (units: number, step: number): boolean => units % step === 0

/** Of a well-formed request: words and texts are the caller's to test first. */
export function isClear(grid: Grid, request: OrderRequest, situation: Situation): boolean {
  const isMarket = request.type === "market"
  if (!grid.isLive) return false
  const units = unitsOf(request.size, grid.sizePlaces)
  if (!isOnStep(units, grid.lot)) return false
  // Written so that a bound which is no whole unit (NaN) clears nothing.
  if (
    !(units >= (isMarket ? grid.marketMin : grid.limitMin)) ||
    !(units <= (isMarket ? grid.marketMax : grid.limitMax))
  )
    return false
  if (!(units <= grid.sizeMax)) return false
  if (isMarket === (request.price !== undefined)) return false
  if (!isMarket && !isOnStep(unitsOf(request.price ?? "", grid.pricePlaces), grid.tick)) return false
  return isWithinLimits(grid, request, situation)
}

/** A buyer's limit is the most it pays; every other order is valued at what the market pays, where its value is limited. */
export const needsPrice = (grid: Grid, request: OrderRequest): boolean =>
  request.type === "market" || (request.side === "SELL" && isValued(grid))

const isValued = ({ notionalMax, positionMax }: Grid): boolean => notionalMax !== Infinity || positionMax !== Infinity

function isWithinLimits(grid: Grid, request: OrderRequest, situation: Situation): boolean {
  if (situation.ordersLastMinute >= grid.ordersMax || situation.openOrders >= grid.openMax) return false
  const market = situation.referencePrice ?? Number.NaN
  const price = request.type === "market" ? market : Number(request.price)
  const size = Number(request.size)
  // What the venue's own minimum is held against is the order's price, whatever it fills at.
  if (request.reduceOnly !== true && !(size * price * grid.coinsPerUnit >= grid.notionalMin)) return false
  if (!isValued(grid)) return !Number.isNaN(grid.coinsPerUnit)
  const worth = (request.side === "SELL" ? Math.max(price, market) : price) * grid.coinsPerUnit
  const adding = size + situation.openSameSide
  const after = Math.abs(request.side === "BUY" ? situation.own + adding : situation.own - adding)
  // What the sum above may have lost to rounding when its parts are large and nearly cancel.
  const slack = (Math.abs(situation.own) + adding) * 1e-12
  return size * worth <= grid.notionalMax && (after + slack) * worth <= grid.positionMax
}
