/**
 * Scanning of JSON in the shape expected, in the bytes of a frame as the socket gives them: the hot path's way around a
 * string and `JSON.parse`. A scan either reads exactly what the general decoder would read, or gives up (NaN, -1 or
 * undefined) and lets it. Bytes beyond ASCII are passed over within a string, and read as UTF-8 where that string is a name.
 * Nothing here is reentrant: a scan runs to its end in one turn.
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

export const TRUE = Buffer.from("true")
export const FALSE = Buffer.from("false")
const NULL = Buffer.from("null")

/** Where the last successful scan ended. */
export const cursor = { at: 0 }

/** Up to 15 digits are exact as an integer, and so is the power of ten: one division rounds like `Number` of the text. */
const EXACT_DIGITS = 15
const POWER = Float64Array.from({ length: EXACT_DIGITS + 1 }, (_, exponent) => 10 ** exponent)

const NOTHING = new Float64Array(0)
let scratch: Float64Array = new Float64Array(8192)

/** `"12.50"` at `from`, as `Number("12.50")`; NaN where it is no plain decimal. */
export function quotedNumber(bytes: Buffer, from: number): number {
  if (bytes[from] !== QUOTE) return Number.NaN
  const start = from + 1
  let at = start
  let value = 0
  let code = bytes[at]!
  while (code >= ZERO && code <= NINE) {
    value = value * 10 + (code - ZERO)
    code = bytes[++at]!
  }
  let digits = at - start
  if (digits === 0) return Number.NaN
  let fraction = 0
  if (code === POINT) {
    const point = at
    code = bytes[++at]!
    while (code >= ZERO && code <= NINE) {
      value = value * 10 + (code - ZERO)
      code = bytes[++at]!
    }
    fraction = at - point - 1
    if (fraction === 0) return Number.NaN
    digits += fraction
  }
  if (code !== QUOTE) return Number.NaN
  cursor.at = at + 1
  if (digits > EXACT_DIGITS) return Number(bytes.toString("latin1", start, at))
  return fraction === 0 ? value : value / POWER[fraction]!
}

/** `[["price","size"],…]` at `from` as flat pairs; undefined where it is anything else. */
export function quotedLevels(bytes: Buffer, from: number): Float64Array | undefined {
  if (bytes[from] !== OPEN_LIST) return undefined
  let at = from + 1
  if (bytes[at] === CLOSE_LIST) {
    cursor.at = at + 1
    return NOTHING
  }
  let flat: Float64Array = scratch
  let count = 0
  // `quotedNumber` written out: a call a number would double the time of this loop, the hottest there is.
  for (;;) {
    // Here `at` is at the quote after `[` where count is even, after the price's comma where it is odd.
    if ((count & 1) === 0 && bytes[at++] !== OPEN_LIST) return undefined
    if (bytes[at] !== QUOTE) return undefined
    const start = ++at
    let value = 0
    let code = bytes[at]!
    while (code >= ZERO && code <= NINE) {
      value = value * 10 + (code - ZERO)
      code = bytes[++at]!
    }
    let digits = at - start
    if (digits === 0) return undefined
    if (code === POINT) {
      const fractionFrom = ++at
      code = bytes[at]!
      while (code >= ZERO && code <= NINE) {
        value = value * 10 + (code - ZERO)
        code = bytes[++at]!
      }
      const fraction = at - fractionFrom
      if (fraction === 0) return undefined
      digits += fraction
      if (digits <= EXACT_DIGITS) value /= POWER[fraction]!
    }
    if (code !== QUOTE) return undefined
    if (digits > EXACT_DIGITS) value = Number(bytes.toString("latin1", start, at))
    if (count === flat.length) flat = grow()
    flat[count++] = value
    code = bytes[++at]!
    at++
    if ((count & 1) === 1) {
      if (code !== COMMA) return undefined
      continue
    }
    if (code !== CLOSE_LIST) return undefined
    code = bytes[at++]!
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
export function digitsEnd(bytes: Buffer, from: number): number {
  let at = from
  let code = bytes[at]!
  if (code === ZERO) {
    const next = bytes[at + 1]!
    return next >= ZERO && next <= NINE ? -1 : at + 1
  }
  while (code >= ZERO && code <= NINE) code = bytes[++at]!
  return at === from ? -1 : at
}

/** The last three digits of a number, written out. */
const TAILS = Array.from({ length: 1_000 }, (_, tail) => String(tail).padStart(3, "0"))
let head = -1
let headText = ""

/**
 * The digits of a whole number that `digitsEnd` found, as text. Ids of one stream rise, so that most share all but their
 * last digits with the one before: two texts joined cost half of what a new one does.
 */
export function digitsText(bytes: Buffer, from: number, to: number): string {
  const tailFrom = to - 3
  if (tailFrom <= from || to - from > EXACT_DIGITS) return bytes.toString("latin1", from, to)
  let value = 0
  for (let at = from; at < tailFrom; at++) value = value * 10 + (bytes[at]! - ZERO)
  if (value !== head) {
    head = value
    headText = bytes.toString("latin1", from, tailFrom)
  }
  const tail = (bytes[tailFrom]! - ZERO) * 100 + (bytes[tailFrom + 1]! - ZERO) * 10 + (bytes[tailFrom + 2]! - ZERO)
  return headText + TAILS[tail]!
}

/** An unquoted whole number of at most 15 digits; -1 where it is anything else. */
export function wholeNumber(bytes: Buffer, from: number): number {
  let at = from
  let value = 0
  let code = bytes[at]!
  while (code >= ZERO && code <= NINE) {
    value = value * 10 + (code - ZERO)
    code = bytes[++at]!
  }
  const digits = at - from
  if (digits === 0 || digits > EXACT_DIGITS) return -1
  if (digits > 1 && bytes[from] === ZERO) return -1
  cursor.at = at
  return value
}

/** Whether `word` stands at `from`. */
export function has(bytes: Buffer, from: number, word: Buffer): boolean {
  for (let at = 0; at < word.length; at++) {
    if (bytes[from + at] !== word[at]) return false
  }
  return true
}

/** Past the closing quote of the plain string that opens at `from`; -1 where it is none, or has an escape. */
export function plainStringEnd(bytes: Buffer, from: number): number {
  if (bytes[from] !== QUOTE) return -1
  let at = from + 1
  let code = bytes[at]!
  while (code >= SPACE && code !== QUOTE && code !== BACKSLASH) code = bytes[++at]!
  return code === QUOTE ? at + 1 : -1
}

/** Past a string, whole number, true, false or null that nobody needs; -1 where it is anything else. */
export function scalarEnd(bytes: Buffer, from: number): number {
  const code = bytes[from]!
  if (code === QUOTE) return plainStringEnd(bytes, from)
  if (code >= ZERO && code <= NINE) return digitsEnd(bytes, from)
  if (has(bytes, from, TRUE) || has(bytes, from, NULL)) return from + 4
  return has(bytes, from, FALSE) ? from + 5 : -1
}
