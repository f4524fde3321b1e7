import type { CallbackData, CallbackName, Trouble } from "../domain/callbacks.ts"
import type { Position } from "../domain/order.ts"
import { type AnyMessage, CALLBACKS } from "./event.ts"

/** It says how everything of its kind stands, also what it does not list. */
const ALL = "*"

/**
 * Walks waiting events from the newest to the oldest and tells of each whether those met so far say everything it says.
 * State is said again (an order's, a balance, a book's); what happened once (an execution, an answer of a model, an
 * intent, a timer's call) is not.
 */
export class Succession {
  readonly #told = new Set<string>()

  /** `topic`: what was told to others says nothing to those who are told this. */
  isSuperseded(code: number, message: AnyMessage, topic = 0): boolean {
    const callback = CALLBACKS[code]
    if (callback === undefined) return false
    const keys = keysOf(callback, message.data)
    const has = (key: string): boolean => this.#told.has(`${topic} ${callback} ${key}`)
    const isTold = keys.length > 0 && (has(ALL) || keys.every(has))
    for (const key of keys) this.#told.add(`${topic} ${callback} ${key}`)
    return isTold && !happened(callback, message.data)
  }
}

type Known<C extends CallbackName> = CallbackData[C]

/** What an event tells the state of; none where it tells of no state. */
function keysOf(callback: CallbackName, data: unknown): readonly string[] {
  switch (callback) {
    case "onOrder":
      return [(data as Known<"onOrder">).order.clientId]
    case "onAccOrder": {
      // Some venues count order ids per instrument.
      const { inst, orderId } = data as Known<"onAccOrder">
      return [`${inst} ${orderId}`]
    }
    case "onAccBalPos": {
      const { balances, positions, cause } = data as Known<"onAccBalPos">
      const keys = [...balances.map(({ asset }) => `asset ${asset}`), ...positions.map(positionKey)]
      return keys.length > 0 ? keys : [`cause ${cause}`]
    }
    case "onAccPos": {
      const { positions, isImage } = data as Known<"onAccPos">
      return isImage ? [ALL] : positions.map(positionKey)
    }
    case "onBookState":
      return [(data as Known<"onBookState">).inst]
    case "onFeedState": {
      const { state, inst } = data as Known<"onFeedState">
      return state === "gap" || state === "ageing" ? [] : [inst ?? ""]
    }
    case "onLag":
      return (data as Known<"onLag">).kind === "stall" ? ["stall"] : []
    case "onAltEvent":
    case "onWsEvent":
      return [""]
    case "onError":
      return troubleKeys(data as Trouble)
    // Which fields of an instrument changed is not told again.
    case "onInstrument":
    case "onPreds":
    case "onInstIntent":
    case "onOrderExecution":
    case "onSchedule":
    case "onTrade":
    case "onLob":
    case "onLobMbo":
    case "onCandle":
      return []
  }
}

const positionKey = ({ inst, side, marginMode }: Position): string => `inst ${inst} ${side} ${marginMode ?? ""}`

/** The same trouble again. What a handler threw is in the log each time: here its latest words stand for all. */
function troubleKeys({ kind, message, detail = {} }: Trouble): readonly string[] {
  // Each is the answer to one request, named by its metadata.
  if (kind === "prediction") return []
  const { strategy, callback, clientId, orderId, inst } = detail
  if (strategy !== undefined) return [JSON.stringify([kind, strategy, callback])]
  return [JSON.stringify([kind, message, clientId, orderId, inst])]
}

/** Whether it also carries what is told only once. */
function happened(callback: CallbackName, data: unknown): boolean {
  if (callback === "onOrder") return (data as Known<"onOrder">).fill !== undefined
  if (callback === "onAccOrder") return (data as Known<"onAccOrder">).fill !== undefined
  return callback === "onAccBalPos" && (data as Known<"onAccBalPos">).isFunding === true
}
