import { type Account, entryText, positionOf, unrealized } from "../../matching/account.ts"
import type { Matching } from "../../matching/engine.ts"
import { moneyText } from "../../matching/instrument.ts"
import { type Fill, openLots, type Order, type Side } from "../../matching/order.ts"
import type { Listing } from "./listing.ts"
import type { Member } from "./member.ts"
import type { Pit } from "./pit.ts"

export const sideWord = (side: Side): "BUY" | "SELL" => (side === 1 ? "BUY" : "SELL")
const typeWord = (order: Order): "MARKET" | "LIMIT" => (order.isMarket ? "MARKET" : "LIMIT")

function forceWord(order: Order): string {
  if (order.isMarket) return "GTC"
  if (order.keep === "drop") return "IOC"
  if (order.keep === "all-or-none") return "FOK"
  if (order.keep === "post-only") return "GTX"
  return order.expiresAt === undefined ? "GTC" : "GTD"
}

function statusWord(order: Order): string {
  if (order.status === "filled") return "FILLED"
  if (order.status === "canceled") return "CANCELED"
  if (order.status === "expired") return "EXPIRED"
  return order.filledLots > 0 ? "PARTIALLY_FILLED" : "NEW"
}

const goodTill = (order: Order): number => (order.expiresAt === undefined ? 0 : Math.floor(order.expiresAt / 1000))

/** Average fill price with two places more than a price has, rounded half up; zero while nothing is filled. */
function averageText(order: Order, of: Listing): string {
  const places = of.price.places + 2
  if (order.filledLots === 0) return `0.${"0".repeat(places)}`
  const units = BigInt(order.filledValue) * BigInt(of.price.stepUnits) * 100n
  const lots = BigInt(order.filledLots)
  const digits = ((units * 2n + lots) / (lots * 2n)).toString().padStart(places + 1, "0")
  return `${digits.slice(0, -places)}.${digits.slice(-places)}`
}

/** Where an order is shown decides a few of its fields, as in the documents' examples. */
type OrderShape =
  /** As accepted, before any match. */
  | "ack"
  /** What became of it. */
  | "result"
  /** Without an average price. */
  | "canceled"
  /** With the time of its placing, and its filled size once. */
  | "queried"

/** An order as REST and the WebSocket API show it. */
export function orderText(order: Order, pit: Pit, shape: OrderShape): string {
  const isAck = shape === "ack"
  const filled = isAck ? pit.size(0) : pit.size(order.filledLots)
  const quote = isAck ? pit.value(0) : pit.value(order.filledValue)
  const average = shape === "canceled" ? "" : `"avgPrice":"${isAck ? "0.00" : averageText(order, pit.listing)}",`
  const cumulated = shape === "queried" ? "" : `"cumQty":"${filled}",`
  const time = shape === "queried" ? `"time":${Math.floor(order.createdAt / 1000)},` : ""
  return (
    `{"orderId":${order.id},"symbol":"${order.symbol}","status":"${isAck ? "NEW" : statusWord(order)}","clientOrderId":"${order.clientId}",` +
    `"price":"${order.isMarket ? "0" : pit.price(order.ticks)}",${average}"origQty":"${pit.size(order.lots)}","executedQty":"${filled}",${cumulated}"cumQuote":"${quote}",` +
    `"timeInForce":"${forceWord(order)}","type":"${typeWord(order)}","reduceOnly":${order.reduceOnly},"closePosition":false,"side":"${sideWord(order.side)}",` +
    `"positionSide":"BOTH","stopPrice":"0","workingType":"CONTRACT_PRICE","priceProtect":false,"origType":"${typeWord(order)}","priceMatch":"NONE",` +
    `"selfTradePreventionMode":"NONE","goodTillDate":${goodTill(order)},${time}"updateTime":${Math.floor(order.updatedAt / 1000)}}`
  )
}

export function fillText(fill: Fill, pit: Pit): string {
  const { trade, order } = fill
  return (
    `{"symbol":"${order.symbol}","id":${trade.id},"orderId":${order.id},"side":"${sideWord(order.side)}","price":"${pit.price(trade.ticks)}",` +
    `"qty":"${pit.size(trade.lots)}","realizedPnl":"${moneyText(fill.realized)}","quoteQty":"${pit.value(trade.ticks * trade.lots)}",` +
    `"commission":"${moneyText(fill.fee)}","commissionAsset":"${pit.listing.quote}","time":${Math.floor(trade.at / 1000)},"positionSide":"BOTH",` +
    `"buyer":${order.side === 1},"maker":${fill.isMaker}}`
  )
}

/** Of open orders on one side, the notional that the order events carry. */
function openNotional(account: Account, symbol: string, side: Side, of: Listing): string {
  let value = 0n
  for (const order of account.open.values()) {
    if (order.symbol === symbol && order.side === side) value += BigInt(openLots(order)) * BigInt(order.ticks)
  }
  return moneyText(value * of.moneyUnit)
}

/** ORDER_TRADE_UPDATE (user data streams, "Event: Order Update", read 2026-11-22). */
export function orderEvent(
  order: Order,
  execution: string,
  fill: Fill | undefined,
  account: Account,
  pit: Pit,
  ms: number,
): string {
  const of = pit.listing
  const last =
    fill === undefined ? `"l":"0","z":"${pit.size(order.filledLots)}","L":"0",` : fillFields(fill, order, pit)
  return (
    `{"e":"ORDER_TRADE_UPDATE","T":${ms},"E":${ms},"o":{"s":"${order.symbol}","c":"${order.clientId}","S":"${sideWord(order.side)}","o":"${typeWord(order)}",` +
    `"f":"${forceWord(order)}","q":"${pit.size(order.lots)}","p":"${order.isMarket ? "0" : pit.price(order.ticks)}","ap":"${averageText(order, of)}","sp":"0",` +
    `"x":"${execution}","X":"${statusWord(order)}","i":${order.id},${last}"T":${ms},"t":${fill === undefined ? 0 : fill.trade.id},` +
    `"b":"${openNotional(account, order.symbol, 1, of)}","a":"${openNotional(account, order.symbol, -1, of)}","m":${fill?.isMaker ?? false},` +
    `"R":${order.reduceOnly},"wt":"CONTRACT_PRICE","ot":"${typeWord(order)}","ps":"BOTH","cp":false,"rp":"${moneyText(fill?.realized ?? 0n)}","pP":false,` +
    `"si":0,"ss":0,"V":"NONE","pm":"NONE","gtd":${goodTill(order)},"er":"0"}}`
  )
}

const fillFields = (fill: Fill, order: Order, pit: Pit): string =>
  `"l":"${pit.size(fill.trade.lots)}","z":"${pit.size(order.filledLots)}","L":"${pit.price(fill.trade.ticks)}",` +
  `"n":"${moneyText(fill.fee)}","N":"${pit.listing.quote}",`

/** TRADE_LITE: a fill without fee and position, ahead of the full event. */
export const tradeLiteEvent = (fill: Fill, pit: Pit, ms: number): string =>
  `{"e":"TRADE_LITE","E":${ms},"T":${ms},"s":"${fill.order.symbol}","q":"${pit.size(fill.order.lots)}",` +
  `"p":"${fill.order.isMarket ? "0" : pit.price(fill.order.ticks)}","m":${fill.isMaker},"c":"${fill.order.clientId}","S":"${sideWord(fill.order.side)}",` +
  `"L":"${pit.price(fill.trade.ticks)}","l":"${pit.size(fill.trade.lots)}","t":${fill.trade.id},"i":${fill.order.id}}`

export interface AccountChange {
  /** The venue's word. */
  readonly reason: "ORDER" | "FUNDING_FEE"
  readonly change: bigint
}

/**
 * ACCOUNT_UPDATE: the wallet of the asset and the position that changed, no others; after funding of a cross position the wallet
 * alone. `change` of the wallet is told but for what trading brought ("Event: Balance and Position Update", read 2026-11-22).
 */
export function accountEvent(
  member: Member,
  engine: Matching,
  pit: Pit,
  { reason, change }: AccountChange,
  ms: number,
): string {
  const { account } = member
  const of = pit.listing
  const wallet = moneyText(account.wallet.get(of.quote) ?? 0n)
  const position = positionOf(account, of.symbol)
  const entry = entryText(position, of, of.price.places + 3)
  const profit = moneyText(unrealized(position, of, engine.mark(of.symbol)))
  const stamp = `"e":"ACCOUNT_UPDATE","E":${ms},"T":${ms}`
  const balance = `{"a":"${of.quote}","wb":"${wallet}","cw":"${wallet}","bc":"${change === 0n ? "0" : moneyText(change)}"}`
  const margin = member.marginType(of.symbol)
  if (reason === "FUNDING_FEE" && margin === "cross") return `{${stamp},"a":{"m":"${reason}","B":[${balance}]}}`
  return (
    `{${stamp},"a":{"m":"${reason}","B":[${balance}],` +
    `"P":[{"s":"${of.symbol}","pa":"${pit.size(position.lots)}","ep":"${entry}","bep":"${entry}","cr":"${moneyText(position.realized)}","up":"${profit}",` +
    `"mt":"${margin}","iw":"0","ps":"BOTH"}]}}`
  )
}
