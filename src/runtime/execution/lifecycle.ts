/** How an order's state follows from what the venue says of it: one table, nothing moves backwards. */
import type { Decimal } from "../domain/decimal.ts"
import type { AccOrder, VenueOrderStatus } from "../domain/events.ts"
import type { OrderAck, OrderDetail } from "../domain/operation.ts"
import { type Fill, isFinal, type OrderState } from "../domain/order.ts"

/** Reason of an order that the venue proved never to have seen. */
export const NEVER_ARRIVED = "never arrived"

/** What the venue says of one order, whoever asked: an answer, the private stream, a query. */
export interface Word {
  readonly status: VenueOrderStatus
  readonly orderId: string
  /** Cumulative. */
  readonly filledSize?: Decimal
  readonly avgPrice?: Decimal
  /** The order's own price and size; they change with an amend. */
  readonly price?: Decimal
  readonly size?: Decimal
  readonly reason?: string
  readonly fill?: Fill
  /** The venue's time of the news. */
  readonly timestamp: number
}

export const fromAck = (ack: OrderAck): Word => ack

export function fromEvent(event: AccOrder): Word {
  return event
}

export const fromDetail = (detail: OrderDetail): Word => ({ ...detail, timestamp: detail.updatedAt })

/**
 * Row: where the order stands. Column: what the venue says. A late word leaves a final order where it is; only proof of
 * more (a whole fill after a cancel, any life after a refusal) moves it, and that is a surprise.
 */
const NEXT: Readonly<Record<OrderState, Readonly<Record<VenueOrderStatus, OrderState>>>> = {
  pending: { open: "open", filled: "filled", canceled: "canceled", expired: "expired", rejected: "rejected" },
  open: { open: "open", filled: "filled", canceled: "canceled", expired: "expired", rejected: "rejected" },
  unknown: { open: "open", filled: "filled", canceled: "canceled", expired: "expired", rejected: "rejected" },
  filled: { open: "filled", filled: "filled", canceled: "filled", expired: "filled", rejected: "filled" },
  canceled: { open: "canceled", filled: "filled", canceled: "canceled", expired: "canceled", rejected: "canceled" },
  expired: { open: "expired", filled: "filled", canceled: "expired", expired: "expired", rejected: "expired" },
  rejected: { open: "open", filled: "filled", canceled: "canceled", expired: "expired", rejected: "rejected" },
}

export const nextState = (state: OrderState, status: VenueOrderStatus): OrderState => NEXT[state][status]

/** Whether a change out of a state that was believed final. */
export const isSurprise = (from: OrderState, to: OrderState): boolean => from !== to && isFinal(from)
