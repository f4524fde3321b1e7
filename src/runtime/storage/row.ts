import type { Balance, Fill, FundingPayment, Order, Position } from "../domain/order.ts"
import type { OwnBooks } from "../ports.ts"
import type { fills, funding, orders } from "./schema.ts"

type OrderRow = typeof orders.$inferSelect
type FillRow = typeof fills.$inferSelect

/** Values in the order of the table's columns, for the statements in writer.ts. */
export type Row = readonly (string | number | null)[]

export const fromOrder = (order: Order, cause: string, at: number): Row => [
  order.clientId,
  order.market,
  order.inst,
  order.side,
  order.type,
  order.timeInForce,
  order.size,
  order.price ?? null,
  order.reduceOnly ? 1 : 0,
  order.state,
  order.orderId ?? null,
  order.filled,
  order.avgPrice ?? null,
  order.reason ?? null,
  order.createdAt,
  order.updatedAt,
  order.expiresAt,
  cause,
  at,
]

export const toOrder = (row: OrderRow): Order => ({
  clientId: row.clientId,
  market: row.market,
  inst: row.inst,
  side: row.side,
  type: row.type,
  timeInForce: row.timeInForce,
  size: row.size,
  ...(row.price === null ? {} : { price: row.price }),
  reduceOnly: row.reduceOnly,
  state: row.state,
  ...(row.orderId === null ? {} : { orderId: row.orderId }),
  filled: row.filled,
  ...(row.avgPrice === null ? {} : { avgPrice: row.avgPrice }),
  ...(row.reason === null ? {} : { reason: row.reason }),
  createdAt: row.createdAt,
  updatedAt: row.updatedAt,
  expiresAt: row.expiresAt,
})

export const fromFill = (fill: Fill, at: number): Row => [
  fill.market,
  fill.inst,
  fill.tradeId,
  fill.orderId,
  fill.clientId ?? null,
  fill.side,
  fill.price,
  fill.size,
  fill.fee,
  fill.feeAsset,
  fill.isMaker ? 1 : 0,
  fill.realizedPnl ?? null,
  fill.timestamp,
  at,
]

export const toFill = (row: FillRow): Fill => ({
  market: row.market,
  inst: row.inst,
  tradeId: row.tradeId,
  orderId: row.orderId,
  ...(row.clientId === null ? {} : { clientId: row.clientId }),
  side: row.side,
  price: row.price,
  size: row.size,
  fee: row.fee,
  feeAsset: row.feeAsset,
  isMaker: row.isMaker,
  ...(row.realizedPnl === null ? {} : { realizedPnl: row.realizedPnl }),
  timestamp: row.timestamp,
})

export const fromFunding = (payment: FundingPayment, at: number): Row => [
  payment.market,
  payment.inst,
  payment.id,
  payment.amount,
  payment.asset,
  payment.basis,
  payment.timestamp,
  at,
]

export const toFunding = (row: typeof funding.$inferSelect): FundingPayment => ({
  market: row.market,
  inst: row.inst,
  id: row.id,
  amount: row.amount,
  asset: row.asset,
  basis: row.basis,
  timestamp: row.timestamp,
})

export const fromBooks = (books: OwnBooks): Row => [
  books.market,
  books.inst,
  books.sinceAt,
  books.untilAt,
  books.size,
  books.cost,
  books.realized,
  JSON.stringify(books.fees),
]

export const fromPosition = (position: Position): Row => [
  position.market,
  position.inst,
  position.side,
  position.size,
  position.avgPrice,
  position.marginMode ?? null,
  position.markPrice ?? null,
  position.margin ?? null,
  position.leverage ?? null,
  position.unrealizedPnl ?? null,
  position.timestamp,
]

export const fromBalance = (balance: Balance): Row => [
  balance.market,
  balance.asset,
  balance.total,
  balance.available ?? null,
  balance.frozen ?? null,
  balance.borrowed ?? null,
  balance.timestamp,
]
