import type { AltIntent, AltOrder } from "../runtime/domain/callbacks.ts"
import type { Candle, Trade } from "../runtime/domain/events.ts"
import type { Market } from "../runtime/domain/market.ts"
import type { Counter, Labels } from "../runtime/domain/metrics.ts"
import type { OrderAck, ParamsOf, Question, ResultOf } from "../runtime/domain/operation.ts"
import type { AmendRequest, OrderRequest } from "../runtime/domain/order.ts"
import type { Outcome } from "../runtime/domain/outcome.ts"
import type { AltTensor } from "../runtime/domain/tensor.ts"
import { type ContextParts, StrategyContext } from "../runtime/engine/context.ts"
import type {
  Binding,
  FeedHandle,
  IntentHandle,
  OrdersHandle,
  PredictHandle,
  RelayHandle,
} from "../runtime/engine/declaration/handle.ts"
import type { Named, Part } from "../runtime/engine/declaration/part.ts"
import type { Log, LogFields } from "../runtime/ports.ts"
import { hasLocalFields, type Trace } from "../runtime/simulation/trace.ts"
import type { ManualFeed, Submission } from "../runtime/tasks/task.ts"

/**
 * A strategy's context whose every command and metric leaves a line: much of what a handler does crosses no port (an order
 * that the bot's own rules refuse, an intent that nobody hears, a counter), and another output must give another trace.
 * What it logs, keeps and draws, and the timers it sets and cancels, cross ports and leave lines there.
 */
export class TracedContext extends StrategyContext {
  readonly #house: ContextParts["house"]
  readonly #trace: Trace
  declare readonly log: Log

  constructor(parts: ContextParts, trace: Trace) {
    super({ ...parts, meters: tracedMeters(parts, trace) })
    this.#house = parts.house
    this.#trace = trace
    const { log } = this
    this.log = toldWhole(log, (content) => this.#add("log", content))
  }

  override submit(router: OrdersHandle, request: OrderRequest): Submission {
    this.#did("submit", router, request)
    const submission = super.submit(router, request)
    if (submission.kind === "refused") this.#add("submit refused", submission.reasons)
    return submission
  }

  override amend(router: OrdersHandle, request: AmendRequest): Promise<Outcome<OrderAck>> {
    this.#did("amend", router, request)
    return super.amend(router, request)
  }

  override cancel(router: OrdersHandle, clientId: string): Promise<Outcome<OrderAck>> {
    this.#did("cancel", router, clientId)
    return super.cancel(router, clientId)
  }

  override history<H extends FeedHandle>(
    feed: H | Part<H>,
    wish: { readonly before: Trade | Candle; readonly count: number },
  ): Promise<Outcome<readonly never[]>> {
    this.#did("history", feed as Named<FeedHandle>, wish)
    return super.history(feed, wish)
  }

  override ask<Q extends Question>(
    from: Named<FeedHandle> | OrdersHandle | Market,
    question: Q,
    params: ParamsOf<Q>,
  ): Promise<Outcome<ResultOf<Q>>> {
    this.#add("ask", [typeof from === "string" ? from : this.#taskOf(from), question, params])
    return super.ask(from, question, params)
  }

  override predict(model: Named<PredictHandle>, input: AltTensor): void {
    this.#did("predict", model, input)
    super.predict(model, input)
  }

  override publishIntent(handle: Named<IntentHandle>, intent: AltIntent): Outcome<undefined> {
    this.#did("publishIntent", handle, intent)
    return super.publishIntent(handle, intent)
  }

  override publishOrders(handle: Named<RelayHandle>, orders: readonly AltOrder[]): Outcome<undefined> {
    this.#did("publishOrders", handle, orders)
    return super.publishOrders(handle, orders)
  }

  override feed(handle: Named<FeedHandle>): ManualFeed {
    const feed = super.feed(handle)
    return {
      connect: (url, headers) => {
        this.#did("connect", handle, [url, headers])
        return feed.connect(url, headers)
      },
      send: (text) => {
        this.#did("send", handle, text)
        return feed.send(text)
      },
      shutdown: () => {
        this.#did("shutdown", handle, 0)
        return feed.shutdown()
      },
    }
  }

  #did(what: string, named: Binding, content: unknown): void {
    this.#add(what, [this.#taskOf(named), content])
  }

  /** Of a handle that is none of this bot's, nothing: the command itself says so. */
  #taskOf(named: Binding): readonly string[] {
    try {
      const { kind, id } = this.#house.any(named).spec
      return [kind, id]
    } catch {
      return []
    }
  }

  #add(what: string, content: unknown): void {
    this.#trace.add(`call ${this.strategy}.${what}`, content)
  }
}

/** The crossing of a line leaves out what may be of the machine: where a strategy says it, it is an output like any other. */
function toldWhole(log: Log, add: (content: unknown) => void): Log {
  const level =
    (name: keyof Log) =>
    (event: string, fields?: LogFields): void => {
      if (hasLocalFields(fields)) add([name, event, fields])
      log[name](event, fields)
    }
  return { debug: level("debug"), info: level("info"), warn: level("warn"), error: level("error") }
}

type Meters = ContextParts["meters"]

/** Counters and gauges that leave a line when they are made and each time they are set. */
function tracedMeters({ meters }: ContextParts, trace: Trace): Meters {
  const known = new WeakMap<Counter, Counter>()
  const traced = (metric: Counter, name: string, help: string, labels: Labels | undefined): Counter => {
    const before = known.get(metric)
    if (before !== undefined) return before
    const channel = `metric ${name}`
    const add = (content: unknown): void => trace.add(channel, content)
    add([help, labels])
    const made: Counter = {
      get value() {
        return metric.value
      },
      set value(value) {
        add([labels, value])
        metric.value = value
      },
    }
    known.set(metric, made)
    return made
  }
  return {
    counter: (name, help, labels) => traced(meters.counter(name, help, labels), name, help, labels),
    gauge: (name, help, labels) => traced(meters.gauge(name, help, labels), name, help, labels),
  }
}
