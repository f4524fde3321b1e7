import type { Decimal } from "./decimal.ts"
import type { Inst } from "./inst.ts"
import type { Market } from "./market.ts"

export type Side = "BUY" | "SELL"
export type OrderType = "limit" | "market"
/** `post-only` is a limit order that the venue refuses rather than let it take. */
export type TimeInForce = "gtc" | "ioc" | "fok" | "post-only"
export type PositionSide = "long" | "short" | "both"
export type MarginMode = "cross" | "isolated"

/** What a strategy asks for. A limit order without `timeInForce` is good till canceled. */
export interface OrderRequest<I extends string = Inst> {
  readonly inst: I
  readonly side: Side
  /** Native size unit, decimal text; must be a multiple of the instrument's lot. */
  readonly size: Decimal
  readonly type?: OrderType
  /** Required for a limit order; must be a multiple of the instrument's tick. */
  readonly price?: Decimal
  readonly timeInForce?: TimeInForce
  /** When the venue ends a `gtc` order that still rests, µs; to its own precision, and where it has such orders. */
  readonly goodTillAt?: number
  readonly reduceOnly?: boolean
  readonly positionSide?: PositionSide
  readonly marginMode?: MarginMode
  /** Further fields of the venue's own, passed through. */
  readonly extra?: Readonly<Record<string, string>>
}

export interface AmendRequest {
  readonly clientId: string
  readonly price?: Decimal
  readonly size?: Decimal
}

/**
 * An order's life. `pending`: written down, no answer yet. `open`: resting, perhaps partly filled.
 * `unknown`: the answer was lost and the venue has not told yet. The rest are final.
 */
export type OrderState = "pending" | "open" | "unknown" | "filled" | "canceled" | "expired" | "rejected"

export const isFinal = (state: OrderState): boolean =>
  state === "filled" || state === "canceled" || state === "expired" || state === "rejected"

/** An order as the runtime knows it: the journal's row. */
export interface Order {
  /** 32 lower-case hex digits: 10 of bot identity, 6 of run, 16 of counter. */
  readonly clientId: string
  readonly market: Market
  readonly inst: Inst
  readonly side: Side
  readonly type: OrderType
  readonly timeInForce: TimeInForce
  readonly size: Decimal
  readonly price?: Decimal
  readonly reduceOnly: boolean
  readonly state: OrderState
  /** The venue's id, once it told. */
  readonly orderId?: string
  /** Cumulative filled size. */
  readonly filled: Decimal
  /** Volume-weighted average fill price; absent while nothing is filled. */
  readonly avgPrice?: Decimal
  /** Why it is in this state, where somebody said so. */
  readonly reason?: string
  readonly createdAt: number
  readonly updatedAt: number
  /** The venue refuses the place request when it arrives after this time, µs of the venue's clock. */
  readonly expiresAt: number
}

/** One execution. Counted once by (market, inst, tradeId, orderId): both sides of a trade with oneself carry one trade id. */
export interface Fill {
  readonly market: Market
  readonly inst: Inst
  readonly tradeId: string
  readonly orderId: string
  /** Ours, where the venue told it and it is of our alphabet. */
  readonly clientId?: string
  readonly side: Side
  readonly price: Decimal
  readonly size: Decimal
  /** Positive: paid. */
  readonly fee: Decimal
  readonly feeAsset: string
  readonly isMaker: boolean
  readonly realizedPnl?: Decimal
  readonly timestamp: number
}

/**
 * One settlement of funding that the bot counts as its own. Counted once by (market, inst, id). `paid`: the venue booked
 * it to an account that is the bot's alone; `id` is the venue's transaction. `share`: the account is shared, so this is what
 * the bot's own position comes to at the settlement's rate and mark price; `id` names the settlement.
 */
export interface FundingPayment {
  readonly market: Market
  readonly inst: Inst
  readonly id: string
  /** Received; negative: paid. */
  readonly amount: Decimal
  readonly asset: string
  readonly basis: FundingBasis
  /** The venue's time of the settlement. */
  readonly timestamp: number
}

export type FundingBasis = "paid" | "share"

export interface Position {
  readonly market: Market
  readonly inst: Inst
  /** Signed native size: above zero long. */
  readonly size: Decimal
  readonly avgPrice: Decimal
  readonly side: PositionSide
  readonly marginMode?: MarginMode
  readonly markPrice?: Decimal
  readonly margin?: Decimal
  readonly leverage?: number
  readonly unrealizedPnl?: Decimal
  readonly timestamp: number
}

export interface Balance {
  readonly market: Market
  readonly asset: string
  readonly total: Decimal
  readonly available?: Decimal
  readonly frozen?: Decimal
  readonly borrowed?: Decimal
  readonly timestamp: number
}
