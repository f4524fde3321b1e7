import { over } from "../../../runtime/domain/decimal.ts"
import type { InstrumentInfo } from "../../../runtime/domain/instrument.ts"
import { instrument, type Instrument, type InstrumentSpec, toText } from "../../matching/instrument.ts"

/** An instrument as the venue lists it: filters as exchangeInfo states them, and where its simulated price begins. */
export interface ListingSpec extends InstrumentSpec {
  readonly base: string
  readonly minPrice: string
  readonly maxPrice: string
  /** Of the contract: TRADING where absent. */
  readonly status?: string
  /** The steps that prices and sizes are counted in, where they are finer than those that orders may have now. */
  readonly steps?: Steps
  readonly maxLots: number
  readonly maxMarketLots: number
  /** Whole units of the quote asset. */
  readonly minNotional: number
  readonly leverageMax: number
  readonly startTicks: number
  /** Typical size of one order of the flow, and the mean distance of its quotes from the fair price. */
  readonly flowLots: number
  readonly flowTicks: number
}

export interface Listing extends ListingSpec, Instrument {}

/** Decimal text of the steps that all of an instrument's prices and sizes are multiples of, whatever its listing becomes. */
export interface Steps {
  readonly price: string
  readonly size: string
}

export function listing(spec: ListingSpec): Listing {
  const { price: tick, size: lot } = spec.steps ?? { price: spec.tick, size: spec.lot }
  return { ...instrument({ ...spec, tick, lot }), ...spec }
}

/** Orders that open a position are taken in this one only. */
export const TRADING = "TRADING"

/** Words of the venue's contract status; it has none of its own for a suspension, which spot calls HALT. */
const STATUSES: Readonly<Record<InstrumentInfo["status"], string>> = {
  live: TRADING,
  "pre-open": "PENDING_TRADING",
  suspended: "HALT",
  delisting: "SETTLING",
  closed: "CLOSE",
}

const shared = { quote: "USDT", makerFeePpm: 200, takerFeePpm: 500 } as const

/** Filters close to the venue's own in 2026. */
export const DEFAULT_LISTINGS: readonly ListingSpec[] = [
  {
    ...shared,
    symbol: "BTCUSDT",
    base: "BTC",
    tick: "0.10",
    lot: "0.001",
    minPrice: "556.80",
    maxPrice: "4529764.00",
    maxLots: 1_000_000,
    maxMarketLots: 120_000,
    minNotional: 100,
    leverageMax: 125,
    startTicks: 618_002,
    flowLots: 60,
    flowTicks: 80,
  },
  {
    ...shared,
    symbol: "ETHUSDT",
    base: "ETH",
    tick: "0.01",
    lot: "0.001",
    minPrice: "39.86",
    maxPrice: "306177.00",
    maxLots: 10_000_000,
    maxMarketLots: 2_000_000,
    minNotional: 20,
    leverageMax: 100,
    startTicks: 268_035,
    flowLots: 900,
    flowTicks: 60,
  },
  {
    ...shared,
    symbol: "SOLUSDT",
    base: "SOL",
    tick: "0.0100",
    lot: "0.01",
    minPrice: "0.4200",
    maxPrice: "6857.0000",
    maxLots: 100_000_000,
    maxMarketLots: 1_000_000,
    minNotional: 5,
    leverageMax: 75,
    startTicks: 16_210,
    flowLots: 1_500,
    flowTicks: 30,
  },
]

const PRICE_STEPS_MAX = 1_000_000_000

/**
 * As the venue itself listed it; the least notional in whole units. What it does not tell is as with the others here.
 * `steps` where it was or will be listed with other ones as well.
 */
export function listingOf(info: InstrumentInfo, steps?: Steps): ListingSpec {
  const { inst, symbol, tickSize, lotSize, limitSizeMax, marketSizeMax, notionalMin = "5", leverageMax = 20 } = info
  const [base = "", quote = ""] = inst.split("_")
  const { price: tick, size: lot } = steps ?? { price: tickSize, size: lotSize }
  const lots = (size: string | undefined): number => (size === undefined ? 1_000_000_000 : Number(over(size, lot, 0)))
  return {
    symbol,
    base,
    quote,
    tick: tickSize,
    lot: lotSize,
    status: STATUSES[info.status],
    ...(steps === undefined ? {} : { steps }),
    makerFeePpm: shared.makerFeePpm,
    takerFeePpm: shared.takerFeePpm,
    minPrice: tickSize,
    maxPrice: toText(PRICE_STEPS_MAX, instrument({ ...shared, symbol, tick, lot }).price),
    maxLots: lots(limitSizeMax),
    maxMarketLots: lots(marketSizeMax),
    minNotional: Math.ceil(Number(notionalMin)),
    leverageMax,
    startTicks: 1,
    flowLots: 1,
    flowTicks: 1,
  }
}

const ORDER_TYPES = [
  "LIMIT",
  "MARKET",
  "STOP",
  "STOP_MARKET",
  "TAKE_PROFIT",
  "TAKE_PROFIT_MARKET",
  "TRAILING_STOP_MARKET",
]

/** One entry of exchangeInfo's `symbols`. */
export function symbolInfo(of: Listing) {
  const minQty = of.lot
  return {
    symbol: of.symbol,
    pair: of.symbol,
    contractType: "PERPETUAL",
    deliveryDate: 4_133_404_800_000,
    onboardDate: 1_569_398_400_000,
    status: of.status ?? TRADING,
    maintMarginPercent: "2.5000",
    requiredMarginPercent: "5.0000",
    baseAsset: of.base,
    quoteAsset: of.quote,
    marginAsset: of.quote,
    pricePrecision: of.price.places,
    quantityPrecision: of.size.places,
    baseAssetPrecision: 8,
    quotePrecision: 8,
    underlyingType: "COIN",
    underlyingSubType: ["Layer-1"],
    triggerProtect: "0.0500",
    liquidationFee: "0.012500",
    marketTakeBound: "0.05",
    maxMoveOrderLimit: 10_000,
    filters: [
      { filterType: "PRICE_FILTER", minPrice: of.minPrice, maxPrice: of.maxPrice, tickSize: of.tick },
      { filterType: "LOT_SIZE", minQty, maxQty: toText(of.maxLots, of.size), stepSize: of.lot },
      { filterType: "MARKET_LOT_SIZE", minQty, maxQty: toText(of.maxMarketLots, of.size), stepSize: of.lot },
      { filterType: "MAX_NUM_ORDERS", limit: openOrdersMax },
      { filterType: "MAX_NUM_ALGO_ORDERS", limit: 10 },
      { filterType: "MIN_NOTIONAL", notional: String(of.minNotional) },
      { filterType: "PERCENT_PRICE", multiplierUp: "1.0500", multiplierDown: "0.9500", multiplierDecimal: "4" },
    ],
    orderTypes: ORDER_TYPES,
    timeInForce: ["GTC", "IOC", "FOK", "GTX", "GTD"],
  }
}

export const openOrdersMax = 200
/** PERCENT_PRICE: a buy may not be priced above the mark times this over 100, a sell not below the mark times its counterpart. */
export const percentPrice = { up: 105, down: 95 } as const
