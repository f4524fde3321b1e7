import type { OperationName, OrderDetail, ParamsOf, ResultOf } from "../../domain/operation.ts"
import { isFinal, type Order } from "../../domain/order.ts"
import type { Outcome } from "../../domain/outcome.ts"
import { NEVER_ARRIVED } from "../../execution/lifecycle.ts"
import { forgottenAt, judgeSilence, silenceCountsAt, type Terms } from "../../execution/reconciliation.ts"
import type { Clock, Log, Random, Timer, Venue } from "../../ports.ts"
import { Backoff } from "../../domain/backoff.ts"
import type { Offset } from "../offset.ts"
import type { RestClient } from "../rest.ts"
import type { Desk } from "./desk.ts"

export interface ResolverDeps {
  readonly venue: Venue
  readonly rest: RestClient
  readonly offset: Offset
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly desk: Desk
  readonly isExclusive: boolean
}

interface Case {
  readonly clientId: string
  why: string
  /** Venue's time, µs: a live answer from before this may still change by the request whose answer was lost. */
  conclusiveAt: number
  /** An amend's answer was lost: what it made of price and size is asked for even where the order has ended since. */
  isOfTerms: boolean
  readonly backoff: Backoff
  silences: number
  /** Whether the venue answered the latest question, with whatever. */
  isAnswered: boolean
  timer: Timer | undefined
  isAsking: boolean
}

const FIRST_MS = 100
const BACKOFF = { backoffMsMin: 400, backoffMsMax: 30_000 }
const TIMEOUT_MS = 3_000
/** So often an acknowledged order must not be found before the venue counts as having forgotten it. */
const SILENCES_MIN = 6
/** Room for the venue's own stamps and for orders filed a moment before they are acknowledged. */
const LOOKBACK_US = 2_000_000

/** Finds out what became of orders in doubt, by asking: until the venue tells, or has forgotten. Nothing is ever resent. */
export class Resolver {
  readonly #deps: ResolverDeps
  readonly #cases = new Map<string, Case>()
  /** Venue ids found to be somebody else's. */
  readonly #foreign = new Set<string>()
  #isStopped = false

  constructor(deps: ResolverDeps) {
    this.#deps = deps
  }

  get size(): number {
    return this.#cases.size
  }

  terms(): Terms {
    const { venue, offset, isExclusive } = this.#deps
    return {
      clockBoundUs: offset.boundUs(),
      requestLifeMs: venue.requestLifeMs,
      orderRetentionMs: venue.limits.orderRetentionMs,
      isExclusive,
    }
  }

  /** Asks soon, and again until the answer is conclusive. `conclusiveAt`, `isOfTerms`: see Case. */
  ask(clientId: string, why: string, conclusiveAt = 0, isOfTerms = false): void {
    const known = this.#cases.get(clientId)
    if (known !== undefined) {
      known.conclusiveAt = Math.max(known.conclusiveAt, conclusiveAt)
      known.isOfTerms ||= isOfTerms
      return
    }
    const opened = this.#open(clientId, why, conclusiveAt)
    opened.isOfTerms = isOfTerms
    this.#later(opened, FIRST_MS * (0.5 + this.#deps.random.next()))
  }

  /** Asks once, now; what stays open is asked for again in the background. False where the venue did not answer. */
  async askNow(clientId: string, why: string): Promise<boolean> {
    const opened = this.#cases.get(clientId) ?? this.#open(clientId, why, 0)
    opened.timer?.cancel()
    await this.#step(opened)
    return opened.isAnswered
  }

  stop(): void {
    this.#isStopped = true
    for (const { timer } of this.#cases.values()) timer?.cancel()
    this.#cases.clear()
  }

  #open(clientId: string, why: string, conclusiveAt: number): Case {
    const backoff = new Backoff(this.#deps.random, BACKOFF)
    const opened: Case = {
      clientId,
      why,
      conclusiveAt,
      isOfTerms: false,
      backoff,
      silences: 0,
      isAnswered: false,
      timer: undefined,
      isAsking: false,
    }
    this.#cases.set(clientId, opened)
    return opened
  }

  #later(open: Case, delayMs: number): void {
    if (this.#isStopped) return
    open.timer?.cancel()
    open.timer = this.#deps.clock.timer(Math.max(1, Math.ceil(delayMs)), () => void this.#step(open))
  }

  #close(open: Case): void {
    open.timer?.cancel()
    this.#cases.delete(open.clientId)
  }

  async #step(open: Case): Promise<void> {
    if (open.isAsking) return
    open.isAsking = true
    try {
      await this.#ask(open)
    } finally {
      open.isAsking = false
    }
  }

  async #ask(open: Case): Promise<void> {
    const { desk, offset, log, venue } = this.#deps
    const order = desk.ledger.order(open.clientId)
    open.isAnswered = true
    if (order === undefined || (isFinal(order.state) && !open.isOfTerms)) return this.#close(open)
    const askedAt = offset.now()
    const outcome = await this.#call("order", {
      inst: order.inst,
      clientId: order.clientId,
      ...(order.orderId === undefined ? {} : { orderId: order.orderId }),
    })
    if (this.#isStopped) return
    if (outcome.kind === "accepted") return this.#told(open, outcome.value, askedAt)
    if (outcome.kind === "refused" && outcome.meaning === "not-found") {
      return isFinal(order.state) ? this.#close(open) : this.#silent(open, order, askedAt)
    }
    const why = outcome.kind === "refused" ? outcome.reason : outcome.why
    open.isAnswered = false
    log.warn("orders.ask.failed", { market: venue.market, clientId: open.clientId, why })
    this.#again(open, order)
  }

  #told(open: Case, detail: OrderDetail, askedAt: number): void {
    const { desk } = this.#deps
    desk.detail(open.clientId, detail, "query")
    const order = desk.ledger.order(open.clientId)
    if (askedAt >= open.conclusiveAt) desk.ledger.termsKnown(open.clientId)
    if (order === undefined || isFinal(order.state) || askedAt >= open.conclusiveAt) return this.#close(open)
    this.#at(open, open.conclusiveAt)
  }

  /** The venue knows no such order. Before that means anything, everything else it shows is looked through. */
  async #silent(open: Case, order: Order, askedAt: number): Promise<void> {
    const terms = this.terms()
    const countsAt = silenceCountsAt(order, terms)
    if (order.orderId === undefined && askedAt < countsAt) {
      return countsAt === Infinity ? this.#again(open, order) : this.#at(open, countsAt)
    }
    // A venue may take a moment to find what it has just acknowledged.
    if (order.orderId !== undefined && ++open.silences < SILENCES_MIN) return this.#again(open, order)
    const shown = await this.#shown(order)
    if (this.#isStopped) return
    // The stream may have told while we asked.
    const now = this.#deps.desk.ledger.order(open.clientId)
    if (now === undefined || now.state !== order.state || now.orderId !== order.orderId)
      return this.#later(open, FIRST_MS)
    if (shown === undefined) return this.#again(open, order)
    const verdict = judgeSilence(
      order,
      { askedAt, ...shown, isTaken: (orderId) => this.#isTaken(order, orderId) },
      terms,
    )
    switch (verdict.kind) {
      case "found":
        return this.#told(open, { ...verdict.detail, clientId: order.clientId }, askedAt)
      case "wait":
        return this.#at(open, verdict.untilAt)
      case "look":
        return this.#look(open, order, verdict.orderIds)
      case "never arrived":
        return this.#conclude(open)
      case "stuck":
        this.#deps.desk.stick(order, verdict.why)
        return this.#close(open)
    }
  }

  #conclude(open: Case): void {
    const { desk } = this.#deps
    desk.run(() => desk.take(desk.ledger.reject(open.clientId, NEVER_ARRIVED, "query", desk.now)))
    this.#close(open)
  }

  /** Executions without a known order: whose are they? */
  async #look(open: Case, order: Order, orderIds: readonly string[]): Promise<void> {
    for (const orderId of orderIds) {
      const outcome = await this.#call("order", { inst: order.inst, orderId })
      if (outcome.kind !== "accepted") return this.#again(open, order)
      if (outcome.value.clientId === order.clientId) return this.#told(open, outcome.value, this.#deps.offset.now())
      this.#foreign.add(orderId)
    }
    this.#later(open, FIRST_MS)
  }

  #isTaken(order: Order, orderId: string): boolean {
    if (this.#foreign.has(orderId)) return true
    const owner = this.#deps.desk.ledger.byOrderId(order.inst, orderId)
    return owner !== undefined && owner.clientId !== order.clientId
  }

  async #shown(order: Order) {
    const startAt = order.expiresAt - this.#deps.venue.requestLifeMs * 1_000 - LOOKBACK_US
    const openOrders = await this.#list("openOrders", { inst: order.inst })
    const history = await this.#list("orderHistory", { inst: order.inst, startAt })
    const fills = await this.#list("fills", { inst: order.inst, startAt })
    if (openOrders === undefined || history === undefined || fills === undefined) return undefined
    return { openOrders, history, fills }
  }

  /** Undefined where the venue did not answer; empty where it has no such list. */
  async #list<O extends "openOrders" | "orderHistory" | "fills">(
    operation: O,
    params: ParamsOf<O>,
  ): Promise<ResultOf<O> | undefined> {
    if (!this.#deps.venue.operations.includes(operation)) return [] as unknown as ResultOf<O>
    const outcome = await this.#call(operation, params)
    return outcome.kind === "accepted" ? outcome.value : undefined
  }

  #call<O extends OperationName>(operation: O, params: ParamsOf<O>): Promise<Outcome<ResultOf<O>>> {
    return this.#deps.rest.call(operation, params, { timeoutMs: TIMEOUT_MS, priority: "place" })
  }

  #again(open: Case, order: Order): void {
    const { offset, desk } = this.#deps
    if (order.orderId === undefined && offset.now() >= forgottenAt(order, this.terms())) {
      desk.stick(order, "the venue did not tell before it forgets ended orders")
      return this.#close(open)
    }
    this.#later(open, open.backoff.nextMs())
  }

  #at(open: Case, venueAt: number): void {
    this.#later(open, (venueAt - this.#deps.offset.now()) / 1_000 + 1)
  }
}
