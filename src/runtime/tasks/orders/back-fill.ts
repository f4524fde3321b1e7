import { compare, type Decimal } from "../../domain/decimal.ts"
import type { Inst } from "../../domain/inst.ts"
import type { OrderDetail, ParamsOf, Range } from "../../domain/operation.ts"
import { type Fill, isFinal } from "../../domain/order.ts"
import { ordersBehind } from "../../execution/earlier-life.ts"
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
/** So many days without an own order, and the rest is not asked for. */
const IDLE_DAYS_MAX = 3

/** A span of the venue's time, µs. */
interface Window {
  readonly startAt: number
  readonly endAt: number
}

/** What the venue shows of this bot in an inst from before anything was written down here. */
export interface Earlier {
  readonly inst: Inst
  /** Own orders that it shows; `orders` and `fills` are those that make up the position, where any do. */
  readonly shown: number
  readonly isExplained: boolean
  readonly orders: readonly OrderDetail[]
  readonly fills: readonly Fill[]
  /** Venue's time, µs: what is older was not looked at. */
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
      await this.#pages(order.inst, { orderId: order.orderId }, (page) =>
        this.#take(page.filter(({ orderId }) => orderId === order.orderId)),
      )
      if (!this.#deps.desk.ledger.gaps().some(({ clientId }) => clientId === order.clientId)) {
        this.#tries.delete(order.clientId)
      } else if (tries === TRIES_MAX) {
        const message = `order ${order.clientId} is filled ${order.filled}, but the venue does not show all its executions`
        this.#deps.desk.trouble("fills missing", message, { clientId: order.clientId, inst: order.inst })
      }
    }
  }

  /** Every execution in `inst` since `startAt` (venue's time), page by page. False where the venue did not answer. */
  fillsSince(inst: Inst, startAt: number, now: number): Promise<boolean> {
    return this.#fills(inst, startAt, now, (page) => this.#take(page))
  }

  async #fills(inst: Inst, startAt: number, now: number, take: (page: readonly Fill[]) => void): Promise<boolean> {
    for (const window of windows(startAt, now)) {
      const took = await this.#pages(inst, window, take)
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
    take: (page: readonly Fill[]) => void,
  ): Promise<number | undefined> {
    const seen = new Set<string>()
    let next: ParamsOf<"fills"> = { inst, ...from, limit: PAGE }
    for (;;) {
      const page = await this.#page(next)
      if (page === undefined) return undefined
      take(page)
      const last = page.at(-1)
      const known = seen.size
      for (const { tradeId } of page) seen.add(tradeId)
      if (last === undefined || page.length < PAGE || seen.size === known) return seen.size
      next = { inst, fromTradeId: last.tradeId, limit: PAGE }
    }
  }

  /** Orders of ours since `startAt`: those that the journal lacks, and how the others ended. False where the venue did not answer. */
  async ordersSince(inst: Inst, startAt: number, now: number): Promise<boolean> {
    for (const window of windows(startAt, now)) {
      if (!(await this.#orders(inst, window, (page) => this.#tell(page)))) return false
    }
    return true
  }

  /**
   * Own orders of an earlier life, whose database was lost, with their executions: a day at a time, until they make up the
   * position. Nothing is taken in yet. Undefined where the venue did not answer. `open`: own ones that it lists now.
   */
  async earlier(
    inst: Inst,
    open: readonly OrderDetail[],
    position: () => Decimal,
    now: number,
  ): Promise<Earlier | undefined> {
    const { ledger } = this.#deps.desk
    const orders = new Map(open.map((detail) => [detail.orderId, detail]))
    const fills = new Map<string, Fill>()
    let sinceAt = now
    let taken = ordersBehind(position(), orders, [])
    for (let idle = 0; taken === undefined && idle < IDLE_DAYS_MAX && orders.size < EARLIER_MAX;) {
      const before = orders.size
      const [startAt, endAt] = [sinceAt - DAY_US, sinceAt]
      const isAnswered =
        (await this.#orders(inst, { startAt, endAt }, (page) => {
          for (const detail of page) if (ledger.isOwn(detail.clientId)) orders.set(detail.orderId, detail)
        })) &&
        (await this.#fills(inst, startAt, endAt, (page) => {
          for (const fill of page) fills.set(`${fill.tradeId} ${fill.orderId}`, fill)
        }))
      if (!isAnswered) return undefined
      idle = orders.size === before ? idle + 1 : 0
      sinceAt = startAt
      taken = ordersBehind(position(), orders, [...fills.values()])
    }
    return {
      inst,
      shown: orders.size,
      isExplained: taken !== undefined,
      orders: [...orders.values()].filter(({ orderId }) => taken?.has(orderId)),
      fills: [...fills.values()].filter(({ orderId }) => taken?.has(orderId)),
      sinceAt,
    }
  }

  /** All of it or nothing is written down: a start that dies in between looks back again. */
  takeEarlier(all: readonly Earlier[]): void {
    this.#deps.desk.run(() => {
      for (const { orders, fills } of all) {
        this.#tell(orders, true)
        this.#take(fills)
      }
    })
  }

  /** Every page of orders that the venue shows within a day. False where it did not answer. */
  async #orders(
    inst: Inst,
    { startAt, endAt }: Window,
    take: (page: readonly OrderDetail[]) => void,
  ): Promise<boolean> {
    const { venue, rest } = this.#deps
    if (!venue.operations.includes("orderHistory")) return true
    let from = startAt
    for (let page: readonly OrderDetail[] | undefined; page === undefined || page.length >= PAGE;) {
      const outcome = await rest.call("orderHistory", { inst, startAt: from, endAt, limit: PAGE })
      if (outcome.kind !== "accepted") return false
      page = outcome.value
      take(page)
      const next = page.reduce((latest, { createdAt }) => Math.max(latest, createdAt), from)
      if (next === from) break
      from = next
    }
    return true
  }

  /** `isReported`: who is adopted here, unless it is open, is told of by the caller. */
  #tell(page: readonly OrderDetail[], isReported = false): void {
    const { desk } = this.#deps
    for (const detail of page) {
      const owner = desk.ledger.ownerOf(detail.inst, detail.orderId, detail.clientId)
      if (owner !== undefined) desk.detail(owner, detail, "order history")
      else desk.adopt(detail, "order history", isReported && detail.status !== "open")
    }
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
