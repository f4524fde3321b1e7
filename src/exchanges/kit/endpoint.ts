import type { OperationName, ParamsOf, ResultOf } from "../../runtime/domain/operation.ts"
import type { HttpCall } from "../../runtime/ports.ts"
import type { Json } from "./json.ts"

/** One parameter of a request. Undefined ones are left out. */
export type FieldValue =
  | string
  | number
  | boolean
  | undefined
  | readonly unknown[]
  | { readonly [key: string]: unknown }

/** Parameters in the order they are sent: those named in the route fill it, the rest go where the venue wants them. */
export type Fields = Readonly<Record<string, FieldValue>>

/** What a request must carry: nothing, the API key alone, or key and signature. */
export type Security = false | "key" | true

type Weight<P> = number | ((params: P) => number)

/** An operation of a venue, as a row of its table. */
export interface Endpoint<O extends OperationName> {
  /** `DELETE /v1/orders/:id` */
  readonly route: string
  /** Request weight by the venue's own count. */
  readonly weight: Weight<ParamsOf<O>>
  readonly signed: Security
  /** True where a lost answer may have changed something at the venue. */
  readonly changes?: true
  /** Refusals that mean the wanted state was there already, by code. */
  readonly already?: readonly string[]
  /** Throws UsageError or WireError on what the venue cannot be asked. */
  readonly encode: (params: ParamsOf<O>) => Fields | readonly Fields[]
  /** Throws WireError naming what cannot be read; of market-wide lists, adds single rows to `unreadable` instead. */
  readonly decode: (reply: Json, params: ParamsOf<O>, unreadable: string[]) => ResultOf<O>
}

export type Endpoints = { readonly [O in OperationName]?: Endpoint<O> }

/** A request before it is signed. */
export interface Draft {
  readonly method: HttpCall["method"]
  readonly origin: string
  readonly path: string
  /** Percent-encoded, without the question mark. */
  readonly query: string
  /** JSON; empty where there is none. */
  readonly body: string
}

/** Splits a route into method and path. */
export function routeOf(route: string): { method: HttpCall["method"]; path: string } {
  const space = route.indexOf(" ")
  return { method: route.slice(0, space) as HttpCall["method"], path: route.slice(space + 1) }
}
