import type { CallbackName } from "../domain/callbacks.ts"
import { BuildError } from "../domain/errors.ts"
import { isPlain, wordFor } from "../domain/given.ts"
import type { Market } from "../domain/market.ts"
import { type TaskSpec, taskName } from "../domain/task.ts"
import { handlersOf, limitMistakes, routerMistakes, taskMistakes } from "./checks.ts"
import { type Bot, type BotOptions, declared } from "./declaration/bot.ts"
import { callbacksOf, type Handle } from "./declaration/handle.ts"
import { BOT_OPTIONS, strangers, STRATEGY_OPTIONS } from "./declaration/options.ts"
import { type ParamSources, type ParamValues, paramVariable, readParams } from "./declaration/params.ts"
import type { AnyStrategy, StrategyOptions } from "./declaration/strategy.ts"
import { identify } from "./identity.ts"
import { type NamedStrategy, namesOf, repeated } from "./names.ts"
import { handleName, isPart, placeOf, wholeOf } from "./parts.ts"

/** What this build of the program can do. */
export interface Knowledge {
  readonly markets: readonly string[]
  /** Absent: every kind. */
  readonly runners?: readonly string[]
  /** Why a task that is well-formed cannot be offered: a channel its venue lacks, say. */
  refusal?(spec: TaskSpec): string | undefined
}

export interface StrategyPlan {
  readonly name: string
  readonly strategy: AnyStrategy
  readonly has: ReadonlySet<CallbackName>
  /** Positions in `Plan.tasks`, in the order they were bound. */
  readonly tasks: readonly number[]
  readonly options: StrategyOptions
  /** Its name is of its place among others of its type: `ctx.state` goes with that place. */
  readonly isNumbered: boolean
}

/** A bot that can be run. */
export interface Plan {
  readonly name: string
  readonly options: BotOptions
  readonly params: ParamValues
  readonly tasks: readonly TaskSpec[]
  readonly handles: ReadonlyMap<Handle, readonly number[]>
  readonly strategies: readonly StrategyPlan[]
  /** Not wrong, but perhaps not meant. */
  readonly notes: readonly string[]
}

/** Checks a declaration whole. Throws BuildError with every mistake there is, each naming its task or strategy. */
export function build(bot: Bot, knowledge: Knowledge, sources: ParamSources = {}): Plan {
  const { options, tasks, groups } = declared(bot)
  const { specs, of, mistakes: identityMistakes } = identify(tasks)
  const { values, mistakes: paramMistakes } = readParams(options.params ?? {}, sources)
  const strategies = namesOf(groups).map((one) => bind(one, specs, of))
  const mistakes = [
    ...botMistakes(options),
    ...identityMistakes,
    ...specs.flatMap((spec) => refusals(spec, knowledge).map((mistake) => `task ${taskName(spec)}: ${mistake}`)),
    ...routerMistakes([...of.values()].flatMap(([first]) => (first === undefined ? [] : (specs[first] ?? [])))),
    ...limitMistakes(options.limits ?? {}, marketsOf(specs, "orders")),
    ...paramMistakes,
    ...(strategies.length === 0 ? ["it declares no strategy"] : []),
    ...strategies.flatMap(({ plan, mistakes: found }) => found.map((mistake) => `strategy ${plan.name}: ${mistake}`)),
    ...repeated(strategies.map(({ plan }) => plan.name)).map(
      (name) => `strategy ${name}: another has the same name, under which ctx.state is kept; give each its own`,
    ),
  ]
  if (mistakes.length > 0) throw new BuildError(String(options.name), mistakes)
  const plans = strategies.map(({ plan }) => plan)
  return {
    name: options.name,
    options,
    params: values,
    tasks: specs,
    handles: of,
    strategies: plans,
    notes: plans.flatMap((plan) => notes(plan, specs)),
  }
}

const NAME = /^[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?$/

function botMistakes(options: BotOptions) {
  const { name, account, durability, openOrdersOnStop, ringBytesMax, ringsBytesMax } = options
  const words: readonly (readonly [string, string | undefined, readonly string[]])[] = [
    ["account", account, ["exclusive", "shared"]],
    ["durability", durability, ["normal", "power"]],
    ["openOrdersOnStop", openOrdersOnStop, ["cancel", "keep"]],
  ]
  const bounds = [
    ["ringBytesMax", ringBytesMax],
    ["ringsBytesMax", ringsBytesMax],
  ] as const
  return [
    ...(typeof name === "string" && NAME.test(name)
      ? []
      : [`its name "${name}" must be 1 to 48 lower-case letters, digits and hyphens`]),
    ...words
      .filter(([, word, known]) => word !== undefined && !known.includes(word))
      .map(([option, word, known]) => `${option} is "${word}"; write ${known.join(" or ")}`),
    ...bounds
      .filter(([, bytes]) => bytes !== undefined && !(Number.isSafeInteger(bytes) && bytes > 0))
      .map(([option, bytes]) => `${option} is ${bytes}; write a number of bytes above 0`),
    ...disconnectMistakes(options),
    ...strangers(options, BOT_OPTIONS),
  ]
}

/** Venues take whole seconds, and renewing more often than once a second would eat the limits. */
const DISCONNECT_MS_MIN = 3_000

function disconnectMistakes({ account, cancelOnDisconnectMs: ms }: BotOptions): readonly string[] {
  if (ms === undefined) return []
  if (account !== "exclusive") {
    return ['cancelOnDisconnectMs would cancel orders that are not this bot\'s; it wants account: "exclusive"']
  }
  return ms >= DISCONNECT_MS_MIN ? [] : [`cancelOnDisconnectMs is ${ms}; write at least ${DISCONNECT_MS_MIN}`]
}

function refusals(spec: TaskSpec, knowledge: Knowledge): readonly string[] {
  const mistakes = taskMistakes(spec)
  if (mistakes.length > 0) return mistakes
  if ("market" in spec && !knowledge.markets.includes(spec.market)) {
    return [`market ${spec.market} is not in this build; it has ${knowledge.markets.join(", ") || "none"}`]
  }
  if (spec.kind === "predict" && knowledge.runners?.includes(spec.runner) === false) {
    return [`${spec.runner} models are not in this build; it runs ${knowledge.runners.join(", ") || "none"}`]
  }
  const refusal = knowledge.refusal?.(spec)
  return refusal === undefined ? [] : [refusal]
}

function bind(one: NamedStrategy, specs: readonly TaskSpec[], of: ReadonlyMap<Handle, readonly number[]>) {
  const { name, strategy, options, isNumbered } = one
  const { has, mistakes: written } = handlersOf(strategy)
  const bound: number[] = []
  const lost: string[] = []
  for (const named of options.on ?? of.keys()) {
    const whole = wholeOf(named)
    const places = of.get(whole)
    if (places === undefined) {
      lost.push(`is bound to an unregistered task, ${handleName(whole)}`)
      continue
    }
    if (!isPart(named)) bound.push(...places)
    // Without tasks for another reason, which is told.
    else if (places.length > 0 || whole.options.chunk === 0) {
      const place = placeOf(named, places.length, (at) => specs[places[at] ?? -1]?.id)
      if (typeof place === "string") lost.push(`is bound to a part that does not exist: ${place}`)
      else bound.push(places[place] as number)
    }
  }
  const wanted = new Map<CallbackName, TaskSpec>()
  for (const spec of bound.map((at) => specs[at] as TaskSpec)) {
    for (const callback of callbacksOf(spec)) if (!wanted.has(callback)) wanted.set(callback, spec)
  }
  const mistakes = [
    ...written,
    ...lost,
    ...[...wanted]
      .filter(([callback]) => !has.has(callback))
      .map(([callback, spec]) => `is bound to ${taskName(spec)} but has no ${callback}`),
    ...optionMistakes(options),
    ...strangers(options, STRATEGY_OPTIONS),
  ]
  const tasks = [...new Set(bound)]
  return { plan: { name, strategy, has, tasks, options, isNumbered } satisfies StrategyPlan, mistakes }
}

function optionMistakes({ onThrow, handlerMsMax, settleMsMax, startMsMax, state }: StrategyOptions): readonly string[] {
  const bounds = [
    ["handlerMsMax", handlerMsMax],
    ["settleMsMax", settleMsMax],
    ["startMsMax", startMsMax],
  ] as const
  return [
    ...(onThrow === undefined || ["continue", "pause", "stop"].includes(onThrow)
      ? []
      : [`onThrow is "${String(onThrow)}"; write continue, pause or stop`]),
    ...bounds
      .filter(([, ms]) => ms !== undefined && !(ms > 0))
      .map(([option, ms]) => `${option} is ${ms}; write milliseconds above 0`),
    ...(state === undefined ? [] : stateMistakes(state)),
  ]
}

function stateMistakes(state: unknown): readonly string[] {
  if (!isPlain(state)) return [`state is ${wordFor(state)}; write { version: 1 }`]
  const { version, migrate } = state
  return [
    ...(Number.isSafeInteger(version) && (version as number) > 0
      ? []
      : [`state.version is ${String(version)}; write a whole number from 1`]),
    ...(migrate === undefined || typeof migrate === "function"
      ? []
      : [`state.migrate is ${wordFor(migrate)}; write a function`]),
  ]
}

/** Handlers that nothing this strategy is bound to will ever call. */
function notes({ name, has, tasks }: StrategyPlan, specs: readonly TaskSpec[]): readonly string[] {
  const own = tasks.map((at) => specs[at] as TaskSpec)
  const called = new Set<CallbackName>(own.flatMap(callbacksOf))
  for (const callback of ["onBookState", "onFeedState", "onLag", "onError", "onLobMbo"] as const) {
    called.add(callback)
  }
  if (own.some(({ kind }) => kind !== "feed")) called.add("onAltEvent")
  if (own.some(({ kind }) => kind === "orders")) called.add("onOrder")
  if (own.some((spec) => spec.kind === "orders" || (spec.kind === "feed" && spec.insts.length > 0)))
    called.add("onInstrument")
  return [...has]
    .filter((callback) => !called.has(callback))
    .map((callback) => `strategy ${name} has ${callback}, but no task it is bound to calls it`)
}

const marketsOf = (specs: readonly TaskSpec[], kind?: TaskSpec["kind"]): readonly Market[] => [
  ...new Set(
    specs.flatMap((spec) => ("market" in spec && (kind === undefined || spec.kind === kind) ? [spec.market] : [])),
  ),
]

/** What a declaration names, without running or checking anything: what `perigee build` reads. */
export interface Names {
  readonly name: string
  readonly options: BotOptions
  readonly specs: readonly TaskSpec[]
  readonly markets: readonly Market[]
  readonly runners: readonly ("onnx" | "zmq")[]
  readonly strategies: readonly string[]
  readonly params: readonly {
    readonly name: string
    readonly variable: string
    readonly wants: string
    readonly fallback: string | number | boolean
  }[]
}

export function declarationOf(bot: Bot): Names {
  const { options, tasks, groups } = declared(bot)
  const { specs } = identify(tasks)
  return {
    name: options.name,
    options,
    specs,
    markets: marketsOf(specs),
    runners: [...new Set(specs.flatMap((spec) => (spec.kind === "predict" ? [spec.runner] : [])))],
    strategies: namesOf(groups).map(({ name }) => name),
    params: Object.entries(options.params ?? {}).map(([name, { wants, fallback }]) => ({
      name,
      variable: paramVariable(name),
      wants,
      fallback,
    })),
  }
}
