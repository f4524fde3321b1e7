import type { OrderChanged } from "../domain/callbacks.ts"
import { isOwn } from "../domain/client-id.ts"
import { canonical, compare, type Decimal, isPositive, minus, over, placesOf, plus, times } from "../domain/decimal.ts"
import type { AccOrder } from "../domain/events.ts"
import type { Inst } from "../domain/inst.ts"
import type { Market } from "../domain/market.ts"
import type { OrderAck, OrderDetail } from "../domain/operation.ts"
import { type Fill, isFinal, type Order, type OrderState, type Side } from "../domain/order.ts"
import type { Outcome } from "../domain/outcome.ts"
import type { JournalRecord } from "../ports.ts"
import { fromAck, fromEvent, isSurprise, nextState, type Word } from "./lifecycle.ts"
import { FillKeys } from "./fill-keys.ts"

/** What one piece of news did to one order. */
export interface Applied {
  readonly order: Order
  readonly from: OrderState | undefined
  readonly cause: string
  /** Counted now, for the first time. */
  readonly fill?: Fill
  /** False where only the fill is new: the order's own row stays. */
  readonly isOrderChanged: boolean
  /** What nobody should have seen: a final order that moved, more filled than asked for. */
  readonly surprise?: string
  /** Local time, µs. */
  readonly at: number
}

export interface LedgerOptions {
  readonly market: Market
  /** The first ten digits of every client id of this bot. */
  readonly identity: string
  /** Orders that are no longer in memory. */
  readonly recall: (clientId: string) => Order | undefined
  /** Whether a fill is already written down. */
  readonly hasFill: (fill: Fill) => boolean
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

interface Entry {
  order: Order
  /** Sum of the fills known one by one. */
  fillsSize: Decimal
  fillsNotional: Decimal
  /** The venue's time of its newest word on price and size: those of an older one are out of date. */
  termsAt: number
  /** Sizes it was amended to without an answer yet, or where that is lost: it may have any of them. */
  amends: readonly { readonly size: Decimal; readonly isLost: boolean }[]
}

const NONE: Entry["amends"] = []

/** Between so many and twice as many final orders stay in memory for late news; older ones are recalled from the journal. */
export const ENDED_KEPT = 250

/**
 * The bot's own orders of one market, by client id and by the venue's id. Every input gives what changed, or undefined
 * where it said nothing new; the caller writes that down and tells the strategies. Amounts only grow, final stays final.
 */
export class Ledger {
  readonly #options: LedgerOptions
  readonly #entries = new Map<string, Entry>()
  readonly #byOrderId = new Map<string, Entry>()
  readonly #live = new Map<string, Entry>()
  readonly #gaps = new Map<string, Entry>()
  readonly #ended: string[] = []
  readonly #fillKeys: FillKeys

  constructor(options: LedgerOptions) {
    this.#options = options
    this.#fillKeys = new FillKeys(options.hasFill)
  }

  // ---- reading ----

  order(clientId: string): Order | undefined {
    return this.#entries.get(clientId)?.order ?? this.#options.recall(clientId)
  }

  byOrderId(inst: Inst, orderId: string): Order | undefined {
    return this.#byOrderId.get(orderKey(inst, orderId))?.order
  }

  isOwn(clientId: string | undefined): clientId is string {
    return clientId !== undefined && isOwn(clientId, this.#options.identity)
  }

  /** Not final, oldest first. */
  live(inst?: Inst): Order[] {
    const orders: Order[] = []
    for (const { order } of this.#live.values()) if (inst === undefined || order.inst === inst) orders.push(order)
    return orders
  }

  /**
   * What the orders of one side may still add to the sum of the known fills, exactly: what is open, and what is filled
   * without its fills being known yet. `except` is an order about to be amended.
   */
  openSize(inst: Inst, side: Side, except?: string): Decimal {
    let sum = "0"
    for (const entry of this.#live.values()) {
      const { order } = entry
      if (order.inst !== inst || order.side !== side || order.clientId === except) continue
      sum = plus(sum, remainderOf(entry, largest(entry)))
    }
    for (const entry of this.#gaps.values()) {
      const { order } = entry
      if (order.inst === inst && order.side === side && isFinal(order.state)) {
        sum = plus(sum, remainderOf(entry, order.filled))
      }
    }
    return sum
  }

  /** The same as a number, for the hot path. */
  openSizeNumber(inst: Inst, side: Side): number {
    let sum = 0
    for (const entry of this.#live.values()) {
      const { order } = entry
      if (order.inst !== inst || order.side !== side) continue
      const size = entry.amends.length === 0 ? order.size : largest(entry)
      sum += Math.max(0, Number(size) - Number(entry.fillsSize))
    }
    for (const { order, fillsSize } of this.#gaps.values()) {
      if (order.inst === inst && order.side === side && isFinal(order.state)) {
        sum += Number(order.filled) - Number(fillsSize)
      }
    }
    return sum
  }

  /** What an order of this `size` may still fill beyond its known fills; never negative. */
  remainder(clientId: string, size: Decimal): Decimal {
    const entry = this.#entries.get(clientId)
    return entry === undefined ? size : remainderOf(entry, size)
  }

  get liveCount(): number {
    return this.#live.size
  }

  /** Orders whose cumulative filled size is larger than the sum of their known fills: those must be asked for. */
  gaps(): Order[] {
    return [...this.#gaps.values()].map(({ order }) => order)
  }

  /** What is filled without its fills being known yet, signed: so much the sum of the known ones lacks. */
  missing(inst: Inst): Decimal {
    let sum = "0"
    for (const { order, fillsSize } of this.#gaps.values()) {
      if (order.inst !== inst) continue
      const size = minus(order.filled, fillsSize)
      sum = order.side === "BUY" ? plus(sum, size) : minus(sum, size)
    }
    return sum
  }

  // ---- writing ----

  /** A new order, about to be sent. */
  place(order: Order): void {
    const entry: Entry = { order, fillsSize: "0", fillsNotional: "0", termsAt: 0, amends: NONE }
    this.#entries.set(order.clientId, entry)
    this.#live.set(order.clientId, entry)
  }

  /** Takes back an order that was neither written down nor sent. */
  withdraw(clientId: string): void {
    this.#entries.delete(clientId)
    this.#live.delete(clientId)
  }

  /** An order from the journal, with the fills written down for it. */
  restore(order: Order, fills: readonly Fill[]): void {
    const entry: Entry = { order, fillsSize: "0", fillsNotional: "0", termsAt: 0, amends: NONE }
    for (const fill of fills) {
      if (this.#fillKeys.add(fill) === "again") continue
      count(entry, fill)
    }
    this.#entries.set(order.clientId, entry)
    this.#index(entry)
    if (isFinal(order.state)) this.#end(order.clientId)
  }

  /** An order of ours that the venue has and the journal lacks: the last turns before a power loss. */
  adopt(detail: OrderDetail & { readonly clientId: string }, expiresAt: number, cause: string, at: number): Applied {
    const order: Order = {
      clientId: detail.clientId,
      market: this.#options.market,
      inst: detail.inst,
      side: detail.side,
      type: detail.orderType,
      timeInForce: detail.timeInForce,
      size: detail.size,
      ...(detail.price === undefined ? {} : { price: detail.price }),
      reduceOnly: detail.reduceOnly ?? false,
      state: "unknown",
      filled: "0",
      createdAt: detail.createdAt,
      updatedAt: at,
      expiresAt,
    }
    this.place(order)
    const applied = this.tell(order.clientId, { ...detail, timestamp: detail.updatedAt }, cause, at)
    const adopted = this.#entries.get(order.clientId)?.order ?? order
    return { ...applied, order: adopted, from: undefined, cause, isOrderChanged: true, at }
  }

  /** The answer to `place`. */
  placed(clientId: string, outcome: Outcome<OrderAck>, at: number): Applied | undefined {
    switch (outcome.kind) {
      case "accepted":
        return this.tell(clientId, fromAck(outcome.value), "place accepted", at)
      case "refused":
        // The venue has this id already: somebody's copy of our request arrived before this one.
        if (outcome.meaning === "duplicate-client-id") return this.doubt(clientId, outcome.reason, at)
        return this.reject(clientId, outcome.reason, "place refused", at)
      case "unknown":
        return this.doubt(clientId, outcome.why, at)
    }
  }

  /** The answer to `cancel`. A refusal says nothing of the order: ask. */
  canceled(clientId: string, outcome: Outcome<OrderAck>, at: number): Applied | undefined {
    if (outcome.kind === "accepted") return this.tell(clientId, fromAck(outcome.value), "cancel accepted", at)
    return outcome.kind === "unknown" ? this.doubt(clientId, `cancel: ${outcome.why}`, at) : undefined
  }

  /** An amend is about to be sent: until its answer, the order may have either size. */
  amending(clientId: string, size: Decimal): void {
    const entry = this.#find(clientId)
    if (entry !== undefined) entry.amends = [...entry.amends, { size, isLost: false }]
  }

  /** It was neither written down nor sent. */
  unamended(clientId: string, size: Decimal): void {
    this.#answered(clientId, size, "refused")
  }

  /** The venue has told of the order after every amend whose answer was lost can have arrived. */
  termsKnown(clientId: string): void {
    const entry = this.#entries.get(clientId)
    if (entry !== undefined) entry.amends = entry.amends.filter(({ isLost }) => !isLost)
  }

  /** The answer to `amend`, with what was asked for. A refusal leaves the order as it was. */
  amended(
    clientId: string,
    asked: { readonly price: Decimal; readonly size: Decimal },
    outcome: Outcome<OrderAck>,
    at: number,
  ): Applied | undefined {
    this.#answered(clientId, asked.size, outcome.kind)
    if (outcome.kind === "accepted") {
      // An amend that ended the order (nothing of the new size was left to fill) did not change it.
      const { status } = outcome.value
      const word =
        status === "open" || status === "filled" ? { ...fromAck(outcome.value), ...asked } : fromAck(outcome.value)
      return this.tell(clientId, word, "amend accepted", at)
    }
    return outcome.kind === "unknown" ? this.doubt(clientId, `amend: ${outcome.why}`, at) : undefined
  }

  /** An event of the private stream. Undefined too where the order is not ours. */
  event(event: AccOrder, at: number): Applied | undefined {
    const clientId = this.ownerOf(event.inst, event.orderId, event.clientId)
    return clientId === undefined ? undefined : this.tell(clientId, fromEvent(event), "private stream", at)
  }

  /** An execution asked for after the fact. Undefined where it is known or not ours. */
  fill(fill: Fill, cause: string, at: number): Applied | undefined {
    const clientId = this.ownerOf(fill.inst, fill.orderId, fill.clientId)
    const entry = clientId === undefined ? undefined : this.#find(clientId)
    if (entry === undefined) return undefined
    const counted = this.#count(entry, { ...fill, clientId: entry.order.clientId })
    if (counted === undefined) return undefined
    const filled = larger(entry.order.filled, entry.fillsSize)
    // An execution proves life, not the end: whether the order still rests is the venue's to say.
    const isRevived = entry.order.state === "rejected" || !isFinal(entry.order.state)
    const next: Mutable<Order> = { ...entry.order, orderId: fill.orderId, filled, ...average(entry, filled) }
    if (isRevived) next.state = "open"
    if (next.state !== entry.order.state) delete next.reason
    return this.#set(entry, next, cause, at, counted)
  }

  /** Whose order it is, by client id or by the venue's; undefined where it is not one of this bot's. */
  ownerOf(inst: Inst, orderId: string, clientId: string | undefined): string | undefined {
    const known = this.#byOrderId.get(orderKey(inst, orderId))
    if (known !== undefined) return known.order.clientId
    return this.isOwn(clientId) && this.#find(clientId) !== undefined ? clientId : undefined
  }

  /** The venue's word on one order. */
  tell(clientId: string, word: Word, cause: string, at: number): Applied | undefined {
    const entry = this.#find(clientId)
    if (entry === undefined) return undefined
    const { order } = entry
    const counted = word.fill === undefined ? undefined : this.#count(entry, { ...word.fill, clientId: order.clientId })
    const filled = larger(larger(order.filled, word.filledSize ?? "0"), entry.fillsSize)
    const state = nextState(order.state, word.status)
    // News of one order overtake each other: the answer to a cancel, which names no terms, may come before that to an amend.
    const hasTerms = word.size !== undefined || word.price !== undefined
    const isNewest = hasTerms && word.timestamp >= entry.termsAt
    if (isNewest) entry.termsAt = word.timestamp
    const next: Mutable<Order> = { ...order, state, orderId: word.orderId, filled, ...average(entry, filled, word) }
    if (isNewest && isOther(order.size, word.size)) next.size = word.size
    if (isNewest && isOther(order.price, word.price)) next.price = word.price
    if (word.reason !== undefined) next.reason = word.reason
    // A reason belongs to the state it explains.
    else if (state !== order.state) delete next.reason
    return this.#set(entry, next, cause, at, counted, isNewest ? word.size : undefined)
  }

  /** An answer was lost: until the venue tells, the order may be anything. */
  doubt(clientId: string, why: string, at: number): Applied | undefined {
    const entry = this.#find(clientId)
    if (entry === undefined || isFinal(entry.order.state)) return undefined
    return this.#set(entry, { ...entry.order, state: "unknown", reason: why }, "answer lost", at)
  }

  /** It is certain that the venue has no such order. Evidence of life, once seen, is stronger. */
  reject(clientId: string, reason: string, cause: string, at: number): Applied | undefined {
    const entry = this.#find(clientId)
    if (entry === undefined || isFinal(entry.order.state)) return undefined
    if (entry.order.orderId !== undefined) return undefined
    return this.#set(entry, { ...entry.order, state: "rejected", reason }, cause, at)
  }

  /** Somebody who can see more than the venue tells says that the order is over. */
  settle(clientId: string, at: number): Applied | undefined {
    const entry = this.#find(clientId)
    if (entry === undefined || isFinal(entry.order.state)) return undefined
    const state = entry.order.orderId === undefined ? "rejected" : "canceled"
    return this.#set(entry, { ...entry.order, state, reason: "settled by the operator" }, "operator", at)
  }

  // ---- inside ----

  #find(clientId: string): Entry | undefined {
    const known = this.#entries.get(clientId)
    if (known !== undefined) return known
    if (!this.isOwn(clientId)) return undefined
    const order = this.#options.recall(clientId)
    if (order === undefined) return undefined
    // Its fills are already written down; whether one is new is the journal's to say.
    const notional = order.avgPrice === undefined ? "0" : times(order.avgPrice, order.filled)
    const entry: Entry = { order, fillsSize: order.filled, fillsNotional: notional, termsAt: 0, amends: NONE }
    this.#entries.set(clientId, entry)
    this.#index(entry)
    if (isFinal(order.state)) this.#end(clientId)
    return entry
  }

  /** After `unknown` the answer may still come. */
  #answered(clientId: string, size: Decimal, kind: Outcome<OrderAck>["kind"]): void {
    const entry = this.#entries.get(clientId)
    const answered = entry?.amends.find((amend) => amend.size === size)
    if (entry === undefined || answered === undefined) return
    const others = entry.amends.filter((amend) => amend !== answered)
    entry.amends = kind === "unknown" ? [...others, { size, isLost: true }] : others
  }

  #count(entry: Entry, fill: Fill): Fill | undefined {
    if (this.#fillKeys.add(fill) !== "new") return undefined
    count(entry, fill)
    return fill
  }

  /** `size`: the order's, where the same piece of news told it. */
  #set(entry: Entry, next: Order, cause: string, at: number, fill?: Fill, size?: Decimal): Applied | undefined {
    const before = entry.order
    const isOrderChanged = differs(before, next)
    if (!isOrderChanged && fill === undefined) return undefined
    const order = isOrderChanged ? { ...next, updatedAt: at } : before
    entry.order = order
    this.#index(entry)
    const surprise = surpriseOf(before, order, size)
    return {
      order,
      from: before.state,
      cause,
      isOrderChanged,
      at,
      ...(fill === undefined ? {} : { fill }),
      ...(surprise === undefined ? {} : { surprise }),
    }
  }

  #index(entry: Entry): void {
    const { order } = entry
    if (order.orderId !== undefined) this.#byOrderId.set(orderKey(order.inst, order.orderId), entry)
    if (compare(order.filled, entry.fillsSize) > 0) this.#gaps.set(order.clientId, entry)
    else this.#gaps.delete(order.clientId)
    if (!isFinal(order.state)) this.#live.set(order.clientId, entry)
    else if (this.#live.delete(order.clientId)) this.#end(order.clientId)
  }

  #end(clientId: string): void {
    this.#ended.push(clientId)
    if (this.#ended.length < ENDED_KEPT * 2) return
    for (const old of this.#ended.splice(0, ENDED_KEPT)) {
      const entry = this.#entries.get(old)
      if (entry === undefined || !isFinal(entry.order.state) || this.#gaps.has(old)) continue
      this.#entries.delete(old)
      if (entry.order.orderId !== undefined) this.#byOrderId.delete(orderKey(entry.order.inst, entry.order.orderId))
    }
  }
}

/** What to write down. */
export function toRecords({ order, cause, fill, isOrderChanged, at }: Applied): JournalRecord[] {
  const records: JournalRecord[] = []
  if (isOrderChanged) records.push({ kind: "order", order, cause, at })
  if (fill !== undefined) records.push({ kind: "fill", fill, at })
  return records
}

/** What to tell the strategies. */
export const toChange = ({ order, from, cause, fill, at }: Applied): OrderChanged => ({
  order,
  from,
  cause,
  ...(fill === undefined ? {} : { fill }),
  timestamp: at,
})

const orderKey = (inst: Inst, orderId: string): string => `${inst} ${orderId}`

const larger = (a: Decimal, b: Decimal): Decimal => (a === b || compare(a, b) >= 0 ? a : canonical(b))

/** The largest size that the order may have now. */
const largest = ({ order, amends }: Entry): Decimal => amends.reduce((most, { size }) => larger(most, size), order.size)

function remainderOf({ fillsSize }: Entry, size: Decimal): Decimal {
  const rest = minus(size, fillsSize)
  return isPositive(rest) ? rest : "0"
}

function count(entry: Entry, fill: Fill): void {
  entry.fillsSize = plus(entry.fillsSize, fill.size)
  entry.fillsNotional = plus(entry.fillsNotional, times(fill.price, fill.size))
}

/** Of the known fills where they are all known, else the venue's own where it goes with this much filled. */
function average(entry: Entry, filled: Decimal, word?: Word): { avgPrice?: Decimal } {
  if (!isPositive(filled)) return {}
  if (compare(entry.fillsSize, filled) === 0) {
    return { avgPrice: over(entry.fillsNotional, entry.fillsSize, placesOf(entry.order.price ?? "0") + 8) }
  }
  if (word?.avgPrice === undefined || !isPositive(word.avgPrice) || word.filledSize === undefined) return {}
  return compare(word.filledSize, filled) === 0 ? { avgPrice: canonical(word.avgPrice) } : {}
}

/** Whether the venue names another value: it may write the same one with other zeros. */
const isOther = (known: Decimal | undefined, told: Decimal | undefined): told is Decimal =>
  told !== undefined && told !== known && (known === undefined || compare(known, told) !== 0)

const differs = (a: Order, b: Order): boolean =>
  a.state !== b.state ||
  a.filled !== b.filled ||
  a.orderId !== b.orderId ||
  a.avgPrice !== b.avgPrice ||
  a.price !== b.price ||
  a.size !== b.size ||
  a.reason !== b.reason

function surpriseOf(before: Order, after: Order, size: Decimal | undefined): string | undefined {
  if (isSurprise(before.state, after.state)) {
    const why = before.reason === undefined ? "" : ` (${before.reason})`
    return `order ${after.clientId} was ${before.state}${why} and is ${after.state}`
  }
  // Against the size told with it: an amend under way may have made the order larger than we know.
  if (size !== undefined && compare(after.filled, size) > 0) {
    return `order ${after.clientId} of ${size} is filled ${after.filled}`
  }
  return undefined
}
