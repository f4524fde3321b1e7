import { index, integer, primaryKey, real, sqliteTable, text } from "drizzle-orm/sqlite-core"
import { sql } from "drizzle-orm"
import type { Inst } from "../domain/inst.ts"
import type { Market } from "../domain/market.ts"
import type {
  FundingBasis,
  MarginMode,
  OrderState,
  OrderType,
  PositionSide,
  Side,
  TimeInForce,
} from "../domain/order.ts"

/** The tables as Drizzle sees them. `migrations/` makes them; a test holds the two together. */

export const meta = sqliteTable("meta", { name: text().primaryKey(), value: text().notNull() })

export const runs = sqliteTable("runs", {
  run: integer().primaryKey(),
  version: text().notNull(),
  pid: integer().notNull(),
  startedAt: integer("started_at").notNull(),
  endedAt: integer("ended_at"),
  why: text(),
})

export const orders = sqliteTable(
  "orders",
  {
    clientId: text("client_id").primaryKey(),
    market: text().$type<Market>().notNull(),
    inst: text().$type<Inst>().notNull(),
    side: text().$type<Side>().notNull(),
    type: text().$type<OrderType>().notNull(),
    timeInForce: text("time_in_force").$type<TimeInForce>().notNull(),
    size: text().notNull(),
    price: text(),
    reduceOnly: integer("reduce_only", { mode: "boolean" }).notNull(),
    state: text().$type<OrderState>().notNull(),
    orderId: text("order_id"),
    filled: text().notNull(),
    avgPrice: text("avg_price"),
    reason: text(),
    createdAt: integer("created_at").notNull(),
    updatedAt: integer("updated_at").notNull(),
    expiresAt: integer("expires_at").notNull(),
    cause: text().notNull(),
    changedAt: integer("changed_at").notNull(),
    changes: integer().notNull(),
  },
  (table) => [index("orders_ended").on(table.createdAt).where(isEnded)],
)

/** Orders of which nothing was recorded since they were submitted in this run; `migrations/0003_pending_orders.sql` says why they are apart. */
export const pendingOrders = sqliteTable("pending_orders", {
  number: integer().primaryKey(),
  clientId: text("client_id").notNull(),
  market: text().$type<Market>().notNull(),
  inst: text().$type<Inst>().notNull(),
  side: text().$type<Side>().notNull(),
  type: text().$type<OrderType>().notNull(),
  timeInForce: text("time_in_force").$type<TimeInForce>().notNull(),
  size: text().notNull(),
  price: text(),
  reduceOnly: integer("reduce_only", { mode: "boolean" }).notNull(),
  expiresAt: integer("expires_at").notNull(),
  cause: text().notNull(),
  createdAt: integer("created_at").notNull(),
})

/** Word for word the predicate of the partial index: SQLite uses the index only for a query that repeats it. */
export const isEnded = sql`state IN ('filled', 'canceled', 'expired', 'rejected')`

export const orderEvents = sqliteTable(
  "order_events",
  {
    clientId: text("client_id").notNull(),
    number: integer().notNull(),
    state: text().$type<OrderState>().notNull(),
    filled: text().notNull(),
    cause: text().notNull(),
    reason: text(),
    at: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.clientId, table.number] })],
)

export const fills = sqliteTable(
  "fills",
  {
    market: text().$type<Market>().notNull(),
    inst: text().$type<Inst>().notNull(),
    tradeId: text("trade_id").notNull(),
    orderId: text("order_id").notNull(),
    clientId: text("client_id"),
    side: text().$type<Side>().notNull(),
    price: text().notNull(),
    size: text().notNull(),
    fee: text().notNull(),
    feeAsset: text("fee_asset").notNull(),
    isMaker: integer("is_maker", { mode: "boolean" }).notNull(),
    realizedPnl: text("realized_pnl"),
    timestamp: integer().notNull(),
    writtenAt: integer("written_at").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.market, table.inst, table.tradeId, table.orderId] }),
    index("fills_by_time").on(table.timestamp),
    index("fills_by_order").on(table.clientId),
  ],
)

export const ownPositions = sqliteTable(
  "own_positions",
  {
    market: text().$type<Market>().notNull(),
    inst: text().$type<Inst>().notNull(),
    size: text().notNull(),
    fills: integer().notNull(),
    prunedUntil: integer("pruned_until").notNull().default(0),
  },
  (table) => [primaryKey({ columns: [table.market, table.inst] })],
)

export const funding = sqliteTable(
  "funding",
  {
    market: text().$type<Market>().notNull(),
    inst: text().$type<Inst>().notNull(),
    id: text().notNull(),
    amount: text().notNull(),
    asset: text().notNull(),
    basis: text().$type<FundingBasis>().notNull(),
    timestamp: integer().notNull(),
    writtenAt: integer("written_at").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.market, table.inst, table.id] }),
    index("funding_by_time").on(table.timestamp),
  ],
)

export const ownFunding = sqliteTable(
  "own_funding",
  {
    market: text().$type<Market>().notNull(),
    inst: text().$type<Inst>().notNull(),
    asset: text().notNull(),
    amount: text().notNull(),
    payments: integer().notNull(),
    newestAt: integer("newest_at").notNull(),
    prunedUntil: integer("pruned_until").notNull().default(0),
  },
  (table) => [primaryKey({ columns: [table.market, table.inst, table.asset] })],
)

export const ownBooks = sqliteTable(
  "own_books",
  {
    market: text().$type<Market>().notNull(),
    inst: text().$type<Inst>().notNull(),
    sinceAt: integer("since_at").notNull(),
    untilAt: integer("until_at").notNull(),
    size: text().notNull(),
    cost: text().notNull(),
    realized: text().notNull(),
    fees: text({ mode: "json" }).$type<Record<string, string>>().notNull(),
  },
  (table) => [primaryKey({ columns: [table.market, table.inst] })],
)

export const positions = sqliteTable(
  "positions",
  {
    market: text().$type<Market>().notNull(),
    inst: text().$type<Inst>().notNull(),
    side: text().$type<PositionSide>().notNull(),
    size: text().notNull(),
    avgPrice: text("avg_price").notNull(),
    marginMode: text("margin_mode").$type<MarginMode>(),
    markPrice: text("mark_price"),
    margin: text(),
    leverage: real(),
    unrealizedPnl: text("unrealized_pnl"),
    timestamp: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.market, table.inst, table.side] })],
)

export const balances = sqliteTable(
  "balances",
  {
    market: text().$type<Market>().notNull(),
    asset: text().notNull(),
    total: text().notNull(),
    available: text(),
    frozen: text(),
    borrowed: text(),
    timestamp: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.market, table.asset] })],
)

export const strategyState = sqliteTable(
  "strategy_state",
  { strategy: text().notNull(), key: text().notNull(), value: text().notNull() },
  (table) => [primaryKey({ columns: [table.strategy, table.key] })],
)
