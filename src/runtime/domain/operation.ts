import type { Decimal } from "./decimal.ts"
import type { AccOrder, Interval, Levels, SequenceNumber } from "./events.ts"
import type { Inst } from "./inst.ts"
import type { InstrumentInfo } from "./instrument.ts"
import type { InstrumentType } from "./market.ts"
import type {
  Balance,
  Fill,
  MarginMode,
  OrderRequest,
  OrderType,
  Position,
  PositionSide,
  Side,
  TimeInForce,
} from "./order.ts"

// Points in time are µs since the epoch, in params and results.

export interface Ticker {
  readonly inst: Inst
  readonly type: InstrumentType
  readonly price: number
  readonly timestamp: number
}

export interface BookImage {
  readonly inst: Inst
  readonly bids: Levels
  readonly asks: Levels
  /** The venue's update number of this image: what diffs bridge from. */
  readonly sequence?: SequenceNumber
  readonly timestamp: number
}

export interface CandleRow {
  readonly openAt: number
  readonly open: number
  readonly high: number
  readonly low: number
  readonly close: number
  readonly volume: number
}

export interface PastTrade {
  readonly price: number
  readonly size: number
  readonly side: Side
  readonly tradeId: string
  readonly timestamp: number
}

export interface PlaceParams extends OrderRequest {
  readonly clientId: string
}

/** By venue id, by client id, or both. */
export interface OrderRef {
  readonly inst: Inst
  readonly orderId?: string
  readonly clientId?: string
}

export interface AmendParams extends OrderRef {
  readonly side: Side
  /** Both, always: venues that change one keep the other as given. */
  readonly price: Decimal
  readonly size: Decimal
}

/** What the venue answers to place, cancel and amend: the order as it stands then. */
export interface OrderAck {
  readonly orderId: string
  readonly clientId?: string
  readonly status: AccOrder["status"]
  /** Cumulative, where the venue tells. */
  readonly filledSize?: Decimal
  readonly avgPrice?: Decimal
  readonly timestamp: number
}

/** One order as the venue keeps it. */
export interface OrderDetail {
  readonly inst: Inst
  readonly orderId: string
  readonly clientId?: string
  readonly side: Side
  readonly orderType: OrderType
  readonly timeInForce: TimeInForce
  readonly status: AccOrder["status"]
  readonly price?: Decimal
  readonly avgPrice?: Decimal
  readonly size: Decimal
  readonly filledSize: Decimal
  readonly reduceOnly?: boolean
  readonly positionSide?: PositionSide
  readonly createdAt: number
  readonly updatedAt: number
}

/** One answer per item of a batch, in order: items are refused one by one. */
export type BatchItem<T> =
  | { readonly kind: "accepted"; readonly value: T }
  | { readonly kind: "refused"; readonly reason: string; readonly code?: string }

export interface FundingRate {
  readonly inst: Inst
  readonly rate: number
  /** Settlement: past for history, next for live. */
  readonly fundingAt: number
  /** What positions were valued at, in history where the venue tells. */
  readonly markPrice?: number
  readonly timestamp: number
}

export interface Range {
  readonly startAt?: number
  readonly endAt?: number
  readonly limit?: number
}

/** Every operation of every venue: parameters and result. A venue offers a subset. */
export interface Operations {
  serverTime: { params: Record<never, never>; result: { timestamp: number } }
  instruments: { params: { type?: InstrumentType }; result: readonly InstrumentInfo[] }
  /** The instruments that trade now. */
  liveInstruments: { params: { type?: InstrumentType }; result: readonly InstrumentInfo[] }
  tickers: { params: { insts?: readonly Inst[]; type?: InstrumentType }; result: readonly Ticker[] }
  orderbook: { params: { inst: Inst; depth?: number }; result: BookImage }
  candles: { params: { inst: Inst; interval: Interval } & Range; result: readonly CandleRow[] }
  trades: { params: { inst: Inst; limit?: number }; result: readonly PastTrade[] }
  /** Past trades with the ids of the `trades` stream, oldest first: from one id on, or the newest. */
  tradeHistory: { params: { inst: Inst; fromTradeId?: string; limit?: number }; result: readonly PastTrade[] }

  place: { params: PlaceParams; result: OrderAck }
  placeBatch: { params: { orders: readonly PlaceParams[] }; result: readonly BatchItem<OrderAck>[] }
  amend: { params: AmendParams; result: OrderAck }
  cancel: { params: OrderRef; result: OrderAck }
  cancelBatch: { params: { orders: readonly OrderRef[] }; result: readonly BatchItem<OrderAck>[] }
  /** Every open order of one inst. */
  cancelAll: { params: { inst: Inst }; result: Record<never, never> }
  /** Cancels every open order of one inst unless renewed within `countdownMs`; 0 turns it off. */
  countdownCancelAll: { params: { inst: Inst; countdownMs: number }; result: Record<never, never> }
  order: { params: OrderRef; result: OrderDetail }
  openOrders: { params: { inst?: Inst; limit?: number }; result: readonly OrderDetail[] }
  orderHistory: { params: { inst: Inst; orderId?: string } & Range; result: readonly OrderDetail[] }
  fills: { params: { inst: Inst; orderId?: string; fromTradeId?: string } & Range; result: readonly Fill[] }
  balance: { params: { assets?: readonly string[] }; result: readonly Balance[] }
  positions: { params: { insts?: readonly Inst[] }; result: readonly Position[] }

  createSession: { params: Record<never, never>; result: { key: string } }
  renewSession: { params: { key: string }; result: Record<never, never> }
  closeSession: { params: { key: string }; result: Record<never, never> }

  setLeverage: { params: { inst: Inst; leverage: number; marginMode?: MarginMode }; result: { leverage: number } }
  positionMode: { params: Record<never, never>; result: { isHedge: boolean } }
  setPositionMode: { params: { isHedge: boolean }; result: Record<never, never> }
  accountConfig: { params: Record<never, never>; result: Readonly<Record<string, unknown>> }
  symbolConfig: { params: { inst?: Inst }; result: readonly Readonly<Record<string, unknown>>[] }
  fees: { params: { inst: Inst }; result: { maker: Decimal; taker: Decimal } }

  premiumIndex: {
    params: { inst?: Inst }
    result: readonly {
      inst: Inst
      markPrice: number
      indexPrice: number
      /** Absent, like the next time, where the instrument pays no funding. */
      lastFundingRate?: number
      nextFundingAt?: number
      timestamp: number
    }[]
  }
  premiumCandles: { params: { inst: Inst; interval: Interval } & Range; result: readonly CandleRow[] }
  liveFunding: { params: { inst?: Inst }; result: readonly FundingRate[] }
  fundingInfo: { params: { inst?: Inst }; result: readonly { inst: Inst; intervalSec: number }[] }
  fundingHistory: { params: { inst?: Inst } & Range; result: readonly FundingRate[] }
  /** Funding paid (negative) and received by this account. */
  fundingPaid: {
    params: { inst?: Inst } & Range
    result: readonly { inst: Inst; amount: Decimal; asset: string; timestamp: number; id: string }[]
  }
  openInterest: {
    params: { inst: Inst; period: string } & Range
    result: readonly { inst: Inst; size: number; notional?: number; timestamp: number }[]
  }
}

export type OperationName = keyof Operations
export type ParamsOf<O extends OperationName> = Operations[O]["params"]
export type ResultOf<O extends OperationName> = Operations[O]["result"]

/** What a question takes: true where it must be given. */
type Takes = { readonly [O in OperationName]?: { readonly [P in keyof Required<ParamsOf<O>>]: boolean } }
const RANGE = { startAt: false, endAt: false, limit: false } as const

/**
 * The operations that change nothing, and what each takes. Orders are placed and taken back by the orders task alone, which
 * keeps their truth.
 */
export const QUESTIONS = {
  serverTime: {},
  instruments: { type: false },
  liveInstruments: { type: false },
  tickers: { insts: false, type: false },
  orderbook: { inst: true, depth: false },
  candles: { inst: true, interval: true, ...RANGE },
  trades: { inst: true, limit: false },
  tradeHistory: { inst: true, fromTradeId: false, limit: false },
  premiumIndex: { inst: false },
  premiumCandles: { inst: true, interval: true, ...RANGE },
  liveFunding: { inst: false },
  fundingInfo: { inst: false },
  fundingHistory: { inst: false, ...RANGE },
  openInterest: { inst: true, period: true, ...RANGE },
  order: { inst: true, orderId: false, clientId: false },
  openOrders: { inst: false, limit: false },
  orderHistory: { inst: true, orderId: false, ...RANGE },
  fills: { inst: true, orderId: false, fromTradeId: false, ...RANGE },
  balance: { assets: false },
  positions: { insts: false },
  fees: { inst: true },
  fundingPaid: { inst: false, ...RANGE },
  positionMode: {},
  accountConfig: {},
  symbolConfig: { inst: false },
} as const satisfies Takes
export type Question = keyof typeof QUESTIONS
