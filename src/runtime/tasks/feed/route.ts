import type { Candle, Lob, MarketEvent, Trade } from "../../domain/events.ts"
import type { Inst } from "../../domain/inst.ts"
import type { BookKeeper } from "./book-keeper.ts"
import type { Publish } from "../task.ts"

/** Who wants one inst's events on one connection. */
export interface Route {
  readonly inst: Inst
  readonly trades: Publish<"onTrade">[]
  readonly lobs: Publish<"onLob">[]
  readonly candles: Publish<"onCandle">[]
  book: BookKeeper | undefined
  /** Local time of the newest event, µs: what silence is measured from. */
  lastAt: number
  /** Events that came. */
  events: number
  /** Of the newest trade or best bid and ask; 0 before the first. */
  lastPrice: number
}

const newRoute = (inst: Inst): Route => ({
  inst,
  trades: [],
  lobs: [],
  candles: [],
  book: undefined,
  lastAt: 0,
  events: 0,
  lastPrice: 0,
})

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
    route.lastAt = receivedAt
    route.events++
    if (event.kind === "trade") return publishTrade(route, event, receivedAt)
    if (event.kind === "lob") return publishLob(route, event, receivedAt)
    return publishCandle(route.candles, event, receivedAt)
  }
}

function publishTrade(route: Route, trade: Trade, receivedAt: number): boolean {
  route.lastPrice = trade.price
  const sinks = route.trades
  for (let index = 0; index < sinks.length; index++) sinks[index]!(trade, receivedAt)
  return sinks.length > 0
}

function publishLob(route: Route, lob: Lob, receivedAt: number): boolean {
  // The book first: a handler that reads ctx.book sees the state after this diff.
  if (lob.form === "bbo") route.lastPrice = ((lob.bids[0] ?? 0) + (lob.asks[0] ?? 0)) / 2
  else route.book?.apply(lob)
  const sinks = route.lobs
  for (let index = 0; index < sinks.length; index++) sinks[index]!(lob, receivedAt)
  return sinks.length > 0 || route.book !== undefined
}

function publishCandle(sinks: Publish<"onCandle">[], candle: Candle, receivedAt: number): boolean {
  for (let index = 0; index < sinks.length; index++) sinks[index]!(candle, receivedAt)
  return sinks.length > 0
}
