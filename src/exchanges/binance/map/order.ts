import { type Decimal, isAmount, isZero } from "../../../runtime/domain/decimal.ts"
import { UsageError, WireError } from "../../../runtime/domain/errors.ts"
import { isClientId } from "../../../runtime/domain/client-id.ts"
import type {
  AmendParams,
  BatchItem,
  OrderAck,
  OrderDetail,
  OrderRef,
  PlaceParams,
} from "../../../runtime/domain/operation.ts"
import type { Fill, OrderType, Side, TimeInForce } from "../../../runtime/domain/order.ts"
import type { Fields } from "../../kit/endpoint.ts"
import { isObject, type Json } from "../../kit/json.ts"
import * as read from "../../kit/read.ts"
import { flagOf, wordFor } from "../../kit/word.ts"
import { verdictOf } from "../errors.ts"
import {
  type FillReply,
  ORDER_TYPES,
  type OrderReply,
  POSITION_SIDE_WORDS,
  POSITION_SIDES,
  SIDES,
  STATUSES,
  TIMES_IN_FORCE,
} from "../wire.ts"
import { fromNative, toNative } from "./inst.ts"

// ---- client ids: our 32 hex digits as they are ----

const CLIENT_ID = /^[.A-Z:/a-z0-9_-]{1,36}$/

function toClientOrderId(clientId: string): string {
  if (typeof clientId === "string" && CLIENT_ID.test(clientId)) return clientId
  throw new UsageError(`client id "${clientId}" is not 1 to 36 letters, digits or . : / _ - as binance-um wants`)
}

/** Ours, or undefined where somebody else made it. */
export const fromClientOrderId = (text: string | undefined): string | undefined =>
  text !== undefined && isClientId(text) ? text : undefined

// ---- domain → wire ----

const SIDE_WORDS: Readonly<Record<Side, string>> = { BUY: "BUY", SELL: "SELL" }
const TYPE_WORDS: Readonly<Record<OrderType, string>> = { limit: "LIMIT", market: "MARKET" }
const TIME_IN_FORCE_WORDS: Readonly<Record<TimeInForce, string>> = {
  gtc: "GTC",
  ioc: "IOC",
  fok: "FOK",
  "post-only": "GTX",
}

const GOOD_TILL_DATE = "GTD"

function amount(name: string, value: Decimal): Decimal {
  if (isAmount(value)) return value
  throw new UsageError(`${name} "${value}" is not a decimal number above zero`)
}

/** What order truth and the risk limits rest on; a strategy's own fields must not replace it. */
const RESERVED = new Set([
  "symbol",
  "side",
  "positionSide",
  "type",
  "timeInForce",
  "goodTillDate",
  "quantity",
  "price",
  "reduceOnly",
  "newClientOrderId",
  "newOrderRespType",
  "orderId",
  "origClientOrderId",
  "closePosition",
  "recvWindow",
  "timestamp",
  "signature",
  "apiKey",
])

function checkedExtra(extra: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  for (const name in extra) {
    if (RESERVED.has(name))
      throw new UsageError(`extra field "${name}" is the runtime's own; set it in the order itself`)
    if (typeof extra[name] !== "string") throw new UsageError(`extra field "${name}" is not text`)
  }
  return extra
}

/**
 * Price and time in force on the wire: a market order has neither there, and cannot promise what they would. `goodTillDate` is
 * in ms, of which the venue keeps the seconds; it refuses less than 600 s from now (page New-Order, as of 2026-05-28).
 */
function addTerms(fields: Record<string, string>, order: PlaceParams): void {
  const { inst, type = "limit", price, timeInForce, goodTillAt } = order
  const word = timeInForce === undefined ? undefined : wordFor("timeInForce", timeInForce, TIME_IN_FORCE_WORDS)
  if (goodTillAt !== undefined && (type !== "limit" || (timeInForce ?? "gtc") !== "gtc"))
    throw new UsageError(`goodTillAt is for limit orders that are good till canceled, not for this one on ${inst}`)
  if (type === "limit") {
    if (price === undefined) throw new UsageError(`a limit order on ${inst} needs a price`)
    fields.price = amount("price", price)
    fields.timeInForce = word ?? TIME_IN_FORCE_WORDS.gtc
    if (goodTillAt === undefined) return
    fields.timeInForce = GOOD_TILL_DATE
    fields.goodTillDate = String(Math.floor(goodTillAt / 1_000))
  } else if (timeInForce === "post-only" || timeInForce === "fok") {
    throw new UsageError(`a market order cannot be ${timeInForce} on binance-um`)
  }
}

/** A limit order without a time in force is GTC; post-only is LIMIT with GTX. Every word is checked: none falls through. */
export function toNewOrder(order: PlaceParams): Fields {
  const { type = "limit", positionSide, reduceOnly, extra } = order
  const fields: Record<string, string> = {
    symbol: toNative(order.inst),
    side: wordFor("side", order.side, SIDE_WORDS),
    type: wordFor("type", type, TYPE_WORDS),
    quantity: amount("size", order.size),
    newClientOrderId: toClientOrderId(order.clientId),
    // The final state of market, IOC and FOK orders comes in the answer itself.
    newOrderRespType: "RESULT",
  }
  addTerms(fields, order)
  if (positionSide !== undefined) fields.positionSide = wordFor("positionSide", positionSide, POSITION_SIDE_WORDS)
  if (reduceOnly !== undefined && flagOf("reduceOnly", reduceOnly)) fields.reduceOnly = "true"
  return extra === undefined ? fields : { ...fields, ...checkedExtra(extra) }
}

/** Digits as text, any length. */
export function toOrderId(orderId: string): string {
  if (typeof orderId === "string" && /^\d+$/.test(orderId)) return orderId
  throw new UsageError(`order id "${orderId}" is not digits`)
}

export function toOrderRef(order: OrderRef): Fields {
  if (order.orderId === undefined && order.clientId === undefined) {
    throw new UsageError(`an order on ${order.inst} is named by its order id or its client id; neither is given`)
  }
  return {
    symbol: toNative(order.inst),
    orderId: order.orderId === undefined ? undefined : toOrderId(order.orderId),
    origClientOrderId: order.clientId === undefined ? undefined : toClientOrderId(order.clientId),
  }
}

export const toAmend = (order: AmendParams): Fields => ({
  ...toOrderRef(order),
  side: wordFor("side", order.side, SIDE_WORDS),
  quantity: amount("size", order.size),
  price: amount("price", order.price),
})

/** One symbol, and all orders by order id or all by client id. */
export function toCancelBatch(orders: readonly OrderRef[], most: number): Fields {
  const [first] = orders
  if (first === undefined) throw new UsageError("a batch of cancels needs at least one order")
  if (orders.length > most)
    throw new UsageError(`binance-um cancels at most ${most} orders a request, not ${orders.length}`)
  if (orders.some((order) => order.inst !== first.inst)) throw new UsageError("a batch of cancels is of one instrument")
  const symbol = toNative(first.inst)
  if (orders.every((order) => order.orderId !== undefined)) {
    // A JSON list written by hand: ids of 19 digits must not pass through a number.
    return { symbol, orderIdList: `[${orders.map((order) => toOrderId(order.orderId ?? "")).join(",")}]` }
  }
  if (orders.every((order) => order.clientId !== undefined)) {
    return { symbol, origClientOrderIdList: orders.map((order) => toClientOrderId(order.clientId ?? "")) }
  }
  throw new UsageError("a batch of cancels names its orders all by order id or all by client id")
}

/** Values as text throughout, as the venue wants them inside the list. */
export function toPlaceBatch(orders: readonly PlaceParams[], most: number): Fields {
  if (orders.length === 0) throw new UsageError("a batch needs at least one order")
  if (orders.length > most)
    throw new UsageError(`binance-um takes at most ${most} orders a request, not ${orders.length}`)
  return { batchOrders: orders.map(toNewOrder) }
}

// ---- wire → domain ----

/** A price or average that the venue gives as 0 where there is none. */
export function priceOrNone<R extends object>(row: R, field: keyof R & string): Decimal | undefined {
  const value = read.maybe(row, field, read.decimal)
  return value === undefined || isZero(value) ? undefined : value
}

export function toAck(reply: Json): OrderAck {
  const row = read.object<OrderReply>(reply, "the order")
  const clientId = fromClientOrderId(read.maybe(row, "clientOrderId", read.text))
  const filledSize = read.maybe(row, "executedQty", read.decimal)
  const avgPrice = priceOrNone(row, "avgPrice")
  return {
    orderId: read.id(row, "orderId"),
    ...(clientId === undefined ? {} : { clientId }),
    status: read.word(row, "status", STATUSES),
    ...(filledSize === undefined ? {} : { filledSize }),
    ...(avgPrice === undefined ? {} : { avgPrice }),
    timestamp: read.timeMs(row, "updateTime"),
  }
}

/** One answer per order asked for, in order; a reply of another length is not ours to pair up. */
export function toBatch(reply: Json, asked: number): BatchItem<OrderAck>[] {
  const items = read.list(reply, "the batch")
  if (items.length !== asked) throw new WireError(`the batch has ${items.length} answers to ${asked} orders`)
  return items.map((item, place) => read.within(`the batch[${place}]`, () => toBatchItem(item)))
}

function toBatchItem(item: Json): BatchItem<OrderAck> {
  const verdict = isObject(item) ? verdictOf(item) : undefined
  if (verdict === undefined) return { kind: "accepted", value: toAck(item) }
  // One order nobody knows about makes the whole batch unknown: each must be asked for.
  if (verdict.mayHaveHappened === true) throw new WireError(`${verdict.reason} (${verdict.code})`)
  return { kind: "refused", reason: verdict.reason, code: verdict.code }
}

export const toDetail = (reply: Json): OrderDetail => detailOf(read.object<OrderReply>(reply, "the order"))

export const toDetails = (reply: Json): OrderDetail[] => read.rows(reply, "orders", detailOf)

function detailOf(row: OrderReply): OrderDetail {
  const clientId = fromClientOrderId(read.maybe(row, "clientOrderId", read.text))
  const orderType = read.word(row, "type", ORDER_TYPES)
  const price = orderType === "market" ? undefined : priceOrNone(row, "price")
  const avgPrice = priceOrNone(row, "avgPrice")
  return {
    inst: fromNative(read.text(row, "symbol")),
    orderId: read.id(row, "orderId"),
    ...(clientId === undefined ? {} : { clientId }),
    side: read.word(row, "side", SIDES),
    orderType,
    timeInForce: read.word(row, "timeInForce", TIMES_IN_FORCE),
    status: read.word(row, "status", STATUSES),
    ...(price === undefined ? {} : { price }),
    ...(avgPrice === undefined ? {} : { avgPrice }),
    size: read.decimal(row, "origQty"),
    filledSize: read.decimal(row, "executedQty"),
    reduceOnly: read.flag(row, "reduceOnly"),
    positionSide: read.word(row, "positionSide", POSITION_SIDES),
    // Over the WebSocket API the creation time is absent; an order is not younger than its last change.
    createdAt: read.maybe(row, "time", read.timeMs) ?? read.timeMs(row, "updateTime"),
    updatedAt: read.timeMs(row, "updateTime"),
  }
}

export const toFills = (reply: Json): Fill[] =>
  read.rows(reply, "fills", (row: FillReply) => ({
    market: "binance-um",
    inst: fromNative(read.text(row, "symbol")),
    tradeId: read.id(row, "id"),
    orderId: read.id(row, "orderId"),
    side: read.word(row, "side", SIDES),
    price: read.decimal(row, "price"),
    size: read.decimal(row, "qty"),
    fee: read.decimal(row, "commission"),
    feeAsset: read.text(row, "commissionAsset"),
    isMaker: read.flag(row, "maker"),
    realizedPnl: read.decimal(row, "realizedPnl"),
    timestamp: read.timeMs(row, "time"),
  }))
