import { canonical, type Decimal, isDecimal, shortest } from "../../runtime/domain/decimal.ts"
import { WireError } from "../../runtime/domain/errors.ts"
import { type SequenceNumber, sequenceNumber } from "../../runtime/domain/events.ts"
import { isList, isObject, type Json, type JsonObject } from "./json.ts"

/** Field readers. Each throws WireError naming the field and what stood there: nothing is guessed, skipped or zeroed. */

/** The fields a row may have: what a venue's `wire.ts` declares, so that a misspelt field does not compile. */
export type Row<Field extends string> = { readonly [F in Field]?: Json }

type FieldOf<R> = keyof R & string

const valueOf = <R extends object>(row: R, field: FieldOf<R>): Json | undefined => (row as JsonObject)[field]

const shown = (value: Json | undefined): string => {
  const text = value === undefined ? "missing" : JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}

const refuse = (field: string, value: Json | undefined, wanted: string): never => {
  throw new WireError(`${field} is ${shown(value)}, not ${wanted}`)
}

export function object<R extends object = JsonObject>(value: Json | undefined, name: string): R {
  return isObject(value) ? (value as R) : refuse(name, value, "an object")
}

export function list(value: Json | undefined, name: string): readonly Json[] {
  return isList(value) ? value : refuse(name, value, "a list")
}

/** Every row of a list of objects, read. A bad row fails the whole list, with its place in it. */
export function rows<R extends object, T>(value: Json | undefined, name: string, read: (row: R) => T): T[] {
  return list(value, name).map((row, place) => within(`${name}[${place}]`, () => read(object<R>(row, "the row"))))
}

/** Like `rows`, for market-wide lists: a bad row is left out and its trouble added to `unreadable`. */
export function readableRows<R extends object, T>(
  value: Json | undefined,
  name: string,
  unreadable: string[],
  read: (row: R) => T,
): T[] {
  const kept: T[] = []
  for (const [place, row] of list(value, name).entries()) {
    try {
      kept.push(read(object<R>(row, "the row")))
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      unreadable.push(`${name}[${place}]: ${error.message}`)
    }
  }
  return kept
}

/** Runs `read`; its WireError says where. */
export function within<T>(place: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof WireError) throw new WireError(`${place}: ${error.message}`, { cause: error.cause })
    throw error
  }
}

export function text<R extends object>(row: R, field: FieldOf<R>): string {
  const value = valueOf(row, field)
  return typeof value === "string" && value !== "" ? value : refuse(field, value, "a text")
}

export function flag<R extends object>(row: R, field: FieldOf<R>): boolean {
  const value = valueOf(row, field)
  return typeof value === "boolean" ? value : refuse(field, value, "true or false")
}

/** The value a table gives for the venue's word. */
export function word<R extends object, T>(row: R, field: FieldOf<R>, table: Readonly<Record<string, T>>): T {
  const value = valueOf(row, field)
  if (typeof value === "string" && Object.hasOwn(table, value)) return table[value] as T
  return refuse(field, value, `one of ${Object.keys(table).join(", ")}`)
}

/** A safe integer: times, counts. */
export function integer<R extends object>(row: R, field: FieldOf<R>): number {
  const value = valueOf(row, field)
  const read = typeof value === "string" && /^-?\d+$/.test(value) ? Number(value) : value
  return typeof read === "number" && Number.isSafeInteger(read) ? read : refuse(field, value, "a whole number")
}

/** A time in ms on the wire as µs. */
export const timeMs = <R extends object>(row: R, field: FieldOf<R>): number => fromMs(integer(row, field))

const fromMs = (ms: number): number => ms * 1000

/** An id as text, exact: a number only where it is safe, digits or any other text as they stand. */
export function id<R extends object>(row: R, field: FieldOf<R>): string {
  const value = valueOf(row, field)
  if (typeof value === "number" && Number.isSafeInteger(value)) return String(value)
  return typeof value === "string" && value !== "" ? value : refuse(field, value, "an id")
}

export function sequence<R extends object>(row: R, field: FieldOf<R>): SequenceNumber {
  const value = valueOf(row, field)
  if (typeof value === "number" && Number.isSafeInteger(value)) return value
  const read = typeof value === "string" ? sequenceNumber(value) : undefined
  return read ?? refuse(field, value, "an update number")
}

const EXPONENT = /^(-?)(\d+)(?:\.(\d+))?[eE]([+-]?\d{1,3})$/

/** Java prints small BigDecimals as 1E-8: the same value without the exponent; undefined where it is no such text. */
function withoutExponent(value: string): Decimal | undefined {
  const match = EXPONENT.exec(value)
  if (match === null) return undefined
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = match
  const point = whole.length + Number(exponent)
  const digits = (whole + fraction).padEnd(point, "0")
  if (point <= 0) return `${sign}0.${"0".repeat(-point)}${digits}`
  return `${sign}${digits.slice(0, point)}${digits.length > point ? `.${digits.slice(point)}` : ""}`
}

/** Decimal text in its shortest form. Whole numbers may come unquoted; fractions must be text, or digits were lost. */
export function decimal<R extends object>(row: R, field: FieldOf<R>): Decimal {
  const value = valueOf(row, field)
  if (typeof value === "string") {
    const found = shortest(value)
    if (found !== undefined) return found
    const plain = withoutExponent(value)
    if (plain !== undefined) return canonical(plain)
  }
  if (typeof value === "number" && Number.isSafeInteger(value)) return canonical(String(value))
  return refuse(field, value, "a decimal number")
}

/** A decimal as a double, correctly rounded; unquoted numbers are taken as they are. */
export function number<R extends object>(row: R, field: FieldOf<R>): number {
  const value = valueOf(row, field)
  const isText = typeof value === "string" && (isDecimal(value) || EXPONENT.test(value))
  const read = isText ? Number(value) : value
  return typeof read === "number" && Number.isFinite(read) ? read : refuse(field, value, "a number")
}

/** Absent where the field is, or is null or an empty text. */
export function maybe<R extends object, T>(
  row: R,
  field: FieldOf<R>,
  read: (row: R, field: FieldOf<R>) => T,
): T | undefined {
  const value = valueOf(row, field)
  return value === undefined || value === null || value === "" ? undefined : read(row, field)
}

const EMPTY = new Float64Array(0)

/** `[[price, size, …], …]` as flat pairs, in the order given; a negative number is refused. */
export function levels(value: Json | undefined, name: string): Float64Array {
  const given = list(value, name)
  if (given.length === 0) return EMPTY
  const flat = new Float64Array(given.length * 2)
  for (const [place, level] of given.entries()) {
    const pair = list(level, `${name}[${place}]`)
    flat[place * 2] = levelNumber(pair[0], `${name}[${place}] price`)
    flat[place * 2 + 1] = levelNumber(pair[1], `${name}[${place}] size`)
  }
  return flat
}

const levelNumber = (value: Json | undefined, name: string): number =>
  typeof value === "string" && isDecimal(value) && !value.startsWith("-")
    ? Number(value)
    : refuse(name, value, "a price or size")

/** Levels with the best price first, whichever way the venue listed them. */
export function bestFirst(flat: Float64Array, side: "bids" | "asks"): Float64Array {
  const last = flat.length - 2
  if (last <= 0) return flat
  const rises = flat[0]! < flat[last]!
  if (rises === (side === "asks")) return flat
  const turned = new Float64Array(flat.length)
  for (let from = 0, to = last; to >= 0; from += 2, to -= 2) {
    turned[to] = flat[from]!
    turned[to + 1] = flat[from + 1]!
  }
  return turned
}
