import type { Exchange } from "./exchange.ts"
import { ordersPer10s, ordersPerMinute, weightPerMinute, type Window } from "./limits.ts"
import type { Member } from "./member.ts"
import * as orders from "./orders.ts"
import { Params, parseExact } from "./params.ts"
import { Refused, refusal } from "./refusal.ts"
import { memberOf } from "./rest.ts"
import * as account from "./rest-account.ts"
import * as market from "./rest-market.ts"
import { checkSortedSignature, checkTime } from "./security.ts"

interface Method {
  readonly weight: number
  readonly access: "open" | "key" | "signed"
  readonly countsOrders?: boolean
  readonly run: (exchange: Exchange, params: Params, member: Member) => string
}

const open = (weight: number, run: market.Handler): Method => ({ weight, access: "open", run })
const signed = (weight: number, run: account.MemberHandler, countsOrders = false): Method => ({
  weight,
  access: "signed",
  countsOrders,
  run: (exchange, params, member) => run(exchange, member, params),
})

const keyed = (weight: number, run: account.MemberHandler): Method => ({ ...signed(weight, run), access: "key" })

/** Ed25519 only, says the page "WebSocket API General Info"; these accounts have HMAC keys. */
const ed25519Only: Method = open(2, () => {
  throw refusal(-4056)
})

const METHODS: Readonly<Record<string, Method>> = {
  ping: open(1, () => "{}"),
  time: open(1, market.time),
  depth: open(5, market.depth),
  "ticker.price": open(1, market.tickerPrice),
  "ticker.book": open(2, market.bookTicker),
  "session.logon": ed25519Only,
  "session.status": open(
    2,
    (exchange) =>
      `{"apiKey":null,"authorizedSince":null,"connectedSince":${exchange.ms},"returnRateLimits":true,"serverTime":${exchange.ms}}`,
  ),
  "session.logout": open(
    2,
    (exchange) =>
      `{"apiKey":null,"authorizedSince":null,"connectedSince":${exchange.ms},"returnRateLimits":true,"serverTime":${exchange.ms}}`,
  ),
  "order.place": signed(0, orders.place, true),
  "order.modify": signed(1, orders.amend, true),
  "order.cancel": signed(1, orders.cancel),
  "order.status": signed(1, orders.query),
  "account.balance": signed(5, account.balance),
  "v2/account.balance": signed(5, account.balance),
  "account.position": signed(5, account.positionRiskV2),
  "v2/account.position": signed(5, account.positionRiskV3),
  "account.status": signed(5, account.accountV2),
  "v2/account.status": signed(5, account.accountV3),
  "userDataStream.start": keyed(5, account.openListenKey),
  "userDataStream.ping": keyed(1, account.keepListenKey),
  "userDataStream.stop": keyed(1, account.closeListenKey),
}

interface Request {
  readonly id: string
  readonly method: string
  readonly params: Params
}

const limitText = (type: string, interval: string, num: number, limit: number, count: number): string =>
  `{"rateLimitType":"${type}","interval":"${interval}","intervalNum":${num},"limit":${limit},"count":${count}}`

/** The WebSocket API at /ws-fapi/v1: a request a frame, each signed by itself. */
export class Entry {
  readonly #exchange: Exchange
  readonly #weight: Window
  /** Connections that asked not to be told the limits. */
  readonly #quiet = new Set<number>()

  constructor(exchange: Exchange, weight: Window) {
    this.#exchange = exchange
    this.#weight = weight
  }

  open(connection: number, query: string): void {
    if (query.split("&").includes("returnRateLimits=false")) this.#quiet.add(connection)
  }

  closed(connection: number): void {
    this.#quiet.delete(connection)
  }

  message(connection: number, text: string): void {
    const { hub, now } = this.#exchange
    let request: Request | undefined
    let method: Method | undefined
    let member: Member | undefined
    let outcome: string
    try {
      request = read(text)
      method = Object.hasOwn(METHODS, request.method) ? METHODS[request.method] : undefined
      if (method === undefined) throw refusal(-1020)
      if (!this.#weight.add(method.weight, now)) throw refusal(-1003)
      if (method.access !== "open") member = this.#authenticate(request.params, method.access === "signed")
      outcome = `"status":200,"result":${method.run(this.#exchange, request.params, member!)}`
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      outcome = `"status":${error.status},"error":${error.body}`
    }
    const limits = this.#quiet.has(connection) ? "" : `,"rateLimits":[${this.#limits(method, member)}]`
    hub.send(connection, `{"id":${request?.id ?? "null"},${outcome}${limits}}`)
  }

  #authenticate(params: Params, isSigned: boolean): Member {
    const member = memberOf(this.#exchange, params.need("apiKey"))
    if (!isSigned) return member
    checkTime(params, this.#exchange.now)
    checkSortedSignature(params, member.secret)
    return member
  }

  #limits(method: Method | undefined, member: Member | undefined): string {
    const { now } = this.#exchange
    const weight = limitText("REQUEST_WEIGHT", "MINUTE", 1, weightPerMinute, this.#weight.count(now))
    if (member === undefined || method?.countsOrders !== true) return weight
    const short = limitText("ORDERS", "SECOND", 10, ordersPer10s, member.orders10s.count(now))
    return `${short},${limitText("ORDERS", "MINUTE", 1, ordersPerMinute, member.orders1m.count(now))},${weight}`
  }
}

/** The id comes back exactly as it was sent: text, number or null. */
function read(text: string): Request {
  let frame: { readonly id?: unknown; readonly method?: unknown; readonly params?: unknown } | null
  try {
    frame = parseExact(text) as typeof frame
  } catch {
    throw refusal(-1135)
  }
  if (typeof frame?.method !== "string") throw refusal(-1135)
  const params = typeof frame.params === "object" && frame.params !== null ? frame.params : {}
  return {
    id: JSON.stringify(frame.id ?? null),
    method: frame.method,
    params: Params.from(params as Record<string, unknown>),
  }
}
