import { compare, type Decimal, isDecimal } from "../../domain/decimal.ts"

export type ParamValue = string | number | boolean
type Reading<T> = { readonly value: T } | { readonly mistake: string }

/** One parameter of a bot: its default, and how text from the environment or `--set` becomes a value. */
export interface Param<T extends ParamValue = ParamValue> {
  readonly fallback: T
  /** `a number from 0 to 1`, for help and mistakes. */
  readonly wants: string
  read(text: string): Reading<T>
}

export type ParamSchema = Readonly<Record<string, Param>>
export type ParamValues = Readonly<Record<string, ParamValue>>
/** The values a schema gives: `ctx.params`. */
export type ValuesOf<S extends ParamSchema> = { readonly [K in keyof S]: S[K]["fallback"] }

const refuse = (text: string, wants: string): Reading<never> => ({ mistake: `"${text}" is not ${wants}` })

const bounded = (what: string, { min, max }: { min?: number | Decimal; max?: number | Decimal }): string =>
  `${what}${min === undefined ? "" : ` from ${min}`}${max === undefined ? "" : ` to ${max}`}`

/** A number; both bounds inclusive. */
export function number(
  fallback: number,
  bounds: { readonly min?: number; readonly max?: number; readonly isWhole?: boolean } = {},
): Param<number> {
  const wants = bounded(bounds.isWhole === true ? "a whole number" : "a number", bounds)
  const { min = -Infinity, max = Infinity } = bounds
  const fits = (value: number) =>
    Number.isFinite(value) && value >= min && value <= max && (bounds.isWhole !== true || Number.isSafeInteger(value))
  return {
    fallback,
    wants,
    read: (text) => (text.trim() !== "" && fits(Number(text)) ? { value: Number(text) } : refuse(text, wants)),
  }
}

/** Decimal text for prices and sizes, never a float; both bounds inclusive. */
export function decimal(
  fallback: Decimal,
  bounds: { readonly min?: Decimal; readonly max?: Decimal } = {},
): Param<Decimal> {
  const wants = bounded("a decimal number", bounds)
  const { min, max } = bounds
  const fits = (text: string) =>
    isDecimal(text) && (min === undefined || compare(text, min) >= 0) && (max === undefined || compare(text, max) <= 0)
  return { fallback, wants, read: (text) => (fits(text) ? { value: text } : refuse(text, wants)) }
}

export const text = (fallback: string): Param<string> => ({
  fallback,
  wants: "a text",
  read: (value) => ({ value }),
})

export const flag = (fallback: boolean): Param<boolean> => ({
  fallback,
  wants: "true or false",
  read: (value) =>
    value === "true" || value === "false" ? { value: value === "true" } : refuse(value, "true or false"),
})

/** One of these words. */
export function choice<const W extends readonly string[]>(fallback: W[number], words: W): Param<W[number]> {
  const wants = `one of ${words.join(", ")}`
  return { fallback, wants, read: (word) => (words.includes(word) ? { value: word } : refuse(word, wants)) }
}

/** A bot's parameters. Set by the environment (`PERIGEE_PARAM_<NAME>`) or `--set name=value`, which wins. */
export const params = <const S extends ParamSchema>(schema: S): S => schema

/** `orderSize` → `PERIGEE_PARAM_ORDER_SIZE`. */
export const paramVariable = (name: string): string =>
  `PERIGEE_PARAM_${name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/[^A-Za-z0-9]/g, "_")
    .toUpperCase()}`

/** Where parameter values come from. */
export interface ParamSources {
  env?(name: string): string | undefined
  readonly set?: Readonly<Record<string, string>>
}

export function readParams(
  schema: ParamSchema,
  sources: ParamSources,
): { readonly values: ParamValues; readonly mistakes: readonly string[] } {
  const mistakes = Object.keys(sources.set ?? {})
    .filter((name) => !Object.hasOwn(schema, name))
    .map((name) => `no parameter is named "${name}"; there is ${Object.keys(schema).join(", ") || "none"}`)
  const values: Record<string, ParamValue> = {}
  for (const [name, param] of Object.entries(schema)) {
    const given = sources.set?.[name] ?? sources.env?.(paramVariable(name))
    const reading = param.read(given ?? String(param.fallback))
    if ("value" in reading) values[name] = reading.value
    else mistakes.push(`parameter ${name}: ${given === undefined ? "its default " : ""}${reading.mistake}`)
  }
  return { values: Object.freeze(values), mistakes }
}
