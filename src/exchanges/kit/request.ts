import { UsageError } from "../../runtime/domain/errors.ts"
import type { HttpCall } from "../../runtime/ports.ts"
import { type Draft, type Fields, type FieldValue, routeOf } from "./endpoint.ts"

/** A parameter as text; lists and objects as JSON. */
export const asText = (value: FieldValue): string => (typeof value === "object" ? JSON.stringify(value) : String(value))

/** `a=1&b=x%20y` in the order given; undefined values are left out. Lists and objects become JSON text. */
export function queryOf(fields: Fields): string {
  let query = ""
  for (const name in fields) {
    const value = fields[name]
    if (value === undefined) continue
    query += `${query === "" ? "" : "&"}${name}=${encodeURIComponent(asText(value))}`
  }
  return query
}

/** Fills `:name` segments and gives what is left over. */
function fillPath(path: string, fields: Fields): { path: string; rest: Fields } {
  if (!path.includes(":")) return { path, rest: fields }
  const rest: Record<string, FieldValue> = { ...fields }
  const filled = path.replace(/:([A-Za-z]+)/g, (_, name: string) => {
    const value = rest[name]
    if (value === undefined) throw new UsageError(`${path} needs ${name}`)
    delete rest[name]
    return encodeURIComponent(asText(value))
  })
  return { path: filled, rest }
}

/** Where a venue wants the parameters of a request with this method. */
export type Carry = (method: HttpCall["method"]) => "query" | "json"

/** The unsigned request of a row. */
export function draftOf(origin: string, route: string, fields: Fields | readonly Fields[], carry: Carry): Draft {
  const { method, path } = routeOf(route)
  if (Array.isArray(fields)) return { method, origin, path, query: "", body: JSON.stringify(fields) }
  const filled = fillPath(path, fields as Fields)
  return carry(method) === "query"
    ? { method, origin, path: filled.path, query: queryOf(filled.rest), body: "" }
    : { method, origin, path: filled.path, query: "", body: JSON.stringify(filled.rest) }
}
