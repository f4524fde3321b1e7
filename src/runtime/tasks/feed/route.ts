import type { Candle, Lob, MarketEvent, Trade } from "../../domain/events.ts"
import type { Inst } from "../../domain/inst.ts"
import { candlesBetween, nextOpenAt } from "../../domain/interval.ts"
import type { BookKeeper } from "./book-keeper.ts"
import type { Publish } from "../task.ts"

/** What stands between a stream and its strategies because it joins the past to it. */
export interface Joint {
  subscribed(): void
  stop(): void
}

/** Who wants one inst's events on one connection. */
export interface Route {
  readonly inst: Inst
  readonly trades: Publish<"onTrade">[]
  readonly lobs: Publish<"onLob">[]
  readonly candles: Publish<"onCandle">[]
  readonly joints: Joint[]
  /** Told how many trades or candles a lost connection cost those whom nobody fills the gap for. */
  readonly gaps: ((missed: number) => void)[]
  book: BookKeeper | undefined
  /** Local time of the newest event of each kind, µs: what silence is measured from. */
  tradeAt: number
  lobAt: number
  candleAt: number
  /** Events that came. */
  events: number
  /** Of the newest trade or best bid and ask; 0 before the first. */
  lastPrice: number
  lastTrade: Trade | undefined
  lastCandle: Candle | undefined
  /** The connection is a new one: the next trade or candle tells whether any are missing. */
  isResumed: boolean
}

const newRoute = (inst: Inst): Route => ({
  inst,
  trades: [],
  lobs: [],
  candles: [],
  joints: [],
  gaps: [],
  book: undefined,
  tradeAt: 0,
  lobAt: 0,
  candleAt: 0,
  events: 0,
  lastPrice: 0,
  lastTrade: undefined,
  lastCandle: undefined,
  isResumed: false,
})

/** Local time of the newest event, µs; 0 before the first. */
export const lastAt = ({ tradeAt, lobAt, candleAt }: Route): number => Math.max(tradeAt, lobAt, candleAt)

/** Routes of one connection: frames name an inst, and mostly the same one as the frame before. */
export class Routes {
  readonly #byInst = new Map<Inst, Route>()
  #newest: Route | undefined

  of(inst: Inst): Route {
    const known = this.#byInst.get(inst)
    if (known !== undefined) return known
    const route = newRoute(inst)
    this.#byInst.set(inst, route)
    return route
  }

  has(inst: Inst): boolean {
    return this.#byInst.has(inst)
  }

  lastPrice(inst: Inst): number | undefined {
    const price = this.#byInst.get(inst)?.lastPrice
    return price === undefined || price === 0 ? undefined : price
  }

  all(): IterableIterator<Route> {
    return this.#byInst.values()
  }

  /** False where nobody asked for this event. */
  deliver(event: MarketEvent, receivedAt: number): boolean {
    if (event.kind !== "trade" && event.kind !== "lob" && event.kind !== "candle") return false
    let route = this.#newest
    if (route === undefined || route.inst !== event.inst) {
      route = this.#byInst.get(event.inst)
      if (route === undefined) return false
      this.#newest = route
    }
    route.events++
    if (event.kind === "trade") return publishTrade(route, event, receivedAt)
    if (event.kind === "lob") return publishLob(route, event, receivedAt)
    return publishCandle(route, event, receivedAt)
  }
}

function publishTrade(route: Route, trade: Trade, receivedAt: number): boolean {
  route.tradeAt = receivedAt
  route.lastPrice = trade.price
  if (route.isResumed) resumed(route, missedTrades(route.lastTrade, trade))
  route.lastTrade = trade
  const sinks = route.trades
  for (let index = 0; index < sinks.length; index++) sinks[index]!(trade, receivedAt)
  return sinks.length > 0
}

function publishLob(route: Route, lob: Lob, receivedAt: number): boolean {
  route.lobAt = receivedAt
  // The book first: a handler that reads ctx.book sees the state after this diff.
  if (lob.form === "bbo") route.lastPrice = ((lob.bids[0] ?? 0) + (lob.asks[0] ?? 0)) / 2
  else route.book?.apply(lob)
  const sinks = route.lobs
  for (let index = 0; index < sinks.length; index++) sinks[index]!(lob, receivedAt)
  return sinks.length > 0 || route.book !== undefined
}

function publishCandle(route: Route, candle: Candle, receivedAt: number): boolean {
  route.candleAt = receivedAt
  if (route.isResumed) resumed(route, missedCandles(route.lastCandle, candle))
  route.lastCandle = candle
  const sinks = route.candles
  for (let index = 0; index < sinks.length; index++) sinks[index]!(candle, receivedAt)
  return sinks.length > 0
}

function resumed(route: Route, missed: number): void {
  route.isResumed = false
  if (missed > 0) for (const told of route.gaps) told(missed)
}

const missedTrades = (last: Trade | undefined, trade: Trade): number =>
  last === undefined ? 0 : Number(BigInt(trade.tradeId) - BigInt(last.tradeId)) - 1

/** Candles whose end was not seen. */
function missedCandles(last: Candle | undefined, { interval, openAt }: Candle): number {
  if (last === undefined) return 0
  return candlesBetween(interval, last.isClosed ? nextOpenAt(interval, last.openAt) : last.openAt, openAt)
}
