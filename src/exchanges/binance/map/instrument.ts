import { compare, type Decimal, isZero } from "../../../runtime/domain/decimal.ts"
import { WireError } from "../../../runtime/domain/errors.ts"
import type { InstrumentInfo, InstrumentStatus } from "../../../runtime/domain/instrument.ts"
import type { InstrumentType } from "../../../runtime/domain/market.ts"
import type { Json } from "../../kit/json.ts"
import * as read from "../../kit/read.ts"
import { CONTRACT_STATUSES, CONTRACT_TYPES, type Filter, type SymbolReply } from "../wire.ts"
import { fromNative } from "./inst.ts"

/** Perpetuals carry a delivery date in the year 2100; one before 2090 is the day they are delisted. */
const FAR_AWAY_MS = 3_786_912_000_000

export function toInstruments(
  reply: Json,
  params: { readonly type?: InstrumentType },
  unreadable: string[],
): InstrumentInfo[] {
  const root = read.object<read.Row<"symbols" | "serverTime">>(reply, "the listing")
  const nowMs = read.integer(root, "serverTime")
  return read
    .readableRows(root.symbols, "symbols", unreadable, (row: SymbolReply) => instrumentOf(row, nowMs))
    .filter((info) => params.type === undefined || info.type === params.type)
}

function instrumentOf(row: SymbolReply, nowMs: number): InstrumentInfo {
  const symbol = read.text(row, "symbol")
  return read.within(symbol, () => {
    const type = read.word(row, "contractType", CONTRACT_TYPES)
    const filters = filtersOf(row)
    const price = filters("PRICE_FILTER")
    const limit = filters("LOT_SIZE")
    const marketLot = filters("MARKET_LOT_SIZE")
    const notionalMin = read.decimal(filters("MIN_NOTIONAL"), "notional")
    return {
      market: "binance-um",
      inst: fromNative(symbol),
      symbol,
      type,
      status: statusOf(row, type, nowMs),
      sizeUnit: "coin",
      tickSize: read.decimal(price, "tickSize"),
      lotSize: larger(read.decimal(limit, "stepSize"), read.decimal(marketLot, "stepSize")),
      limitSizeMin: read.decimal(limit, "minQty"),
      limitSizeMax: read.decimal(limit, "maxQty"),
      marketSizeMin: read.decimal(marketLot, "minQty"),
      marketSizeMax: read.decimal(marketLot, "maxQty"),
      ...(isZero(notionalMin) ? {} : { notionalMin }),
    }
  })
}

const larger = (a: Decimal, b: Decimal): Decimal => (compare(a, b) >= 0 ? a : b)

function filtersOf(row: SymbolReply): (type: string) => Filter {
  const filters = read.rows(row.filters, "filters", (filter: Filter) => filter)
  return (type) => {
    const filter = filters.find((filter) => filter.filterType === type)
    if (filter === undefined) throw new WireError(`filter ${type} is missing`)
    return filter
  }
}

function statusOf(row: SymbolReply, type: InstrumentType, nowMs: number): InstrumentStatus {
  const status = read.word(row, "status", CONTRACT_STATUSES)
  if (status !== "live" || type !== "perpetual") return status
  const deliveryMs = read.integer(row, "deliveryDate")
  return deliveryMs > nowMs && deliveryMs < FAR_AWAY_MS ? "delisting" : "live"
}
