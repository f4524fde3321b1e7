import type { Channel } from "./channel.ts"
import type { Inst } from "./inst.ts"
import type { Market } from "./market.ts"

/** A declared task as plain data: names only, no code, so that a build can read which parts a bot needs. */
export type TaskSpec = FeedSpec | ScheduleSpec | OrdersSpec | PredictSpec | IntentSpec | RelaySpec

interface Named {
  /** Unique among the bot's tasks of the same kind; given by the builder where the user gave none. */
  readonly id: string
  /** Slots of this task's ring, where the default does not fit. */
  readonly ringSlots?: number
}

export interface FeedSpec extends Named {
  readonly kind: "feed"
  readonly market: Market
  readonly channel: Channel
  readonly insts: readonly Inst[]
  /** The strategy itself connects, logs in and subscribes, through commands on `onWsEvent`. */
  readonly isManual: boolean
  /** Past events an inst before the first of the stream, and what a gap lacks; absent: neither is fetched. */
  readonly history?: number
  /** Without an event for this long a subscription is silent; absent: the channel's own bound. */
  readonly silenceMsMax?: number
}

export interface ScheduleSpec extends Named {
  readonly kind: "schedule"
  readonly everyMs: number
}

/** Order entry and the account's own stream on one market. */
export interface OrdersSpec extends Named {
  readonly kind: "orders"
  readonly market: Market
}

export interface PredictSpec extends Named {
  readonly kind: "predict"
  readonly runner: "onnx" | "zmq"
  /** ONNX: path of a `.onnx` or JSON config file, relative to the bot file. ZeroMQ: endpoint, `tcp://host:port` or `ipc://path`. */
  readonly source: string
  readonly deadlineMs: number
  /** Requests waiting beyond this many are refused, or push the oldest out. */
  readonly queueMax: number
  readonly whenFull: "refuse" | "newest"
  /** ONNX: run on the loop itself. */
  readonly isInline: boolean
  /** ONNX: the bot starts without it as well, and asks for it again and again. */
  readonly isOptional?: boolean
  /** ZeroMQ: how the service is spoken with, where it is not as by default. */
  readonly service?: ServiceSpec
}

/** What is absent is the runner's default. */
export interface ServiceSpec {
  /** One request at a time to any REP service, or many at a time, numbered, to one that knows how. */
  readonly mode?: "req" | "dealer"
  /** In `dealer` mode: requests on their way at once. */
  readonly inFlightMax?: number
  readonly replyBytesMax?: number
  /** `true`, or a prefix of the variables' names: encrypted, or not started. `false`: never. Absent: where there is a server key. */
  readonly curve?: boolean | string
}

/** Intents published by one strategy for others. */
export interface IntentSpec extends Named {
  readonly kind: "intents"
}

/** Orders published by one strategy for another to carry out. */
export interface RelaySpec extends Named {
  readonly kind: "relay"
}

export type TaskKind = TaskSpec["kind"]

/** `feed binance-um trades #1`, for messages. */
export function taskName(spec: TaskSpec): string {
  const what = "market" in spec ? ` ${spec.market}` : ""
  const channel = spec.kind === "feed" ? ` ${spec.channel.kind}` : ""
  const source = spec.kind === "predict" ? ` ${spec.runner} ${spec.source}` : ""
  return `${spec.kind}${what}${channel}${source} #${spec.id}`
}
