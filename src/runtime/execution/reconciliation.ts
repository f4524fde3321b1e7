/** What may be concluded about an order whose answer was lost. Pure: evidence in, verdict out. */
import { compare, type Decimal } from "../domain/decimal.ts"
import type { OrderDetail } from "../domain/operation.ts"
import type { Fill, Order } from "../domain/order.ts"

export interface Terms {
  /** How far our idea of the venue's clock may be off, µs. */
  readonly clockBoundUs: number
  /** The venue accepts a request no later than this after its timestamp. */
  readonly requestLifeMs: number
  /** The venue still knows an ended order by its client id for this long. */
  readonly orderRetentionMs: number
  /** Every order of the account is this bot's. */
  readonly isExclusive: boolean
}

/** Everything the venue shows beside the order query that found nothing, asked after it. */
export interface Evidence {
  /** The venue's time at which the order query was sent, µs. */
  readonly askedAt: number
  readonly openOrders: readonly OrderDetail[]
  /** Since before the order was signed. */
  readonly history: readonly OrderDetail[]
  readonly fills: readonly Fill[]
  /** Venue ids that belong to other known orders, ours or foreign. */
  readonly isTaken: (orderId: string) => boolean
}

export type Verdict =
  | { readonly kind: "found"; readonly detail: OrderDetail }
  /** The venue cannot have it and cannot get it any more. */
  | { readonly kind: "never arrived" }
  /** Too early to conclude anything from silence. */
  | { readonly kind: "wait"; readonly untilAt: number }
  /** Executions of orders that nothing here explains: ask for each. */
  | { readonly kind: "look"; readonly orderIds: readonly string[] }
  /** The venue will not tell any more: an operator must. */
  | { readonly kind: "stuck"; readonly why: string }

/** When silence starts to mean something: the request is dead and no clock error can revive it. µs, venue's clock. */
export const silenceCountsAt = (order: Order, terms: Terms): number => order.expiresAt + terms.clockBoundUs + 1

/** From when on the venue may have forgotten the order's client id. µs, venue's clock. */
export const forgottenAt = (order: Order, terms: Terms): number =>
  order.expiresAt - terms.requestLifeMs * 1_000 + terms.orderRetentionMs * 1_000

/** Judges "not found". An order that the venue once acknowledged did arrive: silence about it is forgetting. */
export function judgeSilence(order: Order, evidence: Evidence, terms: Terms): Verdict {
  const named = [...evidence.openOrders, ...evidence.history].find(
    (detail) => detail.clientId === order.clientId || (order.orderId !== undefined && detail.orderId === order.orderId),
  )
  if (named !== undefined) return { kind: "found", detail: named }
  if (order.orderId !== undefined) {
    return { kind: "stuck", why: `the venue acknowledged it as ${order.orderId} and does not know it any more` }
  }
  const untilAt = silenceCountsAt(order, terms)
  if (evidence.askedAt < untilAt) return { kind: "wait", untilAt }
  if (evidence.askedAt >= forgottenAt(order, terms)) {
    return { kind: "stuck", why: "it was asked for after the venue forgets ended orders" }
  }
  return judgeUnnamed(order, evidence, terms)
}

/** A venue that drops client ids may still show the order by what it is. */
function judgeUnnamed(order: Order, evidence: Evidence, terms: Terms): Verdict {
  const alike = [...evidence.openOrders, ...evidence.history].filter(
    (detail) => detail.clientId === undefined && !evidence.isTaken(detail.orderId) && isAlike(order, detail, terms),
  )
  const [only, ...others] = alike.filter(
    (detail, index) => alike.findIndex(({ orderId }) => orderId === detail.orderId) === index,
  )
  if (only !== undefined) {
    if (terms.isExclusive && others.length === 0) return { kind: "found", detail: only }
    const ids = [only, ...others].map(({ orderId }) => orderId).join(", ")
    return { kind: "stuck", why: `order ${ids} looks like it and carries no client id` }
  }
  const shown = new Set([...evidence.openOrders, ...evidence.history].map(({ orderId }) => orderId))
  const orphans = evidence.fills.filter(
    (fill) =>
      fill.clientId === undefined &&
      fill.inst === order.inst &&
      fill.side === order.side &&
      fill.timestamp >= signedAt(order, terms) - terms.clockBoundUs &&
      !shown.has(fill.orderId) &&
      !evidence.isTaken(fill.orderId),
  )
  if (orphans.length === 0) return { kind: "never arrived" }
  return { kind: "look", orderIds: [...new Set(orphans.map(({ orderId }) => orderId))] }
}

const signedAt = (order: Order, terms: Terms): number => order.expiresAt - terms.requestLifeMs * 1_000

function isAlike(order: Order, detail: OrderDetail, terms: Terms): boolean {
  return (
    detail.inst === order.inst &&
    detail.side === order.side &&
    detail.orderType === order.type &&
    compare(detail.size, order.size) === 0 &&
    isSamePrice(order.price, detail.price) &&
    detail.createdAt >= signedAt(order, terms) - terms.clockBoundUs &&
    detail.createdAt <= order.expiresAt + terms.clockBoundUs
  )
}

const isSamePrice = (a: Decimal | undefined, b: Decimal | undefined): boolean =>
  a === undefined || b === undefined ? a === b : compare(a, b) === 0

/**
 * Orders that the slow comparison must ask for: open here and missing there, or filled differently. Orders that changed
 * while the venue was being asked are left for the next time.
 */
export function suspects(
  live: readonly Order[],
  openThere: readonly OrderDetail[],
  askedAt: number,
): { readonly order: Order; readonly why: string }[] {
  const there = new Map(openThere.map((detail) => [detail.orderId, detail]))
  const found: { order: Order; why: string }[] = []
  for (const order of live) {
    if (order.state !== "open" || order.updatedAt >= askedAt || order.orderId === undefined) continue
    const detail = there.get(order.orderId)
    if (detail === undefined) found.push({ order, why: "open here, not among the venue's open orders" })
    else if (compare(detail.filledSize, order.filled) !== 0) {
      found.push({ order, why: `filled ${order.filled} here, ${detail.filledSize} at the venue` })
    }
  }
  return found
}
