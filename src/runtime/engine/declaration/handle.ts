import type { Channel, ChannelKind } from "../../domain/channel.ts"
import type { Inst } from "../../domain/inst.ts"
import type { Market } from "../../domain/market.ts"
import type {
  FeedSpec,
  IntentSpec,
  OrdersSpec,
  PredictSpec,
  RelaySpec,
  ScheduleSpec,
  TaskSpec,
} from "../../domain/task.ts"
import type { Divisible, Named } from "./part.ts"

/** How a declared task is named and multiplied. Nothing is needed: ids count from 1 on their own. */
export interface TaskOptions {
  /** Name among the bot's tasks of this kind; with `chunk`, the prefix of `<id>-1`, `<id>-2`, … */
  readonly id?: string
  /** First of the numbers that become ids: `taskBaseId` … `taskBaseId + chunk - 1`. */
  readonly taskBaseId?: number
  /** How many identical tasks this stands for, default 1. 0 declares none. */
  readonly chunk?: number
  /** Events a slow reader may be behind before the ring is full, where the default does not fit. */
  readonly ringSlots?: number
}

export interface FeedOptions extends TaskOptions {
  /** The strategy connects, logs in and subscribes itself: on `onWsEvent`, through `ctx.feed(handle)`. */
  readonly manual?: boolean
  /** Without an event for this long a subscription is told as `silent` and asked for anew. Default: by channel, 30 s for books, 5 minutes for trades. */
  readonly silenceMsMax?: number
}

/** For feeds whose past joins their stream. */
export interface HistoryOptions extends FeedOptions {
  /**
   * So many past events of each instrument come first, marked `isHistory`, and what a lost connection missed is fetched
   * too: every event once and in order. 0 to 5,000; 0 fetches only what was missed.
   */
  readonly history?: number
}

/** A spec before it has an id. */
export type Draft<S extends TaskSpec = TaskSpec> = S extends TaskSpec ? Omit<S, "id" | "ringSlots"> : never

interface Declared<K extends TaskSpec["kind"], D> {
  readonly kind: K
  readonly draft: D
  readonly options: TaskOptions
}

/**
 * A declared feed: `M` its market, `C` the kind of channel, `I` its instruments, `X` whether the strategy drives it, `N` the
 * numbers of its parts.
 */
export interface FeedHandle<
  M extends Market = Market,
  C extends ChannelKind = ChannelKind,
  I extends Inst = Inst,
  X extends boolean = boolean,
  N extends number = number,
>
  extends
    Declared<
      "feed",
      Draft<FeedSpec> & {
        readonly market: M
        readonly channel: Channel & { readonly kind: C }
        readonly insts: readonly I[]
        readonly isManual: X
      }
    >,
    Divisible<N> {}

export interface OrdersHandle<M extends Market = Market> extends Declared<
  "orders",
  Draft<OrdersSpec> & { readonly market: M }
> {}

export interface PredictHandle<N extends number = number>
  extends Declared<"predict", Draft<PredictSpec>>, Divisible<N> {}
export interface ScheduleHandle<N extends number = number>
  extends Declared<"schedule", Draft<ScheduleSpec>>, Divisible<N> {}
export interface IntentHandle<N extends number = number> extends Declared<"intents", Draft<IntentSpec>>, Divisible<N> {}
export interface RelayHandle<N extends number = number> extends Declared<"relay", Draft<RelaySpec>>, Divisible<N> {}

/** A declared task: what `bot().task()` takes, what bindings and commands name. */
export type Handle = FeedHandle | OrdersHandle | PredictHandle | ScheduleHandle | IntentHandle | RelayHandle
/** What a binding names: a declared task, or one part of it. */
export type Binding = Named<Handle>

/** Every handle with the abilities some have: what a context offers where it does not know the bot's tasks. */
export type AnyHandle =
  | Handle
  | FeedHandle<Market, "trades">
  | FeedHandle<Market, "candles">
  | FeedHandle<Market, "lob">
  | FeedHandle<Market, ChannelKind, Inst, true>

/** Which callback brings the data of a channel. */
const CHANNEL_CALLBACK = {
  trades: "onTrade",
  lob: "onLob",
  candles: "onCandle",
  accOrders: "onAccOrder",
  accBalPos: "onAccBalPos",
  accPos: "onAccPos",
} as const satisfies Readonly<Record<ChannelKind, string>>

/** Which callback brings the data of a task; an orders task's `onOrder` and everybody's `onInstrument` are wanted of nobody. */
const TASK_CALLBACK = {
  schedule: "onSchedule",
  predict: "onPreds",
  intents: "onInstIntent",
  relay: "onOrderExecution",
} as const

/** The callbacks a strategy must have to be bound to `H`. */
export type CallbackOf<H> = H extends { readonly kind: keyof typeof TASK_CALLBACK }
  ? (typeof TASK_CALLBACK)[H["kind"]]
  : H extends FeedHandle<Market, infer C, Inst, infer X>
    ? (typeof CHANNEL_CALLBACK)[C] | (X extends true ? "onWsEvent" : never)
    : never

/** The same at run time, for tasks that come without types. */
export function callbacksOf(spec: Draft): readonly CallbackOf<Handle>[] {
  if (spec.kind === "orders") return []
  if (spec.kind !== "feed") return [TASK_CALLBACK[spec.kind]]
  const data = CHANNEL_CALLBACK[spec.channel.kind]
  return spec.isManual ? [data, "onWsEvent"] : [data]
}
