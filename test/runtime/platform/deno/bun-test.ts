// As much of `bun:test` as the suites of the ports use, so that the same files judge the ports on Deno too.
import { isDeepStrictEqual } from "node:util"

type Body = (...args: never[]) => void | Promise<void>
interface Case {
  readonly name: string
  readonly body: () => void | Promise<void>
}

const cases: Case[] = []
let group = ""

export function describe(name: string, body: () => void): void {
  group = name
  body()
  group = ""
}

export function test(name: string, body: () => void | Promise<void>): void {
  cases.push({ name: `${group} ${name}`, body })
}

test.skipIf = (isSkipped: boolean) => (isSkipped ? () => {} : test)

test.each =
  (rows: readonly unknown[]) =>
  (name: string, body: Body): void => {
    for (const row of rows) {
      const args = Array.isArray(row) ? row : [row]
      let at = 0
      const filled = name.replace(/%[sd]/g, () => String(args[at++]))
      test(filled, () => (body as (...values: unknown[]) => void | Promise<void>)(...args))
    }
  }

const show = (value: unknown): string => (typeof value === "string" ? JSON.stringify(value) : Deno.inspect(value))
declare const Deno: { inspect(value: unknown): string }

/** What Bun's `toEqual` compares: fields that are undefined count as absent. */
const plain = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(plain)
  if (value === null || typeof value !== "object" || Object.getPrototypeOf(value) !== Object.prototype) return value
  const defined = Object.entries(value).filter(([, field]) => field !== undefined)
  return Object.fromEntries(defined.map(([name, field]) => [name, plain(field)]))
}

function matches(value: unknown, wanted: unknown): boolean {
  if (wanted === null || typeof wanted !== "object") return isDeepStrictEqual(value, wanted)
  if (value === null || typeof value !== "object") return false
  return Object.entries(wanted).every(([name, field]) => matches((value as Record<string, unknown>)[name], field))
}

function thrown(run: () => unknown): unknown {
  try {
    run()
    return undefined
  } catch (error) {
    return error
  }
}

type Judge = (value: never, ...wanted: never[]) => boolean

const judges = {
  toBe: (value: unknown, wanted: unknown) => Object.is(value, wanted),
  toEqual: (value: unknown, wanted: unknown) => isDeepStrictEqual(plain(value), plain(wanted)),
  toMatchObject: matches,
  toHaveLength: ({ length }: { length: number }, wanted: number) => length === wanted,
  toMatch: (value: string, wanted: RegExp) => wanted.test(value),
  toContain: (value: string, wanted: string) => value.includes(wanted),
  toStartWith: (value: string, wanted: string) => value.startsWith(wanted),
  toBeGreaterThan: (value: number, wanted: number) => value > wanted,
  toBeGreaterThanOrEqual: (value: number, wanted: number) => value >= wanted,
  toBeLessThan: (value: number, wanted: number) => value < wanted,
  toBeLessThanOrEqual: (value: number, wanted: number) => value <= wanted,
  toBeWithin: (value: number, from: number, to: number) => value >= from && value < to,
  toThrow: (run: () => unknown, kind: new () => Error) => thrown(run) instanceof kind,
} satisfies Record<string, Judge>

type Matchers = Record<keyof typeof judges, (...wanted: unknown[]) => void>

function matchers(value: unknown, isNegated: boolean): Matchers {
  const entries = Object.entries(judges).map(([name, judge]) => [
    name,
    (...wanted: unknown[]) => {
      if ((judge as (...args: unknown[]) => boolean)(value, ...wanted) !== isNegated) return
      throw new Error(`expected ${show(value)} ${isNegated ? "not " : ""}${name} ${wanted.map(show).join(", ")}`)
    },
  ])
  return Object.fromEntries(entries) as Matchers
}

export const expect = (value: unknown): Matchers & { not: Matchers } => ({
  ...matchers(value, false),
  not: matchers(value, true),
})

const testMsMax = 10_000

/** Runs everything that was declared, one after the other, and gives each name with what went wrong, or null. */
export async function run(): Promise<Record<string, string | null>> {
  const results: Record<string, string | null> = {}
  for (const { name, body } of cases) results[name] = await attempt(body)
  return results
}

/** A body starts in a turn of its own, not within a microtask. */
function turn(body: () => void | Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    setTimeout(() => {
      try {
        resolve(body())
      } catch (error) {
        reject(error as Error)
      }
    }, 0)
  })
}

async function attempt(body: () => void | Promise<void>): Promise<string | null> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error(`not done within ${testMsMax} ms`)), testMsMax)
  try {
    await Promise.race([turn(body), late.promise])
    return null
  } catch (error) {
    return error instanceof Error ? `${error.message}\n${error.stack ?? ""}` : String(error)
  } finally {
    clearTimeout(timer)
  }
}
