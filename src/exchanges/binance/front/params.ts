import { refusal } from "./refusal.ts"

/** Parameters of one request, as text. Getters refuse as the venue does, by the parameter's name. */
export class Params {
  readonly #values: ReadonlyMap<string, string>

  constructor(values: ReadonlyMap<string, string>) {
    this.#values = values
  }

  /** Of a query string and a form body; a name that comes twice is refused. */
  static parse(query: string, body: string): Params {
    const values = new Map<string, string>()
    for (const part of `${query}&${body}`.split("&")) {
      if (part === "") continue
      const at = part.indexOf("=")
      const name = decode(at < 0 ? part : part.slice(0, at))
      if (values.has(name)) throw refusal(-1101)
      values.set(name, at < 0 ? "" : decode(part.slice(at + 1)))
    }
    return new Params(values)
  }

  /** Of a JSON object whose ids are still text or safe numbers. */
  static from(object: Readonly<Record<string, unknown>>): Params {
    const values = new Map<string, string>()
    for (const [name, value] of Object.entries(object)) {
      if (value !== null && value !== undefined)
        values.set(name, typeof value === "string" ? value : JSON.stringify(value))
    }
    return new Params(values)
  }

  /** Undefined where absent or empty. */
  get(name: string): string | undefined {
    const value = this.#values.get(name)
    return value === "" ? undefined : value
  }

  need(name: string): string {
    const value = this.get(name)
    if (value === undefined) throw refusal(-1102, name)
    return value
  }

  /** A whole number that JavaScript counts exactly: times, limits. */
  int(name: string): number | undefined {
    const value = this.get(name)
    if (value === undefined) return undefined
    if (!/^-?\d{1,15}$/.test(value)) throw refusal(-1102, name)
    return Number(value)
  }

  needInt(name: string): number {
    this.need(name)
    return this.int(name)!
  }

  /** A whole number of any length: an id. */
  id(name: string): bigint | undefined {
    const value = this.get(name)
    if (value === undefined) return undefined
    if (!/^\d{1,20}$/.test(value)) throw refusal(-1102, name)
    return BigInt(value)
  }

  flag(name: string): boolean {
    const value = this.get(name)?.toLowerCase()
    if (value !== undefined && value !== "true" && value !== "false") throw refusal(-1102, name)
    return value === "true"
  }

  limit(standard: number, most: number): number {
    const limit = this.int("limit") ?? standard
    if (limit < 1) throw refusal(-1130, "limit")
    return Math.min(limit, most)
  }

  /** Start and end in ms; both open where absent. */
  span(): { readonly start: number; readonly end: number } {
    const start = this.int("startTime") ?? 0
    const end = this.int("endTime") ?? Number.MAX_SAFE_INTEGER
    if (start > end) throw refusal(-1023)
    return { start, end }
  }

  entries(): [string, string][] {
    return [...this.#values]
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "))
  } catch {
    throw refusal(-1100, text)
  }
}

/**
 * JSON whose whole numbers of 16 digits and more become text: `JSON.parse` would round them. The pattern cannot match inside a
 * string that this protocol carries, since those hold no comma, brace or bracket after digits.
 */
export const parseExact = (text: string): unknown =>
  JSON.parse(text.replace(/([:[,]\s*)(\d{16,})(?=\s*[,}\]])/g, '$1"$2"'))
