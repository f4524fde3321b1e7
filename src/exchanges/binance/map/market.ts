import { WireError } from "../../../runtime/domain/errors.ts"
import { type Candle, type Decoded, INTERVALS, type Interval, type Trade } from "../../../runtime/domain/events.ts"
import type {
  BookImage,
  CandleRow,
  FundingRate,
  Operations,
  ParamsOf,
  ResultOf,
  Ticker,
} from "../../../runtime/domain/operation.ts"
import { NOTHING, one } from "../../kit/frame.ts"
import type { Json, JsonObject } from "../../kit/json.ts"
import * as read from "../../kit/read.ts"
import { depthEvent, tickerEvent } from "../scan.ts"
import {
  type AggTradeFrame,
  type DepthFrame,
  type Kline,
  type KlineFrame,
  type PremiumReply,
  type PrintFrame,
  type TickerFrame,
  TRADE_KINDS,
  type TradeFrame,
} from "../wire.ts"
import { fromNative, isDated, toNative } from "./inst.ts"

const market = "binance-um"

const instOf = <R extends object>(row: R, field: keyof R & string): string => fromNative(read.text(row, field))

// ---- streams ----

function positive<R extends object>(row: R, field: keyof R & string): number {
  const value = read.number(row, field)
  if (value > 0) return value
  throw new WireError(`${field} is ${value}, not above zero`)
}

function notNegative<R extends object>(row: R, field: keyof R & string): number {
  const value = read.number(row, field)
  if (value >= 0) return value
  throw new WireError(`${field} is ${value}, below zero`)
}

const tradeOf = (row: PrintFrame, tradeId: string, receivedAt: number): Trade => ({
  kind: "trade",
  market,
  inst: instOf(row, "s"),
  price: positive(row, "p"),
  size: positive(row, "q"),
  // `m`: the buyer was the maker, so the seller came to take.
  side: read.flag(row, "m") ? "SELL" : "BUY",
  tradeId,
  timestamp: read.timeMs(row, "T"),
  receivedAt,
})

export function toTrade(row: TradeFrame, receivedAt: number): Decoded {
  const isMarket = read.maybe(row, "X", (row, field) => read.word(row, field, TRADE_KINDS)) ?? true
  return isMarket ? one(tradeOf(row, read.id(row, "t"), receivedAt)) : NOTHING
}

export const toAggTrade = (row: AggTradeFrame, receivedAt: number): Decoded =>
  one(tradeOf(row, read.id(row, "a"), receivedAt))

export function toTicker(row: TickerFrame, receivedAt: number): Decoded {
  const last = read.sequence(row, "u")
  return one(
    tickerEvent(
      market,
      instOf(row, "s"),
      notNegative(row, "b"),
      notNegative(row, "B"),
      notNegative(row, "a"),
      notNegative(row, "A"),
      { first: last, last },
      read.timeMs(row, "T"),
      receivedAt,
    ),
  )
}

export function toDepth(row: DepthFrame, isImage: boolean, receivedAt: number): Decoded {
  const sequence = { prev: read.sequence(row, "pu"), first: read.sequence(row, "U"), last: read.sequence(row, "u") }
  const bids = read.levels(row.b, "b")
  const asks = read.levels(row.a, "a")
  return one(depthEvent(market, instOf(row, "s"), isImage, bids, asks, sequence, read.timeMs(row, "T"), receivedAt))
}

const INTERVAL_WORDS = Object.fromEntries(INTERVALS.map((interval) => [interval, interval])) as Record<string, Interval>

export function toCandle(row: KlineFrame, receivedAt: number): Decoded {
  const kline = read.object<Kline>(row.k, "k")
  const candle: Candle = {
    kind: "candle",
    market,
    inst: instOf(kline, "s"),
    interval: read.word(kline, "i", INTERVAL_WORDS),
    openAt: read.timeMs(kline, "t"),
    open: read.number(kline, "o"),
    high: read.number(kline, "h"),
    low: read.number(kline, "l"),
    close: read.number(kline, "c"),
    volume: read.number(kline, "v"),
    isClosed: read.flag(kline, "x"),
    timestamp: read.timeMs(row, "E"),
    receivedAt,
  }
  return one(candle)
}

// ---- REST ----

export const toBook = (reply: Json, params: ParamsOf<"orderbook">): BookImage => {
  const row = read.object<{ lastUpdateId?: Json; T?: Json; bids?: Json; asks?: Json }>(reply, "the book")
  return {
    inst: params.inst,
    bids: read.bestFirst(read.levels(row.bids, "bids"), "bids"),
    asks: read.bestFirst(read.levels(row.asks, "asks"), "asks"),
    sequence: read.sequence(row, "lastUpdateId"),
    timestamp: read.timeMs(row, "T"),
  }
}

/** `[openTime, open, high, low, close, volume, …]`, oldest first. */
export const toCandles = (reply: Json, hasVolume: boolean): CandleRow[] =>
  read
    .list(reply, "candles")
    .map((row, place) =>
      read.within(`candles[${place}]`, () => {
        const columns = read.list(row, "the row")
        const [t = null, o = null, h = null, l = null, c = null, v = null] = columns
        const named: JsonObject = { openTime: t, open: o, high: h, low: l, close: c, volume: v }
        return {
          openAt: read.timeMs(named, "openTime"),
          open: read.number(named, "open"),
          high: read.number(named, "high"),
          low: read.number(named, "low"),
          close: read.number(named, "close"),
          // The premium index trades nothing.
          volume: hasVolume ? read.number(named, "volume") : 0,
        }
      }),
    )
    .sort((a, b) => a.openAt - b.openAt)

type TradeReply = read.Row<"id" | "price" | "qty" | "time" | "isBuyerMaker">

export const toTrades = (reply: Json): ResultOf<"trades"> =>
  read.rows(reply, "trades", (row: TradeReply) => ({
    price: read.number(row, "price"),
    size: read.number(row, "qty"),
    side: read.flag(row, "isBuyerMaker") ? ("SELL" as const) : ("BUY" as const),
    tradeId: read.id(row, "id"),
    timestamp: read.timeMs(row, "time"),
  }))

type AggTradeReply = read.Row<"a" | "p" | "q" | "T" | "m">

export const toAggTrades = (reply: Json): ResultOf<"tradeHistory"> =>
  read.rows(reply, "aggTrades", (row: AggTradeReply) => ({
    price: positive(row, "p"),
    size: positive(row, "q"),
    side: read.flag(row, "m") ? ("SELL" as const) : ("BUY" as const),
    tradeId: read.id(row, "a"),
    timestamp: read.timeMs(row, "T"),
  }))

/** One object where one symbol was asked for, a list otherwise. */
const asList = (reply: Json): Json => (Array.isArray(reply) ? (reply as readonly Json[]) : [reply])

export function toTickers(reply: Json, params: ParamsOf<"tickers">, unreadable: string[]): Ticker[] {
  const wanted = params.insts === undefined ? undefined : new Set(params.insts)
  return read
    .readableRows(asList(reply), "tickers", unreadable, (row: read.Row<"symbol" | "price" | "time">): Ticker => {
      const symbol = read.text(row, "symbol")
      return {
        inst: fromNative(symbol),
        type: isDated(symbol) ? "future" : "perpetual",
        price: read.number(row, "price"),
        timestamp: read.timeMs(row, "time"),
      }
    })
    .filter(
      (ticker) => wanted?.has(ticker.inst) !== false && (params.type === undefined || ticker.type === params.type),
    )
}

/** The rate and the next settlement are blank on dated futures, which pay no funding. */
export const toPremiums = (reply: Json, unreadable: string[]): ResultOf<"premiumIndex"> =>
  read.readableRows(asList(reply), "premiums", unreadable, (row: PremiumReply) => {
    const lastFundingRate = read.maybe(row, "lastFundingRate", read.number)
    const next = read.maybe(row, "nextFundingTime", read.timeMs)
    return {
      inst: instOf(row, "symbol"),
      markPrice: read.number(row, "markPrice"),
      indexPrice: read.number(row, "indexPrice"),
      ...(lastFundingRate === undefined ? {} : { lastFundingRate }),
      ...(next === undefined || next === 0 ? {} : { nextFundingAt: next }),
      timestamp: read.timeMs(row, "time"),
    }
  })

export const toLiveFunding = (reply: Json, unreadable: string[]): FundingRate[] =>
  toPremiums(reply, unreadable).flatMap(({ inst, lastFundingRate, nextFundingAt, timestamp }) =>
    lastFundingRate === undefined || nextFundingAt === undefined
      ? []
      : [{ inst, rate: lastFundingRate, fundingAt: nextFundingAt, timestamp }],
  )

export function toFundingInfo(
  reply: Json,
  params: Operations["fundingInfo"]["params"],
  unreadable: string[],
): ResultOf<"fundingInfo"> {
  return read
    .readableRows(reply, "intervals", unreadable, (row: read.Row<"symbol" | "fundingIntervalHours">) => ({
      inst: instOf(row, "symbol"),
      intervalSec: read.integer(row, "fundingIntervalHours") * 3600,
    }))
    .filter(({ inst }) => params.inst === undefined || inst === params.inst)
}

export const toFundingHistory = (reply: Json): FundingRate[] =>
  read.rows(reply, "rates", (row: read.Row<"symbol" | "fundingRate" | "fundingTime" | "markPrice">) => {
    // Blank for settlements of long ago.
    const markPrice = read.maybe(row, "markPrice", read.number)
    return {
      inst: instOf(row, "symbol"),
      rate: read.number(row, "fundingRate"),
      fundingAt: read.timeMs(row, "fundingTime"),
      ...(markPrice === undefined ? {} : { markPrice }),
      timestamp: read.timeMs(row, "fundingTime"),
    }
  })

type InterestReply = read.Row<"symbol" | "sumOpenInterest" | "sumOpenInterestValue" | "timestamp">

export const toOpenInterest = (reply: Json): ResultOf<"openInterest"> =>
  read.rows(reply, "interest", (row: InterestReply) => ({
    inst: instOf(row, "symbol"),
    size: read.number(row, "sumOpenInterest"),
    notional: read.number(row, "sumOpenInterestValue"),
    timestamp: read.timeMs(row, "timestamp"),
  }))

export const symbolOf = (inst: string | undefined): string | undefined =>
  inst === undefined ? undefined : toNative(inst)
