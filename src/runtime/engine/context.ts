import type { AltIntent, AltOrder, Pnl } from "../domain/callbacks.ts"
import { UsageError } from "../domain/errors.ts"
import type { Candle, Trade } from "../domain/events.ts"
import type { Inst } from "../domain/inst.ts"
import type { InstrumentInfo } from "../domain/instrument.ts"
import type { Market } from "../domain/market.ts"
import type { OrderAck, ParamsOf, Question, ResultOf } from "../domain/operation.ts"
import type { AmendRequest, Balance, Order, OrderRequest } from "../domain/order.ts"
import type { Outcome } from "../domain/outcome.ts"
import type { AltTensor } from "../domain/tensor.ts"
import type { Log, Timer } from "../ports.ts"
import {
  ASK_MS_MAX,
  type ManualFeed,
  type OwnAndAccount,
  type RunningFeed,
  type RunningOrders,
  type RunningRelay,
  type Submission,
} from "../tasks/task.ts"
import {
  checkConnect,
  checkInput,
  checkIntent,
  checkObject,
  checkOrders,
  checkQuestion,
  checkText,
  checkTimer,
} from "./arguments.ts"
import { withDeadline } from "./deadline.ts"
import type { BookView, Context, StrategyMetrics, StrategyState } from "./declaration/context.ts"
import type { FeedHandle, IntentHandle, OrdersHandle, PredictHandle, RelayHandle } from "./declaration/handle.ts"
import type { ParamValues } from "./declaration/params.ts"
import type { Named, Part } from "./declaration/part.ts"
import type { House } from "./house.ts"
import type { Meters } from "./meters.ts"
import { ownLog, ownMetrics } from "./own.ts"
import type { Timers } from "./timers.ts"

/** After this long the ack of a command to a manual feed is `unknown`. */
export const COMMAND_MS_MAX = 5_000
const HISTORY_MS_MAX = 30_000

export interface ContextParts {
  readonly house: House
  readonly params: ParamValues
  readonly bot: string
  readonly strategy: string
  readonly state: StrategyState
  readonly timers: Timers
  readonly meters: Pick<Meters, "counter" | "gauge">
  /** Why this strategy may not send orders now. */
  refusal(): string | undefined
}

/** What one strategy sees of the bot. */
export class StrategyContext implements Context {
  readonly bot: string
  readonly strategy: string
  readonly params: ParamValues
  readonly state: StrategyState
  readonly log: Log
  readonly metrics: StrategyMetrics
  readonly #house: House
  readonly #timers: Timers
  readonly #refusal: () => string | undefined

  constructor({ house, params, bot, strategy, state, timers, meters, refusal }: ContextParts) {
    this.#house = house
    this.#timers = timers
    this.#refusal = refusal
    this.bot = bot
    this.strategy = strategy
    this.params = params
    this.state = state
    this.log = ownLog(house.outside.log, strategy)
    this.metrics = ownMetrics(meters, strategy)
  }

  now(): number {
    return this.#house.outside.clock.now()
  }

  random(): number {
    return this.#house.outside.random.next()
  }

  after(delayMs: number, run: () => unknown): Timer {
    checkTimer("after", delayMs, run)
    return this.#timers.after(delayMs, run)
  }

  every(everyMs: number, run: () => unknown): Timer {
    checkTimer("every", everyMs, run)
    return this.#timers.every(everyMs, run)
  }

  submit(router: OrdersHandle, request: OrderRequest): Submission {
    const task = this.#house.orders(router)
    checkObject("submit", "request", request, "{ inst, side, size, … }")
    const refusal = this.#refusal()
    return refusal === undefined ? task.submit(this.strategy, request) : { kind: "refused", reasons: [refusal] }
  }

  amend(router: OrdersHandle, request: AmendRequest): Promise<Outcome<OrderAck>> {
    const task = this.#house.orders(router)
    checkObject("amend", "request", request, "{ clientId, … }")
    const reason = this.#refusal()
    return reason === undefined ? task.amend(request) : Promise.resolve({ kind: "refused", reason })
  }

  /** Allowed in every mode: it can only make the bot safer. */
  cancel(router: OrdersHandle, clientId: string): Promise<Outcome<OrderAck>> {
    return this.#house.orders(router).cancel(clientId)
  }

  order(clientId: string, router?: OrdersHandle): Order | undefined {
    for (const task of this.#routers(router)) {
      const order = task.order(clientId)
      if (order !== undefined) return order
    }
    return undefined
  }

  openOrders(inst?: Inst, router?: OrdersHandle): readonly Order[] {
    return this.#house.traders(inst, router).flatMap((task) => task.openOrders(inst))
  }

  position(inst: Inst, router?: OrdersHandle): OwnAndAccount {
    return this.#house.trader(inst, router).position(inst)
  }

  balance(asset: string, router?: OrdersHandle): Balance | undefined {
    const task = this.#house.oneOrders(router)
    checkText("balance", "asset", asset, 'the name of an asset, such as "USDT"')
    return task.balance(asset)
  }

  instrument(inst: Inst, from?: Named<FeedHandle> | OrdersHandle | Market): InstrumentInfo | undefined {
    return this.#house.instrument(inst, from)
  }

  pnl(router?: OrdersHandle): readonly Pnl[] {
    return this.#routers(router).flatMap((task) => task.pnl())
  }

  book(inst: Inst, feed?: Named<FeedHandle>): BookView {
    return this.#house.book(inst, feed)
  }

  history<H extends FeedHandle>(
    feed: H | Part<H>,
    wish: { readonly before: Trade | Candle; readonly count: number },
  ): Promise<Outcome<readonly never[]>> {
    const { history, spec } = this.#house.any(feed as Named<FeedHandle>) as RunningFeed
    if (history === undefined)
      throw new UsageError(`feed ${spec.id} has no history: it is not a feed of the runtime's own`)
    checkObject("history", "wish", wish, "{ before, count }")
    const { before, count } = wish
    checkObject("history", "wish.before", before, "the event of this feed that the past is to end before")
    const { clock } = this.#house.outside
    const answer = history(before, count) as Promise<Outcome<readonly never[]>>
    return withDeadline(clock, HISTORY_MS_MAX, "history", answer)
  }

  ask<Q extends Question>(
    from: Named<FeedHandle> | OrdersHandle | Market,
    question: Q,
    params: ParamsOf<Q>,
  ): Promise<Outcome<ResultOf<Q>>> {
    const ask = this.#house.ask(from)
    checkQuestion(question, params)
    return withDeadline(this.#house.outside.clock, ASK_MS_MAX, question, ask(question, params))
  }

  predict(model: Named<PredictHandle>, input: AltTensor): void {
    const task = this.#house.predictor(model)
    checkInput(input)
    task.predict(input)
  }

  publishIntent(handle: Named<IntentHandle>, intent: AltIntent): Outcome<undefined> {
    const task = this.#house.one(handle) as RunningRelay<AltIntent>
    checkIntent(intent)
    return task.publish(intent)
  }

  publishOrders(handle: Named<RelayHandle>, orders: readonly AltOrder[]): Outcome<undefined> {
    const task = this.#house.one(handle) as RunningRelay<readonly AltOrder[]>
    checkOrders(orders)
    return task.publish(orders)
  }

  feed(handle: Named<FeedHandle>): ManualFeed {
    const { manual, spec } = this.#house.one(handle) as RunningFeed
    if (manual === undefined)
      throw new UsageError(`feed ${spec.id} is not manual: it connects and subscribes on its own`)
    const { clock } = this.#house.outside
    return {
      connect(url, headers) {
        checkConnect(url, headers)
        return withDeadline(clock, COMMAND_MS_MAX, "connect", manual.connect(url, headers))
      },
      send(text) {
        checkText("send", "text", text, "a text, such as JSON.stringify(…) gives")
        return withDeadline(clock, COMMAND_MS_MAX, "send", manual.send(text))
      },
      shutdown: () => withDeadline(clock, COMMAND_MS_MAX, "shutdown", manual.shutdown()),
    }
  }

  #routers(router: OrdersHandle | undefined): readonly RunningOrders[] {
    return router === undefined ? this.#house.allOrders : [this.#house.orders(router)]
  }
}
