import { UsageError } from "../domain/errors.ts"
import type { Binding } from "./declaration/handle.ts"
import { wholeOf } from "./parts.ts"

// A bot's types are not checked when it runs: what a command is given is looked at before it is used.

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null

const formOf = (value: unknown): string => {
  if (value === null || value === undefined) return String(value)
  if (Array.isArray(value)) return "a list"
  return typeof value === "object" ? "an object" : `a ${typeof value}`
}

/** Throws UsageError, naming the argument, where `isRight` is false. */
function demand(isRight: boolean, call: string, argument: string, value: unknown, wanted: string): void {
  if (!isRight) throw new UsageError(`${call}: ${argument} is ${formOf(value)}; write ${wanted}`)
}

/** An order's request, or what is asked of the past: an object. */
export const checkObject = (call: string, argument: string, value: unknown, wanted: string): void =>
  demand(isObject(value) && !Array.isArray(value), call, argument, value, wanted)

export function checkIntent(intent: unknown): void {
  checkObject("publishIntent", "intent", intent, "{ timestamp, type, targets, metadata }")
  const { targets } = intent as Readonly<Record<string, unknown>>
  demand(Array.isArray(targets), "publishIntent", "intent.targets", targets, "a list of targets")
}

export const checkOrders = (orders: unknown): void =>
  demand(Array.isArray(orders), "publishOrders", "orders", orders, "a list of orders")

export function checkInput(input: unknown): void {
  checkObject("predict", "input", input, "{ timestamp, data, shape, metadata }")
  const { data, shape } = input as Readonly<Record<string, unknown>>
  demand(data instanceof Float32Array, "predict", "input.data", data, "a Float32Array")
  demand(Array.isArray(shape), "predict", "input.shape", shape, "a list of sizes")
}

/** Of a timer: `delay` is any number of milliseconds, one below zero is over already. */
export function checkTimer(call: "after" | "every", ms: unknown, run: unknown): void {
  const isRight = Number.isFinite(ms) && (call === "after" || (ms as number) > 0)
  if (!isRight) {
    const wanted = call === "after" ? "a number of milliseconds" : "a number of milliseconds above 0"
    throw new UsageError(`${call} ${String(ms)} ms cannot be; write ${wanted}`)
  }
  demand(typeof run === "function", call, "run", run, "the function to call")
}

/** A metric's name, help and labels as Prometheus takes them: what it cannot read spoils the whole page. */
export function checkMetric(call: "counter" | "gauge", name: unknown, help: unknown, labels: unknown): void {
  if (typeof name !== "string" || !/^[a-z][a-z0-9_]*$/.test(name))
    throw new UsageError(`metric "${String(name)}": write lower-case letters, digits and _`)
  demand(typeof help === "string", call, `help of ${name}`, help, "a text")
  checkObject(call, `labels of ${name}`, labels, "{ label: text }")
  for (const [label, value] of Object.entries(labels as Readonly<Record<string, unknown>>)) {
    if (!/^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/.test(label))
      throw new UsageError(`metric ${name}, label "${label}": write letters, digits and _, no digit or __ first`)
    if (label === "strategy")
      throw new UsageError(`metric ${name}, label "strategy": it is always the strategy's own name; take another word`)
    demand(typeof value === "string", call, `label "${label}" of metric ${name}`, value, "a text")
  }
}

/** What a command names: a declared task, or a part of one. */
export function checkHandle(named: unknown): void {
  const whole: unknown = isObject(named) ? wholeOf(named as unknown as Binding) : undefined
  if (isObject(whole) && isObject(whole["draft"]) && isObject(whole["options"])) return
  throw new UsageError(`no task is ${formOf(named)}; name the one that is meant by its handle, as trades(…) gives it`)
}
