import type { ChannelKind } from "../../domain/channel.ts"
import type { AltIntent, AltOrder, Pnl } from "../../domain/callbacks.ts"
import type { Candle, Trade } from "../../domain/events.ts"
import type { Inst, InstOn } from "../../domain/inst.ts"
import type { InstrumentInfo } from "../../domain/instrument.ts"
import type { Market } from "../../domain/market.ts"
import type { Counter, Gauge, Labels } from "../../domain/metrics.ts"
import type { OrderAck } from "../../domain/operation.ts"
import type { AmendRequest, Balance, Order, OrderRequest } from "../../domain/order.ts"
import type { Outcome } from "../../domain/outcome.ts"
import type { AltTensor } from "../../domain/tensor.ts"
import type { Log, Timer } from "../../ports.ts"
import type { ManualFeed, OwnAndAccount, RunningFeed, Submission } from "../../tasks/task.ts"
import type { AnyHandle, FeedHandle, Handle, IntentHandle, OrdersHandle, PredictHandle, RelayHandle } from "./handle.ts"
import type { ParamValues } from "./params.ts"

/** What can be kept in `ctx.state`. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** A book as `ctx.book` gives it: `live` with its levels, or why it is not. */
export type BookView = NonNullable<ReturnType<RunningFeed["book"]>>

/** The strategy's own memory: written in the same transaction as the orders of the turn, there again after a restart. */
export interface StrategyState {
  /** A copy. `T` is the writer's word for what it wrote. */
  get<T extends Json>(key: string): T | undefined
  get<T extends Json>(key: string, fallback: T): T
  /** Throws UsageError where `value` is not JSON (NaN, a function, a cycle). */
  set(key: string, value: Json): void
  delete(key: string): void
  keys(): readonly string[]
}

/** Counters and gauges of the strategy's own, at `/metrics` as `perigee_strategy_<name>`. The same name gives the same object. */
export interface StrategyMetrics {
  counter(name: string, help: string, labels?: Labels): Counter
  gauge(name: string, help: string, labels?: Labels): Gauge
}

type OrdersIn<T> = Extract<T, OrdersHandle>
type MarketOf<H> = H extends OrdersHandle<infer M> ? M : never
type BookFeed<T> = Extract<T, FeedHandle<Market, "lob">>
type BookInst<T> = T extends FeedHandle<Market, "lob", infer I> ? I : never
/** A feed whose past can be asked for, and its events. */
type PastFeed<T> = Extract<T, FeedHandle<Market, "trades"> | FeedHandle<Market, "candles">>
type PastOf<H> =
  H extends FeedHandle<Market, "trades"> ? Trade : H extends FeedHandle<Market, "candles"> ? Candle : never
type ManualIn<T> = Extract<T, FeedHandle<Market, ChannelKind, Inst, true>>

/**
 * What a strategy can see and do, the same live and simulated. `P` are the bot's parameters, `T` its tasks.
 * A handle that is not of this bot throws UsageError at its first use.
 */
export interface Context<P = ParamValues, T extends Handle = AnyHandle> {
  readonly bot: string
  readonly strategy: string
  readonly params: Readonly<P>
  readonly log: Log
  readonly state: StrategyState
  readonly metrics: StrategyMetrics

  /** Wall time, integer µs since the epoch. */
  now(): number
  /** In [0, 1), seeded in a simulation. */
  random(): number
  /** Calls `run` once, not before `delayMs`, as an event of its own: never while a handler of this strategy runs. */
  after(delayMs: number, run: () => unknown): Timer
  /** The same again and again, `everyMs` apart. */
  every(everyMs: number, run: () => unknown): Timer

  /**
   * Writes an order down and sends it after the turn's commit. `refused` where limits, instrument rules or the bot's
   * mode say no. The venue's first answer is `ack`, everything later comes by `onOrder`.
   */
  submit<H extends OrdersIn<T>, const I extends string>(
    router: H,
    request: OrderRequest<I> & { readonly inst: InstOn<MarketOf<H>, I> },
  ): Submission
  amend(router: OrdersIn<T>, request: AmendRequest): Promise<Outcome<OrderAck>>
  cancel(router: OrdersIn<T>, clientId: string): Promise<Outcome<OrderAck>>

  /** One of the bot's own orders, whatever its state. */
  order(clientId: string, router?: OrdersIn<T>): Order | undefined
  /** The bot's own orders that are not final: of one inst, of one router, or all. */
  openOrders(inst?: Inst, router?: OrdersIn<T>): readonly Order[]
  /** `router` may be left out where the bot has one. */
  position(inst: Inst, router?: OrdersIn<T>): OwnAndAccount
  balance(asset: string, router?: OrdersIn<T>): Balance | undefined
  instrument(inst: Inst, router?: OrdersIn<T>): InstrumentInfo | undefined
  pnl(router?: OrdersIn<T>): readonly Pnl[]

  /** The book one of the bot's feeds keeps. Name the feed where two markets keep a book of the same inst. */
  book<const I extends BookInst<T>>(inst: I, feed?: BookFeed<T>): BookView

  /**
   * The `count` (1 to 5,000) events right before one of this feed's, oldest first, each marked `isHistory`. Awaited in the
   * handler that got `before`, they join the stream: the next event is the one after it. `refused` where the venue has no
   * such past, `unknown` where it did not answer within 30 s; fewer where there are no more.
   */
  history<H extends PastFeed<T>>(
    feed: H,
    wish: { readonly before: PastOf<H>; readonly count: number },
  ): Promise<Outcome<readonly PastOf<H>[]>>

  /** Asks a model; the answer comes by `onPreds`, a failure by `onError`. Of `chunk` workers each gets its turn, or `part` (from 0) does. */
  predict(model: Extract<T, PredictHandle>, input: AltTensor, part?: number): void
  publishIntent(handle: Extract<T, IntentHandle>, intent: AltIntent, part?: number): void
  publishOrders(handle: Extract<T, RelayHandle>, orders: readonly AltOrder[], part?: number): void

  /** Commands to a feed declared `manual`. Each is answered within 5 s; unanswered it is `unknown`. */
  feed(handle: ManualIn<T>, part?: number): ManualFeed
}
