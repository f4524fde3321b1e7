import { UsageError } from "../../runtime/domain/errors.ts"
import type { ParamsOf, Range } from "../../runtime/domain/operation.ts"
import type { BookRule, Heartbeat, HistoryRule, RateUsage, VenueLimits } from "../../runtime/ports.ts"
import type { Endpoints, Fields } from "../kit/endpoint.ts"
import type { Hosts } from "../kit/hosts.ts"
import * as read from "../kit/read.ts"
import * as account from "./map/account.ts"
import { toNative } from "./map/inst.ts"
import { toInstruments } from "./map/instrument.ts"
import * as market from "./map/market.ts"
import * as order from "./map/order.ts"
import { toMs } from "./sign.ts"
import { instsPerMessage } from "./streams.ts"

/** Binance USD-M futures as tables. Source: developers.binance.com, derivatives / usds-margined-futures, as of 2026-05-28. */

type Host = "rest" | "stream" | "api"

/** Testnet hosts as general-info and websocket-api-general-info name them. */
export const HOSTS: Readonly<Record<"production" | "testnet", Hosts<Host>>> = {
  production: {
    rest: "https://fapi.binance.com",
    stream: "wss://fstream.binance.com",
    api: "wss://ws-fapi.binance.com/ws-fapi/v1",
  },
  testnet: {
    rest: "https://demo-fapi.binance.com",
    stream: "wss://fstream.binancefuture.com",
    api: "wss://testnet.binancefuture.com/ws-fapi/v1",
  },
}

const batchPlaceMax = 5
const batchCancelMax = 10

export const LIMITS: VenueLimits = {
  weightPerMinute: 2400,
  ordersPer10s: 300,
  ordersPerMinute: 1200,
  subscriptionsPerConnection: 1024,
  instsPerMessage,
  messagesPerSecond: 10,
  connectionAgeMsMax: 24 * 3_600_000,
  // A listen key lives 60 minutes after its last renewal.
  sessionRenewMs: 30 * 60_000,
  batchPlaceMax,
  batchCancelMax,
  // Canceled and expired orders without a fill are forgotten three days after they were made.
  orderRetentionMs: 3 * 86_400_000,
}

/** The venue pings every three minutes; asking sooner finds a dead connection sooner. */
export const HEARTBEAT: Heartbeat = { everyMs: 20_000, silenceMsMax: 60_000 }

export const BOOK: BookRule = { image: "rest", chain: "prev", depth: 1000 }

/**
 * The `trades` stream is aggTrade, whose ids `a` aggTrades lists too. The raw stream's past (historicalTrades) wants a key.
 * Source: pages Compressed-Aggregate-Trades-List, Old-Trades-Lookup and Kline-Candlestick-Data.
 */
export const HISTORY: HistoryRule = {
  tradesPageMax: 1000,
  eachTrade:
    "binance-um lists the past of single fills for key holders only; leave out `each`: aggregate trades have it",
  candlesPageMax: 1500,
}

export const CREDENTIAL_NAMES = { apiKey: "BINANCE_API_KEY", secret: "BINANCE_SECRET_KEY" }

/** How long after its timestamp the venue still takes a signed request. */
export const requestLifeMs = 5000

// ---- encoders shared by rows ----

const NONE: Fields = {}
const none = (): Fields => NONE

const range = ({ startAt, endAt, limit }: Range): Fields => ({
  startTime: startAt === undefined ? undefined : toMs(startAt),
  endTime: endAt === undefined ? undefined : toMs(endAt),
  limit,
})

const candles = (params: ParamsOf<"candles">): Fields => ({
  symbol: toNative(params.inst),
  interval: params.interval,
  ...range(params),
})

const ofInst = (params: { readonly inst?: string }): Fields => ({ symbol: market.symbolOf(params.inst) })

const candleWeight = ({ limit = 500 }: Range): number => (limit < 100 ? 1 : limit < 500 ? 2 : limit <= 1000 ? 5 : 10)

const DEPTHS = [5, 10, 20, 50, 100, 500, 1000]

const depthWeight = ({ depth = 500 }: ParamsOf<"orderbook">): number =>
  depth <= 50 ? 2 : depth <= 100 ? 5 : depth <= 500 ? 10 : 20

function toDepthRequest({ inst, depth }: ParamsOf<"orderbook">): Fields {
  if (depth !== undefined && !DEPTHS.includes(depth)) {
    throw new UsageError(`binance-um gives books of ${DEPTHS.join(", ")} levels, not ${depth}`)
  }
  return { symbol: toNative(inst), limit: depth }
}

/** One symbol where one is asked for; the venue has no list of several. */
const soleSymbol = (insts: readonly string[] | undefined): string | undefined =>
  insts?.length === 1 ? market.symbolOf(insts[0]) : undefined

function toFillsRequest(params: ParamsOf<"fills">): Fields {
  const { inst, orderId, fromTradeId, startAt, endAt } = params
  if (fromTradeId !== undefined && (startAt !== undefined || endAt !== undefined)) {
    throw new UsageError("binance-um lists fills from a trade id or from a time, not both")
  }
  return {
    symbol: toNative(inst),
    orderId: orderId === undefined ? undefined : order.toOrderId(orderId),
    fromId: fromTradeId === undefined ? undefined : order.toOrderId(fromTradeId),
    ...range(params),
  }
}

/** With an order id the venue lists from that order on; one row is that order. */
const toHistoryRequest = ({ inst, orderId, ...rest }: ParamsOf<"orderHistory">): Fields =>
  orderId === undefined
    ? { symbol: toNative(inst), ...range(rest) }
    : { symbol: toNative(inst), orderId: order.toOrderId(orderId), limit: 1 }

// ---- the table ----

export const ENDPOINTS: Endpoints = {
  serverTime: {
    route: "GET /fapi/v1/time",
    weight: 1,
    signed: false,
    encode: none,
    decode: (reply) => ({ timestamp: read.timeMs(read.object(reply, "the time"), "serverTime") }),
  },
  instruments: {
    route: "GET /fapi/v1/exchangeInfo",
    weight: 1,
    signed: false,
    encode: none,
    decode: toInstruments,
  },
  liveInstruments: {
    route: "GET /fapi/v1/exchangeInfo",
    weight: 1,
    signed: false,
    encode: none,
    decode: (reply, params, unreadable) =>
      toInstruments(reply, params, unreadable).filter((info) => info.status === "live"),
  },
  tickers: {
    route: "GET /fapi/v2/ticker/price",
    weight: ({ insts }) => (insts?.length === 1 ? 1 : 2),
    signed: false,
    encode: ({ insts }) => ({ symbol: soleSymbol(insts) }),
    decode: market.toTickers,
  },
  orderbook: {
    route: "GET /fapi/v1/depth",
    weight: depthWeight,
    signed: false,
    encode: toDepthRequest,
    decode: market.toBook,
  },
  candles: {
    route: "GET /fapi/v1/klines",
    weight: candleWeight,
    signed: false,
    encode: candles,
    decode: (reply) => market.toCandles(reply, true),
  },
  trades: {
    route: "GET /fapi/v1/trades",
    weight: 5,
    signed: false,
    encode: ({ inst, limit }) => ({ symbol: toNative(inst), limit }),
    decode: market.toTrades,
  },
  tradeHistory: {
    route: "GET /fapi/v1/aggTrades",
    weight: 20,
    signed: false,
    encode: ({ inst, fromTradeId, limit }) => ({ symbol: toNative(inst), fromId: fromTradeId, limit }),
    decode: market.toAggTrades,
  },

  place: {
    route: "POST /fapi/v1/order",
    weight: 0,
    signed: true,
    changes: true,
    encode: order.toNewOrder,
    decode: order.toAck,
  },
  placeBatch: {
    route: "POST /fapi/v1/batchOrders",
    weight: 5,
    signed: true,
    changes: true,
    encode: ({ orders }) => order.toPlaceBatch(orders, batchPlaceMax),
    decode: (reply, { orders }) => order.toBatch(reply, orders.length),
  },
  amend: {
    route: "PUT /fapi/v1/order",
    weight: 0,
    signed: true,
    changes: true,
    encode: order.toAmend,
    decode: order.toAck,
  },
  cancel: {
    route: "DELETE /fapi/v1/order",
    weight: 1,
    signed: true,
    changes: true,
    encode: order.toOrderRef,
    decode: order.toAck,
  },
  cancelBatch: {
    route: "DELETE /fapi/v1/batchOrders",
    weight: 1,
    signed: true,
    changes: true,
    encode: ({ orders }) => order.toCancelBatch(orders, batchCancelMax),
    decode: (reply, { orders }) => order.toBatch(reply, orders.length),
  },
  cancelAll: {
    route: "DELETE /fapi/v1/allOpenOrders",
    weight: 1,
    signed: true,
    changes: true,
    encode: ofInst,
    decode: none,
  },
  countdownCancelAll: {
    route: "POST /fapi/v1/countdownCancelAll",
    weight: 10,
    signed: true,
    changes: true,
    encode: ({ inst, countdownMs }) => ({ symbol: toNative(inst), countdownTime: countdownMs }),
    decode: none,
  },
  order: {
    route: "GET /fapi/v1/order",
    weight: 1,
    signed: true,
    encode: order.toOrderRef,
    decode: order.toDetail,
  },
  openOrders: {
    route: "GET /fapi/v1/openOrders",
    weight: ({ inst }) => (inst === undefined ? 40 : 1),
    signed: true,
    encode: ofInst,
    decode: (reply, { limit }) => order.toDetails(reply).slice(0, limit),
  },
  orderHistory: {
    route: "GET /fapi/v1/allOrders",
    weight: 5,
    signed: true,
    encode: toHistoryRequest,
    decode: (reply, { orderId }) =>
      order.toDetails(reply).filter((detail) => orderId === undefined || detail.orderId === orderId),
  },
  fills: {
    route: "GET /fapi/v1/userTrades",
    weight: 5,
    signed: true,
    encode: toFillsRequest,
    decode: order.toFills,
  },
  balance: {
    route: "GET /fapi/v3/balance",
    weight: 5,
    signed: true,
    encode: none,
    decode: account.toBalances,
  },
  positions: {
    route: "GET /fapi/v3/positionRisk",
    weight: 5,
    signed: true,
    encode: ({ insts }) => ({ symbol: soleSymbol(insts) }),
    decode: account.toPositions,
  },

  createSession: {
    route: "POST /fapi/v1/listenKey",
    weight: 1,
    signed: "key",
    encode: none,
    decode: account.toSession,
  },
  // The account has one key, so the venue does not ask which; a reply names it anew.
  renewSession: { route: "PUT /fapi/v1/listenKey", weight: 1, signed: "key", encode: none, decode: none },
  closeSession: { route: "DELETE /fapi/v1/listenKey", weight: 1, signed: "key", encode: none, decode: none },

  setLeverage: {
    route: "POST /fapi/v1/leverage",
    weight: 1,
    signed: true,
    changes: true,
    encode: (params) => {
      account.refuseMarginMode(params)
      return { symbol: toNative(params.inst), leverage: params.leverage }
    },
    decode: (reply) => ({ leverage: read.integer(read.object(reply, "the leverage"), "leverage") }),
  },
  // positionSide/dual tells the same for a weight of 30 (page Account-Config, as of 2026-05-28).
  positionMode: {
    route: "GET /fapi/v1/accountConfig",
    weight: 5,
    signed: true,
    encode: none,
    decode: (reply) => ({ isHedge: read.flag(read.object(reply, "the mode"), "dualSidePosition") }),
  },
  setPositionMode: {
    route: "POST /fapi/v1/positionSide/dual",
    weight: 1,
    signed: true,
    changes: true,
    already: ["-4059"],
    encode: ({ isHedge }) => ({ dualSidePosition: isHedge ? "true" : "false" }),
    decode: none,
  },
  accountConfig: {
    route: "GET /fapi/v1/accountConfig",
    weight: 5,
    signed: true,
    encode: none,
    decode: account.toRecord,
  },
  symbolConfig: {
    route: "GET /fapi/v1/symbolConfig",
    weight: 5,
    signed: true,
    encode: ofInst,
    decode: account.toRecords,
  },
  fees: { route: "GET /fapi/v1/commissionRate", weight: 20, signed: true, encode: ofInst, decode: account.toFees },

  premiumIndex: {
    route: "GET /fapi/v1/premiumIndex",
    weight: ({ inst }) => (inst === undefined ? 10 : 1),
    signed: false,
    encode: ofInst,
    decode: (reply, _, unreadable) => market.toPremiums(reply, unreadable),
  },
  premiumCandles: {
    route: "GET /fapi/v1/premiumIndexKlines",
    weight: candleWeight,
    signed: false,
    encode: candles,
    decode: (reply) => market.toCandles(reply, false),
  },
  liveFunding: {
    route: "GET /fapi/v1/premiumIndex",
    weight: ({ inst }) => (inst === undefined ? 10 : 1),
    signed: false,
    encode: ofInst,
    decode: (reply, _, unreadable) => market.toLiveFunding(reply, unreadable),
  },
  fundingInfo: {
    route: "GET /fapi/v1/fundingInfo",
    weight: 0,
    signed: false,
    encode: none,
    decode: market.toFundingInfo,
  },
  fundingHistory: {
    route: "GET /fapi/v1/fundingRate",
    weight: 0,
    signed: false,
    encode: (params) => ({ ...ofInst(params), ...range(params) }),
    decode: market.toFundingHistory,
  },
  fundingPaid: {
    route: "GET /fapi/v1/income",
    weight: 30,
    signed: true,
    encode: (params) => ({ ...ofInst(params), incomeType: "FUNDING_FEE", ...range(params) }),
    decode: account.toFundingPaid,
  },
  openInterest: {
    route: "GET /futures/data/openInterestHist",
    weight: 0,
    signed: false,
    encode: ({ inst, period, ...rest }) => ({ symbol: toNative(inst), period, ...range(rest) }),
    decode: market.toOpenInterest,
  },
}

/** The counters of the venue's response headers. */
export function usageOf(headers: Readonly<Record<string, string>>): RateUsage {
  const weight = count(headers["x-mbx-used-weight-1m"])
  const orders10s = count(headers["x-mbx-order-count-10s"])
  const orders1m = count(headers["x-mbx-order-count-1m"])
  const retryAfterSec = count(headers["retry-after"])
  return {
    ...(weight === undefined ? {} : { weight }),
    ...(orders10s === undefined ? {} : { orders10s }),
    ...(orders1m === undefined ? {} : { orders1m }),
    ...(retryAfterSec === undefined ? {} : { retryAfterMs: retryAfterSec * 1000 }),
  }
}

const count = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined
