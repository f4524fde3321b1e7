import { compare, type Decimal, isDecimal } from "../../domain/decimal.ts"
import type { Env } from "../../ports.ts"

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

const PREFIX = "PERIGEE_PARAM_"

/** `orderSize` → `PERIGEE_PARAM_ORDER_SIZE`. */
export const paramVariable = (name: string): string =>
  `${PREFIX}${name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/[^A-Za-z0-9]/g, "_")
    .toUpperCase()}`

/** Where parameter values come from. */
export interface ParamSources {
  readonly env?: Pick<Env, "get" | "names">
  readonly set?: Readonly<Record<string, string>>
}

/** Every name that is set must be one of the schema's: a misspelt one would leave the default in force without a word. */
export function readParams(
  schema: ParamSchema,
  sources: ParamSources,
): { readonly values: ParamValues; readonly mistakes: readonly string[] } {
  const { env, set = {} } = sources
  const mistakes = [...strangers(schema, sources), ...twins(Object.keys(schema))]
  const values: Record<string, ParamValue> = {}
  for (const [name, param] of Object.entries(schema)) {
    if (!isParam(param)) {
      mistakes.push(
        `parameter ${name} is declared by a plain value; write number(…), decimal(…), text(…), flag(…) or choice(…)`,
      )
      continue
    }
    const variable = paramVariable(name)
    const word = Object.hasOwn(set, name) ? set[name] : undefined
    const given = word ?? env?.get(variable)
    const reading = param.read(given ?? String(param.fallback))
    if ("value" in reading) values[name] = reading.value
    else mistakes.push(`parameter ${name}: ${given === undefined ? "its default " : ""}${reading.mistake}`)
  }
  return { values: Object.freeze(values), mistakes }
}

const isParam = (value: unknown): value is Param =>
  typeof value === "object" && value !== null && "read" in value && typeof value.read === "function"

function strangers(schema: ParamSchema, { env, set = {} }: ParamSources): string[] {
  const names = Object.keys(schema)
  const variables = names.map(paramVariable)
  return [
    ...Object.keys(set)
      .filter((name) => !names.includes(name))
      .map((name) => `no parameter is named "${name}"; there is ${names.join(", ") || "none"}`),
    ...(env?.names(PREFIX) ?? [])
      .filter((variable) => !variables.includes(variable))
      .toSorted()
      .map((variable) => `no parameter is read from ${variable}; there is ${variables.join(", ") || "none"}`),
  ]
}

/** One variable would set both, whatever each of them wants. */
function twins(names: readonly string[]): string[] {
  const of = Map.groupBy(names, paramVariable)
  return [...of]
    .filter(([, alike]) => alike.length > 1)
    .map(
      ([variable, alike]) =>
        `parameters ${alike.join(" and ")} are read from one variable, ${variable}; rename all but one`,
    )
}
