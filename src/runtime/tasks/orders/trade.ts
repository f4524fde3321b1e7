import type { Decimal } from "../../domain/decimal.ts"
import { describe } from "../../domain/errors.ts"
import type { Inst } from "../../domain/inst.ts"
import type { InstrumentInfo } from "../../domain/instrument.ts"
import type { RiskLimits } from "../../domain/limits.ts"
import type { OrderAck, ParamsOf } from "../../domain/operation.ts"
import { type AmendRequest, isFinal, type Order, type OrderRequest } from "../../domain/order.ts"
import type { Outcome } from "../../domain/outcome.ts"
import { type Grid, gridOf, isClear, needsPrice } from "../../execution/clearance.ts"
import { amendMistakes, clientIdMistake, requestMistakes } from "../../execution/form.ts"
import { type RiskFacts, violations } from "../../execution/risk.ts"
import type { Mode, Venue } from "../../ports.ts"
import type { Offset } from "../offset.ts"
import type { RestClient } from "../rest.ts"
import type { Submission, TaskHost } from "../task.ts"
import type { Desk } from "./desk.ts"
import type { Entry, EntryOperation, Heard, Letter } from "./entry.ts"
import { LastMinute } from "./last-minute.ts"
import type { Resolver } from "./resolver.ts"

export interface TradeDeps {
  readonly host: TaskHost
  readonly venue: Venue
  readonly rest: RestClient
  readonly offset: Offset
  readonly entry: Entry
  readonly desk: Desk
  readonly resolver: Resolver
  readonly limits: RiskLimits
  readonly clientId: () => string
  readonly mode: () => { readonly mode: Mode; readonly why: string }
  /** Why orders must not be placed now; empty when they may. */
  readonly notReady: () => readonly string[]
  readonly referencePrice: (inst: Inst) => number | undefined
  readonly priceAgeUs: (inst: Inst) => number | undefined
}

type Purpose = "trade" | "exit"

const NONE: readonly string[] = []
const refused = (reason: string): Outcome<never> => ({ kind: "refused", reason })

/** From a strategy's wish to bytes on the wire: rules, client id, journal, and only after the commit the socket. */
export class Trade {
  readonly #deps: TradeDeps
  readonly #instruments = new Map<Inst, InstrumentInfo>()
  readonly #grids = new Map<Inst, Grid>()
  readonly #lastMinute = new LastMinute()
  readonly #submitted: { value: number }
  readonly #refused: { value: number }

  constructor(deps: TradeDeps) {
    this.#deps = deps
    const labels = { market: deps.venue.market }
    this.#submitted = deps.host.counter("perigee_orders_total", "Orders written down and sent", labels)
    this.#refused = deps.host.counter("perigee_orders_refused_total", "Orders that the bot's own rules refused", labels)
  }

  /** Replaces what is known of the listing. */
  list(instruments: readonly InstrumentInfo[]): void {
    this.#instruments.clear()
    this.#grids.clear()
    for (const info of instruments) {
      this.#instruments.set(info.inst, info)
      this.#grids.set(info.inst, gridOf(info, this.#deps.limits))
    }
  }

  instrument(inst: Inst): InstrumentInfo | undefined {
    return this.#instruments.get(inst)
  }

  submit(request: OrderRequest, purpose: Purpose): Submission {
    const { host, desk, rest, venue, entry } = this.#deps
    const now = desk.now
    const malformed = requestMistakes(request)
    if (malformed.length > 0) return this.#refuse(malformed, "warn")
    const reasons = this.#violations(request, now, purpose)
    if (reasons.length > 0) return this.#refuse(reasons)
    const auth = rest.auth()
    const order = toOrder(request, this.#deps.clientId(), venue, now, auth.now)
    const { clientId } = order
    let letter: Letter<"place">
    try {
      letter = entry.write("place", { ...request, clientId }, auth, this.#leaveBy(now))
    } catch (error) {
      return this.#refuse([describe(error)])
    }
    const ack = Promise.withResolvers<Outcome<OrderAck>>()
    desk.ledger.place(order)
    this.#lastMinute.add(now)
    this.#submitted.value++
    host.turn.record({ kind: "order", order, cause: "submit", at: now })
    this.#leave(
      letter,
      (outcome) => {
        this.#placed(clientId, outcome)
        ack.resolve(outcome)
      },
      () => desk.run(() => desk.tell({ order, from: undefined, cause: "submit", timestamp: now })),
      () => {
        desk.ledger.withdraw(clientId)
        ack.resolve(refused("never sent: it could not be written down"))
      },
    )
    return { kind: "submitted", clientId, ack: ack.promise }
  }

  amend(request: AmendRequest): Promise<Outcome<OrderAck>> {
    const { desk, venue } = this.#deps
    const malformed = amendMistakes(request)
    if (malformed.length > 0) return this.#refuseAmend(malformed, "warn")
    const order = this.#liveOrder(request.clientId)
    if (typeof order === "string") return Promise.resolve(refused(order))
    if (!venue.operations.includes("amend")) return Promise.resolve(refused(`${venue.market} cannot amend orders`))
    const price = request.price ?? order.price
    if (price === undefined) return Promise.resolve(refused("a market order cannot be amended"))
    const asked = { price, size: request.size ?? order.size }
    const { clientId, inst, side, timeInForce, reduceOnly } = order
    const reasons = this.#violations({ inst, side, timeInForce, reduceOnly, ...asked }, desk.now, "trade", order)
    if (reasons.length > 0) return this.#refuseAmend(reasons)
    this.#lastMinute.add(desk.now)
    const take = (outcome: Outcome<OrderAck>, conclusiveAt: number): void => {
      desk.take(desk.ledger.amended(clientId, asked, outcome, desk.now))
      this.#followUp(clientId, "amend", outcome, conclusiveAt)
    }
    const unsent = (): void => desk.ledger.unamended(clientId, asked.size)
    desk.ledger.amending(clientId, asked.size)
    return this.#request("amend", { ...refOf(order), side, ...asked }, take, unsent)
  }

  cancel(clientId: string): Promise<Outcome<OrderAck>> {
    const { desk } = this.#deps
    const malformed = clientIdMistake(clientId)
    if (malformed !== undefined) return Promise.resolve(refused(malformed))
    const order = this.#liveOrder(clientId)
    if (typeof order === "string") return Promise.resolve(refused(order))
    return this.#request("cancel", refOf(order), (outcome, conclusiveAt) => {
      desk.take(desk.ledger.canceled(clientId, outcome, desk.now))
      this.#followUp(clientId, "cancel", outcome, conclusiveAt)
    })
  }

  // ---- inside ----

  #refuse(reasons: readonly string[], level?: "warn"): Submission {
    this.#tellRefused(reasons, level)
    return { kind: "refused", reasons }
  }

  #refuseAmend(reasons: readonly string[], level?: "warn"): Promise<Outcome<OrderAck>> {
    this.#tellRefused(reasons, level)
    return Promise.resolve(refused(reasons.join("; ")))
  }

  /** A strategy may not look at what it gets back; its author looks at the log. */
  #tellRefused(reasons: readonly string[], level: "warn" | "info" = "info"): void {
    this.#refused.value++
    const { host, venue } = this.#deps
    host.outside.log[level]("order.refused", { market: venue.market, reasons })
  }

  #leaveBy(now: number): number {
    return now + this.#deps.venue.requestLifeMs * 500
  }

  #liveOrder(clientId: string): Order | string {
    const order = this.#deps.desk.ledger.order(clientId)
    if (order === undefined) return `order ${clientId} is not known`
    return isFinal(order.state) ? `order ${clientId} is ${order.state} already` : order
  }

  #request<O extends "amend" | "cancel">(
    operation: O,
    params: ParamsOf<O>,
    take: (outcome: Outcome<OrderAck>, conclusiveAt: number) => void,
    unsent?: () => void,
  ): Promise<Outcome<OrderAck>> {
    const { entry, rest, desk, venue, offset } = this.#deps
    const auth = rest.auth()
    let letter: Letter<O>
    try {
      letter = entry.write(operation, params, auth, this.#leaveBy(desk.now))
    } catch (error) {
      unsent?.()
      return Promise.resolve(refused(describe(error)))
    }
    const ack = Promise.withResolvers<Outcome<OrderAck>>()
    const heard = (outcome: Outcome<OrderAck>): void => {
      desk.run(() => take(outcome, auth.now + venue.requestLifeMs * 1_000 + boundOf(offset)))
      ack.resolve(outcome)
    }
    this.#leave(letter, heard as Heard<O>, undefined, () => {
      unsent?.()
      ack.resolve(refused("never sent: its turn could not be written down"))
    })
    return ack.promise
  }

  /** After the commit it leaves; if the commit fails, it never does. */
  #leave<O extends EntryOperation>(
    letter: Letter<O>,
    heard: Heard<O>,
    left: (() => void) | undefined,
    unwritten: () => void,
  ): void {
    let isCommitted = false
    this.#deps.host.turn.afterCommit(() => {
      isCommitted = true
      this.#deps.entry.post(letter, heard)
      left?.()
    })
    // The turn ends before this microtask begins, whether inside a handler or after an await.
    queueMicrotask(() => {
      if (!isCommitted) unwritten()
    })
  }

  #placed(clientId: string, outcome: Outcome<OrderAck>): void {
    const { desk, resolver, offset } = this.#deps
    desk.run(() => desk.take(desk.ledger.placed(clientId, outcome, desk.now)))
    if (outcome.kind === "accepted") return
    if (outcome.kind === "unknown") return resolver.ask(clientId, outcome.why)
    if (outcome.meaning === "duplicate-client-id") return resolver.ask(clientId, outcome.reason)
    if (outcome.meaning === "clock") void offset.measure()
  }

  /** A lost answer, or one that says there is no such order: the venue is asked how the order stands. */
  #followUp(clientId: string, what: string, outcome: Outcome<OrderAck>, conclusiveAt: number): void {
    const { resolver, offset } = this.#deps
    if (outcome.kind === "unknown") resolver.ask(clientId, `${what}: ${outcome.why}`, conclusiveAt, what === "amend")
    if (outcome.kind !== "refused") return
    if (outcome.meaning === "clock") void offset.measure()
    if (outcome.meaning === "not-found") resolver.ask(clientId, `${what}: ${outcome.reason}`)
  }

  /** `amended` stands aside: what it may still fill is replaced by what is left of the request. */
  #violations(request: OrderRequest, now: number, purpose: Purpose, amended?: Order): readonly string[] {
    const { desk, mode, notReady, limits, referencePrice, priceAgeUs } = this.#deps
    const { ledger, holdings } = desk
    const { inst, side } = request
    const current = mode()
    const venueReasons = notReady()
    const blockedWhy = desk.blockedWhy(inst)
    const ordersLastMinute = this.#lastMinute.count(now)
    const openOrders = ledger.liveCount - (amended === undefined ? 0 : 1)
    const grid = this.#grids.get(inst)
    if (purpose === "trade" && amended === undefined && grid !== undefined && current.mode === "running") {
      const isFree = venueReasons.length === 0 && blockedWhy === undefined
      const situation = {
        own: Number(holdings.own(inst)),
        openSameSide: ledger.openSizeNumber(inst, side),
        openOrders,
        ordersLastMinute,
        referencePrice: needsPrice(grid, request) ? referencePrice(inst) : undefined,
      }
      if (isFree && isClear(grid, request, situation)) return NONE
    }
    const facts: RiskFacts = {
      request,
      ...(amended === undefined ? {} : { remainder: ledger.remainder(amended.clientId, request.size) }),
      instrument: this.#instruments.get(inst),
      limits,
      mode: current.mode,
      modeWhy: current.why,
      blockedWhy,
      venueReasons,
      own: holdings.own(inst),
      openSameSide: ledger.openSize(inst, side, amended?.clientId),
      openOrders,
      ordersLastMinute,
      referencePrice: referencePrice(inst),
      priceAgeUs: priceAgeUs(inst),
    }
    return violations(facts, purpose)
  }
}

const boundOf = (offset: Offset): number => Math.min(offset.boundUs(), 5_000_000)

function refOf(order: Order): { inst: Inst; clientId: string; orderId?: string } {
  const ref = { inst: order.inst, clientId: order.clientId }
  return order.orderId === undefined ? ref : { ...ref, orderId: order.orderId }
}

function toOrder(request: OrderRequest, clientId: string, venue: Venue, now: number, signedAt: number): Order {
  const order: { -readonly [K in keyof Order]: Order[K] } = {
    clientId,
    market: venue.market,
    inst: request.inst,
    side: request.side,
    type: request.type ?? "limit",
    timeInForce: request.timeInForce ?? "gtc",
    size: request.size satisfies Decimal,
    reduceOnly: request.reduceOnly ?? false,
    state: "pending",
    filled: "0",
    createdAt: now,
    updatedAt: now,
    expiresAt: signedAt + venue.requestLifeMs * 1_000,
  }
  if (request.price !== undefined) order.price = request.price
  return order
}
