import type { CallbackData, CallbackName, Message } from "../../domain/callbacks.ts"
import type { Context, Json } from "./context.ts"
import type { Binding, CallbackOf } from "./handle.ts"

/** Called for one event at a time. A promise holds back this strategy's next event, and no other strategy's. */
export type Handler<C extends CallbackName, X> = (message: Message<CallbackData[C]>, ctx: X) => unknown

interface Life<X> {
  /** Unique in the bot: state is kept under it. Default: the class's name (a second one of it is `Name-2`), else `strategy-1`. */
  readonly name?: string
  /** Before the first event, awaited for `startMsMax`. Throwing here stops the start. */
  start?(ctx: X): unknown
  /** After the last event, awaited for as long as stopping may take. */
  stop?(ctx: X): unknown
}

/** A strategy bound to the tasks `T`: what it must have, and what it may. */
export type StrategyOf<T, X> = { readonly [C in CallbackOf<T>]: Handler<C, X> } & {
  readonly [C in Exclude<CallbackName, CallbackOf<T>>]?: Handler<C, X>
} & Life<X>

/** Any strategy, its types forgotten: what the runtime calls. */
export type AnyStrategy = { readonly [C in CallbackName]?: Handler<C, Context> } & Life<Context>

/** What the runtime calls by its name. */
type Called = CallbackName | "start" | "stop"
/** `on` with no small letter after it, or a name in other capitals. */
type LooksCalled<K extends string> =
  Lowercase<K> extends Lowercase<Called>
    ? true
    : K extends `on${infer First}${infer _Rest}`
      ? First extends Capitalize<First>
        ? true
        : false
      : false

/** Makes a misspelt `on…`, `start` or `stop` an error, in object literals and in classes. */
export type Spelt<S> = {
  readonly [K in keyof S]: K extends Called
    ? unknown
    : LooksCalled<K & string> extends true
      ? `no callback is named ${K & string}`
      : unknown
}

/** What happens when a handler throws: go on, wait for the operator's `resume`, or end this strategy. */
export type ThrowPolicy = "continue" | "pause" | "stop"

export interface StateOptions {
  /** Of what this strategy keeps in `ctx.state`; default 1. Older state goes through `migrate`, newer is refused. */
  readonly version: number
  /**
   * All keys as version `from` left them → all keys as this version wants them: at once, a plain object of what `ctx.state`
   * can hold. Where it throws or answers anything else the start is refused by name and nothing is changed.
   */
  migrate?(from: number, old: Readonly<Record<string, Json>>): Readonly<Record<string, Json>>
}

export interface StrategyOptions<On extends readonly Binding[] = readonly Binding[]> {
  /** The tasks it hears of, or parts of them: `tape.part(2)`; default: every task of the bot. */
  readonly on?: On
  readonly name?: string
  readonly onThrow?: ThrowPolicy
  /** A handler that holds the loop longer is reported; default 50. */
  readonly handlerMsMax?: number
  /** A promise that takes longer to settle is reported; default 5,000. */
  readonly settleMsMax?: number
  /** A `start` that takes longer is reported and holds up nobody else; `onThrow` decides. Default 30,000. */
  readonly startMsMax?: number
  readonly state?: StateOptions
}
