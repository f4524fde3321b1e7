import type { OrderChanged, Trouble } from "../../domain/callbacks.ts"
import type { Inst } from "../../domain/inst.ts"
import type { OrderDetail } from "../../domain/operation.ts"
import { type Fill, type FundingPayment, isFinal, type Order } from "../../domain/order.ts"
import { maskFrame } from "../../domain/redaction.ts"
import { type Applied, ENDED_KEPT, Ledger, toChange, toRecords } from "../../execution/ledger.ts"
import { fromDetail } from "../../execution/lifecycle.ts"
import { Holdings, type InstBooks } from "../../execution/pnl.ts"
import type { Journal, JournalRecord, Venue } from "../../ports.ts"
import type { Publish, TaskHost } from "../task.ts"
import { Account } from "./account.ts"

export interface DeskDeps {
  readonly host: TaskHost
  readonly venue: Venue
  readonly journal: Journal
  readonly identity: string
}

/** Fills of one inst replayed at start: those since its books were last written. */
const FILLS_MAX = 100_000
const RAW_CHARS_MAX = 500

/**
 * The one place where news of own orders is taken in: into the ledger, into the turn's transaction, to the strategies.
 * Everything here runs inside a turn.
 */
export class Desk {
  readonly ledger: Ledger
  readonly holdings = new Holdings()
  readonly account = new Account()
  readonly #deps: DeskDeps
  readonly #publish: Publish<"onOrder">
  readonly #trouble: Publish<"onError">
  readonly #fills: { value: number }
  readonly #surprises: { value: number }
  readonly #fundings: { value: number }
  /** Orders whose fate the venue does not tell: their inst must not be traded until somebody settles them. */
  readonly #stuck = new Map<string, { readonly inst: Inst; readonly why: string }>()
  readonly #watchers: ((applied: Applied) => void)[] = []

  constructor(deps: DeskDeps) {
    this.#deps = deps
    const { host, journal, venue } = deps
    this.ledger = new Ledger({
      market: venue.market,
      identity: deps.identity,
      recall: (clientId) => {
        const order = journal.order(clientId)
        return order?.market === venue.market ? order : undefined
      },
      hasFill: ({ inst, tradeId, orderId }) => journal.hasFill(venue.market, inst, tradeId, orderId),
    })
    this.#publish = host.publisher("onOrder")
    this.#trouble = host.publisher("onError")
    const labels = { market: venue.market }
    this.#fills = host.counter("perigee_fills_total", "Executions of own orders, each counted once", labels)
    this.#fundings = host.counter("perigee_fundings_total", "Settlements of funding, each counted once", labels)
    this.#surprises = host.counter("perigee_order_surprises_total", "Final orders that moved all the same", labels)
  }

  get now(): number {
    return this.#deps.host.outside.clock.now()
  }

  run<T>(work: () => T): T {
    return this.#deps.host.turn.run(work)
  }

  record(records: readonly JournalRecord[]): void {
    for (const record of records) this.#deps.host.turn.record(record)
  }

  /** Called with every change, after it is recorded and before the strategies hear of it. */
  watch(watcher: (applied: Applied) => void): void {
    this.#watchers.push(watcher)
  }

  /** Takes in what the ledger made of a piece of news. */
  take(applied: Applied | undefined): Applied | undefined {
    if (applied === undefined) return undefined
    this.record(toRecords(applied))
    if (applied.fill !== undefined) {
      this.#keep(this.holdings.fill(applied.fill))
      this.#fills.value++
    }
    if (applied.order.state !== "unknown") this.#stuck.delete(applied.order.clientId)
    if (applied.surprise !== undefined) {
      this.#surprises.value++
      this.trouble("order surprise", applied.surprise, { clientId: applied.order.clientId, cause: applied.cause })
    }
    for (const watcher of this.#watchers) watcher(applied)
    this.tell(toChange(applied))
    return applied
  }

  tell(change: OrderChanged): void {
    this.#publish(change, change.timestamp)
  }

  /** What the venue says when asked about an order of ours. */
  detail(clientId: string, detail: OrderDetail, cause: string): void {
    this.run(() => this.take(this.ledger.tell(clientId, fromDetail(detail), cause, this.now)))
  }

  fill(fill: Fill, cause: string): Applied | undefined {
    return this.run(() => this.take(this.ledger.fill(fill, cause, this.now)))
  }

  /** Counts a settlement of funding; the caller sees to it that each comes once. Inside a turn. */
  fund(payment: FundingPayment): void {
    this.record([{ kind: "funding", payment, at: this.now }])
    this.holdings.fund(payment.inst, payment.asset, payment.amount)
    this.#fundings.value++
  }

  #keep(books: InstBooks | undefined): void {
    if (books !== undefined) this.record([{ kind: "books", books: { market: this.#deps.venue.market, ...books } }])
  }

  /** Takes on an order of ours that only the venue knows. False where it is not ours or known. `isReported`: by the caller. */
  adopt(detail: OrderDetail, cause: string, isReported = false): boolean {
    const { clientId } = detail
    if (!this.ledger.isOwn(clientId) || this.ledger.order(clientId) !== undefined) return false
    const expiresAt = detail.createdAt + this.#deps.venue.requestLifeMs * 1_000
    this.run(() => {
      this.take(this.ledger.adopt({ ...detail, clientId }, expiresAt, cause, this.now))
      if (isReported) return
      const message = `order ${clientId} of this bot was at the venue and not in the journal`
      this.trouble("order adopted", message, { inst: detail.inst, orderId: detail.orderId, cause })
    })
    return true
  }

  /** Logs and publishes; inside a turn or not. */
  trouble(kind: string, message: string, detail: Readonly<Record<string, unknown>> = {}): void {
    const { host, venue } = this.#deps
    host.outside.log.warn("orders.trouble", { market: venue.market, kind, message, ...detail })
    const trouble: Trouble = { kind, message, detail: { market: venue.market, ...detail }, timestamp: this.now }
    this.run(() => this.#trouble(trouble, trouble.timestamp))
  }

  /** A frame that gave nothing: shown as it came, unless it looks as if it carried a credential. */
  unreadable(why: string, raw: string): void {
    this.trouble("unreadable frame", why, { raw: maskFrame(raw.slice(0, RAW_CHARS_MAX)) })
  }

  // ---- orders whose fate nobody tells ----

  stick(order: Order, why: string): void {
    if (this.#stuck.has(order.clientId)) return
    this.#stuck.set(order.clientId, { inst: order.inst, why })
    this.run(() => this.take(this.ledger.doubt(order.clientId, why, this.now)))
    const message = `order ${order.clientId} stays unknown: ${why}. ${order.inst} is not traded until it is settled`
    this.trouble("order stuck", message, { clientId: order.clientId, inst: order.inst })
  }

  blockedWhy(inst: Inst): string | undefined {
    for (const [clientId, stuck] of this.#stuck) {
      if (stuck.inst === inst) return `${inst} is blocked by order ${clientId}, which is unknown: ${stuck.why}`
    }
    return undefined
  }

  stuck(): { readonly clientId: string; readonly inst: Inst; readonly why: string }[] {
    return Array.from(this.#stuck, ([clientId, stuck]) => ({ clientId, inst: stuck.inst, why: stuck.why }))
  }

  isStuck(clientId: string): boolean {
    return this.#stuck.has(clientId)
  }

  // ---- start ----

  /** Everything the journal knows of this market. Orders that were being sent when the last run ended are in doubt. */
  restore(): void {
    const { journal, venue } = this.#deps
    const { market } = venue
    const live = journal.restored.orders.filter((order) => order.market === market)
    const ended = journal.orders({ market, limit: ENDED_KEPT }).filter(({ state }) => isFinal(state))
    for (const order of [...ended.toReversed(), ...live]) {
      this.ledger.restore(order, journal.fills({ market, clientId: order.clientId, limit: FILLS_MAX }))
    }
    this.#restoreHoldings()
    this.run(() => {
      for (const order of live) {
        if (order.state === "pending") {
          this.take(this.ledger.doubt(order.clientId, "the bot ended before the answer", this.now))
        }
      }
    })
  }

  #restoreHoldings(): void {
    const { journal, venue } = this.#deps
    const { market } = venue
    const { books, own, funding } = journal.restored
    const ours = <T extends { readonly market: string }>(rows: readonly T[]): T[] =>
      rows.filter((row) => row.market === market)
    for (const { inst, size } of ours(own)) {
      const known = ours(books).find((row) => row.inst === inst)
      const sinceAt = known === undefined ? 0 : known.untilAt + 1
      const later = journal.fills({ market, inst, sinceAt, limit: FILLS_MAX })
      this.run(() => this.#keep(this.holdings.restore(inst, known, later)))
      if (!this.holdings.correct(inst, size)) continue
      this.trouble("fills incomplete", `older fills of ${inst} are gone: its cost is estimated`, { inst, size })
    }
    for (const { inst, asset, amount } of ours(funding)) this.holdings.fund(inst, asset, amount)
  }
}
