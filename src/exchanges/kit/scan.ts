/**
 * Character-code scanning of JSON text in the shape expected: the hot path's way around `JSON.parse`. A scan either reads
 * exactly what the general decoder would read, or gives up (NaN, -1 or undefined) and lets it. Nothing here is reentrant:
 * a scan runs to its end in one turn.
 */

export const QUOTE = 34
export const COMMA = 44
export const COLON = 58
const OPEN_LIST = 91
const CLOSE_LIST = 93
export const CLOSE_OBJECT = 125
const POINT = 46
const ZERO = 48
const NINE = 57
const BACKSLASH = 92
const SPACE = 32

/** Where the last successful scan ended. */
export const cursor = { at: 0 }

/** Up to 15 digits are exact as an integer, and so is the power of ten: one division rounds like `Number(text)`. */
const EXACT_DIGITS = 15
const POWER = Float64Array.from({ length: EXACT_DIGITS + 1 }, (_, exponent) => 10 ** exponent)

const NOTHING = new Float64Array(0)
let scratch: Float64Array = new Float64Array(8192)

/** `"12.50"` at `from`, as `Number("12.50")`; NaN where it is no plain decimal. */
export function quotedNumber(text: string, from: number): number {
  if (text.charCodeAt(from) !== QUOTE) return Number.NaN
  const start = from + 1
  let at = start
  let value = 0
  let code = text.charCodeAt(at)
  while (code >= ZERO && code <= NINE) {
    value = value * 10 + (code - ZERO)
    code = text.charCodeAt(++at)
  }
  let digits = at - start
  if (digits === 0) return Number.NaN
  let fraction = 0
  if (code === POINT) {
    const point = at
    code = text.charCodeAt(++at)
    while (code >= ZERO && code <= NINE) {
      value = value * 10 + (code - ZERO)
      code = text.charCodeAt(++at)
    }
    fraction = at - point - 1
    if (fraction === 0) return Number.NaN
    digits += fraction
  }
  if (code !== QUOTE) return Number.NaN
  cursor.at = at + 1
  if (digits > EXACT_DIGITS) return Number(text.slice(start, at))
  return fraction === 0 ? value : value / POWER[fraction]!
}

/** `[["price","size"],…]` at `from` as flat pairs; undefined where it is anything else. */
export function quotedLevels(text: string, from: number): Float64Array | undefined {
  if (text.charCodeAt(from) !== OPEN_LIST) return undefined
  let at = from + 1
  if (text.charCodeAt(at) === CLOSE_LIST) {
    cursor.at = at + 1
    return NOTHING
  }
  let flat: Float64Array = scratch
  let count = 0
  // `quotedNumber` written out: a call a number would double the time of this loop, the hottest there is.
  for (;;) {
    // Here `at` is at the quote after `[` where count is even, after the price's comma where it is odd.
    if ((count & 1) === 0 && text.charCodeAt(at++) !== OPEN_LIST) return undefined
    if (text.charCodeAt(at) !== QUOTE) return undefined
    const start = ++at
    let value = 0
    let code = text.charCodeAt(at)
    while (code >= ZERO && code <= NINE) {
      value = value * 10 + (code - ZERO)
      code = text.charCodeAt(++at)
    }
    let digits = at - start
    if (digits === 0) return undefined
    if (code === POINT) {
      const fractionFrom = ++at
      code = text.charCodeAt(at)
      while (code >= ZERO && code <= NINE) {
        value = value * 10 + (code - ZERO)
        code = text.charCodeAt(++at)
      }
      const fraction = at - fractionFrom
      if (fraction === 0) return undefined
      digits += fraction
      if (digits <= EXACT_DIGITS) value /= POWER[fraction]!
    }
    if (code !== QUOTE) return undefined
    if (digits > EXACT_DIGITS) value = Number(text.slice(start, at))
    if (count === flat.length) flat = grow()
    flat[count++] = value
    code = text.charCodeAt(++at)
    at++
    if ((count & 1) === 1) {
      if (code !== COMMA) return undefined
      continue
    }
    if (code !== CLOSE_LIST) return undefined
    code = text.charCodeAt(at++)
    if (code === CLOSE_LIST) break
    if (code !== COMMA) return undefined
  }
  cursor.at = at
  return flat.slice(0, count)
}

function grow(): Float64Array {
  const wider = new Float64Array(scratch.length * 2)
  wider.set(scratch)
  scratch = wider
  return wider
}

/** Where the digits of an unquoted whole number end; -1 where there is none, or a leading zero. */
export function digitsEnd(text: string, from: number): number {
  let at = from
  let code = text.charCodeAt(at)
  if (code === ZERO) {
    const next = text.charCodeAt(at + 1)
    return next >= ZERO && next <= NINE ? -1 : at + 1
  }
  while (code >= ZERO && code <= NINE) code = text.charCodeAt(++at)
  return at === from ? -1 : at
}

/** An unquoted whole number of at most 15 digits; -1 where it is anything else. */
export function wholeNumber(text: string, from: number): number {
  let at = from
  let value = 0
  let code = text.charCodeAt(at)
  while (code >= ZERO && code <= NINE) {
    value = value * 10 + (code - ZERO)
    code = text.charCodeAt(++at)
  }
  const digits = at - from
  if (digits === 0 || digits > EXACT_DIGITS) return -1
  if (digits > 1 && text.charCodeAt(from) === ZERO) return -1
  cursor.at = at
  return value
}

/** Whether `word` stands at `from`. */
export function has(text: string, from: number, word: string): boolean {
  for (let at = 0; at < word.length; at++) {
    if (text.charCodeAt(from + at) !== word.charCodeAt(at)) return false
  }
  return true
}

/** Past the closing quote of the plain string that opens at `from`; -1 where it is none, or has an escape. */
export function plainStringEnd(text: string, from: number): number {
  if (text.charCodeAt(from) !== QUOTE) return -1
  let at = from + 1
  let code = text.charCodeAt(at)
  while (code >= SPACE && code !== QUOTE && code !== BACKSLASH) code = text.charCodeAt(++at)
  return code === QUOTE ? at + 1 : -1
}

/** Past a string, whole number, true, false or null that nobody needs; -1 where it is anything else. */
export function scalarEnd(text: string, from: number): number {
  const code = text.charCodeAt(from)
  if (code === QUOTE) return plainStringEnd(text, from)
  if (code >= ZERO && code <= NINE) return digitsEnd(text, from)
  if (has(text, from, "true") || has(text, from, "null")) return from + 4
  return has(text, from, "false") ? from + 5 : -1
}

/** The same text in memory of its own: a slice of a frame would keep the whole frame alive. */
export const copied = (text: string): string => text.split("").join("")
