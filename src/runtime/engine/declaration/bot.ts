import type { Inst } from "../../domain/inst.ts"
import type { RiskLimits } from "../../domain/limits.ts"
import type { Context } from "./context.ts"
import { checkBinding, checkOptions, checkStrategies, checkStrategy, checkTask, checkTasks } from "./given.ts"
import type { Binding, Handle } from "./handle.ts"
import type { Named, WholeOf } from "./part.ts"
import type { ParamSchema, ValuesOf } from "./params.ts"
import type { AnyStrategy, Spelt, StrategyOf, StrategyOptions } from "./strategy.ts"

export interface BotOptions<S extends ParamSchema = ParamSchema, I extends Inst = Inst> {
  /** Lower-case letters, digits and hyphens: the bot's identity with the account, its database's name. */
  readonly name: string
  /** `exclusive`: nobody else trades on this account, so that venue-wide tools may be used. Default `shared`. */
  readonly account?: "exclusive" | "shared"
  /** `power`: a power cut loses nothing either, at about 150 µs a turn. Default `normal`: a process death loses nothing. */
  readonly durability?: "normal" | "power"
  readonly limits?: RiskLimits<I>
  readonly params?: S
  /** What becomes of open orders at a graceful stop. Default `cancel`. */
  readonly openOrdersOnStop?: "cancel" | "keep"
  /** The venue cancels this bot's orders when nothing was heard of it for so long; only on an exclusive account. Default: off. */
  readonly cancelOnDisconnectMs?: number
  /** Bounds of what slow strategies may leave waiting; default 4 MB a ring, 16 MB in all. */
  readonly ringBytesMax?: number
  readonly ringsBytesMax?: number
}

type Options = StrategyOptions<readonly Binding[]>

/** Strategies registered together: one type, each its own loop. */
export interface Group {
  readonly strategies: readonly AnyStrategy[]
  /** Of all, or of each. */
  readonly options: Options | ((strategy: AnyStrategy, at: number) => Options)
  /** Registered by `strategies`: however many there are, they are numbered. */
  readonly isNumbered: boolean
}

/** What a bot file says, untyped: what `build` checks. */
export interface Declaration {
  readonly options: BotOptions
  readonly tasks: readonly Handle[]
  readonly groups: readonly Group[]
}

const BRAND = Symbol.for("perigee.bot")

/** A bot being declared. Each step gives a new one; `T` are its tasks, `S` its parameters. */
export interface Bot<T extends readonly Handle[] = readonly Handle[], S extends ParamSchema = ParamSchema> {
  readonly [BRAND]: Declaration
  task<const H extends Handle>(handle: H): Bot<readonly [...T, H], S>
  tasks<const H extends readonly Handle[]>(handles: H): Bot<readonly [...T, ...H], S>
  /** Registers a strategy: an object literal or an instance of a class. `on` names the tasks it is bound to, or parts of them. */
  strategy<
    const On extends readonly Named<T[number]>[] = T,
    I extends StrategyOf<WholeOf<On[number]>, ContextIn<T, S>> = StrategyOf<WholeOf<On[number]>, ContextIn<T, S>>,
  >(
    strategy: I & Spelt<I>,
    options?: StrategyOptions<On>,
  ): Bot<T, S>
  /** Registers several of one type, where each has options of its own: the tasks it is bound to, its name. */
  strategies<I extends object, const On extends readonly Named<T[number]>[] = T>(
    strategies: readonly (I & Spelt<I>)[],
    optionsOf: (
      strategy: I,
      at: number,
    ) => StrategyOptions<On> & Fits<I, StrategyOf<WholeOf<On[number]>, ContextIn<T, S>>>,
  ): Bot<T, S>
  /** Registers several of one type under one binding, each with its own loop and its own state. */
  strategies<
    const On extends readonly Named<T[number]>[] = T,
    I extends StrategyOf<WholeOf<On[number]>, ContextIn<T, S>> = StrategyOf<WholeOf<On[number]>, ContextIn<T, S>>,
  >(
    strategies: readonly (I & Spelt<I>)[],
    options?: StrategyOptions<On>,
  ): Bot<T, S>
}

/** Makes a binding an error that wants callbacks which the strategy lacks. */
type Fits<I, Wanted> = I extends Wanted ? unknown : { readonly on: "lacks a callback that these tasks need" }
type ContextIn<T extends readonly Handle[], S extends ParamSchema> = Context<ValuesOf<S>, T[number]>

function step<T extends readonly Handle[], S extends ParamSchema>(declaration: Declaration): Bot<T, S> {
  const withTasks = (tasks: readonly Handle[]) => ({ ...declaration, tasks: [...declaration.tasks, ...tasks] })
  // The types of strategies end here: the builder has checked them against the tasks they are bound to.
  const withGroup = (strategies: readonly unknown[], options: Group["options"], isNumbered = true) => ({
    ...declaration,
    groups: [...declaration.groups, { strategies: strategies as readonly AnyStrategy[], options, isNumbered }],
  })
  return Object.freeze({
    [BRAND]: declaration,
    task<H extends Handle>(handle: H) {
      checkTask(handle)
      return step<readonly [...T, H], S>(withTasks([handle]))
    },
    tasks<H extends readonly Handle[]>(handles: H) {
      checkTasks(handles)
      return step<readonly [...T, ...H], S>(withTasks(handles))
    },
    strategy(strategy: unknown, options: Options = {}) {
      checkStrategy("strategy", strategy)
      checkBinding(options)
      return step<T, S>(withGroup([strategy], options, false))
    },
    strategies(strategies: readonly unknown[], options: unknown = {}) {
      checkStrategies(strategies)
      if (typeof options !== "function") checkBinding(options)
      return step<T, S>(withGroup(strategies, options as Group["options"]))
    },
  })
}

/** Starts the declaration of a bot; a bot file exports the result as its default. */
export const bot = <const S extends ParamSchema = Readonly<Record<never, never>>, const I extends Inst = Inst>(
  options: BotOptions<S, I>,
): Bot<readonly [], S> => {
  checkOptions("bot", options, '{ name: "my-bot" }')
  return step({ options: options as BotOptions, tasks: [], groups: [] })
}

/** Whether a bot file's default export is a bot, whichever copy of the library made it. */
export const isBot = (value: unknown): value is Bot => typeof value === "object" && value !== null && BRAND in value

export const declared = (bot: Bot): Declaration => bot[BRAND]
