import { UsageError } from "../domain/errors.ts"
import { INTERVALS } from "../domain/events.ts"
import { demand, isPlain, isTime, wordFor } from "../domain/given.ts"
import { INSTRUMENT_TYPES } from "../domain/market.ts"
import { type Question, QUESTIONS } from "../domain/operation.ts"
import type { Binding } from "./declaration/handle.ts"
import { wholeOf } from "./parts.ts"

// What a command is given is looked at before it is used.

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null

const written = (value: unknown): string => (typeof value === "string" ? `"${value}"` : wordFor(value))

/** An order's request, or what is asked of the past: an object. */
export const checkObject = (call: string, argument: string, value: unknown, wanted: string): void =>
  demand(isObject(value) && !Array.isArray(value), call, argument, value, wanted)

/** A text; of any other argument its kind is said. */
export const checkText = (call: string, argument: string, value: unknown, wanted: string): void =>
  demand(typeof value === "string", call, argument, value, wanted)

/** Names with texts: headers, labels, metadata. */
function checkTexts(call: string, argument: string, value: unknown): void {
  demand(isPlain(value), call, argument, value, 'texts by name: { name: "text" }, or {}')
  for (const [name, text] of Object.entries(value as object)) {
    demand(typeof text === "string", call, `${argument}.${name}`, text, "a text")
  }
}

/** Changes of orders are no questions: they go through the orders task. */
export function checkQuestion(question: unknown, params: unknown): void {
  if (typeof question !== "string" || !Object.hasOwn(QUESTIONS, question)) {
    throw new UsageError(`ask: ${written(question)} is no question; those are ${Object.keys(QUESTIONS).join(", ")}`)
  }
  const takes: Readonly<Record<string, boolean>> = QUESTIONS[question as Question]
  const names = Object.keys(takes)
  const wanted = names.length === 0 ? "{}" : `{ ${names.map((name) => (takes[name] ? name : `${name}?`)).join(", ")} }`
  checkObject("ask", "params", params, wanted)
  for (const [name, value] of Object.entries(params as object)) {
    if (!Object.hasOwn(takes, name))
      throw new UsageError(`ask: "${question}" has no params.${name}; it takes ${wanted}`)
    if (value !== undefined) PARAMS[name as ParamName](`params.${name}`, value)
  }
  for (const name of names) {
    if (takes[name] === true && (params as Readonly<Record<string, unknown>>)[name] === undefined)
      throw new UsageError(`ask: "${question}" needs params.${name}; it takes ${wanted}`)
  }
}

type ParamName = Question extends infer Q ? (Q extends Question ? keyof (typeof QUESTIONS)[Q] : never) : never
type ParamCheck = (name: string, value: unknown) => void

const textual: ParamCheck = (name, value) => checkText("ask", name, value, "a text")
const several: ParamCheck = (name, value) => {
  demand(Array.isArray(value), "ask", name, value, "a list of names")
  for (const [at, one] of (value as unknown[]).entries()) checkText("ask", `${name}[${at}]`, one, "a name")
}
const oneOf =
  (words: readonly string[]): ParamCheck =>
  (name, value) => {
    if (words.includes(value as string)) return
    throw new UsageError(`ask: ${name} ${written(value)} is not known; write ${words.join(" or ")}`)
  }
const shown = (value: unknown): string => (typeof value === "number" ? String(value) : wordFor(value))
const count: ParamCheck = (name, value) => {
  if (Number.isSafeInteger(value) && (value as number) > 0) return
  throw new UsageError(`ask: ${name} is ${shown(value)}; write a whole number above zero`)
}
const moment: ParamCheck = (name, value) => {
  // From the beginning.
  if (value === 0 || isTime(value)) return
  throw new UsageError(`ask: ${name} is ${shown(value)}; write microseconds since the epoch, as ctx.now() gives them`)
}

const PARAMS: Readonly<Record<ParamName, ParamCheck>> = {
  inst: textual,
  insts: several,
  type: oneOf(INSTRUMENT_TYPES),
  depth: count,
  interval: oneOf(INTERVALS),
  // Each venue has its own.
  period: textual,
  startAt: moment,
  endAt: moment,
  limit: count,
  fromTradeId: textual,
  orderId: textual,
  clientId: textual,
  assets: several,
}

export function checkConnect(url: unknown, headers: unknown): void {
  checkText("connect", "url", url, "the address, wss://…")
  if (headers !== undefined) checkTexts("connect", "headers", headers)
}

/** One label that Prometheus cannot read makes it refuse all metrics of the process. */
export function checkMetric(name: unknown, help: unknown, labels: unknown): void {
  if (typeof name !== "string" || !/^[a-z][a-z0-9_]*$/.test(name)) {
    throw new UsageError(`metric ${written(name)}: write lower-case letters, digits and _`)
  }
  const metric = `metric ${name}`
  checkText(metric, "help", help, "what it counts")
  checkTexts(metric, "labels", labels)
  for (const label of Object.keys(labels as object)) {
    if (!/^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/.test(label))
      throw new UsageError(`${metric}: label "${label}" cannot be; write letters, digits and _, no digit or __ first`)
    if (label === "strategy")
      throw new UsageError(`${metric}: label "strategy" is always the strategy's own name; take another word`)
  }
}

export function checkIntent(intent: unknown): void {
  checkObject("publishIntent", "intent", intent, "{ timestamp, type, targets, metadata }")
  const { targets } = intent as Readonly<Record<string, unknown>>
  demand(Array.isArray(targets), "publishIntent", "intent.targets", targets, "a list of targets")
}

export const checkOrders = (orders: unknown): void =>
  demand(Array.isArray(orders), "publishOrders", "orders", orders, "a list of orders")

export function checkInput(input: unknown): void {
  checkObject("predict", "input", input, "{ timestamp, data, shape, metadata }")
  const { timestamp, data, shape, metadata } = input as Readonly<Record<string, unknown>>
  if (!Number.isSafeInteger(timestamp)) {
    const what = typeof timestamp === "number" ? String(timestamp) : wordFor(timestamp)
    throw new UsageError(`predict: input.timestamp is ${what}; write whole microseconds, as ctx.now() gives them`)
  }
  demand(data instanceof Float32Array, "predict", "input.data", data, "a Float32Array")
  demand(Array.isArray(shape), "predict", "input.shape", shape, "a list of sizes")
  checkTexts("predict", "input.metadata", metadata)
}

/** About thirty years: what is later than any bot lives is a mistake of units. */
export const DELAY_MS_MAX = 1e12

/**
 * Of a timer: `delay` is any number of milliseconds, one below zero is over already. Timers know whole milliseconds, so that
 * nothing comes more often, and in a simulation, where each is a step of its own, none keeps time from passing.
 */
export function checkTimer(call: "after" | "every", ms: unknown, run: unknown): void {
  const isRight = Number.isFinite(ms) && (ms as number) <= DELAY_MS_MAX && (call === "after" || (ms as number) >= 1)
  if (!isRight) {
    const wanted = call === "after" ? "a number of milliseconds" : "a number of milliseconds from 1"
    throw new UsageError(`${call} ${String(ms)} ms cannot be; write ${wanted} up to ${DELAY_MS_MAX}`)
  }
  demand(typeof run === "function", call, "run", run, "the function to call")
}

/** What a command names: a declared task, or a part of one. */
export function checkHandle(named: unknown): void {
  const whole: unknown = isObject(named) ? wholeOf(named as unknown as Binding) : undefined
  if (isObject(whole) && isObject(whole["draft"]) && isObject(whole["options"])) return
  throw new UsageError(`no task is ${wordFor(named)}; name the one that is meant by its handle, as trades(…) gives it`)
}
