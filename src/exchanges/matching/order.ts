/** 1 buys, -1 sells: the sign that a fill gives a position. */
export type Side = 1 | -1

/** What happens to what cannot be matched at once: it rests; is dropped; forbids any match; forbids taking. */
export type Keep = "rest" | "drop" | "all-or-none" | "post-only"

export interface OrderRequest {
  /** Absent for the anonymous order flow, which has no books of account. */
  readonly account?: string
  readonly symbol: string
  readonly side: Side
  /** Absent: at any price (a market order). */
  readonly ticks?: number
  readonly lots: number
  readonly keep: Keep
  readonly reduceOnly: boolean
  readonly clientId: string
  /** The order expires by itself at this point in time. */
  readonly expiresAt?: number
}

export type OrderStatus = "open" | "filled" | "canceled" | "expired"

export interface Order {
  readonly id: bigint
  readonly account: string | undefined
  readonly symbol: string
  readonly side: Side
  readonly isMarket: boolean
  readonly keep: Keep
  readonly reduceOnly: boolean
  readonly clientId: string
  readonly expiresAt: number | undefined
  readonly createdAt: number
  ticks: number
  lots: number
  filledLots: number
  /** Sum of ticks times lots over its fills; exact below 2^53. */
  filledValue: number
  status: OrderStatus
  updatedAt: number
  amendments: number
  /** Its neighbours in the queue of its price level. */
  ahead: Order | undefined
  behind: Order | undefined
}

export const openLots = (order: Order): number => order.lots - order.filledLots

/** One match as the tape shows it. */
export interface Trade {
  readonly id: bigint
  readonly symbol: string
  readonly ticks: number
  readonly lots: number
  /** The aggressor's side. */
  readonly side: Side
  readonly at: number
}

/** One match as one of its two owners sees it. Fee and profit are money units. */
export interface Fill {
  readonly trade: Trade
  readonly order: Order
  readonly isMaker: boolean
  readonly fee: bigint
  readonly realized: bigint
}

/** What became of an order, and why where it ended without being filled. */
export type OrderChange = "accepted" | "traded" | "amended" | "canceled" | "expired"

export type RefusalReason =
  | "post-only would take"
  | "cannot fill at once"
  | "nothing to reduce"
  | "margin"
  | "client id in use"
  | "unchanged"
  | "no such order"
