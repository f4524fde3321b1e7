import type { Level } from "./book.ts"
import type { Matching } from "./engine.ts"
import { type Order, openLots, type Side } from "./order.ts"

const opposite = (side: Side): Side => (side === 1 ? -1 : 1)

/**
 * A market that is somewhere else, shown in the engine: the sizes it displays stand there as anonymous orders and its
 * trades come as anonymous takers. An account's order queues behind what was displayed when it came, moves up with trades
 * at its price and, pro rata, with what is canceled there, and is filled where the market trades at or through it. What
 * it takes itself stays taken until the market tells that level anew.
 */
export class Mirror {
  readonly #engine: Matching
  readonly #symbol: string

  constructor(engine: Matching, symbol: string) {
    this.#engine = engine
    this.#symbol = symbol
  }

  /** Changed levels of both sides, price and displayed size in pairs; size 0: there is none. */
  show(bids: readonly number[], asks: readonly number[], now: number): void {
    // What is gone goes first: a price may have moved to where the other side still stands.
    this.#each(bids, 1, now, "fewer")
    this.#each(asks, -1, now, "fewer")
    this.#each(bids, 1, now, "more")
    this.#each(asks, -1, now, "more")
  }

  /** All levels there are. */
  replace(bids: readonly number[], asks: readonly number[], now: number): void {
    this.#forget(1, new Set(bids.filter((_, at) => at % 2 === 0)), now)
    this.#forget(-1, new Set(asks.filter((_, at) => at % 2 === 0)), now)
    this.show(bids, asks, now)
  }

  /** Somebody else's trade; `side` is its taker's. */
  trade(side: Side, ticks: number, lots: number, now: number): void {
    const through = this.#clearThrough(opposite(side), ticks, now)
    if (through > 0) this.#take(side, ticks - side, through, now)
    this.#take(side, ticks, lots, now)
  }

  #each(levels: readonly number[], side: Side, now: number, which: "fewer" | "more"): void {
    for (let at = 0; at < levels.length; at += 2) {
      const [ticks, lots] = [levels[at]!, levels[at + 1]!]
      const level = this.#engine.books.get(this.#symbol)!.half(side).levels.get(ticks)
      const change = lots - (level === undefined ? 0 : anonymousLots(level))
      if (which === "fewer" && change < 0) this.#cancel(level!, -change, now)
      else if (which === "more" && change > 0) this.#add(side, ticks, change, now)
    }
  }

  #add(side: Side, ticks: number, lots: number, now: number): void {
    // A bid is displayed here, so that what is displayed below it of the other side is history.
    this.#clearThrough(opposite(side), ticks + side, now)
    const last = this.#engine.books.get(this.#symbol)!.half(side).levels.get(ticks)?.last
    // The last of its queue grows where it stands: a level must not become a long row of orders.
    if (last === undefined || last.account !== undefined) this.#place(side, ticks, lots, "rest", now)
    else this.#engine.amend(last, ticks, last.lots + lots, now)
  }

  #take(side: Side, ticks: number, lots: number, now: number): void {
    this.#place(side, ticks, lots, "drop", now)
  }

  #place(side: Side, ticks: number, lots: number, keep: "rest" | "drop", now: number): void {
    if (ticks < 1 || lots < 1) return
    this.#engine.place({ symbol: this.#symbol, side, ticks, lots, keep, reduceOnly: false, clientId: "" }, now)
  }

  /** Ends what is anonymous at prices better than this one; how much of accounts stands there. */
  #clearThrough(side: Side, ticks: number, now: number): number {
    const half = this.#engine.books.get(this.#symbol)!.half(side)
    let owned = 0
    for (let at = half.prices.length - 1; at >= 0; at--) {
      const price = half.prices[at]!
      if ((price - ticks) * side <= 0) break
      const level = half.levels.get(price)!
      owned += level.lots - anonymousLots(level)
      for (const order of ordersOf(level)) if (order.account === undefined) this.#engine.cancel(order, now)
    }
    return owned
  }

  #forget(side: Side, kept: ReadonlySet<number>, now: number): void {
    const { levels } = this.#engine.books.get(this.#symbol)!.half(side)
    for (const level of levels.values()) {
      if (kept.has(level.ticks)) continue
      for (const order of ordersOf(level)) if (order.account === undefined) this.#engine.cancel(order, now)
    }
  }

  /** Takes so much out of a level's anonymous orders, of each its share: some stood before an account's order, some behind it. */
  #cancel(level: Level, lots: number, now: number): void {
    const anonymous = ordersOf(level).filter(({ account }) => account === undefined)
    const all = anonymous.reduce((sum, order) => sum + openLots(order), 0)
    let left = lots
    for (const [at, order] of anonymous.entries()) {
      const isLast = at === anonymous.length - 1
      const gone = isLast ? left : Math.min(left, Math.round((lots * openLots(order)) / all))
      left -= gone
      if (gone >= openLots(order)) this.#engine.cancel(order, now)
      else if (gone > 0) this.#engine.amend(order, order.ticks, order.lots - gone, now)
    }
  }
}

function ordersOf(level: Level): Order[] {
  const orders: Order[] = []
  for (let order = level.first; order !== undefined; order = order.behind) orders.push(order)
  return orders
}

function anonymousLots(level: Level): number {
  let lots = 0
  for (let order = level.first; order !== undefined; order = order.behind) {
    if (order.account === undefined) lots += openLots(order)
  }
  return lots
}
