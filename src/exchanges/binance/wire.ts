import type { VenueOrderStatus } from "../../runtime/domain/events.ts"
import type { InstrumentStatus } from "../../runtime/domain/instrument.ts"
import type { InstrumentType } from "../../runtime/domain/market.ts"
import type { OrderType, PositionSide, Side, TimeInForce } from "../../runtime/domain/order.ts"
import type { Row } from "../kit/read.ts"

/**
 * What Binance USD-M futures puts on the wire: the fields of its payloads as far as they are read, and its words.
 * Source: developers.binance.com, derivatives / usds-margined-futures, as of 2026-05-28.
 */

// ---- market streams ----

/** What trade and aggTrade have in common. */
export type PrintFrame = Row<"T" | "s" | "p" | "q" | "m">
export type TradeFrame = PrintFrame & Row<"t" | "X">
export type AggTradeFrame = PrintFrame & Row<"a">
export type TickerFrame = Row<"T" | "s" | "u" | "b" | "B" | "a" | "A">
/** Diffs and limited-depth images alike. */
export type DepthFrame = Row<"T" | "s" | "U" | "u" | "pu" | "b" | "a">
export type KlineFrame = Row<"E" | "k">
export type Kline = Row<"t" | "s" | "i" | "o" | "h" | "l" | "c" | "v" | "x">

/** `X` of a trade. Only MARKET ones met in the book; insurance and ADL moves and the empty NA ones are no market trades. */
export const TRADE_KINDS = { MARKET: true, INSURANCE_FUND: false, ADL: false, NA: false } as const

// ---- user data stream ----

export type OrderFrame = Row<"E" | "T" | "o">
export type OrderUpdate = Row<
  | "s" // symbol
  | "c" // client order id
  | "S" // side
  | "o" // type
  | "f" // time in force
  | "q" // size
  | "p" // own price
  | "ap" // average price
  | "x" // what happened
  | "X" // state after it
  | "i" // order id
  | "l" // last filled size
  | "z" // cumulative filled size
  | "L" // last filled price
  | "n" // commission, absent where there is none
  | "N" // its asset
  | "T" // time
  | "t" // trade id
  | "m" // maker side
  | "R" // reduce only
  | "rp" // realized profit of the trade
  | "er" // expiry reason
>
export type AccountFrame = Row<"E" | "T" | "a">
export type AccountUpdate = Row<"m" | "B" | "P">
export type BalanceUpdate = Row<"a" | "wb" | "cw" | "bc">
export type PositionUpdate = Row<"s" | "pa" | "ep" | "up" | "mt" | "iw" | "ps">

// ---- REST and WebSocket API ----

export type OrderReply = Row<
  | "symbol"
  | "orderId"
  | "clientOrderId"
  | "side"
  | "positionSide"
  | "type"
  | "timeInForce"
  | "status"
  | "price"
  | "avgPrice"
  | "origQty"
  | "executedQty"
  | "reduceOnly"
  | "time"
  | "updateTime"
>
export type FillReply = Row<
  | "symbol"
  | "id"
  | "orderId"
  | "side"
  | "price"
  | "qty"
  | "commission"
  | "commissionAsset"
  | "maker"
  | "realizedPnl"
  | "time"
>
export type BalanceReply = Row<"asset" | "balance" | "crossUnPnl" | "availableBalance" | "updateTime">
export type PositionReply = Row<
  | "symbol"
  | "positionSide"
  | "positionAmt"
  | "entryPrice"
  | "markPrice"
  | "unRealizedProfit"
  | "isolatedMargin"
  | "isolatedWallet"
  | "positionInitialMargin"
  | "updateTime"
>
export type SymbolReply = Row<"symbol" | "contractType" | "deliveryDate" | "status" | "filters">
export type Filter = Row<"filterType" | "tickSize" | "stepSize" | "minQty" | "maxQty" | "notional">
export type PremiumReply = Row<"symbol" | "markPrice" | "indexPrice" | "lastFundingRate" | "nextFundingTime" | "time">

// ---- words ----

export const SIDES: Readonly<Record<string, Side>> = { BUY: "BUY", SELL: "SELL" }

/** Conditional and liquidation types of orders that others placed on a shared account, as what they become when they run. */
export const ORDER_TYPES: Readonly<Record<string, OrderType>> = {
  LIMIT: "limit",
  MARKET: "market",
  STOP: "limit",
  STOP_MARKET: "market",
  TAKE_PROFIT: "limit",
  TAKE_PROFIT_MARKET: "market",
  TRAILING_STOP_MARKET: "market",
  LIQUIDATION: "limit",
}

/** GTX is post-only, and RPI too; GTD and GTE_GTC rest until someone or something ends them. */
export const TIMES_IN_FORCE: Readonly<Record<string, TimeInForce>> = {
  GTC: "gtc",
  IOC: "ioc",
  FOK: "fok",
  GTX: "post-only",
  RPI: "post-only",
  GTD: "gtc",
  GTE_GTC: "gtc",
}

export const STATUSES: Readonly<Record<string, VenueOrderStatus>> = {
  NEW: "open",
  PARTIALLY_FILLED: "open",
  NEW_INSURANCE: "open",
  NEW_ADL: "open",
  FILLED: "filled",
  CANCELED: "canceled",
  REJECTED: "rejected",
  EXPIRED: "expired",
  EXPIRED_IN_MATCH: "expired",
}

/** `x`: whether this happening is an execution. */
export const HAPPENINGS: Readonly<Record<string, boolean>> = {
  NEW: false,
  CANCELED: false,
  CALCULATED: true,
  EXPIRED: false,
  TRADE: true,
  AMENDMENT: false,
  REJECTED: false,
}

/** `er` of an order that ended without being filled. */
export const EXPIRY_REASONS: Readonly<Record<string, string>> = {
  "1": "would have traded with another order of this account",
  "2": "the rest of an immediate-or-cancel order",
  "3": "the rest of an immediate-or-cancel order, which would have traded with another order of this account",
  "4": "replaced by a reduce-only order, or it would have turned the position",
  "5": "the account was liquidated",
  "6": "its good-till-event condition ended",
  "7": "the symbol was delisted",
  "8": "its stop order was triggered",
  "9": "the rest of a market order that found no more liquidity",
}

export const POSITION_SIDES: Readonly<Record<string, PositionSide>> = { BOTH: "both", LONG: "long", SHORT: "short" }
export const POSITION_SIDE_WORDS: Readonly<Record<PositionSide, string>> = {
  both: "BOTH",
  long: "LONG",
  short: "SHORT",
}
export const MARGIN_MODES = { isolated: "isolated", cross: "cross" } as const

export const CONTRACT_TYPES: Readonly<Record<string, InstrumentType>> = {
  PERPETUAL: "perpetual",
  TRADIFI_PERPETUAL: "perpetual",
  PERPETUAL_DELIVERING: "perpetual",
  CURRENT_MONTH: "future",
  NEXT_MONTH: "future",
  CURRENT_QUARTER: "future",
  NEXT_QUARTER: "future",
}

export const CONTRACT_STATUSES: Readonly<Record<string, InstrumentStatus>> = {
  TRADING: "live",
  PENDING_TRADING: "pre-open",
  PRE_DELIVERING: "pre-open",
  PRE_SETTLE: "delisting",
  SETTLING: "delisting",
  DELIVERING: "delisting",
  DELIVERED: "closed",
  CLOSE: "closed",
  BREAK: "suspended",
  HALT: "suspended",
}
