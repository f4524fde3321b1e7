/** What must hold once a network has healed and everything in doubt has had its time. Pure: two accounts in, what is wrong out. */
import { compare, type Decimal, minus, plus } from "../domain/decimal.ts"
import type { Inst } from "../domain/inst.ts"
import type { OrderDetail } from "../domain/operation.ts"
import { type Fill, isFinal, type Order } from "../domain/order.ts"

/** The whole account at the exchange, all of it this bot's. */
export interface Truth {
  readonly orders: readonly OrderDetail[]
  readonly fills: readonly Fill[]
  /** Signed. */
  readonly position: (inst: Inst) => Decimal
}

/** What the bot has written down and believes. */
export interface Belief {
  readonly orders: readonly Order[]
  readonly fills: readonly Fill[]
  readonly own: (inst: Inst) => Decimal
  /** The exchange's word on the position, as the bot heard it last. */
  readonly account: (inst: Inst) => Decimal
}

export function violations(truth: Truth, belief: Belief, insts: readonly Inst[]): string[] {
  return [
    ...placedTwice(truth.orders),
    ...strangers(truth.orders, belief.orders),
    ...misjudged(truth.orders, belief.orders),
    ...miscounted(truth.fills, belief.fills),
    ...insts.flatMap((inst) => misplaced(inst, truth, belief)),
  ]
}

function placedTwice(orders: readonly OrderDetail[]): string[] {
  const ids = new Map<string, string>()
  return orders.flatMap(({ clientId = "", orderId }) => {
    const before = ids.get(clientId)
    ids.set(clientId, orderId)
    return before === undefined ? [] : [`order ${clientId} was placed twice: ${before} and ${orderId}`]
  })
}

function strangers(there: readonly OrderDetail[], here: readonly Order[]): string[] {
  const known = new Set(here.map(({ clientId }) => clientId))
  return there
    .filter(({ clientId = "" }) => !known.has(clientId))
    .map(({ clientId, orderId }) => `the exchange has order ${clientId} (${orderId}), which was never written down`)
}

function misjudged(there: readonly OrderDetail[], here: readonly Order[]): string[] {
  const byClientId = new Map(there.map((detail) => [detail.clientId, detail]))
  return here.flatMap((order) => {
    const { clientId, state } = order
    const detail = byClientId.get(clientId)
    if (state === "pending" || state === "unknown") return [`order ${clientId} is still ${state}`]
    if (detail === undefined) return state === "rejected" ? [] : [`order ${clientId} is ${state} and nowhere else`]
    const differences = [
      ...(detail.status === state ? [] : [`state ${state}, there ${detail.status}`]),
      ...(compare(detail.filledSize, order.filled) === 0 ? [] : [`filled ${order.filled}, there ${detail.filledSize}`]),
      // Of an order that is over nobody needs to know what it was last changed to.
      ...(isFinal(state) || compare(detail.size, order.size) === 0 ? [] : [`size ${order.size}, there ${detail.size}`]),
      ...(isFinal(state) || samePrice(detail, order) ? [] : [`price ${order.price}, there ${detail.price}`]),
    ]
    return differences.map((difference) => `order ${clientId} (${detail.orderId}): ${difference}`)
  })
}

const samePrice = (a: { readonly price?: Decimal }, b: { readonly price?: Decimal }): boolean =>
  a.price === undefined || b.price === undefined ? a.price === b.price : compare(a.price, b.price) === 0

const keyOf = ({ inst, tradeId, orderId, side }: Fill): string => `${inst} ${tradeId} of order ${orderId} (${side})`

function miscounted(there: readonly Fill[], here: readonly Fill[]): string[] {
  const wrong: string[] = []
  const left = new Map(there.map((fill) => [keyOf(fill), fill]))
  for (const fill of here) {
    const key = keyOf(fill)
    const same = left.get(key)
    left.delete(key)
    if (same === undefined) wrong.push(`fill ${key} is counted twice or was never made`)
    else if (compare(same.size, fill.size) !== 0 || compare(same.price, fill.price) !== 0)
      wrong.push(`fill ${key} is ${fill.size} at ${fill.price}, there ${same.size} at ${same.price}`)
  }
  return [...wrong, ...[...left.keys()].map((key) => `fill ${key} was missed`)]
}

function misplaced(inst: Inst, truth: Truth, belief: Belief): string[] {
  const there = truth.position(inst)
  const own = belief.own(inst)
  const account = belief.account(inst)
  const net = belief.fills
    .filter((fill) => fill.inst === inst)
    .reduce((sum, { side, size }) => (side === "BUY" ? plus(sum, size) : minus(sum, size)), "0")
  return [
    ...(compare(own, there) === 0 ? [] : [`own position in ${inst} is ${own}, at the exchange ${there}`]),
    ...(compare(net, there) === 0 ? [] : [`written fills in ${inst} sum up to ${net}, the position is ${there}`]),
    ...(compare(account, there) === 0
      ? []
      : [`position in ${inst} is believed ${account} at the exchange, it is ${there}`]),
  ]
}
