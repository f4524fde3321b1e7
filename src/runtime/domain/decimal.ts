import { DecimalError } from "./errors.ts"

/**
 * A decimal number as text: `-?digits[.digits]`, exact, never an exponent. Money and order sizes are Decimals;
 * arithmetic is done on integers scaled by a power of ten.
 */
export type Decimal = string

interface Scaled {
  readonly units: bigint
  readonly scale: number
}

const FORM = /^-?\d+(\.\d+)?$/

/** False for whatever is not text, too: a number is no Decimal. */
export const isDecimal = (text: unknown): boolean => typeof text === "string" && FORM.test(text)

const MINUS = 45
const POINT = 46
const ZERO = 48
const NINE = 57

/**
 * A decimal number above zero; false for whatever is not text, too. One walk instead of expressions and big integers: an order's price
 * and size are looked at twice between a tick and its order.
 */
export function isAmount(value: unknown): boolean {
  if (typeof value !== "string") return false
  const last = value.length - 1
  let isPoint = false
  let isAboveZero = false
  for (let at = 0; at <= last; at++) {
    const code = value.charCodeAt(at)
    if (code === POINT) {
      if (isPoint || at === 0 || at === last) return false
      isPoint = true
    } else if (code < ZERO || code > NINE) return false
    else if (code > ZERO) isAboveZero = true
  }
  return isAboveZero
}

function refuse(text: string): never {
  throw new DecimalError(`"${text}" is not a decimal number; write digits like 12.5`)
}

function parse(text: Decimal): Scaled {
  if (!FORM.test(text)) refuse(text)
  const point = text.indexOf(".")
  if (point < 0) return { units: BigInt(text), scale: 0 }
  return { units: BigInt(text.slice(0, point) + text.slice(point + 1)), scale: text.length - point - 1 }
}

function format(units: bigint, scale: number): Decimal {
  if (units === 0n) return "0"
  const negative = units < 0n
  let digits = (negative ? -units : units).toString()
  if (scale > 0) {
    digits = digits.padStart(scale + 1, "0")
    const whole = digits.slice(0, -scale)
    const fraction = digits.slice(-scale).replace(/0+$/, "")
    digits = fraction === "" ? whole : `${whole}.${fraction}`
  }
  return negative ? `-${digits}` : digits
}

const tenTo = (exponent: number): bigint => 10n ** BigInt(exponent)

function align(a: Decimal, b: Decimal): { a: bigint; b: bigint; scale: number } {
  const left = parse(a)
  const right = parse(b)
  const scale = Math.max(left.scale, right.scale)
  return { a: left.units * tenTo(scale - left.scale), b: right.units * tenTo(scale - right.scale), scale }
}

/** The shortest text of the same value: no leading or trailing zeros, no minus before zero. */
export const canonical = (text: Decimal): Decimal => shortest(text) ?? refuse(text)

/** The same; undefined where the text is no Decimal. One walk: venues write a dozen of them into what they say of an order. */
export function shortest(text: string): Decimal | undefined {
  const isNegative = text.charCodeAt(0) === MINUS
  const start = isNegative ? 1 : 0
  let point = -1
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === POINT && point < 0 && at > start) point = at
    else if (!(code >= ZERO && code <= NINE)) return undefined
  }
  let end = text.length
  if (end === start || point === end - 1) return undefined
  if (point > 0) {
    while (text.charCodeAt(end - 1) === ZERO) end--
    if (end === point + 1) end = point
  }
  let from = start
  const wholeEnd = point < 0 ? end : point
  while (from < wholeEnd - 1 && text.charCodeAt(from) === ZERO) from++
  if (end - from === 1 && text.charCodeAt(from) === ZERO) return "0"
  if (from === start && end === text.length) return text
  return isNegative ? `-${text.slice(from, end)}` : text.slice(from, end)
}

export function plus(a: Decimal, b: Decimal): Decimal {
  const aligned = align(a, b)
  return format(aligned.a + aligned.b, aligned.scale)
}

export function minus(a: Decimal, b: Decimal): Decimal {
  const aligned = align(a, b)
  return format(aligned.a - aligned.b, aligned.scale)
}

export function times(a: Decimal, b: Decimal): Decimal {
  const left = parse(a)
  const right = parse(b)
  return format(left.units * right.units, left.scale + right.scale)
}

/** `a / b`, truncated toward zero at `places` decimals. Throws on division by zero. */
export function over(a: Decimal, b: Decimal, places: number): Decimal {
  const left = parse(a)
  const right = parse(b)
  if (right.units === 0n) throw new DecimalError(`${a} cannot be divided by zero`)
  const shift = places + right.scale - left.scale
  const units = shift >= 0 ? (left.units * tenTo(shift)) / right.units : left.units / (right.units * tenTo(-shift))
  return format(units, places)
}

export const negate = (a: Decimal): Decimal => minus("0", a)

export const absolute = (a: Decimal): Decimal => (a.startsWith("-") ? negate(a) : canonical(a))

/** Negative, zero or positive as `a` is below, equal to or above `b`. */
export function compare(a: Decimal, b: Decimal): -1 | 0 | 1 {
  const aligned = align(a, b)
  return aligned.a < aligned.b ? -1 : aligned.a > aligned.b ? 1 : 0
}

export const isZero = (a: Decimal): boolean => parse(a).units === 0n
export const isNegative = (a: Decimal): boolean => parse(a).units < 0n
export const isPositive = (a: Decimal): boolean => parse(a).units > 0n

function toStep(value: Decimal, step: Decimal, pick: (quotient: bigint, remainder: bigint) => bigint): Decimal {
  const aligned = align(value, step)
  if (aligned.b <= 0n) throw new DecimalError(`step ${step} must be above zero`)
  const quotient = aligned.a / aligned.b
  return format(pick(quotient, aligned.a - quotient * aligned.b) * aligned.b, aligned.scale)
}

/** The greatest multiple of `step` that is not above `value`. */
export const floorTo = (value: Decimal, step: Decimal): Decimal =>
  toStep(value, step, (quotient, remainder) => (remainder < 0n ? quotient - 1n : quotient))

/** The least multiple of `step` that is not below `value`. */
export const ceilTo = (value: Decimal, step: Decimal): Decimal =>
  toStep(value, step, (quotient, remainder) => (remainder > 0n ? quotient + 1n : quotient))

export function isMultiple(value: Decimal, step: Decimal): boolean {
  const aligned = align(value, step)
  return aligned.b > 0n && aligned.a % aligned.b === 0n
}

export const toNumber = (a: Decimal): number => {
  if (!FORM.test(a)) throw new DecimalError(`"${a}" is not a decimal number; write digits like 12.5`)
  return Number(a)
}

/** The shortest decimal text that reads back as this number. Throws on NaN and infinities. */
export function fromNumber(value: number): Decimal {
  if (!Number.isFinite(value)) throw new DecimalError(`${value} is not a decimal number`)
  const text = String(value)
  const mark = text.indexOf("e")
  if (mark < 0) return text === "-0" ? "0" : text
  const { units, scale } = parse(text.slice(0, mark))
  const exponent = Number(text.slice(mark + 1))
  return exponent >= scale ? format(units * tenTo(exponent - scale), 0) : format(units, scale - exponent)
}

/** How many decimals `step` has once trailing zeros are gone: 0.10 has 1. */
export function placesOf(step: Decimal): number {
  const point = canonical(step).indexOf(".")
  return point < 0 ? 0 : canonical(step).length - point - 1
}
