import { and, desc, eq, gte, inArray, notInArray, sql } from "drizzle-orm"
import { type BetterSQLite3Database, drizzle } from "drizzle-orm/better-sqlite3"
import type { Inst } from "../domain/inst.ts"
import type { Market } from "../domain/market.ts"
import { type Fill, type FundingPayment, isFinal, type Order, type OrderState } from "../domain/order.ts"
import type { Journal, Mode, Restored } from "../ports.ts"
import type { Connection, Statement } from "./driver.ts"
import { toFill, toFunding, toOrder } from "./row.ts"
import { fills, funding, isEnded, meta, orders, ownBooks, ownFunding, ownPositions, strategyState } from "./schema.ts"
import { fundingKey, type Image, ownKey } from "./writer.ts"

const FINAL: readonly OrderState[] = ["filled", "canceled", "expired", "rejected"]

/** One step of an order's life. */
export interface Step {
  readonly number: number
  readonly state: OrderState
  readonly filled: string
  readonly cause: string
  readonly reason: string | null
  readonly at: number
}

/** Everything that is read; through Drizzle, except what is asked once for every fill. */
export class Reader {
  private readonly database: BetterSQLite3Database
  private readonly known: Statement
  private readonly image: Image

  constructor(connection: Connection) {
    this.database = drizzle({ client: connection })
    this.known = connection
      .prepare("SELECT 1 FROM fills WHERE market = ? AND inst = ? AND trade_id = ? AND order_id = ?")
      .pluck()
    this.image = { live: this.unfinished(), own: this.owned(), funding: this.funded() }
  }

  /** Shared with the writer, which keeps it in step. */
  get present(): Image {
    return this.image
  }

  order(clientId: string): Order | undefined {
    const live = this.image.live.get(clientId)
    if (live !== undefined) return live
    const row = this.database.select().from(orders).where(eq(orders.clientId, clientId)).get()
    return row === undefined ? undefined : toOrder(row)
  }

  hasFill(market: Market, inst: Inst, tradeId: string, orderId: string): boolean {
    return this.known.get(market, inst, tradeId, orderId) !== undefined
  }

  /** By time of creation. The unfinished ones are at hand, the ended ones have an index. */
  orders(filter: Parameters<Journal["orders"]>[0]): readonly Order[] {
    const live = [...this.image.live.values()].filter((order) => fits(order, filter))
    return [...live, ...this.ended(filter)].sort((a, b) => b.createdAt - a.createdAt).slice(0, filter.limit)
  }

  private ended(filter: Parameters<Journal["orders"]>[0]): readonly Order[] {
    const states = filter.states?.filter(isFinal)
    if (states?.length === 0) return []
    const rows = this.database
      .select()
      .from(orders)
      .where(
        and(
          isEnded,
          states === undefined ? undefined : inArray(orders.state, states),
          filter.market === undefined ? undefined : eq(orders.market, filter.market),
          filter.inst === undefined ? undefined : eq(orders.inst, filter.inst),
          filter.sinceAt === undefined ? undefined : gte(orders.createdAt, filter.sinceAt),
        ),
      )
      .orderBy(desc(orders.createdAt))
      .limit(filter.limit)
      .all()
    return rows.map(toOrder)
  }

  fills(filter: Parameters<Journal["fills"]>[0]): readonly Fill[] {
    const rows = this.database
      .select()
      .from(fills)
      .where(
        and(
          // The plus keeps SQLite from walking all fills of an inst by their key and then sorting them by time.
          filter.market === undefined ? undefined : sql`+${fills.market} = ${filter.market}`,
          filter.inst === undefined ? undefined : sql`+${fills.inst} = ${filter.inst}`,
          filter.clientId === undefined ? undefined : eq(fills.clientId, filter.clientId),
          filter.sinceAt === undefined ? undefined : gte(fills.timestamp, filter.sinceAt),
        ),
      )
      .orderBy(desc(fills.timestamp))
      .limit(filter.limit)
      .all()
    return rows.map(toFill)
  }

  fundings(filter: Parameters<Journal["fundings"]>[0]): readonly FundingPayment[] {
    const rows = this.database
      .select()
      .from(funding)
      .where(
        and(
          filter.market === undefined ? undefined : sql`+${funding.market} = ${filter.market}`,
          filter.inst === undefined ? undefined : sql`+${funding.inst} = ${filter.inst}`,
          filter.sinceAt === undefined ? undefined : gte(funding.timestamp, filter.sinceAt),
        ),
      )
      .orderBy(desc(funding.timestamp))
      .limit(filter.limit)
      .all()
    return rows.map(toFunding)
  }

  history(clientId: string): readonly Step[] {
    return this.database.all<Step>(
      sql`SELECT number, state, filled, cause, reason, at FROM order_history WHERE client_id = ${clientId} ORDER BY number`,
    )
  }

  restore(run: number): Restored {
    const mode = this.mode()
    return {
      run,
      orders: [...this.image.live.values()],
      own: [...this.image.own.values()].map(({ market, inst, size, fills }) => ({ market, inst, size, fills })),
      books: this.database.select().from(ownBooks).all(),
      funding: [...this.image.funding.values()],
      state: this.database.select().from(strategyState).all(),
      mode: mode.mode,
      modeWhy: mode.why,
    }
  }

  note(name: string): string | undefined {
    return this.database.select().from(meta).where(eq(meta.name, name)).get()?.value
  }

  private mode(): { mode: Mode; why: string } {
    const noted = this.note("mode")
    return noted === undefined ? { mode: "running", why: "" } : (JSON.parse(noted) as { mode: Mode; why: string })
  }

  private unfinished(): Map<string, Order> {
    const rows = this.database
      .select()
      .from(orders)
      .where(notInArray(orders.state, [...FINAL]))
      .orderBy(orders.createdAt)
      .all()
    return new Map(rows.map((row) => [row.clientId, toOrder(row)]))
  }

  private funded(): Image["funding"] {
    const rows = this.database.select().from(ownFunding).all()
    return new Map(rows.map((row) => [fundingKey(row.market, row.inst, row.asset), row]))
  }

  private owned(): Image["own"] {
    const rows = this.database.select().from(ownPositions).all()
    return new Map(rows.map((row) => [ownKey(row.market, row.inst), row]))
  }
}

function fits(order: Order, filter: Parameters<Journal["orders"]>[0]): boolean {
  return (
    (filter.market === undefined || order.market === filter.market) &&
    (filter.inst === undefined || order.inst === filter.inst) &&
    (filter.states === undefined || filter.states.includes(order.state)) &&
    (filter.sinceAt === undefined || order.createdAt >= filter.sinceAt)
  )
}
