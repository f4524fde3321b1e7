import { isZero, minus, over, plus, times, toNumber } from "../../../runtime/domain/decimal.ts"
import { UsageError, WireError } from "../../../runtime/domain/errors.ts"
import type { AccOrder, Decoded } from "../../../runtime/domain/events.ts"
import type { ParamsOf, ResultOf } from "../../../runtime/domain/operation.ts"
import type { Balance, Fill, Position } from "../../../runtime/domain/order.ts"
import { one } from "../../kit/frame.ts"
import { isObject, type Json, type JsonObject } from "../../kit/json.ts"
import * as read from "../../kit/read.ts"
import {
  type AccountFrame,
  type AccountUpdate,
  type BalanceReply,
  type BalanceUpdate,
  EXPIRY_REASONS,
  HAPPENINGS,
  MARGIN_MODES,
  ORDER_TYPES,
  type OrderFrame,
  type OrderUpdate,
  POSITION_SIDES,
  type PositionReply,
  type PositionUpdate,
  SIDES,
  STATUSES,
  TIMES_IN_FORCE,
} from "../wire.ts"
import { fromNative, isDated, quoteOf } from "./inst.ts"
import { fromClientOrderId, priceOrNone } from "./order.ts"

const market = "binance-um"

// ---- user data stream ----

export function toAccOrder(frame: OrderFrame, receivedAt: number): Decoded {
  const row = read.object<OrderUpdate>(frame.o, "o")
  const symbol = read.text(row, "s")
  const orderType = read.word(row, "o", ORDER_TYPES)
  const clientId = fromClientOrderId(read.maybe(row, "c", read.text))
  const price = orderType === "market" ? undefined : priceOrNone(row, "p")
  const avgPrice = priceOrNone(row, "ap")
  const status = read.word(row, "X", STATUSES)
  const fill = fillOf(row, symbol, clientId)
  const reason = fill === undefined && status !== "open" ? reasonOf(row) : undefined
  const order: AccOrder = {
    kind: "accOrder",
    market,
    inst: fromNative(symbol),
    type: isDated(symbol) ? "future" : "perpetual",
    orderId: read.id(row, "i"),
    ...(clientId === undefined ? {} : { clientId }),
    side: read.word(row, "S", SIDES),
    orderType,
    timeInForce: read.word(row, "f", TIMES_IN_FORCE),
    status,
    ...(price === undefined ? {} : { price }),
    size: read.decimal(row, "q"),
    filledSize: read.decimal(row, "z"),
    ...(avgPrice === undefined ? {} : { avgPrice }),
    reduceOnly: read.flag(row, "R"),
    ...(fill === undefined ? {} : { fill }),
    ...(reason === undefined ? {} : { reason }),
    timestamp: read.timeMs(frame, "T"),
    receivedAt,
  }
  return one(order)
}

/** The execution an update tells of. CALCULATED is a liquidation's, and has one only where a size was filled. */
function fillOf(row: OrderUpdate, symbol: string, clientId: string | undefined): Fill | undefined {
  if (!read.word(row, "x", HAPPENINGS)) return undefined
  const size = read.decimal(row, "l")
  if (isZero(size)) return undefined
  return {
    market,
    inst: fromNative(symbol),
    tradeId: read.id(row, "t"),
    orderId: read.id(row, "i"),
    ...(clientId === undefined ? {} : { clientId }),
    side: read.word(row, "S", SIDES),
    price: read.decimal(row, "L"),
    size,
    // Fee and its asset are not sent where there is no fee.
    fee: read.maybe(row, "n", read.decimal) ?? "0",
    feeAsset: read.maybe(row, "N", read.text) ?? quoteOf(symbol),
    isMaker: read.flag(row, "m"),
    realizedPnl: read.decimal(row, "rp"),
    timestamp: read.timeMs(row, "T"),
  }
}

function reasonOf(row: OrderUpdate): string | undefined {
  const code = read.maybe(row, "er", read.text)
  if (code === undefined || code === "0") return undefined
  return EXPIRY_REASONS[code] ?? `expiry reason ${code}`
}

/** Balances and positions in one event for those who want both, and the positions alone for those who want them. */
export function toAccountEvents(frame: AccountFrame, receivedAt: number): Decoded {
  const timestamp = read.timeMs(frame, "T")
  const update = read.object<AccountUpdate>(frame.a, "a")
  const balances = read.maybe(update, "B", (row, field) =>
    read.rows(row[field], "B", (balance: BalanceUpdate) => balanceOf(balance, timestamp)),
  )
  const positions = read.maybe(update, "P", (row, field) =>
    read.rows(row[field], "P", (position: PositionUpdate) => positionOf(position, timestamp)),
  )
  const stamps = { market, timestamp, receivedAt } as const
  const cause = read.text(update, "m")
  const both = {
    kind: "accBalPos",
    ...stamps,
    cause,
    ...(cause === "FUNDING_FEE" ? { isFunding: true as const } : {}),
    balances: balances ?? [],
    positions: positions ?? [],
  } as const
  if (positions === undefined || positions.length === 0) return { events: [both] }
  return { events: [both, { kind: "accPos", ...stamps, positions, isImage: false }] }
}

const balanceOf = (row: BalanceUpdate, timestamp: number): Balance => ({
  market,
  asset: read.text(row, "a"),
  total: read.decimal(row, "wb"),
  timestamp,
})

function positionOf(row: PositionUpdate, timestamp: number): Position {
  const margin = read.maybe(row, "iw", read.decimal)
  return {
    market,
    inst: fromNative(read.text(row, "s")),
    size: read.decimal(row, "pa"),
    avgPrice: read.decimal(row, "ep"),
    side: read.word(row, "ps", POSITION_SIDES),
    marginMode: read.word(row, "mt", MARGIN_MODES),
    ...(margin === undefined || isZero(margin) ? {} : { margin }),
    unrealizedPnl: read.decimal(row, "up"),
    timestamp,
  }
}

// ---- REST ----

/** Total is the wallet plus the unrealized profit of cross positions; what of it is not available is frozen. */
export function toBalances(reply: Json, params: ParamsOf<"balance">): Balance[] {
  const wanted = params.assets === undefined || params.assets.length === 0 ? undefined : new Set(params.assets)
  return read
    .rows(reply, "balances", (row: BalanceReply) => {
      const total = plus(read.decimal(row, "balance"), read.decimal(row, "crossUnPnl"))
      const available = read.decimal(row, "availableBalance")
      return {
        market,
        asset: read.text(row, "asset"),
        total,
        available,
        frozen: minus(total, available),
        timestamp: read.timeMs(row, "updateTime"),
      } as const
    })
    .filter((balance) => wanted === undefined || wanted.has(balance.asset))
}

/** The venue lists only instruments with a position or open orders; what is not listed is flat. */
export function toPositions(reply: Json, params: ParamsOf<"positions">): Position[] {
  const wanted = params.insts === undefined ? undefined : new Set(params.insts)
  return read
    .rows(reply, "positions", positionReplyOf)
    .filter((position) => wanted === undefined || wanted.has(position.inst))
}

function positionReplyOf(row: PositionReply): Position {
  const size = read.decimal(row, "positionAmt")
  const avgPrice = read.decimal(row, "entryPrice")
  const margin = read.decimal(row, "positionInitialMargin")
  // The third version of this endpoint names neither margin mode nor leverage; both show in the amounts.
  const isIsolated = !isZero(read.decimal(row, "isolatedWallet")) || !isZero(read.decimal(row, "isolatedMargin"))
  const leverage = isZero(margin) ? undefined : Math.abs(toNumber(over(times(size, avgPrice), margin, 8)))
  return {
    market,
    inst: fromNative(read.text(row, "symbol")),
    size,
    avgPrice,
    side: read.word(row, "positionSide", POSITION_SIDES),
    ...(isZero(size) ? {} : { marginMode: isIsolated ? ("isolated" as const) : ("cross" as const) }),
    markPrice: read.decimal(row, "markPrice"),
    margin,
    ...(leverage === undefined ? {} : { leverage }),
    unrealizedPnl: read.decimal(row, "unRealizedProfit"),
    timestamp: read.timeMs(row, "updateTime"),
  }
}

export function toFees(reply: Json): ResultOf<"fees"> {
  const row = read.object<read.Row<"makerCommissionRate" | "takerCommissionRate">>(reply, "the fees")
  return { maker: read.decimal(row, "makerCommissionRate"), taker: read.decimal(row, "takerCommissionRate") }
}

export const toFundingPaid = (reply: Json): ResultOf<"fundingPaid"> =>
  read.rows(reply, "funding", (row: read.Row<"symbol" | "income" | "asset" | "time" | "tranId">) => ({
    inst: fromNative(read.text(row, "symbol")),
    amount: read.decimal(row, "income"),
    asset: read.text(row, "asset"),
    timestamp: read.timeMs(row, "time"),
    id: read.id(row, "tranId"),
  }))

/** The message names no value: a listen key is as good as a password to the account's stream. */
export function toSession(reply: Json): ResultOf<"createSession"> {
  const key = isObject(reply) ? reply.listenKey : undefined
  if (typeof key === "string" && key !== "") return { key }
  throw new WireError("listenKey is missing")
}

export const toRecord = (reply: Json): JsonObject => read.object(reply, "the reply")

export const toRecords = (reply: Json): JsonObject[] => read.rows(reply, "the reply", (row: JsonObject) => row)

export function refuseMarginMode(params: ParamsOf<"setLeverage">): void {
  if (params.marginMode === undefined) return
  throw new UsageError("binance-um sets a symbol's leverage for both margin modes at once; leave marginMode out")
}
