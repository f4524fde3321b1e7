/**
 * Whether what a strategy asks for is an order at all, field by field. A bot file runs without being type-checked, and what
 * comes over a relay is plain data: a word that nobody knows must be refused by name, never taken for another.
 */
import { isAmount } from "../domain/decimal.ts"
import type { AltIntent, AltOrder, IntentTarget } from "../domain/callbacks.ts"
import { instMistake } from "../domain/inst.ts"
import { isPlain, isTime } from "../domain/given.ts"
import { isMarket, MARKETS } from "../domain/market.ts"
import type {
  AmendRequest,
  MarginMode,
  OrderRequest,
  OrderType,
  PositionSide,
  Side,
  TimeInForce,
} from "../domain/order.ts"

/** What is wrong with a value, said after the field's name; undefined where it is fine. */
type Check = (value: unknown) => string | undefined

function shown(value: unknown): string {
  if (typeof value === "string") return value.length > 60 ? `"${value.slice(0, 60)}…"` : `"${value}"`
  if (Array.isArray(value)) return "a list"
  if (typeof value === "object" && value !== null) return "an object"
  return typeof value === "function" ? "a function" : String(value)
}

function oneOf<W extends string>(words: Readonly<Record<W, true>>): Check {
  const known = Object.keys(words).join(" or ")
  return (value) =>
    typeof value === "string" && Object.hasOwn(words, value)
      ? undefined
      : `${shown(value)} is not known; write ${known}`
}

const text: Check = (value) => (typeof value === "string" ? undefined : `${shown(value)} is not text`)

const amount: Check = (value) => {
  if (typeof value === "number") return `${value} is a number; write it as text: "${value}"`
  return isAmount(value) ? undefined : `${shown(value)} is not a number above zero`
}

const flag: Check = (value) => (typeof value === "boolean" ? undefined : `${shown(value)} is neither true nor false`)

const moment: Check = (value) =>
  Number.isSafeInteger(value) && (value as number) >= 0
    ? undefined
    : `${shown(value)} is no time; write whole microseconds since the epoch, as ctx.now() gives them`

const time: Check = (value) =>
  isTime(value) ? undefined : `${shown(value)} is no time; write microseconds since the epoch, as ctx.now() gives them`

const finite: Check = (value) =>
  Number.isFinite(value) ? undefined : `${shown(value)} is no number that can be weighed; write a finite one`

const market: Check = (value) =>
  typeof value === "string" && isMarket(value)
    ? undefined
    : `${shown(value)} is not known; write ${MARKETS.join(" or ")}`

/** What has checks of its own. */
const any: Check = () => undefined

const list: Check = (value) => (Array.isArray(value) ? undefined : `${shown(value)} is no list`)

const texts: Check = (value) => {
  if (!isPlain(value)) {
    return `${shown(value)} is no table of texts; write { name: "text" }`
  }
  for (const [name, field] of Object.entries(value)) {
    if (typeof field !== "string") return `${name} ${shown(field)} is not text`
  }
  return undefined
}

interface Form {
  readonly noun: string
  readonly checks: ReadonlyMap<string, Check>
  readonly needed: readonly string[]
}

function formOf<T>(noun: string, fields: { readonly [K in keyof Required<T>]: readonly [Check, boolean] }): Form {
  const rows = Object.entries(fields as Record<string, readonly [Check, boolean]>)
  const checks = new Map(rows.map(([name, [check]]) => [name, check]))
  return { noun, checks, needed: rows.filter(([, [, isNeeded]]) => isNeeded).map(([name]) => name) }
}

const ORDER = formOf<OrderRequest>("order", {
  inst: [text, true],
  side: [oneOf<Side>({ BUY: true, SELL: true }), true],
  size: [amount, true],
  type: [oneOf<OrderType>({ limit: true, market: true }), false],
  price: [amount, false],
  timeInForce: [oneOf<TimeInForce>({ gtc: true, ioc: true, fok: true, "post-only": true }), false],
  goodTillAt: [time, false],
  reduceOnly: [flag, false],
  positionSide: [oneOf<PositionSide>({ long: true, short: true, both: true }), false],
  marginMode: [oneOf<MarginMode>({ cross: true, isolated: true }), false],
  extra: [texts, false],
})
const AMEND = formOf<AmendRequest>("amend", {
  clientId: [text, true],
  price: [amount, false],
  size: [amount, false],
})

const INTENT = formOf<AltIntent>("intent", {
  timestamp: [moment, true],
  type: [oneOf<AltIntent["type"]>({ weight: true, price: true }), true],
  targets: [list, true],
  metadata: [texts, true],
})
const TARGET = formOf<IntentTarget>("target", { market: [market, true], inst: [text, true], value: [finite, true] })
const PASSED = formOf<AltOrder>("order for another strategy", {
  timestamp: [moment, true],
  market: [any, true],
  request: [any, true],
  metadata: [texts, true],
})

const NONE: readonly string[] = []

function unknownField(name: string, noun: string, known: ReadonlyMap<string, Check>): string {
  const article = /^[aeiou]/.test(noun) ? "an" : "a"
  return `no field of ${article} ${noun} is named "${name}"; there is ${[...known.keys()].join(", ")}`
}

const isObject = (value: unknown): boolean => typeof value === "object" && value !== null && !Array.isArray(value)

/** A field given as undefined is not given. */
function mistakesOf(given: unknown, { noun, checks, needed }: Form): readonly string[] {
  // Of an object of a class, what stands in its prototype is not copied on the way to the wire, nor walked below.
  if (!isPlain(given))
    return [`${shown(given)} is no ${noun}${isObject(given) ? "; write its fields as { name: value }" : ""}`]
  const row = given
  let found: string[] | undefined
  for (const name of needed) {
    if (row[name] === undefined) (found ??= []).push(`${name} is missing`)
  }
  for (const name in row) {
    const check = checks.get(name)
    const value = row[name]
    const why = check === undefined || value === undefined ? undefined : check(value)
    if (why !== undefined) (found ??= []).push(`${name} ${why}`)
    if (check === undefined) (found ??= []).push(unknownField(name, noun, checks))
  }
  return found ?? NONE
}

/** Everything that keeps this from being an order; empty where it may be weighed by the rules. */
export function requestMistakes(request: unknown): readonly string[] {
  const found = mistakesOf(request, ORDER)
  if (found.length > 0) return found
  const { type = "limit", price, timeInForce = "gtc", goodTillAt } = request as OrderRequest
  if (type === "limit" && price === undefined) return ["a limit order needs a price"]
  if (type === "market" && price !== undefined) return ["a market order has no price"]
  if (type === "market" && timeInForce === "post-only") return ["a market order cannot be post-only"]
  if (goodTillAt !== undefined && (type !== "limit" || timeInForce !== "gtc"))
    return ["goodTillAt is for limit orders that are good till canceled"]
  return NONE
}

export function amendMistakes(request: unknown): readonly string[] {
  const found = mistakesOf(request, AMEND)
  if (found.length > 0) return found
  const { price, size } = request as AmendRequest
  return price === undefined && size === undefined ? ["an amend changes price or size; it has neither"] : NONE
}

/** Why this names no order, or undefined. */
export function clientIdMistake(clientId: unknown): string | undefined {
  const why = text(clientId)
  return why === undefined ? undefined : `clientId ${why}`
}

/** Everything wrong with orders that one strategy hands to another, each with its place in the list. */
export function relayMistakes(orders: unknown): readonly string[] {
  if (!Array.isArray(orders)) return [`orders are a list, not ${shown(orders)}`]
  return orders.flatMap((order: unknown, at) =>
    passedMistakes(order).map((mistake) => `order ${at + 1} of ${orders.length}: ${mistake}`),
  )
}

function passedMistakes(order: unknown): readonly string[] {
  if (typeof order !== "object" || order === null) return [`it is ${shown(order)}; write { market, request, … }`]
  const { market, request } = order as { readonly market?: unknown; readonly request?: unknown }
  if (typeof market !== "string" || !isMarket(market)) return [`there is no market ${shown(market)}`]
  const found = requestMistakes(request)
  if (found.length > 0) return found
  const misnamed = instMistake(market, (request as OrderRequest).inst)
  return misnamed === undefined ? mistakesOf(order, PASSED) : [misnamed]
}

/** Everything wrong with what one strategy wishes of others, each target's mistakes with its place in the list. */
export function intentMistakes(intent: unknown): readonly string[] {
  const found = mistakesOf(intent, INTENT)
  const targets: unknown = (intent as Partial<AltIntent> | undefined | null)?.targets
  if (!Array.isArray(targets)) return found
  const ofTargets = targets.flatMap((target: unknown, at) =>
    targetMistakes(target).map((mistake) => `target ${at + 1} of ${targets.length}: ${mistake}`),
  )
  const mistakes = [...found, ...ofTargets]
  return mistakes.length > 0 ? mistakes : twiceIn(targets as readonly IntentTarget[])
}

/** Of two values for one instrument nobody knows which is meant. */
function twiceIn(targets: readonly IntentTarget[]): readonly string[] {
  const seen = new Set<string>()
  return targets.flatMap(({ market, inst }, at) => {
    const key = `${market} ${inst}`
    if (seen.has(key)) return [`target ${at + 1} of ${targets.length}: ${key} is named twice`]
    seen.add(key)
    return []
  })
}

function targetMistakes(target: unknown): readonly string[] {
  const found = mistakesOf(target, TARGET)
  if (found.length > 0) return found
  const { market, inst } = target as IntentTarget
  const misnamed = instMistake(market, inst)
  return misnamed === undefined ? NONE : [misnamed]
}
