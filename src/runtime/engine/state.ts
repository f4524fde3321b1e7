import { ConfigError, describe, UsageError } from "../domain/errors.ts"
import { isPlain } from "../domain/given.ts"
import type { JournalRecord } from "../ports.ts"
import type { Json, StrategyState } from "./declaration/context.ts"
import type { StateOptions } from "./declaration/strategy.ts"

/** Where a strategy's state keeps the version it was written by; a key no strategy can use. */
const VERSION_KEY = "$version"
const DEPTH_MAX = 64

export type StateRow = { readonly key: string; readonly value: string }

/**
 * What a strategy keeps: JSON text by key, each change a record of the turn, with what takes it back where that turn does
 * not reach the disk. Else a write of the same value after a `resume` would be no change, and the disk never get it.
 */
export class KeptState implements StrategyState {
  readonly #strategy: string
  readonly #texts: Map<string, string>
  readonly #record: (record: JournalRecord, undo: () => void) => void
  #closed = ""

  constructor(strategy: string, rows: readonly StateRow[], record: (record: JournalRecord, undo: () => void) => void) {
    this.#strategy = strategy
    this.#texts = new Map(rows.map(({ key, value }) => [key, value]))
    this.#record = record
  }

  get<T extends Json>(key: string): T | undefined
  get<T extends Json>(key: string, fallback: T): T
  get<T extends Json>(key: string, fallback?: T): T | undefined {
    checkKey(key)
    const text = this.#texts.get(key)
    return text === undefined || key === VERSION_KEY ? fallback : (JSON.parse(text) as T)
  }

  set(key: string, value: Json): void {
    this.#write(key, jsonOf(key, value))
  }

  delete(key: string): void {
    checkKey(key)
    if (this.#texts.has(key) && key !== VERSION_KEY) this.#write(key, undefined)
  }

  keys(): readonly string[] {
    return [...this.#texts.keys()].filter((key) => key !== VERSION_KEY)
  }

  /** Nothing can be kept any more: a write is refused with this reason. */
  close(why: string): void {
    this.#closed = why
  }

  /**
   * How to bring what an older version left to this one's form. All that can go wrong has gone wrong before that is
   * called: a `migrate` that throws or answers what cannot be kept has changed nothing, and is asked the same again at the
   * next start. Throws ConfigError.
   */
  migration({ version, migrate }: StateOptions): () => void {
    const found = this.#texts.get(VERSION_KEY)
    const from = found === undefined ? (this.#texts.size === 0 ? version : 1) : Number(found)
    const name = `the state of strategy ${this.#strategy}`
    if (from > version) throw new ConfigError(`${name} is of version ${from}; this bot knows it up to ${version}`)
    const next = from < version ? this.#migrated(from, version, migrate) : undefined
    return () => {
      if (next !== undefined) this.#replace(next)
      if (found !== String(version)) this.#write(VERSION_KEY, String(version))
    }
  }

  /** The texts of the new version by key, every one checked. */
  #migrated(from: number, version: number, migrate: StateOptions["migrate"]): ReadonlyMap<string, string> {
    const name = `the state of strategy ${this.#strategy}`
    if (migrate === undefined) {
      throw new ConfigError(`${name} is of version ${from}; to read it, version ${version} wants a migrate function`)
    }
    const refusal = (what: string, options?: ErrorOptions): ConfigError =>
      new ConfigError(
        `${name}, version ${from} to ${version}: migrate ${what}; nothing was changed. ${REMEDY}`,
        options,
      )
    let next: unknown
    try {
      next = migrate(from, Object.fromEntries(this.keys().map((key) => [key, this.get<Json>(key) ?? null])))
    } catch (error) {
      throw refusal(`threw: ${describe(error)}`, { cause: error })
    }
    const oddity = oddityOf(next)
    if (oddity !== undefined) throw refusal(`answered ${oddity}`)
    try {
      return new Map(Object.entries(next as object).map(([key, value]) => [key, jsonOf(key, value)]))
    } catch (error) {
      throw refusal(`answered what cannot be kept: ${describe(error)}`, { cause: error })
    }
  }

  #replace(next: ReadonlyMap<string, string>): void {
    for (const key of this.keys()) if (!next.has(key)) this.delete(key)
    for (const [key, text] of next) this.#write(key, text)
  }

  #write(key: string, value: string | undefined): void {
    if (this.#closed !== "") throw new UsageError(`state ${key} of strategy ${this.#strategy}: ${this.#closed}`)
    const before = this.#texts.get(key)
    if (before === value) return
    this.#put(key, value)
    this.#record({ kind: "state", strategy: this.#strategy, key, value }, () => this.#put(key, before))
  }

  #put(key: string, value: string | undefined): void {
    if (value === undefined) this.#texts.delete(key)
    else this.#texts.set(key, value)
  }
}

const REMEDY =
  "It must return, at once, a plain object with every key to keep ({} to begin anew): mend it, or start the version before"

/** Why this is no object of keys and values; undefined where it is one. */
function oddityOf(answer: unknown): string | undefined {
  if (typeof answer !== "object") return answer === undefined ? "nothing" : `a ${typeof answer}`
  if (answer === null) return "null"
  if (answer instanceof Promise) {
    // Nobody waits for it: what it may throw later is of no interest any more.
    answer.catch(() => undefined)
    return "a promise: it must not be async"
  }
  if (Array.isArray(answer)) return "a list"
  return isPlain(answer) ? undefined : `a ${formOf(answer)}`
}

/** `Map`, `Date`, or the name of the bot's own class. */
function formOf(value: object): string {
  const maker: unknown = (value as { readonly constructor?: unknown }).constructor
  return typeof maker === "function" && maker.name !== "" ? maker.name : "special object"
}

function checkKey(key: unknown): asserts key is string {
  if (typeof key !== "string") throw new UsageError(`a state key is of type ${typeof key}; write a text`)
}

/** The text under which `value` is kept. Throws UsageError where it would not come back as it is. */
function jsonOf(key: unknown, value: unknown): string {
  checkKey(key)
  if (key.startsWith("$")) throw new UsageError(`state key "${key}": names that start with $ are the runtime's own`)
  checkJson(value, `state ${key}`, 0)
  return JSON.stringify(value)
}

/** JSON.stringify turns NaN and a list's holes into null and drops functions: what would not come back is refused. */
function checkJson(value: unknown, where: string, depth: number): void {
  if (depth > DEPTH_MAX) throw new UsageError(`${where} is nested deeper than ${DEPTH_MAX}, or contains itself`)
  if (value === null || typeof value === "string" || typeof value === "boolean") return
  if (typeof value === "number" && Number.isFinite(value)) return
  if (typeof value === "number") throw new UsageError(`${where} is ${value}, which JSON cannot hold`)
  if (typeof value !== "object") throw new UsageError(`${where} is of type ${typeof value}, which JSON cannot hold`)
  if (Array.isArray(value)) checkList(value, where)
  else if (!isPlain(value))
    throw new UsageError(`${where} is a ${formOf(value)}; keep plain objects, lists and numbers`)
  for (const [key, inner] of Object.entries(value)) checkJson(inner, `${where}.${key}`, depth + 1)
}

function checkList(list: readonly unknown[], where: string): void {
  for (let at = 0; at < list.length; at++) {
    if (!Object.hasOwn(list, at)) throw new UsageError(`${where}.${at} is a hole in a list, which JSON cannot hold`)
  }
  const extra = Object.keys(list)[list.length]
  if (extra !== undefined) throw new UsageError(`${where}.${extra} is no item of its list, and JSON cannot hold it`)
}
