import { compare, isZero, minus, plus } from "../../../../src/runtime/domain/decimal.ts"
import type { AccBalPos, AccOrder } from "../../../../src/runtime/domain/events.ts"
import type { InstrumentInfo } from "../../../../src/runtime/domain/instrument.ts"
import type {
  FundingRate,
  Operations,
  OrderAck,
  OrderDetail,
  ParamsOf,
  PlaceParams,
} from "../../../../src/runtime/domain/operation.ts"
import type { Fill } from "../../../../src/runtime/domain/order.ts"
import type { Outcome, RefusalMeaning } from "../../../../src/runtime/domain/outcome.ts"

export const INST = "BTC_USDT_PERP"
export const REQUEST_LIFE_MS = 5_000

export const INSTRUMENT: InstrumentInfo = {
  market: "binance-um",
  inst: INST,
  symbol: "BTCUSDT",
  type: "perpetual",
  status: "live",
  sizeUnit: "coin",
  tickSize: "0.1",
  lotSize: "0.001",
  limitSizeMin: "0.001",
  marketSizeMin: "0.001",
  marketSizeMax: "2",
}

type Listed = { -readonly [K in keyof OrderDetail]: OrderDetail[K] }

/** An exchange of one inst in a few lines, with a test's hand on it: what it holds, what it was asked, what it says. */
export class Exchange {
  readonly #now: () => number
  readonly orders: Listed[] = []
  readonly trades: Fill[] = []
  /** Every operation that reached it, in order. */
  readonly requests: { readonly operation: string; readonly params: unknown }[] = []
  /** Who hears the account's events. */
  tell: (event: AccOrder | AccBalPos) => void = () => undefined
  /** What it lists. */
  instruments: readonly InstrumentInfo[] = [INSTRUMENT]
  /** Funding it booked, and the rates of its settlements. */
  readonly payments: Operations["fundingPaid"]["result"][number][] = []
  readonly rates: FundingRate[] = []
  #ids = 1_000

  constructor(now: () => number) {
    this.#now = now
  }

  asked(operation: string): number {
    return this.requests.filter((request) => request.operation === operation).length
  }

  byClientId(clientId: string): OrderDetail | undefined {
    return this.orders.find((order) => order.clientId === clientId)
  }

  position(): string {
    return this.trades.reduce((sum, { side, size }) => (side === "BUY" ? plus(sum, size) : minus(sum, size)), "0")
  }

  handle(operation: string, params: Record<string, unknown>, signedAt: number): Outcome<unknown> {
    this.requests.push({ operation, params })
    if (this.#now() > signedAt + REQUEST_LIFE_MS * 1_000) return no("the request is too old", "expired")
    switch (operation) {
      case "serverTime":
        return yes({ timestamp: Math.floor(this.#now() / 1_000) * 1_000 })
      case "instruments":
        return yes(this.instruments)
      case "place":
        return this.#place(params as unknown as PlaceParams)
      case "cancel":
        return this.#end(params, "canceled")
      case "amend":
        return this.#amend(params as unknown as ParamsOf<"amend">)
      case "cancelAll":
        for (const order of this.orders) if (order.status === "open") this.end(order, "canceled")
        return yes({})
      case "order": {
        const found = this.#find(params)
        return found === undefined ? no("no such order", "not-found") : yes(found)
      }
      case "openOrders":
        return yes(this.orders.filter(({ status }) => status === "open"))
      case "orderHistory":
        return yes(
          this.orders
            .filter(({ createdAt }) => createdAt >= Number(params.startAt ?? 0))
            .filter(({ createdAt }) => createdAt <= Number(params.endAt ?? Infinity))
            .slice(0, Number(params.limit ?? 500)),
        )
      case "fills":
        return yes(this.#fills(params as unknown as ParamsOf<"fills">))
      case "fundingPaid":
        return yes(within(this.payments, params, ({ timestamp }) => timestamp))
      case "fundingHistory":
        return yes(within(this.rates, params, ({ fundingAt }) => fundingAt).filter(({ inst }) => inst === params.inst))
      case "balance":
        return yes([{ market: "binance-um", asset: "USDT", total: "1000", timestamp: this.#now() }])
      case "positions":
        return yes(this.#positions())
      case "createSession":
        return yes({ key: `session-${++this.#ids}` })
      default:
        return yes({})
    }
  }

  /** Trades `size` of a resting order against nobody. */
  trade(order: Listed, size: string): void {
    const left = minus(order.size, order.filledSize)
    const taken = compare(size, left) > 0 ? left : size
    if (order.status !== "open" || isZero(taken)) return
    order.filledSize = plus(order.filledSize, taken)
    if (compare(order.filledSize, order.size) === 0) order.status = "filled"
    order.updatedAt = this.#now()
    const fill: Fill = {
      market: "binance-um",
      inst: INST,
      tradeId: String(++this.#ids),
      orderId: order.orderId,
      side: order.side,
      price: order.price ?? "100",
      size: taken,
      fee: "0",
      feeAsset: "USDT",
      isMaker: true,
      timestamp: this.#now(),
    }
    this.trades.push(fill)
    this.tell(this.#event(order, fill))
  }

  end(order: Listed, status: "canceled" | "expired"): void {
    order.status = status
    order.updatedAt = this.#now()
    this.tell(this.#event(order))
  }

  /** Puts an order there without anybody having sent it. */
  put(params: PlaceParams): OrderDetail {
    this.#place(params)
    return this.orders.at(-1) as OrderDetail
  }

  #place(params: PlaceParams): Outcome<OrderAck> {
    if (this.byClientId(params.clientId) !== undefined) return no("duplicate client id", "duplicate-client-id")
    const now = this.#now()
    const order: Listed = {
      inst: params.inst,
      orderId: String(++this.#ids),
      clientId: params.clientId,
      side: params.side,
      orderType: params.type ?? "limit",
      timeInForce: params.timeInForce ?? "gtc",
      status: "open",
      size: params.size,
      filledSize: "0",
      createdAt: now,
      updatedAt: now,
    }
    if (params.price !== undefined) order.price = params.price
    if (params.reduceOnly !== undefined) order.reduceOnly = params.reduceOnly
    this.orders.push(order)
    const opened = ackOf(order)
    this.tell(this.#event(order))
    if (order.orderType === "market") this.trade(order, order.size)
    return yes(order.orderType === "market" ? ackOf(order) : opened)
  }

  #amend(params: ParamsOf<"amend">): Outcome<OrderAck> {
    const order = this.#find(params as unknown as Record<string, unknown>)
    if (order === undefined || order.status !== "open") return no("unknown order", "not-found")
    // As venues do: what is already filled to the new size is over.
    if (compare(params.size, order.filledSize) <= 0) {
      this.end(order, "canceled")
      return yes(ackOf(order))
    }
    order.price = params.price
    order.size = params.size
    order.updatedAt = this.#now()
    this.tell(this.#event(order))
    return yes(ackOf(order))
  }

  #end(params: Record<string, unknown>, status: "canceled"): Outcome<OrderAck> {
    const order = this.#find(params)
    if (order === undefined || order.status !== "open") return no("unknown order", "not-found")
    this.end(order, status)
    return yes(ackOf(order))
  }

  #find(params: Record<string, unknown>): Listed | undefined {
    return this.orders.find(({ orderId, clientId }) => orderId === params.orderId || clientId === params.clientId)
  }

  #fills({ orderId, fromTradeId, startAt, endAt, limit }: ParamsOf<"fills">): Fill[] {
    return this.trades
      .filter((trade) => orderId === undefined || trade.orderId === orderId)
      .filter((trade) => fromTradeId === undefined || Number(trade.tradeId) >= Number(fromTradeId))
      .filter((trade) => trade.timestamp >= (startAt ?? 0) && trade.timestamp <= (endAt ?? Infinity))
      .slice(0, limit ?? 500)
  }

  #positions(): unknown[] {
    const size = this.position()
    if (isZero(size)) return []
    return [{ market: "binance-um", inst: INST, size, avgPrice: "100", side: "both", timestamp: this.#now() }]
  }

  #event(order: Listed, fill?: Fill): AccOrder {
    const { inst, orderId, clientId, side, orderType, timeInForce, status, price, size, filledSize, updatedAt } = order
    return {
      kind: "accOrder",
      market: "binance-um",
      inst,
      type: "perpetual",
      orderId,
      ...(clientId === undefined ? {} : { clientId }),
      side,
      orderType,
      timeInForce,
      status,
      ...(price === undefined ? {} : { price }),
      size,
      filledSize,
      ...(fill === undefined ? {} : { fill }),
      timestamp: updatedAt,
      receivedAt: 0,
    }
  }
}

const within = <T>(rows: readonly T[], params: Record<string, unknown>, timeOf: (row: T) => number): T[] =>
  rows
    .filter((row) => timeOf(row) >= Number(params.startAt) && timeOf(row) <= Number(params.endAt))
    .slice(0, Number(params.limit))

const yes = <T>(value: T): Outcome<T> => ({ kind: "accepted", value: structuredClone(value) })
const no = (reason: string, meaning: RefusalMeaning): Outcome<never> => ({ kind: "refused", reason, meaning })

const ackOf = ({ orderId, clientId, status, filledSize, updatedAt }: Listed): OrderAck => ({
  orderId,
  ...(clientId === undefined ? {} : { clientId }),
  status,
  filledSize,
  timestamp: updatedAt,
})
