import { negate, plus } from "../domain/decimal.ts"
import { JournalError } from "../domain/errors.ts"
import type { Inst } from "../domain/inst.ts"
import type { Market } from "../domain/market.ts"
import { type Fill, type FundingPayment, isFinal, type Order } from "../domain/order.ts"
import type { JournalRecord, OwnFunding, OwnPosition } from "../ports.ts"
import type { Connection, Statement } from "./driver.ts"
import { fromBalance, fromBooks, fromFill, fromFunding, fromOrder, fromPosition } from "./row.ts"

/** The bot's own sum on one inst. Fills up to `prunedUntil` are no longer in the table, but counted. */
export interface Own extends OwnPosition {
  readonly prunedUntil: number
}

/** What the database holds of it, at hand: unfinished orders by client id, own positions by market and inst, funding by asset too. */
export interface Image {
  readonly live: Map<string, Order>
  readonly own: Map<string, Own>
  readonly funding: Map<string, OwnFunding>
}

export const ownKey = (market: Market, inst: Inst): string => `${market} ${inst}`

export const fundingKey = (market: Market, inst: Inst, asset: string): string => `${market} ${inst} ${asset}`

/**
 * The statements of a turn, kept prepared and bound straight on better-sqlite3 instead of through Drizzle, whose prepared insert of
 * an order takes longer than all of `commit`. A new order is one statement, without BEGIN and COMMIT, on one tree: that of
 * `pending_orders`, see its migration. What a turn costs besides comes after the venue has its order.
 */
export class Writer {
  private readonly connection: Connection
  private readonly image: Image
  private readonly start: Statement
  private readonly end: Statement
  private readonly submit: Statement
  private readonly unpend: Statement
  private readonly place: Statement
  private readonly remember: Statement
  private readonly change: Statement
  private readonly refresh: Statement
  private readonly fill: Statement
  private readonly own: Statement
  private readonly funding: Statement
  private readonly ownFunding: Statement
  private readonly books: Statement
  private readonly position: Statement
  private readonly balance: Statement
  private readonly state: Statement
  private readonly forget: Statement
  private readonly mode: Statement
  private readonly former: Statement
  /** What is in `pending_orders`, by client id. */
  private readonly pending = new Map<string, Pending>()
  // Asking SQLite takes a microsecond.
  private isBegun = false
  // What the image held before this turn touched it, newest last.
  private readonly undo: (() => void)[] = []

  constructor(connection: Connection, image: Image) {
    this.connection = connection
    this.image = image
    this.start = connection.prepare("BEGIN IMMEDIATE")
    this.end = connection.prepare("COMMIT")
    this.submit = connection.prepare(`INSERT INTO pending_orders VALUES (NULL, ${marks(12)})`)
    this.unpend = connection.prepare("DELETE FROM pending_orders WHERE number = ? AND client_id = ?")
    const upsert = `INSERT INTO orders VALUES (${marks(19)}, 0) ON CONFLICT (client_id)`
    this.place = connection.prepare(`${upsert} DO NOTHING`)
    this.remember = connection.prepare(
      `INSERT INTO order_events SELECT client_id, changes, state, filled, cause, reason, changed_at
       FROM orders WHERE client_id = ? ON CONFLICT (client_id, number) DO NOTHING`,
    )
    this.refresh = connection.prepare(`${upsert} DO UPDATE SET ${REWRITE}`)
    this.change = connection.prepare(
      `${upsert} DO UPDATE SET ${REWRITE}, cause = excluded.cause, changed_at = excluded.changed_at, changes = changes + 1`,
    )
    this.fill = connection.prepare(
      `INSERT INTO fills VALUES (${marks(14)}) ON CONFLICT (market, inst, trade_id, order_id) DO NOTHING`,
    )
    this.own = connection.prepare(`INSERT OR REPLACE INTO own_positions VALUES (${marks(5)})`)
    this.funding = connection.prepare(
      `INSERT INTO funding VALUES (${marks(8)}) ON CONFLICT (market, inst, id) DO NOTHING`,
    )
    this.ownFunding = connection.prepare(`INSERT OR REPLACE INTO own_funding VALUES (${marks(7)})`)
    this.books = connection.prepare(`INSERT OR REPLACE INTO own_books VALUES (${marks(8)})`)
    this.position = connection.prepare(`INSERT OR REPLACE INTO positions VALUES (${marks(11)})`)
    this.balance = connection.prepare(`INSERT OR REPLACE INTO balances VALUES (${marks(7)})`)
    this.state = connection.prepare("INSERT OR REPLACE INTO strategy_state VALUES (?, ?, ?)")
    this.forget = connection.prepare("DELETE FROM strategy_state WHERE strategy = ? AND key = ?")
    this.mode = connection.prepare("INSERT OR REPLACE INTO meta VALUES ('mode', ?)")
    this.former = connection.prepare("SELECT state, filled FROM orders WHERE client_id = ?")
  }

  /** All or nothing; on an exception nothing is written and the image is as before. */
  commit(records: readonly JournalRecord[]): void {
    const first = records[0]
    if (first === undefined || (records.length === 1 && this.isPlaced(first))) return
    try {
      if (records.length > 1 || !isOneStatement(first)) this.begin()
      for (const record of records) this.write(record)
      if (this.isBegun) this.end.run()
    } catch (error) {
      for (const restore of this.undo.reverse()) restore()
      // A full disk makes SQLite roll back by itself.
      if (this.connection.inTransaction) this.connection.exec("ROLLBACK")
      throw error
    } finally {
      this.isBegun = false
      this.undo.length = 0
    }
  }

  /** A turn that is one new order, as most are that write at all: one statement, and nothing to take back where that fails. */
  private isPlaced(record: JournalRecord): boolean {
    if (record.kind !== "order") return false
    const { order, cause, at } = record
    const { live } = this.image
    if (!isSubmitted(order, at) || live.has(order.clientId)) return false
    this.pend(order, cause)
    live.set(order.clientId, order)
    return true
  }

  private pend(order: Order, cause: string): void {
    const { lastInsertRowid } = this.submit.run(
      order.clientId,
      order.market,
      order.inst,
      order.side,
      order.type,
      order.timeInForce,
      order.size,
      order.price ?? null,
      order.reduceOnly ? 1 : 0,
      order.expiresAt,
      cause,
      order.createdAt,
    )
    this.pending.set(order.clientId, { number: lastInsertRowid as number, cause })
  }

  private begin(): void {
    if (this.isBegun) return
    this.start.run()
    this.isBegun = true
  }

  private write(record: JournalRecord): void {
    switch (record.kind) {
      case "order":
        this.writeOrder(record.order, record.cause, record.at)
        return
      case "fill":
        this.writeFill(record.fill, record.at)
        return
      case "funding":
        this.writeFunding(record.payment, record.at)
        return
      case "books":
        this.books.run(fromBooks(record.books))
        return
      case "position":
        this.position.run(fromPosition(record.position))
        return
      case "balance":
        this.balance.run(fromBalance(record.balance))
        return
      case "state":
        if (record.value === undefined) this.forget.run(record.strategy, record.key)
        else this.state.run(record.strategy, record.key, record.value)
        return
      case "mode":
        this.mode.run(JSON.stringify({ mode: record.mode, why: record.why, at: record.at }))
    }
  }

  private writeOrder(order: Order, cause: string, at: number): void {
    const { clientId } = order
    const known = this.image.live.get(clientId)
    if (known === undefined && isSubmitted(order, at)) {
      this.pend(order, cause)
      this.undo.push(() => this.pending.delete(clientId))
      this.keep(order, known)
      return
    }
    if (known !== undefined) this.hearOf(known)
    const row = fromOrder(order, cause, at)
    const isNew = known === undefined && this.place.run(row).changes === 1
    if (!isNew) this.overwrite(order, row, known ?? (this.former.get(order.clientId) as Order))
    else if (isFinal(order.state)) this.remember.run(order.clientId)
    this.keep(order, known)
  }

  /** With the first word of it an order leaves `pending_orders` for `orders`. */
  private hearOf(known: Order): void {
    const { clientId } = known
    const pending = this.pending.get(clientId)
    if (pending === undefined) return
    this.begin()
    this.place.run(fromOrder(known, pending.cause, known.createdAt))
    const { changes } = this.unpend.run(pending.number, clientId)
    if (changes !== 1) throw new JournalError(`order ${clientId} is not where this run has put it; another writes here`)
    this.pending.delete(clientId)
    this.undo.push(() => this.pending.set(clientId, pending))
  }

  // The state it leaves goes into its past; a final one at once, because nothing may ever follow it.
  private overwrite(order: Order, row: ReturnType<typeof fromOrder>, former: Pick<Order, "state" | "filled">): void {
    if (former.state === order.state && former.filled === order.filled) {
      this.refresh.run(row)
      return
    }
    this.begin()
    this.remember.run(order.clientId)
    this.change.run(row)
    if (isFinal(order.state)) this.remember.run(order.clientId)
  }

  private keep(order: Order, known: Order | undefined): void {
    const { live } = this.image
    this.undo.push(() => (known === undefined ? live.delete(order.clientId) : live.set(order.clientId, known)))
    if (isFinal(order.state)) live.delete(order.clientId)
    else live.set(order.clientId, order)
  }

  private writeFill(fill: Fill, at: number): void {
    const { own } = this.image
    const key = ownKey(fill.market, fill.inst)
    const before = own.get(key)
    if (before !== undefined && fill.timestamp <= before.prunedUntil) return
    if (this.fill.run(fromFill(fill, at)).changes === 0) return
    const signed = fill.side === "BUY" ? fill.size : negate(fill.size)
    const size = plus(before?.size ?? "0", signed)
    const after = {
      market: fill.market,
      inst: fill.inst,
      size,
      fills: (before?.fills ?? 0) + 1,
      prunedUntil: before?.prunedUntil ?? 0,
    }
    this.own.run(after.market, after.inst, after.size, after.fills, after.prunedUntil)
    this.undo.push(() => (before === undefined ? own.delete(key) : own.set(key, before)))
    own.set(key, after)
  }

  private writeFunding(payment: FundingPayment, at: number): void {
    const { funding } = this.image
    const { market, inst, asset, timestamp } = payment
    const key = fundingKey(market, inst, asset)
    const before = funding.get(key)
    if (before !== undefined && timestamp <= before.prunedUntil) return
    if (this.funding.run(fromFunding(payment, at)).changes === 0) return
    const amount = plus(before?.amount ?? "0", payment.amount)
    const payments = (before?.payments ?? 0) + 1
    const newestAt = Math.max(before?.newestAt ?? 0, timestamp)
    const after = { market, inst, asset, amount, payments, newestAt, prunedUntil: before?.prunedUntil ?? 0 }
    this.ownFunding.run(market, inst, asset, amount, payments, newestAt, after.prunedUntil)
    this.undo.push(() => (before === undefined ? funding.delete(key) : funding.set(key, before)))
    funding.set(key, after)
  }
}

/** A row of `pending_orders`. */
interface Pending {
  readonly number: number
  readonly cause: string
}

// As it is when it was just submitted: `pending_orders` has no column for anything else. That its client id is new is known by how
// ids are made, by the run and a counter; nothing is looked up.
const isSubmitted = (order: Order, at: number): boolean =>
  order.state === "pending" &&
  order.filled === "0" &&
  order.createdAt === at &&
  order.updatedAt === at &&
  order.orderId === undefined &&
  order.avgPrice === undefined &&
  order.reason === undefined

// A new order that is not final, a repeated one, a state: an SQL statement is a transaction in itself. (The first word of an order is
// more than one, and begins its transaction itself.)
const isOneStatement = (record: JournalRecord): boolean =>
  record.kind !== "fill" && record.kind !== "funding" && (record.kind !== "order" || !isFinal(record.order.state))

const marks = (count: number): string => Array(count).fill("?").join(", ")

const REWRITE = [
  "market",
  "inst",
  "side",
  "type",
  "time_in_force",
  "size",
  "price",
  "reduce_only",
  "state",
  "order_id",
  "filled",
  "avg_price",
  "reason",
  "created_at",
  "updated_at",
  "expires_at",
]
  .map((column) => `${column} = excluded.${column}`)
  .join(", ")
