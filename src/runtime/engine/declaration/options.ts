import type { ChannelKind } from "../../domain/channel.ts"
import type { RiskLimits } from "../../domain/limits.ts"
import type { BotOptions } from "./bot.ts"
import type { Draft, FeedOptions, HistoryOptions, TaskOptions } from "./handle.ts"
import type { StrategyOptions } from "./strategy.ts"

// What the declarations of tasks take, and the names of all options: a bot file runs without being type-checked.

export interface TradesOptions extends HistoryOptions {
  /** Every fill, where the venue would aggregate. */
  readonly each?: boolean
}

export interface Rhythm {
  /** Levels a side; what a venue does not offer is refused at `build`. */
  readonly depth?: number
  /** Update interval, ms, where the venue has a choice; 0: every change at once. */
  readonly everyMs?: number
}
export interface BookOptions extends FeedOptions, Rhythm {}
export interface LobOptions extends BookOptions {
  readonly form: "bbo" | "snapshot" | "incremental"
}

export interface ScheduleOptions extends TaskOptions {
  readonly everyMs: number
}

export interface PredictOptions extends TaskOptions {
  /** A request not answered by then fails through `onError`; default 20,000. */
  readonly deadlineMs?: number
  /** Requests that may wait, default 2,048. */
  readonly queueMax?: number
  /** At that bound: refuse the new request (default), or drop the oldest for it. */
  readonly whenFull?: "refuse" | "newest"
}

export interface OnnxOptions extends PredictOptions {
  /** Runs it on the loop itself: for small models. */
  readonly inline?: boolean
  /** The bot starts though the file is missing or is no model; each request fails until it can be loaded, tried every five seconds. */
  readonly optional?: boolean
}

export interface ZmqOptions extends PredictOptions {
  /**
   * `req` (default): one request on its way at a time, to any REP service that reads MessagePack arrays of four. `dealer`: many at a time,
   * each with a number, values in binary, to a service of the Python kit or one that does as python/README.md says.
   */
  readonly mode?: "req" | "dealer"
  /** In `dealer` mode: requests on their way at once, default 64. */
  readonly inFlightMax?: number
  /** A larger reply is refused and the connection made anew; default 64 MiB. */
  readonly replyBytesMax?: number
  /**
   * CURVE encryption, with the keys in `PERIGEE_ZMQ_SERVER_KEY`, `PERIGEE_ZMQ_PUBLIC_KEY` and `PERIGEE_ZMQ_SECRET_KEY` (or files, by
   * `…_FILE`). `true`: the bot does not start without. A text `A`: likewise, with `A_PERIGEE_ZMQ_SERVER_KEY` and so on. `false`: never.
   * Absent: where the environment holds a server key.
   */
  readonly curve?: boolean | string
}

type Names<O> = Readonly<Record<keyof O, true>>

const TASK: Names<TaskOptions> = { id: true, taskBaseId: true, chunk: true, ringSlots: true }
const FEED: Names<FeedOptions> = { ...TASK, manual: true, silenceMsMax: true }
const HISTORY: Names<HistoryOptions> = { ...FEED, history: true }
const TRADES: Names<TradesOptions> = { ...HISTORY, each: true }
const LOB: Names<LobOptions> = { ...FEED, form: true, depth: true, everyMs: true }
const CHANNEL: Readonly<Record<ChannelKind, Readonly<Record<string, true>>>> = {
  trades: TRADES,
  lob: LOB,
  candles: HISTORY,
  accOrders: FEED,
  accBalPos: FEED,
  accPos: FEED,
}
const SCHEDULE: Names<ScheduleOptions> = { ...TASK, everyMs: true }
const PREDICT: Names<PredictOptions> = { ...TASK, deadlineMs: true, queueMax: true, whenFull: true }
const ONNX: Names<OnnxOptions> = { ...PREDICT, inline: true, optional: true }
const ZMQ: Names<ZmqOptions> = { ...PREDICT, mode: true, inFlightMax: true, replyBytesMax: true, curve: true }
const ORDERS: Names<Pick<TaskOptions, "id" | "ringSlots">> = { id: true, ringSlots: true }

export const BOT_OPTIONS: Names<BotOptions> = {
  name: true,
  account: true,
  durability: true,
  limits: true,
  params: true,
  openOrdersOnStop: true,
  cancelOnDisconnectMs: true,
  ringBytesMax: true,
  ringsBytesMax: true,
}
export const LIMITS: Names<RiskLimits> = {
  orderSizeMax: true,
  orderNotionalMax: true,
  positionNotionalMax: true,
  ordersPerMinuteMax: true,
  openOrdersMax: true,
}
export const STRATEGY_OPTIONS: Names<StrategyOptions> = {
  on: true,
  name: true,
  onThrow: true,
  handlerMsMax: true,
  settleMsMax: true,
  startMsMax: true,
  state: true,
}

/** The names of the options that such a task takes. */
export function taskOptions(draft: Draft): Readonly<Record<string, true>> {
  switch (draft.kind) {
    case "feed":
      return CHANNEL[draft.channel.kind]
    case "orders":
      return ORDERS
    case "schedule":
      return SCHEDULE
    case "predict":
      return draft.runner === "onnx" ? ONNX : ZMQ
    case "intents":
    case "relay":
      return TASK
  }
}

/** Options nobody knows, each as a mistake: they would be passed over without a word. */
export const strangers = (given: object, known: Readonly<Record<string, true>>, what = "option"): string[] =>
  Object.keys(given)
    .filter((name) => !Object.hasOwn(known, name))
    .map((name) => `no ${what} is named "${name}"; there is ${Object.keys(known).join(", ")}`)
