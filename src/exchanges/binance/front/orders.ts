import { type Scale, fromText } from "../../matching/instrument.ts"
import { type Keep, type Order, type RefusalReason, type Side } from "../../matching/order.ts"
import type { Exchange } from "./exchange.ts"
import { openOrdersMax, percentPrice, TRADING } from "./listing.ts"
import type { Member } from "./member.ts"
import { Params, parseExact } from "./params.ts"
import type { Pit } from "./pit.ts"
import { type Code, Refused, refusal } from "./refusal.ts"
import { orderText, sideWord } from "./render.ts"

const SIDES: Readonly<Record<string, Side>> = { BUY: 1, SELL: -1 }
const KEEPS: Readonly<Record<string, Keep>> = {
  GTC: "rest",
  GTD: "rest",
  IOC: "drop",
  FOK: "all-or-none",
  GTX: "post-only",
}
const CONDITIONAL = ["STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"]
const CODES: Readonly<Record<RefusalReason, Code>> = {
  "post-only would take": -5022,
  "cannot fill at once": -5021,
  "nothing to reduce": -2022,
  margin: -2019,
  "client id in use": -4116,
  unchanged: -5027,
  "no such order": -2013,
}
const clientIdForm = /^[.A-Z:/a-z0-9_-]{1,36}$/
const batchPlaceMax = 5
const batchCancelMax = 10
const goodTillMsMin = 600_000
const goodTillMsMax = 253_402_300_799_000

export function pitOf(exchange: Exchange, params: Params): Pit {
  const pit = exchange.pits.get(params.need("symbol"))
  if (pit === undefined) throw refusal(-1121)
  return pit
}

function sideOf(params: Params): Side {
  const side = SIDES[params.need("side")]
  if (side === undefined) throw refusal(-1117)
  return side
}

/** Price or quantity as whole steps, or the refusal that its filter gives. */
function steps(text: string, scale: Scale, name: string, between: Code): number {
  const read = fromText(text, scale)
  if (read.kind === "steps") return read.steps
  if (read.kind === "malformed") throw refusal(-1102, name)
  throw refusal(read.kind === "precise" ? -1111 : between)
}

function priceOf(text: string, side: Side, pit: Pit): number {
  const of = pit.listing
  const ticks = steps(text, of.price, "price", -4014)
  if (ticks <= 0) throw refusal(-4001)
  if (ticks % exactSteps(of.tick, of.price) !== 0) throw refusal(-4014)
  if (ticks < exactSteps(of.minPrice, of.price)) throw refusal(-4013)
  if (ticks > exactSteps(of.maxPrice, of.price)) throw refusal(-4002)
  const mark = pit.markTicks
  const cap = Math.floor((mark * percentPrice.up) / 100)
  const floor = Math.ceil((mark * percentPrice.down) / 100)
  if (side === 1 && ticks > cap) throw refusal(-4016, pit.price(cap))
  if (side === -1 && ticks < floor) throw refusal(-4024, pit.price(floor))
  return ticks
}

function exactSteps(text: string, scale: Scale): number {
  const read = fromText(text, scale)
  return read.kind === "steps" ? read.steps : 0
}

function lotsOf(text: string, isMarket: boolean, pit: Pit): number {
  const of = pit.listing
  const lots = steps(text, of.size, "quantity", -4023)
  if (lots <= 0) throw refusal(-4003)
  if (lots % exactSteps(of.lot, of.size) !== 0) throw refusal(-4023)
  if (lots > (isMarket ? of.maxMarketLots : of.maxLots)) throw refusal(-4005)
  return lots
}

function checkNotional(pit: Pit, ticks: number, lots: number): void {
  const least = BigInt(pit.listing.minNotional) * 100_000_000n
  if (BigInt(ticks) * BigInt(lots) * pit.listing.moneyUnit < least)
    throw refusal(-4164, String(pit.listing.minNotional))
}

interface Terms {
  readonly isMarket: boolean
  readonly keep: Keep
  readonly expiresAt: number | undefined
}

/** Type and time in force; post-only is LIMIT with GTX. */
function termsOf(params: Params, now: number): Terms {
  const type = params.need("type")
  if (CONDITIONAL.includes(type)) throw refusal(-4120)
  if (type === "MARKET") {
    if (params.get("timeInForce") !== undefined) throw refusal(-1106, "timeInForce")
    return { isMarket: true, keep: "drop", expiresAt: undefined }
  }
  if (type !== "LIMIT") throw refusal(-1116)
  const force = params.need("timeInForce")
  const keep = KEEPS[force]
  if (keep === undefined) throw refusal(-1115)
  if (force !== "GTD") return { isMarket: false, keep, expiresAt: undefined }
  const goodTillMs = params.needInt("goodTillDate")
  if (goodTillMs <= now / 1000 + goodTillMsMin || goodTillMs >= goodTillMsMax) throw refusal(-5040)
  return { isMarket: false, keep, expiresAt: goodTillMs * 1000 }
}

/** Rules of the account that do not depend on price or size. */
function checkAccount(member: Member, params: Params): void {
  const side = params.get("positionSide")
  if (member.isHedge || (side !== undefined && side !== "BOTH")) throw refusal(-4061)
  if ((params.get("priceMatch") ?? "NONE") !== "NONE") throw refusal(-5037)
  if (member.account.open.size >= openOrdersMax) throw refusal(-2025)
}

function countOrder(member: Member, now: number): void {
  const fits10s = member.orders10s.add(1, now)
  const fits1m = member.orders1m.add(1, now)
  if (!fits10s) throw refusal(-1015, String(member.orders10s.limit), "10 SECOND")
  if (!fits1m) throw refusal(-1015, String(member.orders1m.limit), "1 MINUTE")
}

/** POST /fapi/v1/order and order.place. */
export function place(exchange: Exchange, member: Member, params: Params): string {
  countOrder(member, exchange.now)
  const pit = pitOf(exchange, params)
  const side = sideOf(params)
  const { isMarket, keep, expiresAt } = termsOf(params, exchange.now)
  const lots = lotsOf(params.need("quantity"), isMarket, pit)
  if (isMarket && params.get("price") !== undefined) throw refusal(-1106, "price")
  const ticks = isMarket ? undefined : priceOf(params.need("price"), side, pit)
  const clientId = params.get("newClientOrderId") ?? exchange.token(22)
  if (!clientIdForm.test(clientId)) throw refusal(-4015)
  const reduceOnly = params.flag("reduceOnly")
  const shape = params.get("newOrderRespType") ?? "ACK"
  if (shape !== "ACK" && shape !== "RESULT") throw refusal(-1136)
  checkAccount(member, params)
  if (!reduceOnly) {
    if ((pit.listing.status ?? TRADING) !== TRADING) throw refusal(-4140)
    checkNotional(pit, ticks ?? pit.markTicks, lots)
  }
  const request = {
    account: member.account.id,
    symbol: pit.listing.symbol,
    side,
    lots,
    keep,
    reduceOnly,
    clientId,
    ...(ticks === undefined ? {} : { ticks }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
  }
  const placed = against(exchange, pit, side, () => exchange.engine.place(request, exchange.now))
  exchange.settle()
  if (placed.kind === "refused") throw refusal(CODES[placed.reason])
  return orderText(placed.order, pit, shape === "ACK" ? "ack" : "result")
}

/**
 * Where a tape stands in for the market there is nobody to trade with: an order that reaches the tape's best price meets the size
 * displayed there, once for each order, and whatever is left rests or expires. Resting orders are never filled by the tape.
 */
function against<T>(exchange: Exchange, pit: Pit, side: Side, act: () => T): T {
  const top = exchange.tape?.symbol === pit.listing.symbol ? exchange.tape.top() : undefined
  if (top === undefined) return act()
  const [ticks, lots] = side === 1 ? [top.ask, top.askLots] : [top.bid, top.bidLots]
  const counter = { symbol: pit.listing.symbol, side: side === 1 ? (-1 as const) : (1 as const), ticks, lots }
  // A post-only counter order: one that would itself meet a member's resting order is left out.
  const lent = exchange.engine.place({ ...counter, keep: "post-only", reduceOnly: false, clientId: "" }, exchange.now)
  const result = act()
  if (lent.kind === "placed") exchange.engine.cancel(lent.order, exchange.now)
  return result
}

/** An order of the account by orderId, which prevails, or origClientOrderId; open ones first, then the latest ended one. */
export function find(member: Member, params: Params, pit: Pit): Order | undefined {
  const id = params.id("orderId")
  const clientId = params.get("origClientOrderId")
  if (id === undefined && clientId === undefined) throw refusal(-1102, "orderId' or 'origClientOrderId")
  if (id !== undefined) {
    const order = member.account.orders.get(id)
    return order?.symbol === pit.listing.symbol ? order : undefined
  }
  const open = member.account.openByClientId.get(clientId!)
  if (open !== undefined) return open.symbol === pit.listing.symbol ? open : undefined
  let latest: Order | undefined
  for (const order of member.account.orders.values()) {
    if (order.clientId === clientId && order.symbol === pit.listing.symbol) latest = order
  }
  return latest
}

/** GET /fapi/v1/order and order.status. */
export function query(exchange: Exchange, member: Member, params: Params): string {
  const pit = pitOf(exchange, params)
  const order = find(member, params, pit)
  if (order === undefined) throw refusal(-2013)
  return orderText(order, pit, "queried")
}

/** DELETE /fapi/v1/order and order.cancel. */
export function cancel(exchange: Exchange, member: Member, params: Params): string {
  const pit = pitOf(exchange, params)
  const order = find(member, params, pit)
  if (order === undefined || !exchange.engine.cancel(order, exchange.now)) throw refusal(-2011)
  exchange.settle()
  return orderText(order, pit, "canceled")
}

/** PUT /fapi/v1/order and order.modify: side, quantity and price are all mandatory. */
export function amend(exchange: Exchange, member: Member, params: Params): string {
  countOrder(member, exchange.now)
  const pit = pitOf(exchange, params)
  const side = sideOf(params)
  const lots = lotsOf(params.need("quantity"), false, pit)
  const ticks = priceOf(params.need("price"), side, pit)
  const order = find(member, params, pit)
  if (order === undefined || order.status !== "open") throw refusal(-2013)
  if (order.side !== side) throw refusal(-1130, `side (the order is a ${sideWord(order.side)})`)
  if (!order.reduceOnly) checkNotional(pit, ticks, lots)
  const amended = against(exchange, pit, side, () => exchange.engine.amend(order, ticks, lots, exchange.now))
  exchange.settle()
  if (amended.kind === "refused") throw refusal(CODES[amended.reason])
  return orderText(order, pit, "result")
}

/** DELETE /fapi/v1/allOpenOrders. */
export function cancelAll(exchange: Exchange, member: Member, params: Params): string {
  const { symbol } = pitOf(exchange, params).listing
  for (const order of member.account.open.values()) {
    if (order.symbol === symbol) exchange.engine.cancel(order, exchange.now)
  }
  exchange.settle()
  return '{"code":200,"msg":"The operation of cancel all open order is done."}'
}

/** POST /fapi/v1/countdownCancelAll: 0 switches the countdown off. */
export function countdown(exchange: Exchange, member: Member, params: Params): string {
  const { symbol } = pitOf(exchange, params).listing
  const ms = params.needInt("countdownTime")
  if (ms < 0) throw refusal(-1130, "countdownTime")
  if (ms === 0) member.countdowns.delete(symbol)
  else member.countdowns.set(symbol, exchange.now + ms * 1000)
  return `{"symbol":"${symbol}","countdownTime":"${ms}"}`
}

/** Runs one operation for each item of a batch; an item's refusal is its answer. */
function each(items: readonly Params[], run: (params: Params) => string): string {
  const answers = items.map((params) => {
    try {
      return run(params)
    } catch (error) {
      if (error instanceof Refused) return error.body
      throw error
    }
  })
  return `[${answers.join(",")}]`
}

function listOf(params: Params, name: string): readonly unknown[] {
  let list: unknown
  try {
    list = parseExact(params.need(name))
  } catch (error) {
    throw error instanceof Refused ? error : refusal(-1130, name)
  }
  if (!Array.isArray(list)) throw refusal(-1130, name)
  return list
}

function batch(params: Params): Params[] {
  const items = listOf(params, "batchOrders")
  if (items.length === 0 || items.length > batchPlaceMax) throw refusal(-4082)
  return items.map((item) => {
    if (typeof item !== "object" || item === null) throw refusal(-1130, "batchOrders")
    return Params.from(item as Record<string, unknown>)
  })
}

export const placeBatch = (exchange: Exchange, member: Member, params: Params): string =>
  each(batch(params), (item) => place(exchange, member, item))

export const amendBatch = (exchange: Exchange, member: Member, params: Params): string =>
  each(batch(params), (item) => amend(exchange, member, item))

/** DELETE /fapi/v1/batchOrders: order ids or client ids of one symbol, at most ten. */
export function cancelBatch(exchange: Exchange, member: Member, params: Params): string {
  const symbol = pitOf(exchange, params).listing.symbol
  const isById = params.get("orderIdList") !== undefined
  const ids = listOf(params, isById ? "orderIdList" : "origClientOrderIdList")
  if (ids.length === 0 || ids.length > batchCancelMax) throw refusal(-4032)
  const items = ids.map((id) => Params.from({ symbol, [isById ? "orderId" : "origClientOrderId"]: id }))
  return each(items, (item) => cancel(exchange, member, item))
}
