import { type CallbackName, IS_PRIVATE } from "../domain/callbacks.ts"
import { type Channel, isPrivate } from "../domain/channel.ts"
import { isAmount } from "../domain/decimal.ts"
import { INTERVALS } from "../domain/events.ts"
import { wordFor } from "../domain/given.ts"
import { instMistake, parseInst } from "../domain/inst.ts"
import type { RiskLimits } from "../domain/limits.ts"
import { isMarket, type Market } from "../domain/market.ts"
import { nearest } from "../domain/nearest.ts"
import { type FeedSpec, type PredictSpec, type ServiceSpec, taskName, type TaskSpec } from "../domain/task.ts"
import { HISTORY_MAX } from "../tasks/feed/past.ts"
import { DELAY_MS_MAX } from "./arguments.ts"
import { LIMITS, strangers } from "./declaration/options.ts"
import type { AnyStrategy } from "./declaration/strategy.ts"
import { slotsOf } from "./event.ts"

const isAbove = (value: number | undefined): boolean => value === undefined || (Number.isFinite(value) && value > 0)

/** Timers know whole milliseconds: nothing comes more often. */
const isRhythm = (everyMs: unknown): boolean =>
  Number.isFinite(everyMs) && (everyMs as number) >= 1 && (everyMs as number) <= DELAY_MS_MAX

/** Everything wrong with one declared task, without its name. */
export function taskMistakes(spec: TaskSpec): readonly string[] {
  switch (spec.kind) {
    case "feed":
      return feedMistakes(spec)
    case "orders":
      return isMarket(spec.market) ? [] : [`there is no market "${String(spec.market)}"`]
    case "schedule":
      return isRhythm(spec.everyMs) ? [] : [`everyMs is ${spec.everyMs}; write a number of milliseconds from 1`]
    case "predict":
      return predictMistakes(spec)
    case "intents":
    case "relay":
      return []
  }
}

/** Each task takes in all of its bot's orders and fills on its market: with a second one everything would be counted twice. */
export function routerMistakes(specs: readonly TaskSpec[]): readonly string[] {
  const routers = specs.filter((spec) => spec.kind === "orders")
  return [...Map.groupBy(routers, ({ market }) => market).values()].flatMap(([first, ...others]) =>
    first === undefined || others.length === 0
      ? []
      : [
          `task ${taskName(first)}: ${others.map(taskName).join(" and ")} is on the same market, where both would count every order and fill: declare one, and let all strategies submit to it`,
        ],
  )
}

/** A silence shorter than this is a pause. */
const SILENCE_MS_MIN = 1_000

function feedMistakes(spec: FeedSpec): readonly string[] {
  const { market, channel, insts } = spec
  if (!isMarket(market)) return [`there is no market "${String(market)}"`]
  if (!Array.isArray(insts)) return [`its instruments are ${wordFor(insts)}; write a list: ["BTC_USDT_PERP"]`]
  const mistakes = insts.map((inst) => instMistake(market, inst)).filter((mistake) => mistake !== undefined)
  if (insts.length === 0 && !isPrivate(channel)) mistakes.push("names no instruments")
  for (const inst of insts.filter((name, at) => insts.indexOf(name) !== at)) mistakes.push(`names ${inst} twice`)
  return [...mistakes, ...flagMistakes({ manual: spec.isManual }), ...pastMistakes(spec), ...channelMistakes(channel)]
}

const FORMS = ["bbo", "snapshot", "incremental"]

function channelMistakes(channel: Channel): readonly string[] {
  if (channel.kind === "trades") return flagMistakes({ each: channel.each })
  if (channel.kind === "candles") return wordMistakes({ interval: channel.interval }, INTERVALS)
  if (channel.kind !== "lob") return []
  const mistakes = wordMistakes({ form: channel.form }, FORMS)
  if (channel.form === "bbo") return mistakes
  const { depth, everyMs } = channel
  if (!isAbove(depth)) mistakes.push(`depth is ${depth}; write a number of levels above 0`)
  if (everyMs !== undefined && !(everyMs >= 0))
    mistakes.push(`everyMs is ${everyMs}; write a number of milliseconds from 0`)
  return mistakes
}

/** A text "false" would be true. */
const flagMistakes = (flags: Readonly<Record<string, unknown>>): string[] =>
  Object.entries(flags)
    .filter(([, value]) => value !== undefined && typeof value !== "boolean")
    .map(([name, value]) => `${name} is ${shown(value)}; write true or false`)

const wordMistakes = (words: Readonly<Record<string, unknown>>, known: readonly string[]): string[] =>
  Object.entries(words)
    .filter(([, word]) => typeof word !== "string" || !known.includes(word))
    .map(([name, word]) => `${name} is ${shown(word)}; write ${known.join(", ")}`)

const shown = (value: unknown): string => (typeof value === "string" ? `"${value}"` : wordFor(value))

function pastMistakes(spec: FeedSpec): readonly string[] {
  const { channel, insts, history, silenceMsMax, isManual } = spec
  const mistakes: string[] = []
  if (silenceMsMax !== undefined && !(silenceMsMax >= SILENCE_MS_MIN)) {
    mistakes.push(`silenceMsMax is ${silenceMsMax}; write milliseconds from ${SILENCE_MS_MIN}`)
  }
  if (history === undefined) return mistakes
  if (isManual) mistakes.push("has a history and is driven by hand: the runtime does not know when to ask for it")
  if (!Number.isSafeInteger(history) || history < 0 || history > HISTORY_MAX) {
    mistakes.push(`history is ${history}; write a whole number from 0 to ${HISTORY_MAX}`)
  }
  const slots = slotsOf(spec, isPrivate(channel))
  const events = history * insts.length
  if (events > slots) {
    mistakes.push(`history is ${events} events in all, and its ring holds ${slots}: ask for fewer, or raise ringSlots`)
  }
  return mistakes
}

function predictMistakes(spec: PredictSpec): readonly string[] {
  const { runner, source, deadlineMs, queueMax, whenFull, isInline, service = {} } = spec
  const wanted = runner === "onnx" ? "path of a .onnx file" : "endpoint, tcp://host:port, or a port"
  if (typeof source !== "string") return [`its source is ${wordFor(source)}; write the ${wanted}`]
  const mistakes = [
    ...serviceMistakes(service),
    ...wordMistakes({ whenFull }, ["refuse", "newest"]),
    ...flagMistakes({ inline: isInline }),
  ]
  if (source.trim() === "") mistakes.push(runner === "onnx" ? "the model's path is empty" : "the endpoint is empty")
  else if (runner === "zmq" && !/^(?:tcp:\/\/.+:\d+|ipc:\/\/.+)$/.test(source)) {
    mistakes.push(`"${source}" is no endpoint; write tcp://host:port, ipc://path or a port`)
  }
  const port = /^tcp:\/\/.+:(\d+)$/.exec(source)?.[1]
  if (runner === "zmq" && port !== undefined && (Number(port) < 1 || Number(port) > 65_535)) {
    mistakes.push(`port ${port} is not from 1 to 65535`)
  }
  if (!isAbove(deadlineMs)) mistakes.push(`deadlineMs is ${deadlineMs}; write a number of milliseconds above 0`)
  if (!Number.isSafeInteger(queueMax) || queueMax < 1) mistakes.push(`queueMax is ${queueMax}; write a number from 1`)
  return mistakes
}

function serviceMistakes({ mode, inFlightMax, replyBytesMax, curve }: ServiceSpec): string[] {
  const mistakes: string[] = []
  if (mode !== undefined && mode !== "req" && mode !== "dealer") {
    mistakes.push(`mode is "${String(mode)}"; write "req" or "dealer"`)
  }
  if (inFlightMax !== undefined && mode !== "dealer") {
    mistakes.push(`inFlightMax is for mode: "dealer"; a REQ socket has one request on its way`)
  }
  for (const [name, value] of Object.entries({ inFlightMax, replyBytesMax })) {
    if (value !== undefined && (!Number.isSafeInteger(value) || value < 1))
      mistakes.push(`${name} is ${value}; write a whole number from 1`)
  }
  if (curve !== undefined && typeof curve !== "string") mistakes.push(...flagMistakes({ curve }))
  if (typeof curve === "string" && !/^[A-Z][A-Z0-9_]*$/.test(curve)) {
    mistakes.push(`curve is "${curve}"; write true, or the prefix of the keys' variables in capitals`)
  }
  return mistakes
}

/** Everything wrong with the limits of a bot that trades on these markets. */
export function limitMistakes(limits: RiskLimits, markets: readonly Market[]): readonly string[] {
  const { orderSizeMax, orderNotionalMax, positionNotionalMax, ordersPerMinuteMax, openOrdersMax } = limits
  const known = markets.filter(isMarket)
  return [
    ...amountMistakes({ orderNotionalMax, positionNotionalMax }),
    ...(orderSizeMax === undefined ? [] : sizeMistakes(orderSizeMax)),
    ...Object.entries({ ordersPerMinuteMax, openOrdersMax })
      .filter(([, value]) => value !== undefined && !(Number.isSafeInteger(value) && value > 0))
      .map(([name, value]) => `limit ${name} is ${value}; write a whole number above 0`),
    ...strangers(limits, LIMITS, "limit"),
    ...(isTable(orderSizeMax) ? Object.keys(orderSizeMax) : []).flatMap((inst) => nameMistakes(inst, known)),
  ]
}

const isTable = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Amounts given as undefined are not given. */
const amountMistakes = (amounts: Readonly<Record<string, unknown>>): readonly string[] =>
  Object.entries(amounts).flatMap(([name, value]) => (value === undefined ? [] : amountMistake(name, value)))

function amountMistake(name: string, value: unknown): readonly string[] {
  if (typeof value === "number") return [`limit ${name} is the number ${value}; write it as text: "${value}"`]
  if (isAmount(value)) return []
  return [`limit ${name} is "${String(value)}"; write a decimal number above 0`]
}

/** A table that binds nothing must not pass for a limit. */
function sizeMistakes(sizes: unknown): readonly string[] {
  if (!isTable(sizes)) {
    return [`limit orderSizeMax is "${String(sizes)}"; write a size for each instrument: { BTC_USDT_PERP: "0.1" }`]
  }
  const entries = Object.entries(sizes)
  if (entries.length === 0) return ["limit orderSizeMax names no instrument; name those it bounds, or leave it out"]
  return entries.flatMap(([inst, size]) => amountMistake(`orderSizeMax ${inst}`, size))
}

function nameMistakes(inst: string, markets: readonly Market[]): readonly string[] {
  if (markets.some((market) => instMistake(market, inst) === undefined)) return []
  if (markets.length > 0) return [`limit orderSizeMax names ${inst}, which no market of this bot can list`]
  return parseInst(inst) === undefined ? [`limit orderSizeMax names ${inst}, which is no instrument name`] : []
}

const isCallback = (name: string): name is CallbackName => Object.hasOwn(IS_PRIVATE, name)
const CALLED = [...Object.keys(IS_PRIVATE), "start", "stop"]
const LOWER = new Set(CALLED.map((name) => name.toLowerCase()))

/** As `Spelt` has it at compile time: `on` with no small letter after it, or a name in other capitals. */
const looksCalled = (name: string): boolean =>
  !CALLED.includes(name) && (/^on[^a-z]/.test(name) || LOWER.has(name.toLowerCase()))

/** Names on the object and its classes, without Object's own. */
function members(strategy: object): readonly string[] {
  const names = new Set<string>()
  for (let at: object | null = strategy; at !== null && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const name of Object.getOwnPropertyNames(at)) names.add(name)
  }
  return [...names]
}

/** The callbacks a strategy has, and what is wrong with how they are written. */
export function handlersOf(strategy: AnyStrategy): {
  readonly has: ReadonlySet<CallbackName>
  readonly mistakes: readonly string[]
} {
  const has = new Set<CallbackName>()
  const mistakes: string[] = []
  for (const name of members(strategy)) {
    if (isCallback(name)) {
      if (typeof strategy[name] === "function") has.add(name)
      else if (strategy[name] !== undefined) mistakes.push(`${name} is not a function`)
    } else if (name === "start" || name === "stop") {
      const given: unknown = strategy[name]
      if (given !== undefined && typeof given !== "function") mistakes.push(`${name} is not a function`)
    } else if (looksCalled(name)) {
      const meant = nearest(name, CALLED)
      const remedy = meant === undefined ? `there is ${CALLED.join(", ")}` : `did you mean ${meant}?`
      mistakes.push(`no callback is named ${name}; ${remedy}`)
    }
  }
  return { has, mistakes }
}
