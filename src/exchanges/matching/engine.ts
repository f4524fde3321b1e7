import {
  type Account,
  account as newAccount,
  exposureLots,
  fillsKept,
  leverageDefault,
  ordersKept,
  positionOf,
  settle,
  share,
  unrealized,
} from "./account.ts"
import { Book } from "./book.ts"
import type { Instrument } from "./instrument.ts"
import {
  type Fill,
  openLots,
  type Order,
  type OrderChange,
  type OrderRequest,
  type RefusalReason,
  type Side,
  type Trade,
} from "./order.ts"

/** What the engine tells as it happens, in order. All calls are synchronous; a listener must not call back into the engine. */
export interface MatchingListener {
  trade?(trade: Trade): void
  /** An order that belongs to an account. `fill` is there when `change` is "traded". */
  order?(order: Order, change: OrderChange, fill: Fill | undefined, now: number): void
  /** A position or wallet changed; called once a fill, before that fill's order change. */
  account?(account: Account, symbol: string, now: number): void
  /** The displayed size at a price is now `lots`. */
  level?(book: Book, side: Side, ticks: number, lots: number): void
}

export interface MatchingOptions {
  readonly instruments: readonly Instrument[]
  readonly listener: MatchingListener
  /** First ids. Past 2^53 by default, as venues' are, so that a client that reads them as numbers is found out. */
  readonly firstOrderId?: bigint
  readonly firstTradeId?: bigint
  readonly firstUpdateId?: number
}

export type Placed =
  | { readonly kind: "placed"; readonly order: Order }
  | { readonly kind: "refused"; readonly reason: RefusalReason }

const refused = (reason: RefusalReason): Placed => ({ kind: "refused", reason })

/**
 * A matching engine for any number of instruments and accounts: price, then time. Pure and deterministic: time is an argument, and
 * chance stays with the caller. One account's orders may trade with each other. Positions are not liquidated.
 */
export class Matching {
  readonly instruments = new Map<string, Instrument>()
  readonly books = new Map<string, Book>()
  readonly accounts = new Map<string, Account>()
  /** Ticks that margin and unrealized profit are reckoned at. */
  readonly marks = new Map<string, number>()
  readonly #listener: MatchingListener
  readonly #expiring = new Set<Order>()
  #orderId: bigint
  #tradeId: bigint
  #updateId: number

  constructor(options: MatchingOptions) {
    for (const instrument of options.instruments) {
      this.instruments.set(instrument.symbol, instrument)
      this.books.set(instrument.symbol, new Book(instrument.symbol))
    }
    this.#listener = options.listener
    this.#orderId = options.firstOrderId ?? 8_389_765_000_000_000_001n
    this.#tradeId = options.firstTradeId ?? 6_120_000_000_000_000_001n
    this.#updateId = options.firstUpdateId ?? 5_200_000_000_000
  }

  open(id: string, balances: ReadonlyMap<string, bigint>): Account {
    const account = newAccount(id, balances)
    this.accounts.set(id, account)
    return account
  }

  place(request: OrderRequest, now: number): Placed {
    const account = request.account === undefined ? undefined : this.accounts.get(request.account)!
    const reason = this.#objection(request, account)
    if (reason !== undefined) return refused(reason)
    const order = this.#admit(request, account, now)
    this.#match(order, now)
    this.#keepRest(order, now)
    return { kind: "placed", order }
  }

  cancel(order: Order, now: number, change: "canceled" | "expired" = "canceled"): boolean {
    if (order.status !== "open") return false
    this.#leaveBook(order)
    this.#end(order, change, now)
    return true
  }

  /**
   * New price and size for a resting order. It keeps its place in the queue unless its price changed or its size grew. One that is
   * already filled to the new size, or a post-only one that would take, is canceled.
   */
  amend(order: Order, ticks: number, lots: number, now: number): Placed {
    if (order.status !== "open" || order.isMarket) return refused("no such order")
    if (ticks === order.ticks && lots === order.lots) return refused("unchanged")
    const account = order.account === undefined ? undefined : this.accounts.get(order.account)
    const growth = lots - order.lots
    if (
      account !== undefined &&
      growth > 0 &&
      !order.reduceOnly &&
      !this.#isCovered(account, order.symbol, order.side, growth)
    ) {
      return refused("margin")
    }
    const takes = order.keep === "post-only" && this.books.get(order.symbol)!.crosses(order.side, ticks)
    if (lots <= order.filledLots || takes) {
      this.cancel(order, now)
      return { kind: "placed", order }
    }
    order.amendments++
    order.updatedAt = now
    if (ticks === order.ticks && growth < 0) {
      this.#shrink(order, lots)
      this.#tell(order, "amended", now)
      return { kind: "placed", order }
    }
    this.#leaveBook(order)
    order.ticks = ticks
    order.lots = lots
    this.#tell(order, "amended", now)
    this.#match(order, now)
    this.#keepRest(order, now)
    return { kind: "placed", order }
  }

  /** Ends orders whose time has come. */
  expire(now: number): void {
    for (const order of this.#expiring) if (order.expiresAt! <= now) this.cancel(order, now, "expired")
  }

  /** When `expire` is wanted next. */
  nextExpiry(): number {
    let next = Number.POSITIVE_INFINITY
    for (const order of this.#expiring) next = Math.min(next, order.expiresAt!)
    return next
  }

  /** Ticks at which the instrument is valued: the mark, or else the middle of its book. */
  mark(symbol: string): number {
    return this.marks.get(symbol) ?? Math.floor((this.books.get(symbol)!.middleTwice ?? 0) / 2)
  }

  unrealized(account: Account): bigint {
    let sum = 0n
    for (const position of account.positions.values()) {
      if (position.lots !== 0)
        sum += unrealized(position, this.instruments.get(position.symbol)!, this.mark(position.symbol))
    }
    return sum
  }

  /** Initial margin of one instrument's position and open orders at the mark. */
  marginOf(account: Account, symbol: string, extra?: { side: Side; lots: number }): bigint {
    const instrument = this.instruments.get(symbol)!
    const lots = exposureLots(account, symbol, extra)
    if (lots === 0) return 0n
    const leverage = account.leverage.get(symbol) ?? leverageDefault
    return (BigInt(lots) * BigInt(this.mark(symbol)) * instrument.moneyUnit) / BigInt(leverage)
  }

  /** Initial margin over all instruments that the account is in. */
  margin(account: Account): bigint {
    const symbols = new Set(account.positions.keys())
    for (const order of account.open.values()) symbols.add(order.symbol)
    let sum = 0n
    for (const symbol of symbols) sum += this.marginOf(account, symbol)
    return sum
  }

  /** What the account could still put up as margin: wallet and unrealized profit, less margin; never below zero. */
  available(account: Account, asset: string): bigint {
    const free = (account.wallet.get(asset) ?? 0n) + this.unrealized(account) - this.margin(account)
    return free > 0n ? free : 0n
  }

  /** Pays (or, below zero, charges) an account what its position in `symbol` earns by being held. */
  fund(account: Account, symbol: string, amount: bigint): void {
    positionOf(account, symbol).funding += amount
    this.adjust(account, this.instruments.get(symbol)!.quote, amount)
  }

  /** Pays or charges an account outside of trading. */
  adjust(account: Account, asset: string, amount: bigint): void {
    account.wallet.set(asset, (account.wallet.get(asset) ?? 0n) + amount)
  }

  #objection(request: OrderRequest, account: Account | undefined): RefusalReason | undefined {
    const book = this.books.get(request.symbol)!
    if (account?.openByClientId.has(request.clientId)) return "client id in use"
    if (
      account !== undefined &&
      request.reduceOnly &&
      this.#reducibleLots(account, request.symbol, request.side) === 0
    ) {
      return "nothing to reduce"
    }
    if (request.keep === "post-only" && book.crosses(request.side, request.ticks!)) return "post-only would take"
    if (request.keep === "all-or-none" && book.takeable(request.side, request.ticks, request.lots) < request.lots) {
      return "cannot fill at once"
    }
    if (
      account !== undefined &&
      !request.reduceOnly &&
      !this.#isCovered(account, request.symbol, request.side, request.lots)
    ) {
      return "margin"
    }
    return undefined
  }

  /** An order that makes the position smaller needs no margin; any other must be covered after it. */
  #isCovered(account: Account, symbol: string, side: Side, lots: number): boolean {
    const extra = { side, lots }
    if (exposureLots(account, symbol, extra) <= exposureLots(account, symbol)) return true
    const quote = this.instruments.get(symbol)!.quote
    const equity = (account.wallet.get(quote) ?? 0n) + this.unrealized(account)
    return this.margin(account) - this.marginOf(account, symbol) + this.marginOf(account, symbol, extra) <= equity
  }

  #reducibleLots(account: Account, symbol: string, side: Side): number {
    const lots = account.positions.get(symbol)?.lots ?? 0
    return lots * side < 0 ? Math.abs(lots) : 0
  }

  #admit(request: OrderRequest, account: Account | undefined, now: number): Order {
    const order: Order = {
      id: this.#orderId++,
      account: request.account,
      symbol: request.symbol,
      side: request.side,
      isMarket: request.ticks === undefined,
      keep: request.keep,
      reduceOnly: request.reduceOnly,
      clientId: request.clientId,
      expiresAt: request.expiresAt,
      createdAt: now,
      ticks: request.ticks ?? 0,
      lots: request.lots,
      filledLots: 0,
      filledValue: 0,
      status: "open",
      updatedAt: now,
      amendments: 0,
      ahead: undefined,
      behind: undefined,
    }
    if (account === undefined) return order
    account.open.set(order.id, order)
    account.openByClientId.set(order.clientId, order)
    account.orders.set(order.id, order)
    if (account.orders.size > ordersKept) forgetOldest(account)
    if (order.expiresAt !== undefined) this.#expiring.add(order)
    this.#tell(order, "accepted", now)
    return order
  }

  #match(taker: Order, now: number): void {
    const book = this.books.get(taker.symbol)!
    const half = book.half(taker.side === 1 ? -1 : 1)
    while (openLots(taker) > 0) {
      const level = half.best
      if (level === undefined) return
      if (!taker.isMarket && (taker.ticks - level.ticks) * taker.side < 0) return
      const takerLots = this.#allowedLots(taker)
      if (takerLots === 0) return
      const maker = level.first!
      const makerLots = this.#allowedLots(maker)
      if (makerLots === 0) this.cancel(maker, now, "expired")
      else this.#trade(book, taker, maker, Math.min(takerLots, makerLots), now)
    }
  }

  /** Open lots, less what a reduce-only order must not turn around. */
  #allowedLots(order: Order): number {
    const lots = openLots(order)
    if (!order.reduceOnly || order.account === undefined) return lots
    return Math.min(lots, this.#reducibleLots(this.accounts.get(order.account)!, order.symbol, order.side))
  }

  #trade(book: Book, taker: Order, maker: Order, lots: number, now: number): void {
    const trade: Trade = {
      id: this.#tradeId++,
      symbol: book.symbol,
      ticks: maker.ticks,
      lots,
      side: taker.side,
      at: now,
    }
    book.shrink(maker, lots)
    for (const order of [maker, taker]) {
      order.filledLots += lots
      order.filledValue += lots * maker.ticks
      order.updatedAt = now
    }
    if (openLots(maker) === 0) {
      book.leave(maker)
      this.#finish(maker, "filled")
    }
    if (openLots(taker) === 0) this.#finish(taker, "filled")
    this.#changed(book, maker.side, maker.ticks)
    this.#listener.trade?.(trade)
    this.#book(maker, trade, true, now)
    this.#book(taker, trade, false, now)
  }

  /** Enters a trade into one owner's books of account. */
  #book(order: Order, trade: Trade, isMaker: boolean, now: number): void {
    if (order.account === undefined) return
    const account = this.accounts.get(order.account)!
    const instrument = this.instruments.get(order.symbol)!
    const notional = BigInt(trade.lots) * BigInt(trade.ticks) * instrument.moneyUnit
    const fee = share(notional, isMaker ? instrument.makerFeePpm : instrument.takerFeePpm)
    const position = positionOf(account, order.symbol)
    const realized = settle(position, instrument, order.side, trade.ticks, trade.lots, now)
    position.fees += fee
    this.adjust(account, instrument.quote, realized - fee)
    const fill: Fill = { trade, order, isMaker, fee, realized }
    account.fills.push(fill)
    if (account.fills.length > fillsKept) account.fills.splice(0, fillsKept / 10)
    this.#listener.account?.(account, order.symbol, now)
    this.#listener.order?.(order, "traded", fill, now)
  }

  /** What is left of an order that has just been matched rests, or ends. */
  #keepRest(order: Order, now: number): void {
    if (order.status !== "open") return
    const isResting = !order.isMarket && (order.keep === "rest" || order.keep === "post-only")
    if (!isResting || this.#allowedLots(order) === 0) return this.#end(order, "expired", now)
    this.#joinBook(order)
  }

  #shrink(order: Order, lots: number): void {
    const book = this.books.get(order.symbol)!
    book.shrink(order, order.lots - lots)
    order.lots = lots
    this.#changed(book, order.side, order.ticks)
  }

  #joinBook(order: Order): void {
    const book = this.books.get(order.symbol)!
    book.join(order)
    this.#changed(book, order.side, order.ticks)
  }

  #leaveBook(order: Order): void {
    const book = this.books.get(order.symbol)!
    book.leave(order)
    this.#changed(book, order.side, order.ticks)
  }

  #changed(book: Book, side: Side, ticks: number): void {
    book.updateId = ++this.#updateId
    this.#listener.level?.(book, side, ticks, book.lotsAt(side, ticks))
  }

  #end(order: Order, status: "canceled" | "expired", now: number): void {
    order.updatedAt = now
    this.#finish(order, status)
    this.#tell(order, status, now)
  }

  #finish(order: Order, status: "filled" | "canceled" | "expired"): void {
    order.status = status
    this.#expiring.delete(order)
    if (order.account === undefined) return
    const account = this.accounts.get(order.account)!
    account.open.delete(order.id)
    account.openByClientId.delete(order.clientId)
  }

  #tell(order: Order, change: OrderChange, now: number): void {
    if (order.account !== undefined) this.#listener.order?.(order, change, undefined, now)
  }
}

function forgetOldest(account: Account): void {
  for (const [id, order] of account.orders) {
    if (order.status === "open") continue
    account.orders.delete(id)
    return
  }
}
