import type { ChannelKind } from "../../domain/channel.ts"
import type { AltIntent, AltOrder, IntentTarget, Pnl } from "../../domain/callbacks.ts"
import type { Candle, Trade } from "../../domain/events.ts"
import type { Inst, InstOn } from "../../domain/inst.ts"
import type { InstrumentInfo } from "../../domain/instrument.ts"
import type { Market } from "../../domain/market.ts"
import type { Counter, Gauge, Labels } from "../../domain/metrics.ts"
import type { OrderAck, ParamsOf, Question, ResultOf } from "../../domain/operation.ts"
import type { AmendRequest, Balance, Order, OrderRequest } from "../../domain/order.ts"
import type { Outcome } from "../../domain/outcome.ts"
import type { AltTensor } from "../../domain/tensor.ts"
import type { Log, Timer } from "../../ports.ts"
import type { ManualFeed, OwnAndAccount, RunningFeed, Submission } from "../../tasks/task.ts"
import type { AnyHandle, FeedHandle, Handle, IntentHandle, OrdersHandle, PredictHandle, RelayHandle } from "./handle.ts"
import type { Named, Part, Sole, WholeOf } from "./part.ts"
import type { ParamValues } from "./params.ts"

// What its members take and give, for who wants to name it.
export type { Log, Timer } from "../../ports.ts"
export type { ManualFeed, OwnAndAccount, Submission } from "../../tasks/task.ts"

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
/** The markets these handles name. */
type MarketIn<H> = H extends { readonly draft: { readonly market: infer M extends Market } } ? M : never
/** `I` where it is no literal, or one that at least one of these markets can list: a misspelt one does not compile. */
type InstIn<M, I extends string> = I & (M extends Market ? InstOn<M, I> : never)
/** The market that is meant by its name, a router, a feed or a part of one. */
type Meant<F> = F extends Market ? F : MarketIn<WholeOf<F>>
/** Makes the name of a market that none of these handles names an error; one known at run time only is no literal. */
type MarketSaid<T, F> = [Market] extends [F] ? unknown : F extends Market ? MarketIn<T> : unknown
/** Makes a misspelt instrument in a target an error. */
type TargetOn<X> = X extends { readonly market: infer M; readonly inst: infer I extends string }
  ? { readonly market: M; readonly inst: InstIn<M, I> }
  : unknown
/** Makes a misspelt instrument in an order for another strategy an error. */
type OrderOn<X> = X extends { readonly market: infer M; readonly request: { readonly inst: infer I extends string } }
  ? { readonly market: M; readonly request: { readonly inst: InstIn<M, I> } }
  : unknown
/** Makes a misspelt instrument in a question an error. */
type AskedOn<M, X> = (X extends { readonly inst: infer I extends string } ? { readonly inst: InstIn<M, I> } : unknown) &
  (X extends { readonly insts: readonly (infer I extends string)[] }
    ? { readonly insts: readonly InstIn<M, I>[] }
    : unknown)
/** Makes a parameter of no such name an error. */
type Spelt<P, X> = { readonly [K in Exclude<keyof X, keyof P>]: never }
/** An instrument that the bot can trade. */
type Traded<T, I extends string> = InstIn<MarketIn<OrdersIn<T>>, I>
type BookFeed<T> = Extract<T, FeedHandle<Market, "lob">>
type BookInst<T> = T extends FeedHandle<Market, "lob", infer I> ? I : never
/** A feed whose past can be asked for, and its events. */
type PastFeed<T> = Extract<T, FeedHandle<Market, "trades"> | FeedHandle<Market, "candles">>
type PastOf<H> =
  H extends FeedHandle<Market, "trades"> ? Trade : H extends FeedHandle<Market, "candles"> ? Candle : never
type ManualIn<T> = Extract<T, FeedHandle<Market, ChannelKind, Inst, true>>
/** What says which market is meant: a router, a feed (or a part of it), or its name. */
type Listing<T> = OrdersIn<T> | Named<Extract<T, FeedHandle>> | Market

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

  /** One of the bot's own orders, whatever its state. UsageError for an id that is no text. */
  order(clientId: string, router?: OrdersIn<T>): Order | undefined
  /** The bot's own orders that are not final: of one inst, of one router, or all. UsageError as of `position`. */
  openOrders<const I extends string>(inst?: Traded<T, I>, router?: OrdersIn<T>): readonly Order[]
  /**
   * `router` may be left out where the bot has one. UsageError for a name that its market cannot have, and for one that the
   * venue does not list, once it has said what it lists (save where the bot or its account has something of it).
   */
  position<const I extends string>(inst: Traded<T, I>, router?: OrdersIn<T>): OwnAndAccount
  balance(asset: string, router?: OrdersIn<T>): Balance | undefined
  /**
   * What the venue says of an instrument; undefined where it lists none of that name, or has not answered yet. Asked for
   * before the start and then every ten minutes, for each market the bot's tasks name. `from` may be left out where one
   * market alone can be meant: the only one that can list such a name, else the bot's only router's, else the only one
   * with a feed of it. UsageError otherwise, and for a name that none of them can have.
   */
  instrument<const I extends string, const F extends Listing<T> = MarketIn<T>>(
    inst: InstIn<Meant<F>, I>,
    from?: F & MarketSaid<T, F>,
  ): InstrumentInfo | undefined
  pnl(router?: OrdersIn<T>): readonly Pnl[]

  /** The book one of the bot's feeds keeps. Name the feed where two markets keep a book of the same inst. */
  book<const I extends BookInst<T>, F extends Named<BookFeed<T>> = BookFeed<T>>(
    inst: InstIn<Meant<F>, I>,
    feed?: F,
  ): BookView

  /**
   * The `count` (1 to 5,000) events right before one of this feed's, oldest first, each marked `isHistory`. Awaited in the
   * handler that got `before`, they join the stream: the next event is the one after it. `refused` where the venue has no
   * such past, `unknown` where it did not answer within 30 s; fewer where there are no more.
   */
  history<H extends PastFeed<T>>(
    feed: H | Part<H>,
    wish: { readonly before: PastOf<H>; readonly count: number },
  ): Promise<Outcome<readonly PastOf<H>[]>>

  /**
   * Asks a market that the bot's tasks name, over REST and within its rate limits; what asks for the account wants keys.
   * `refused` where the venue says no or cannot be asked so, `unknown` where it did not answer within 30 s. Times in µs.
   */
  ask<Q extends Question, const P extends ParamsOf<Q>, const F extends Listing<T>>(
    from: F & MarketSaid<T, F>,
    question: Q,
    params: P & AskedOn<Meant<F>, P> & Spelt<ParamsOf<Q>, P>,
  ): Promise<Outcome<ResultOf<Q>>>

  /**
   * Asks a model; the answer comes by `onPreds`, a failure by `onError`. Of a `chunk` each part gets its turn, or the one
   * named does: `ctx.predict(model.part(2), tensor)`.
   */
  predict(model: Named<Extract<T, PredictHandle>>, input: AltTensor): void
  /**
   * To the strategies that listen. `refused`, and told to nobody, where all of them are far behind with what they were
   * told before; the reason names them. Of a `chunk` one part must be named, here and below:
   * `ctx.publishIntent(wishes.part(2), intent)`.
   */
  publishIntent<const X extends IntentTarget>(
    handle: Sole<Extract<T, IntentHandle>>,
    intent: AltIntent & { readonly targets: readonly (X & TargetOn<X>)[] },
  ): Outcome<undefined>
  publishOrders<const X extends AltOrder>(
    handle: Sole<Extract<T, RelayHandle>>,
    orders: readonly (X & OrderOn<X>)[],
  ): Outcome<undefined>

  /**
   * Commands to a feed declared `manual`. Each is answered within 5 s; unanswered it is `unknown`. In `onWsEvent` the part
   * that asks is `feed.part(message.task)`.
   */
  feed(handle: Sole<ManualIn<T>>): ManualFeed
}
