import { compare } from "../../domain/decimal.ts"
import type { Inst } from "../../domain/inst.ts"
import type { OrderDetail, ParamsOf, Range } from "../../domain/operation.ts"
import { type Fill, isFinal } from "../../domain/order.ts"
import type { Clock, Timer, Venue } from "../../ports.ts"
import type { RestClient } from "../rest.ts"
import type { Desk } from "./desk.ts"
import type { Resolver } from "./resolver.ts"

export interface BackFillDeps {
  readonly venue: Venue
  readonly rest: RestClient
  readonly clock: Clock
  readonly desk: Desk
  readonly resolver: Resolver
}

const PAGE = 500
const DAY_US = 86_400_000_000
/** Venues keep fills and ended orders for a few months at most; further back nothing is asked for. */
const DAYS_MAX = 90
/** An execution usually follows the answer that told of its amount. */
const GRACE_MS = 1_500
const TRIES_MAX = 6
/** Of an earlier life, orders of one inst: beyond, its books are not worth a longer start. */
const EARLIER_MAX = 5_000

/** A span of the venue's time, µs. */
interface Window {
  readonly startAt: number
  readonly endAt: number
}

export interface Earlier {
  readonly orders: number
  /** Venue's time, µs. */
  readonly sinceAt: number
}

/** Asks for executions that should be known and are not. */
export class BackFill {
  readonly #deps: BackFillDeps
  readonly #tries = new Map<string, number>()
  #timer: Timer | undefined
  #isStopped = false

  constructor(deps: BackFillDeps) {
    this.#deps = deps
  }

  /** Orders filled beyond their known fills are asked for after a moment. */
  watchGaps(): void {
    if (this.#timer !== undefined || this.#isStopped || this.#open().length === 0) return
    this.#timer = this.#deps.clock.timer(GRACE_MS, () => {
      this.#timer = undefined
      void this.closeGaps().then(() => this.watchGaps())
    })
  }

  stop(): void {
    this.#isStopped = true
    this.#timer?.cancel()
  }

  async closeGaps(): Promise<void> {
    for (const order of this.#open()) {
      if (order.orderId === undefined) continue
      const tries = (this.#tries.get(order.clientId) ?? 0) + 1
      this.#tries.set(order.clientId, tries)
      await this.#pages(order.inst, { orderId: order.orderId }, (fill) => fill.orderId === order.orderId)
      if (!this.#deps.desk.ledger.gaps().some(({ clientId }) => clientId === order.clientId)) {
        this.#tries.delete(order.clientId)
      } else if (tries === TRIES_MAX) {
        const message = `order ${order.clientId} is filled ${order.filled}, but the venue does not show all its executions`
        this.#deps.desk.trouble("fills missing", message, { clientId: order.clientId, inst: order.inst })
      }
    }
  }

  /** Every execution in `inst` since `startAt` (venue's time), page by page. False where the venue did not answer. */
  async fillsSince(inst: Inst, startAt: number, now: number): Promise<boolean> {
    for (const window of windows(startAt, now)) {
      const took = await this.#pages(inst, window, () => true)
      if (took === undefined) return false
      // More than a page holds was followed by id to its end, past this window.
      if (took > PAGE) return true
    }
    return true
  }

  /** The executions that `from` names and, where they are more than a page, all later ones by id. Undefined: no answer. */
  async #pages(
    inst: Inst,
    from: Range & { orderId?: string },
    isWanted: (fill: Fill) => boolean,
  ): Promise<number | undefined> {
    const seen = new Set<string>()
    let next: ParamsOf<"fills"> = { inst, ...from, limit: PAGE }
    for (;;) {
      const page = await this.#page(next)
      if (page === undefined) return undefined
      this.#take(page.filter(isWanted))
      const last = page.at(-1)
      const known = seen.size
      for (const { tradeId } of page) seen.add(tradeId)
      if (last === undefined || page.length < PAGE || seen.size === known) return seen.size
      next = { inst, fromTradeId: last.tradeId, limit: PAGE }
    }
  }

  /** Orders of ours since `startAt`: those that the journal lacks, and how the others ended. False where the venue did not answer. */
  async ordersSince(inst: Inst, startAt: number, now: number): Promise<boolean> {
    const seen = new Set<string>()
    for (const window of windows(startAt, now)) if (!(await this.#orders(inst, window, seen))) return false
    return true
  }

  /**
   * Orders of ours from before anything was written down here, with their executions: a database was lost, or its first
   * turns. Goes back a day at a time, as long as a day shows any. How many, and since when; undefined: no answer.
   */
  async earlier(inst: Inst, now: number): Promise<Earlier | undefined> {
    const seen = new Set<string>()
    let sinceAt = now
    while (seen.size < EARLIER_MAX && sinceAt > now - DAYS_MAX * DAY_US) {
      const window = { startAt: sinceAt - DAY_US, endAt: sinceAt }
      const before = seen.size
      if (!(await this.#orders(inst, window, seen, true))) return undefined
      if (seen.size === before) break
      sinceAt = window.startAt
    }
    if (seen.size > 0 && !(await this.fillsSince(inst, sinceAt, now))) return undefined
    return { orders: seen.size, sinceAt }
  }

  /** Takes in what the venue shows of our orders within a day, and adds them to `seen`. False where it did not answer. */
  async #orders(inst: Inst, { startAt, endAt }: Window, seen: Set<string>, isReported = false): Promise<boolean> {
    const { venue, rest, desk } = this.#deps
    if (!venue.operations.includes("orderHistory")) return true
    let from = startAt
    for (let page: readonly OrderDetail[] | undefined; page === undefined || page.length >= PAGE;) {
      const outcome = await rest.call("orderHistory", { inst, startAt: from, endAt, limit: PAGE })
      if (outcome.kind !== "accepted") return false
      page = outcome.value
      for (const detail of page) {
        const owner = desk.ledger.ownerOf(detail.inst, detail.orderId, detail.clientId)
        if (owner !== undefined) desk.detail(owner, detail, "order history")
        else if (!desk.adopt(detail, "order history", isReported)) continue
        seen.add(detail.orderId)
      }
      const next = page.reduce((latest, { createdAt }) => Math.max(latest, createdAt), from)
      if (next === from) break
      from = next
    }
    return true
  }

  #open() {
    return this.#deps.desk.ledger.gaps().filter(({ clientId }) => (this.#tries.get(clientId) ?? 0) < TRIES_MAX)
  }

  /** Oldest first, as they happened. */
  #take(fills: readonly Fill[]): void {
    const { desk, resolver } = this.#deps
    for (const fill of fills.toSorted((a, b) => a.timestamp - b.timestamp)) {
      const applied = desk.fill(fill, "back-filled")
      if (applied === undefined || isFinal(applied.order.state)) continue
      if (compare(applied.order.filled, applied.order.size) >= 0)
        resolver.ask(applied.order.clientId, "all of it is filled")
    }
  }

  async #page(params: ParamsOf<"fills">): Promise<readonly Fill[] | undefined> {
    const { venue, rest } = this.#deps
    if (!venue.operations.includes("fills")) return []
    const outcome = await rest.call("fills", params)
    return outcome.kind === "accepted" ? outcome.value : undefined
  }
}

/** Spans of a day: venues bound how much time one request may cover. */
function windows(startAt: number, now: number): Window[] {
  const spans: Window[] = []
  for (let from = Math.max(startAt, now - DAYS_MAX * DAY_US); from < now; from += DAY_US) {
    spans.push({ startAt: from, endAt: Math.min(from + DAY_US, now) })
  }
  return spans
}
