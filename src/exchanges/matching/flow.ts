import type { Random } from "../../runtime/ports.ts"
import type { Book } from "./book.ts"
import type { Matching } from "./engine.ts"
import { openLots, type Order, type Side } from "./order.ts"
import { exponential, normal, pick } from "./random.ts"

export interface FlowOptions {
  readonly symbol: string
  readonly ticks: number
  /** Typical size of one maker order. */
  readonly lots: number
  /** Mean distance of a new maker order from the fair price. */
  readonly spreadTicks: number
  /** Orders, cancellations and trades a second, on average. */
  readonly eventsPerSecond: number
  /** Standard deviation of the fair price over one second, in parts of the price. */
  readonly volatility: number
}

const levelsMin = 80
const levelsMax = 180
const ordersMax = 900
const secondUs = 1_000_000

/**
 * Seeded order flow of one instrument: makers who quote around a fair price and pull quotes it has left behind, and takers who lean
 * toward it. The fair price wanders, trends for some seconds one way and then the other, and is drawn back to where it began, so
 * that a momentum bot finds trades on both sides. Everything follows from the seed and the times it is called with.
 */
export class Flow {
  readonly #options: FlowOptions
  readonly #engine: Matching
  readonly #random: Random
  readonly #book: Book
  /** Its resting orders, in no order; ended ones are dropped when they are met, or when there are many. */
  readonly #resting: Order[] = []
  #fair: number
  #drift = 0
  #trendEndsAt = 0
  #movedAt: number
  #nextAt: number
  #eventsPerSecond: number

  constructor(options: FlowOptions, engine: Matching, random: Random, now: number) {
    this.#options = options
    this.#engine = engine
    this.#random = random
    this.#book = engine.books.get(options.symbol)!
    this.#fair = options.ticks
    this.#movedAt = now
    this.#nextAt = now
    this.#eventsPerSecond = options.eventsPerSecond
    for (let order = 0; order < levelsMax * 3; order++) this.#quote(order % 2 === 0 ? 1 : -1, now)
  }

  get nextAt(): number {
    return this.#nextAt
  }

  /** The price makers believe in, in ticks: what an index would show. */
  get fair(): number {
    return this.#fair
  }

  /** From the next event on. */
  pace(eventsPerSecond: number): void {
    this.#eventsPerSecond = eventsPerSecond
  }

  /** Nothing happens before `from`: what was due until then is left out. About how many events that are. */
  skip(from: number): number {
    if (this.#nextAt >= from) return 0
    const skipped = Math.ceil(((from - this.#nextAt) / secondUs) * this.#eventsPerSecond)
    this.#nextAt = from
    return skipped
  }

  /** Plays one event, where it is due, and says whether it did. */
  step(now: number): boolean {
    if (this.#nextAt > now) return false
    const at = this.#nextAt
    this.#nextAt = at + Math.max(1, Math.round(exponential(this.#random, secondUs / this.#eventsPerSecond)))
    this.#move(at)
    this.#act(at)
    return true
  }

  #move(at: number): void {
    const seconds = (at - this.#movedAt) / secondUs
    this.#movedAt = at
    const { volatility, ticks } = this.#options
    if (at >= this.#trendEndsAt) this.#turn(at)
    const pull = ((ticks - this.#fair) / ticks) * 0.004
    const noise = normal(this.#random) * volatility * Math.sqrt(seconds)
    this.#fair *= 1 + this.#drift * seconds + pull * seconds + noise
  }

  /** A new stretch of 4 to 16 seconds: up, down, or nowhere. */
  #turn(at: number): void {
    const direction = pick(this.#random, 5) - 2
    this.#drift = Math.sign(direction) * this.#options.volatility * (0.6 + this.#random.next())
    this.#trendEndsAt = at + secondUs * (4 + 12 * this.#random.next())
  }

  #act(at: number): void {
    const stale = this.#staleQuote()
    if (stale !== undefined) return void this.#engine.cancel(stale, at)
    const chance = this.#random.next()
    if (chance < 0.16) return this.#take(at)
    const side: Side = this.#random.next() < 0.5 ? 1 : -1
    const levels = this.#book.half(side).prices.length
    if (this.#resting.length > ordersMax) this.#forgetEnded()
    if (this.#resting.length > ordersMax) return this.#cancelAny(at)
    if (levels > levelsMax) return this.#cancelFar(side, at)
    if (levels < levelsMin || chance < 0.62) return this.#quote(side, at)
    this.#cancelAny(at)
  }

  /** The best quote of its own that the fair price has passed: its maker pulls it before anything else happens. */
  #staleQuote(): Order | undefined {
    const bid = this.#book.bids.best
    if (bid !== undefined && bid.ticks > this.#fair + 1) return ownOf(bid.first)
    const ask = this.#book.asks.best
    if (ask !== undefined && ask.ticks < this.#fair - 1) return ownOf(ask.first)
    return undefined
  }

  #quote(side: Side, at: number): void {
    // Some makers crowd the touch, within a tick or two of the fair price; the others stand farther away and make the depth.
    const near = this.#random.next() < 0.4
    const away = 0.3 + exponential(this.#random, near ? 1.5 : this.#options.spreadTicks)
    let ticks = side === 1 ? Math.floor(this.#fair - away) : Math.ceil(this.#fair + away)
    // One tick behind the best opposite price: makers do not take.
    const opposite = this.#book.half(side === 1 ? -1 : 1).best
    if (opposite !== undefined && (opposite.ticks - ticks) * side <= 0) ticks = opposite.ticks - side
    if (ticks < 1) return
    const placed = this.#engine.place(this.#order(side, ticks, this.#size(), false), at)
    if (placed.kind === "placed" && placed.order.status === "open") this.#resting.push(placed.order)
  }

  /** A taker hits the touch, more often on the side that the fair price pulls to. */
  #take(at: number): void {
    const middle = (this.#book.middleTwice ?? this.#fair * 2) / 2
    const lean = Math.tanh((this.#fair - middle) / 3 + Math.sign(this.#drift) * 0.6)
    const side: Side = this.#random.next() < 0.5 + 0.42 * lean ? 1 : -1
    const best = this.#book.half(side === 1 ? -1 : 1).best
    if (best === undefined) return
    const reach = 1 + pick(this.#random, 3)
    this.#engine.place(
      this.#order(side, best.ticks + side * reach, this.#size() * (1 + pick(this.#random, 3)), true),
      at,
    )
  }

  #size(): number {
    const size = this.#options.lots * Math.exp(normal(this.#random) * 0.9)
    return Math.max(1, Math.round(size))
  }

  #order(side: Side, ticks: number, lots: number, isTaking: boolean) {
    const keep = isTaking ? ("drop" as const) : ("rest" as const)
    return { symbol: this.#options.symbol, side, ticks, lots, keep, reduceOnly: false, clientId: "" }
  }

  #cancelAny(at: number): void {
    while (this.#resting.length > 0) {
      const index = pick(this.#random, this.#resting.length)
      const order = this.#resting[index]!
      this.#resting[index] = this.#resting.at(-1)!
      this.#resting.pop()
      if (order.status !== "open" || openLots(order) === 0) continue
      this.#engine.cancel(order, at)
      return
    }
  }

  #forgetEnded(): void {
    let kept = 0
    for (const order of this.#resting) if (order.status === "open") this.#resting[kept++] = order
    this.#resting.length = kept
  }

  /** The farthest level gives way, so that the book stays bounded. */
  #cancelFar(side: Side, at: number): void {
    const half = this.#book.half(side)
    const far = half.prices[0]
    const order = far === undefined ? undefined : ownOf(half.levels.get(far)!.first)
    if (order === undefined || half.prices.length <= levelsMin) return this.#cancelAny(at)
    this.#engine.cancel(order, at)
  }
}

/** The first order of the anonymous flow in a queue; accounts' orders are left alone. */
function ownOf(order: Order | undefined): Order | undefined {
  let next = order
  while (next !== undefined && next.account !== undefined) next = next.behind
  return next
}
