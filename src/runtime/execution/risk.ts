/** What an order must satisfy before it is written down. Rules are data; the decision is in one place. */
import {
  absolute,
  compare,
  type Decimal,
  fromNumber,
  isNegative,
  isPositive,
  isZero,
  minus,
  plus,
} from "../domain/decimal.ts"
import { type InstrumentInfo, notionalOf as notionalAt, orderMistakes } from "../domain/instrument.ts"
import { isSizeBounded, type RiskLimits, sizeMaxOf } from "../domain/limits.ts"
import type { OrderRequest, OrderType } from "../domain/order.ts"
import type { Mode } from "../ports.ts"
import { requestMistakes } from "./form.ts"

export interface RiskFacts {
  readonly request: OrderRequest
  /** Of an order that is amended: what it may still fill beyond the fills that `own` holds. Absent: all of the request. */
  readonly remainder?: Decimal
  /** Undefined: the venue does not list it, or its list is not loaded. */
  readonly instrument: InstrumentInfo | undefined
  readonly limits: RiskLimits
  readonly mode: Mode
  readonly modeWhy: string
  /** Why this inst must not be traded now: an order of unknown fate. */
  readonly blockedWhy: string | undefined
  /** Why this market must not be traded now; empty when it may. */
  readonly venueReasons: readonly string[]
  /** Sum of the bot's own fills in this inst, signed. */
  readonly own: Decimal
  /** What the other own orders of this inst on the request's side may still add to `own`, or take from it. */
  readonly openSameSide: Decimal
  readonly openOrders: number
  /** Placed within the last 60 s. */
  readonly ordersLastMinute: number
  /** What the inst trades at: a market order is valued at it, and a sell where it is above its own price. */
  readonly referencePrice: number | undefined
  /** Where it is not known: how long ago it was, µs. */
  readonly priceAgeUs?: number | undefined
}

/** Why not, or undefined where the rule holds. */
type Rule = (facts: RiskFacts) => string | undefined

const typeOf = (request: OrderRequest): OrderType => request.type ?? "limit"

const remainderOf = ({ remainder, request }: Pick<RiskFacts, "remainder" | "request">): Decimal =>
  remainder ?? request.size

/**
 * An order that can only make the own position smaller needs no room. Together with all that is open on its side, orders of
 * unknown fate too: the venue holds reduce-only against the account's position, which others may have made larger, so two
 * that each close the own one would turn it around.
 */
export function isReducing(facts: Pick<RiskFacts, "request" | "remainder" | "own" | "openSameSide">): boolean {
  const { request, own, openSameSide } = facts
  if (request.reduceOnly !== true) return false
  const isClosing = request.side === "BUY" ? isNegative(own) : isPositive(own)
  return isClosing && compare(plus(remainderOf(facts), openSameSide), absolute(own)) <= 0
}

/**
 * The most that one unit can turn out to be worth. A buyer never pays more than the order's price. A seller may get more: the
 * market's price where that is higher, so a low one says nothing, and without a known price nobody can say what it would
 * be. But a post-only order fills at its own price or not at all, and what reduces must not be kept from it.
 */
function valuedAt(facts: RiskFacts): Decimal | undefined {
  const { request, referencePrice } = facts
  const market = referencePrice === undefined ? undefined : fromNumber(referencePrice)
  if (typeOf(request) === "market") return market
  const { side, price, timeInForce } = request
  if (side === "BUY" || price === undefined) return price
  if (market !== undefined) return compare(market, price) > 0 ? market : price
  return timeInForce === "post-only" || isReducing(facts) ? price : undefined
}

function notionalOf(facts: RiskFacts, size: Decimal): Decimal | undefined {
  const { instrument } = facts
  if (instrument === undefined) return undefined
  // Contracts that stand for money are worth it at any price.
  const price = instrument.contractUnit === "quote" ? "1" : valuedAt(facts)
  return price === undefined ? undefined : notionalAt(instrument, size, price)
}

/** The order, what is missing and why, and what helps. */
function noPrice({ request, instrument, priceAgeUs }: RiskFacts): string {
  const isMarketOrder = typeOf(request) === "market"
  const why = isMarketOrder ? "" : ", since a sell may fill above its own"
  const what =
    priceAgeUs === undefined
      ? `no price is known to value it at${why}`
      : `the newest price to value it at is ${Math.floor(priceAgeUs / 1e6)} s old, which is too long ago${why}`
  const feed = priceAgeUs === undefined ? "a feed" : "a book or bbo feed"
  const where = instrument === undefined ? "" : ` on ${instrument.market}`
  const event = priceAgeUs === undefined ? "first" : "next"
  const rest = isMarketOrder ? "" : ", or make it post-only"
  return `${what}: declare ${feed} of ${request.inst}${where}, or wait for its ${event} event${rest}`
}

/** Who names the sizes of some instruments has not said that others may be traded at any. */
const unnamed = ({ request, limits }: RiskFacts): string =>
  `limit orderSizeMax does not name ${request.inst} (it names ${Object.keys(limits.orderSizeMax ?? {}).join(", ")}), and no other limit bounds the size of its orders`

const RULES: Readonly<Record<string, Rule>> = {
  mode: ({ mode, modeWhy }) =>
    mode === "running" ? undefined : `the bot is ${mode}${modeWhy === "" ? "" : `: ${modeWhy}`}`,

  venue: ({ venueReasons }) => (venueReasons.length === 0 ? undefined : venueReasons.join("; ")),

  blocked: ({ blockedWhy }) => blockedWhy,

  instrument: ({ request, instrument }) => {
    if (instrument === undefined) return `${request.inst} is not listed`
    if (instrument.status !== "live" && request.reduceOnly !== true) return `${request.inst} is ${instrument.status}`
    const order = { ...request, type: typeOf(request) }
    const mistakes = orderMistakes(instrument, order)
    return mistakes.length === 0 ? undefined : mistakes.join("; ")
  },

  "order size": (facts) => {
    const { request, limits } = facts
    const most = sizeMaxOf(limits, request.inst)
    if (most === undefined) return isSizeBounded(limits, request.inst) || isReducing(facts) ? undefined : unnamed(facts)
    return compare(request.size, most) <= 0 ? undefined : `size ${request.size} is above the limit ${most}`
  },

  "order notional": (facts) => {
    const most = facts.limits.orderNotionalMax
    if (most === undefined) return undefined
    const notional = notionalOf(facts, facts.request.size)
    if (notional === undefined) return noPrice(facts)
    return compare(notional, most) <= 0 ? undefined : `notional ${notional} is above the limit ${most}`
  },

  "position notional": (facts) => {
    const most = facts.limits.positionNotionalMax
    const remainder = remainderOf(facts)
    if (most === undefined || isZero(remainder) || isReducing(facts)) return undefined
    const traded = plus(remainder, facts.openSameSide)
    const after = facts.request.side === "BUY" ? plus(facts.own, traded) : minus(facts.own, traded)
    const notional = notionalOf(facts, absolute(after))
    if (notional === undefined) return noPrice(facts)
    if (compare(notional, most) <= 0) return undefined
    return `position would be worth ${notional}, above the limit ${most}`
  },

  "orders a minute": ({ limits, ordersLastMinute }) => {
    const most = limits.ordersPerMinuteMax
    return most === undefined || ordersLastMinute < most
      ? undefined
      : `${most} orders within the last minute is the limit`
  },

  "open orders": ({ limits, openOrders }) => {
    const most = limits.openOrdersMax
    return most === undefined || openOrders < most ? undefined : `${most} open orders is the limit`
  },
}

/**
 * The only rule for the order of an emergency exit: what the venue would refuse anyway. It is reduce-only and takes a
 * position away, be it this bot's own or, on an exclusive account, the account's: no limit of trading, and no missing
 * price, may hold it up.
 */
const EXIT_RULES = new Set(["instrument"])

/** Every rule that does not hold, in words; empty where the order may be sent. */
export function violations(facts: RiskFacts, purpose: "trade" | "exit" = "trade"): string[] {
  // Well-formed first: what follows computes with it.
  const malformed = requestMistakes(facts.request)
  if (malformed.length > 0) return [...malformed]
  const found: string[] = []
  for (const [name, rule] of Object.entries(RULES)) {
    // Of what is not listed here the venue may know more.
    if (purpose === "exit" && (!EXIT_RULES.has(name) || facts.instrument === undefined)) continue
    const why = rule(facts)
    if (why !== undefined) found.push(why)
  }
  return found
}
