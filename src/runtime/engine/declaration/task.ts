import type { Channel, ChannelKind } from "../../domain/channel.ts"
import type { Interval } from "../../domain/events.ts"
import type { InstOn } from "../../domain/inst.ts"
import type { Market } from "../../domain/market.ts"
import type { PredictSpec, ServiceSpec } from "../../domain/task.ts"
import type {
  FeedHandle,
  FeedOptions,
  Handle,
  HistoryOptions,
  IntentHandle,
  OrdersHandle,
  PredictHandle,
  RelayHandle,
  ScheduleHandle,
  TaskOptions,
} from "./handle.ts"
import type {
  BookOptions,
  LobOptions,
  OnnxOptions,
  Rhythm,
  ScheduleOptions,
  TradesOptions,
  ZmqOptions,
} from "./options.ts"
import { checkOptions } from "./given.ts"
import type { Divisible, NumbersOf, Only, Part } from "./part.ts"

const PREDICT_DEADLINE_MS = 20_000
const PREDICT_QUEUE = 2_048

type Names = readonly string[]
/** `I` where every literal in it is an instrument of market `M`. */
type Listed<M extends Market, I extends Names> = I & { readonly [K in keyof I]: InstOn<M, I[K]> }
type IsManual<O> = O extends { readonly manual: true } ? true : false
/** No options. */
type None = Readonly<Record<never, never>>

/** Adds how to name its parts. */
function divisible<H extends Handle & Divisible<number>>(whole: Omit<H, "part">): H {
  const handle: H = { ...whole, part: (which: Part["which"]) => ({ kind: "part", of: handle, which }) } as unknown as H
  return handle
}

function feed<M extends Market, C extends ChannelKind, I extends string, O extends FeedOptions>(
  market: M,
  channel: Channel & { readonly kind: C },
  insts: readonly I[],
  options: O | undefined,
): FeedHandle<M, C, I, IsManual<O>, NumbersOf<O>> {
  const isManual = (options?.manual ?? false) as boolean & IsManual<O>
  const { history, silenceMsMax }: HistoryOptions = options ?? {}
  const draft = {
    kind: "feed" as const,
    market,
    channel,
    insts,
    isManual,
    ...(history === undefined ? {} : { history }),
    ...(silenceMsMax === undefined ? {} : { silenceMsMax }),
  }
  return divisible<FeedHandle<M, C, I, IsManual<O>, NumbersOf<O>>>({ kind: "feed", draft, options: options ?? {} })
}

/** Trades of these instruments → `onTrade`. */
export const trades = <
  const M extends Market,
  const I extends Names,
  const O extends TradesOptions & Only<O, TradesOptions> = None,
>(
  market: M,
  insts: Listed<M, I>,
  options?: O,
): FeedHandle<M, "trades", I[number], IsManual<O>, NumbersOf<O>> =>
  feed(
    market,
    options?.each === undefined ? { kind: "trades" } : { kind: "trades", each: options.each },
    insts,
    options,
  )

function lobChannel({ form, depth, everyMs }: Rhythm & Pick<LobOptions, "form">): Channel & { readonly kind: "lob" } {
  if (form === "bbo") return { kind: "lob", form }
  return { kind: "lob", form, ...(depth === undefined ? {} : { depth }), ...(everyMs === undefined ? {} : { everyMs }) }
}

/** Order book events → `onLob`. */
export const lob = <const M extends Market, const I extends Names, const O extends LobOptions & Only<O, LobOptions>>(
  market: M,
  insts: Listed<M, I>,
  options: O,
): FeedHandle<M, "lob", I[number], IsManual<O>, NumbersOf<O>> => {
  checkOptions("lob", options, '{ form: "snapshot" }')
  return feed(market, lobChannel(options), insts, options)
}

/** Best bid and ask → `onLob`. */
export const bbo = <
  const M extends Market,
  const I extends Names,
  const O extends FeedOptions & Only<O, FeedOptions> = None,
>(
  market: M,
  insts: Listed<M, I>,
  options?: O,
): FeedHandle<M, "lob", I[number], IsManual<O>, NumbersOf<O>> =>
  feed(market, { kind: "lob", form: "bbo" }, insts, options)

/** Order books kept from diffs: read with `ctx.book(inst)`, each diff → `onLob`. */
export const book = <
  const M extends Market,
  const I extends Names,
  const O extends BookOptions & Only<O, BookOptions> = None,
>(
  market: M,
  insts: Listed<M, I>,
  options?: O,
): FeedHandle<M, "lob", I[number], IsManual<O>, NumbersOf<O>> =>
  feed(market, lobChannel({ ...options, form: "incremental" }), insts, options)

/** Candles → `onCandle`. */
export const candles = <
  const M extends Market,
  const I extends Names,
  const O extends HistoryOptions & Only<O, HistoryOptions> = None,
>(
  market: M,
  insts: Listed<M, I>,
  interval: Interval,
  options?: O,
): FeedHandle<M, "candles", I[number], IsManual<O>, NumbersOf<O>> =>
  feed(market, { kind: "candles", interval }, insts, options)

const account =
  <C extends "accOrders" | "accBalPos" | "accPos">(channel: Channel & { readonly kind: C }) =>
  <const M extends Market, const O extends FeedOptions & Only<O, FeedOptions> = None>(
    market: M,
    options?: O,
  ): FeedHandle<M, C, never, IsManual<O>, NumbersOf<O>> =>
    feed<M, C, never, O>(market, channel, [], options)

/** Everything the venue says of the account's orders, whoever placed them → `onAccOrder`. */
export const accountOrders = account<"accOrders">({ kind: "accOrders" })
/** Balances and positions as they change → `onAccBalPos`. */
export const accountBalances = account<"accBalPos">({ kind: "accBalPos" })
/** Positions → `onAccPos`. */
export const accountPositions = account<"accPos">({ kind: "accPos" })

/** A tick at once and then every `everyMs` → `onSchedule`. */
export const schedule = <const O extends ScheduleOptions & Only<O, ScheduleOptions>>(
  options: O,
): ScheduleHandle<NumbersOf<O>> => {
  checkOptions("schedule", options, "{ everyMs: 1_000 }")
  return divisible({ kind: "schedule", draft: { kind: "schedule", everyMs: options.everyMs }, options })
}

/** Order entry and the bot's own orders on one market: `ctx.submit(handle, …)`, changes → `onOrder`. */
export const orders = <const M extends Market>(
  market: M,
  options: Pick<TaskOptions, "id" | "ringSlots"> = {},
): OrdersHandle<M> => ({ kind: "orders", draft: { kind: "orders", market }, options })

function predictor<O extends OnnxOptions & ZmqOptions>(
  runner: PredictSpec["runner"],
  source: string,
  options: O | undefined,
): PredictHandle<NumbersOf<O>> {
  const { deadlineMs, queueMax, whenFull, inline, optional }: OnnxOptions = options ?? {}
  const service = serviceOf(options ?? {})
  const draft = {
    kind: "predict" as const,
    runner,
    source,
    deadlineMs: deadlineMs ?? PREDICT_DEADLINE_MS,
    queueMax: queueMax ?? PREDICT_QUEUE,
    whenFull: whenFull ?? "refuse",
    isInline: inline ?? false,
    ...(optional === true ? { isOptional: true } : {}),
    ...(service === undefined ? {} : { service }),
  }
  return divisible<PredictHandle<NumbersOf<O>>>({ kind: "predict", draft, options: options ?? {} })
}

/** An ONNX model: `.onnx` file or JSON config, relative to the bot file → `onPreds`. */
export const onnx = <const O extends OnnxOptions & Only<O, OnnxOptions> = None>(
  path: string,
  options?: O,
): PredictHandle<NumbersOf<O>> => predictor<O>("onnx", path, options)

function serviceOf({ mode, inFlightMax, replyBytesMax, curve }: ZmqOptions): ServiceSpec | undefined {
  const service = {
    ...(mode === undefined ? {} : { mode }),
    ...(inFlightMax === undefined ? {} : { inFlightMax }),
    ...(replyBytesMax === undefined ? {} : { replyBytesMax }),
    ...(curve === undefined ? {} : { curve }),
  }
  return Object.keys(service).length === 0 ? undefined : service
}

/** A model behind ZeroMQ: `tcp://host:port`, `ipc://path`, or a port of this machine → `onPreds`. */
export const zmq = <const O extends ZmqOptions & Only<O, ZmqOptions> = None>(
  endpoint: string | number,
  options?: O,
): PredictHandle<NumbersOf<O>> =>
  predictor<O>("zmq", typeof endpoint === "number" ? `tcp://127.0.0.1:${endpoint}` : endpoint, options)

/** Intents from one strategy to others: `ctx.publishIntent(handle, …)` → `onInstIntent`. */
export const intents = <const O extends TaskOptions & Only<O, TaskOptions> = None>(
  options?: O,
): IntentHandle<NumbersOf<O>> => divisible({ kind: "intents", draft: { kind: "intents" }, options: options ?? {} })

/** Orders from one strategy for another to carry out: `ctx.publishOrders(handle, …)` → `onOrderExecution`. */
export const relay = <const O extends TaskOptions & Only<O, TaskOptions> = None>(
  options?: O,
): RelayHandle<NumbersOf<O>> => divisible({ kind: "relay", draft: { kind: "relay" }, options: options ?? {} })
