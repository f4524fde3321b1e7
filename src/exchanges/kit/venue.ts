import type { Channel } from "../../runtime/domain/channel.ts"
import { UsageError } from "../../runtime/domain/errors.ts"
import type { Decoded, Frame } from "../../runtime/domain/events.ts"
import type { Inst } from "../../runtime/domain/inst.ts"
import type { Market } from "../../runtime/domain/market.ts"
import type { OperationName, ParamsOf } from "../../runtime/domain/operation.ts"
import type {
  Auth,
  BookRule,
  Credentials,
  Heartbeat,
  HistoryRule,
  HttpCall,
  OrderEntry,
  RateUsage,
  Subscription,
  Venue,
  VenueLimits,
} from "../../runtime/ports.ts"
import type { Draft, Endpoint, Endpoints, Security } from "./endpoint.ts"
import { type Judge, outcomeOf } from "./outcome.ts"
import { type Carry, draftOf } from "./request.ts"

/** A market as tables and pure functions; `venueOf` makes the port of it. */
export interface VenueSpec {
  readonly market: Market
  readonly exchange: string
  readonly limits: VenueLimits
  readonly heartbeat: Heartbeat
  readonly book: BookRule
  readonly history?: HistoryRule
  readonly credentialNames: Readonly<Record<string, string>>
  /** The venue refuses a signed request this long after its timestamp. */
  readonly requestLifeMs: number
  /** Origin of REST calls, without a path. */
  readonly restOrigin: string
  readonly endpoints: Endpoints
  readonly carry: Carry
  /** Adds key, timestamp and signature as the row's security asks. */
  readonly seal: (draft: Draft, security: Security, auth: Auth, requestLifeMs: number) => HttpCall
  readonly judge: Judge
  readonly decode: (frame: Frame, receivedAt: number) => Decoded
  readonly usage: (headers: Readonly<Record<string, string>>) => RateUsage
  readonly subscribe: (channel: Channel, insts: readonly Inst[], auth: Auth | undefined) => Subscription
  readonly unsubscribe: (channel: Channel, insts: readonly Inst[], auth: Auth | undefined) => Subscription
  readonly login?: (auth: Auth) => string
  readonly entry?: OrderEntry
  readonly inst: Venue["inst"]
}

/** The credentials, or a UsageError that names the environment variables to set, and whose they are. */
export function credentialsOf(auth: Auth, market: Market, names: Readonly<Record<string, string>>): Credentials {
  if (auth.credentials !== undefined) return auth.credentials
  const variables = Object.values(names).join(" and ")
  throw new UsageError(
    `${market} signs this request: set ${variables}, which are read for bots with an orders(…) task or a feed of the account`,
  )
}

/** Makes a venue of its tables. Knows no venue by name. */
export function venueOf(spec: VenueSpec): Venue {
  const { market, endpoints } = spec
  const rowOf = <O extends OperationName>(operation: O): Endpoint<O> => {
    // The mapped type of `Endpoints` ties each name to its row; TypeScript cannot follow that through a type variable.
    const row = endpoints[operation] as Endpoint<O> | undefined
    if (row === undefined) throw new UsageError(`${market} has no operation "${operation}"`)
    return row
  }
  const encode = <O extends OperationName>(operation: O, params: ParamsOf<O>, auth: Auth): HttpCall => {
    const row = rowOf(operation)
    const draft = draftOf(spec.restOrigin, row.route, row.encode(params), spec.carry)
    if (row.signed !== false) credentialsOf(auth, market, spec.credentialNames)
    return spec.seal(draft, row.signed, auth, spec.requestLifeMs)
  }
  return {
    market,
    exchange: spec.exchange,
    limits: spec.limits,
    heartbeat: spec.heartbeat,
    book: spec.book,
    ...(spec.history === undefined ? {} : { history: spec.history }),
    credentialNames: spec.credentialNames,
    operations: Object.keys(endpoints) as OperationName[],
    requestLifeMs: spec.requestLifeMs,
    decode: spec.decode,
    encode,
    response: (operation, params, status, body) => outcomeOf(rowOf(operation), spec.judge, params, status, body),
    weight: (operation, params) => {
      const { weight } = rowOf(operation)
      return typeof weight === "number" ? weight : weight(params)
    },
    usage: spec.usage,
    subscribe: (channel, insts, auth) => spec.subscribe(channel, insts, auth),
    unsubscribe: (channel, insts, auth) => spec.unsubscribe(channel, insts, auth),
    ...(spec.login === undefined ? {} : { login: spec.login }),
    ...(spec.entry === undefined ? {} : { entry: spec.entry }),
    inst: spec.inst,
  }
}
