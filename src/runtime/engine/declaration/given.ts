import { UsageError } from "../../domain/errors.ts"
import { demand } from "../../domain/given.ts"

// Of a declaration what must be right before it can be read at all; whatever else is wrong with it `build` tells, all at once.

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null
/** Or a part of one, which `build` refuses by name where it is declared by itself. */
const isHandle = (value: unknown): boolean =>
  isObject(value) && ("of" in value ? isHandle(value.of) : "draft" in value && "options" in value)
const HANDLE = "what trades(…), orders(…), onnx(…) and the like give"

export const checkOptions = (call: string, options: unknown, wanted: string): void =>
  demand(isObject(options) && !Array.isArray(options), call, "options", options, wanted)

export function checkTasks(handles: unknown): void {
  demand(Array.isArray(handles), "tasks", "handles", handles, `a list of ${HANDLE}`)
  for (const [at, handle] of (handles as readonly unknown[]).entries()) {
    demand(isHandle(handle), "tasks", `handle ${at + 1}`, handle, HANDLE)
  }
}
export const checkTask = (handle: unknown): void => demand(isHandle(handle), "task", "handle", handle, HANDLE)

export function checkStrategies(strategies: unknown): void {
  demand(Array.isArray(strategies), "strategies", "strategies", strategies, "a list of strategies")
  for (const strategy of strategies as readonly unknown[]) checkStrategy("strategies", strategy)
}

export function checkStrategy(call: "strategy" | "strategies", strategy: unknown): void {
  if (typeof strategy === "function" && strategy.name !== "") {
    throw new UsageError(`${call}: ${strategy.name} is a class or function; write new ${strategy.name}(…)`)
  }
  const isRight = isObject(strategy) && !Array.isArray(strategy)
  demand(isRight, call, "strategy", strategy, "an object with callbacks: { onTrade() {} }, or an instance of a class")
}

/** Of a binding. A function answers for each strategy, and its answers are looked at then. */
export function checkBinding(options: unknown): void {
  checkOptions("strategy", options, "{ on: [tape] }, or leave it out")
  const { on } = options as { readonly on?: unknown }
  if (on === undefined) return
  demand(Array.isArray(on), "strategy", "on", on, "a list of tasks: { on: [tape] }")
  for (const [at, named] of (on as readonly unknown[]).entries()) {
    demand(isHandle(named), "strategy", `on[${at}]`, named, `${HANDLE}, or a part of it`)
  }
}
