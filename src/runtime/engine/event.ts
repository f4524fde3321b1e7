import { type CallbackData, type CallbackName, IS_PRIVATE, type Message, type TaskRef } from "../domain/callbacks.ts"
import type { TaskSpec } from "../domain/task.ts"

/** A callback by its number: arrays by number serve where the hot path must look up no name. */
export const CALLBACKS = Object.keys(IS_PRIVATE) as readonly CallbackName[]

/** What a timer of the strategy brings: a call rather than an event. */
export const TIMER = CALLBACKS.length

export const codeOf = (callback: CallbackName): number => CALLBACKS.indexOf(callback)
export const eventName = (code: number): string => CALLBACKS[code] ?? "timer"
export const isPrivateCode = (code: number): boolean => IS_PRIVATE[CALLBACKS[code] ?? "onError"]

export const ERROR = codeOf("onError")
export const LAG = codeOf("onLag")

/** Where word of the runtime's own comes from. */
export const ENGINE: TaskRef = Object.freeze({ kind: "engine", id: "1" })

/** An event with its type forgotten: a ring holds every kind. */
export type AnyMessage = Message<unknown>

// Measured on Bun: a message, its data object and two typed arrays take about 2.4 kB before the first level.
const LOB_BYTES = 2_400
const SMALL_BYTES = 400

/** About how much memory a waiting event keeps alive. */
export function costOf(callback: CallbackName, data: CallbackData[CallbackName]): number {
  switch (callback) {
    case "onLob": {
      const { bids, asks } = data as CallbackData["onLob"]
      return LOB_BYTES + bids.byteLength + asks.byteLength
    }
    case "onLobMbo":
      return SMALL_BYTES + 200 * (data as CallbackData["onLobMbo"]).orders.length
    case "onPreds":
      return 600 + (data as CallbackData["onPreds"]).data.byteLength
    case "onOrderExecution":
      return SMALL_BYTES + 400 * (data as CallbackData["onOrderExecution"]).length
    case "onInstIntent":
      return SMALL_BYTES + 120 * (data as CallbackData["onInstIntent"]).targets.length
    case "onAccBalPos": {
      const { balances, positions } = data as CallbackData["onAccBalPos"]
      return SMALL_BYTES + 300 * (balances.length + positions.length)
    }
    case "onAccPos":
      return SMALL_BYTES + 300 * (data as CallbackData["onAccPos"]).positions.length
    case "onOrder":
    case "onInstrument":
    case "onAccOrder":
    case "onError":
      return 1_000
    case "onAltEvent":
    case "onWsEvent":
    case "onSchedule":
    case "onTrade":
    case "onCandle":
    case "onBookState":
    case "onFeedState":
    case "onLag":
      return SMALL_BYTES
  }
}

const OTHER_SLOTS = 2_048
const FEED_SLOTS = {
  trades: 8_192,
  lob: 16_384,
  candles: 2_048,
  accOrders: 8_192,
  accBalPos: 8_192,
  accPos: 8_192,
} as const
const TASK_SLOTS = { orders: 8_192, relay: 8_192, intents: 2_048, predict: 8_192, schedule: 1_024 } as const

/** Slots of a task's market or private ring. `ringSlots` speaks of the one that carries the task's data. */
export function slotsOf(spec: TaskSpec, isPrivate: boolean): number {
  const isData = isPrivate === (spec.kind === "feed" ? spec.channel.kind.startsWith("acc") : spec.kind !== "schedule")
  if (!isData) return OTHER_SLOTS
  return spec.ringSlots ?? (spec.kind === "feed" ? FEED_SLOTS[spec.channel.kind] : TASK_SLOTS[spec.kind])
}
