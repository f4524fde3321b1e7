import { ConfigError, UsageError } from "../domain/errors.ts"
import type { JournalRecord } from "../ports.ts"
import type { Json, StrategyState } from "./declaration/context.ts"
import type { StateOptions } from "./declaration/strategy.ts"

/** Where a strategy's state keeps the version it was written by; a key no strategy can use. */
const VERSION_KEY = "$version"
const DEPTH_MAX = 64

export type StateRow = { readonly key: string; readonly value: string }

/** What a strategy keeps: JSON text by key, each change a record of the turn. */
export class KeptState implements StrategyState {
  readonly #strategy: string
  readonly #texts: Map<string, string>
  readonly #record: (record: JournalRecord) => void

  constructor(strategy: string, rows: readonly StateRow[], record: (record: JournalRecord) => void) {
    this.#strategy = strategy
    this.#texts = new Map(rows.map(({ key, value }) => [key, value]))
    this.#record = record
  }

  get<T extends Json>(key: string): T | undefined
  get<T extends Json>(key: string, fallback: T): T
  get<T extends Json>(key: string, fallback?: T): T | undefined {
    const text = this.#texts.get(key)
    return text === undefined || key === VERSION_KEY ? fallback : (JSON.parse(text) as T)
  }

  set(key: string, value: Json): void {
    if (key.startsWith("$")) throw new UsageError(`state key "${key}": names that start with $ are the runtime's own`)
    checkJson(value, `state ${key}`, 0)
    this.#write(key, JSON.stringify(value))
  }

  delete(key: string): void {
    if (this.#texts.has(key) && key !== VERSION_KEY) this.#write(key, undefined)
  }

  keys(): readonly string[] {
    return [...this.#texts.keys()].filter((key) => key !== VERSION_KEY)
  }

  /** Brings what an older version left to this one's form. Throws ConfigError where that cannot be done. */
  migrate({ version, migrate }: StateOptions): void {
    const found = this.#texts.get(VERSION_KEY)
    const from = found === undefined ? (this.#texts.size === 0 ? version : 1) : Number(found)
    const name = `the state of strategy ${this.#strategy}`
    if (from > version) throw new ConfigError(`${name} is of version ${from}; this bot knows it up to ${version}`)
    if (from < version) {
      if (migrate === undefined) {
        throw new ConfigError(`${name} is of version ${from}; to read it, version ${version} wants a migrate function`)
      }
      this.#replace(migrate(from, Object.fromEntries(this.keys().map((key) => [key, this.get<Json>(key) ?? null]))))
    }
    if (found !== String(version)) this.#write(VERSION_KEY, String(version))
  }

  #replace(next: Readonly<Record<string, Json>>): void {
    for (const key of this.keys()) if (!Object.hasOwn(next, key)) this.delete(key)
    for (const [key, value] of Object.entries(next)) this.set(key, value)
  }

  #write(key: string, value: string | undefined): void {
    if (this.#texts.get(key) === value) return
    if (value === undefined) this.#texts.delete(key)
    else this.#texts.set(key, value)
    this.#record({ kind: "state", strategy: this.#strategy, key, value })
  }
}

/** JSON.stringify turns NaN into null and drops functions: what would not come back is refused. */
function checkJson(value: unknown, where: string, depth: number): void {
  if (depth > DEPTH_MAX) throw new UsageError(`${where} is nested deeper than ${DEPTH_MAX}, or contains itself`)
  if (value === null || typeof value === "string" || typeof value === "boolean") return
  if (typeof value === "number" && Number.isFinite(value)) return
  if (typeof value === "number") throw new UsageError(`${where} is ${value}, which JSON cannot hold`)
  if (typeof value !== "object") throw new UsageError(`${where} is of type ${typeof value}, which JSON cannot hold`)
  const form: unknown = Object.getPrototypeOf(value)
  if (!Array.isArray(value) && form !== Object.prototype && form !== null) {
    throw new UsageError(`${where} is a ${value.constructor.name}; keep plain objects, lists and numbers`)
  }
  for (const [key, inner] of Object.entries(value)) checkJson(inner, `${where}.${key}`, depth + 1)
}
