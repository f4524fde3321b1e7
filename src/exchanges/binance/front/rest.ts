import type { FrontRequest, FrontResponse } from "../../../runtime/ports.ts"
import type { Exchange } from "./exchange.ts"
import { income } from "./income.ts"
import { weightPerMinute, Window } from "./limits.ts"
import type { Member } from "./member.ts"
import * as orders from "./orders.ts"
import { Params } from "./params.ts"
import { noAnswer } from "./playback.ts"
import { Refused, refusal } from "./refusal.ts"
import * as account from "./rest-account.ts"
import * as market from "./rest-market.ts"
import * as wallet from "./rest-wallet.ts"
import { checkSignature, checkTime } from "./security.ts"

type Weight = number | ((params: Params) => number)

interface Route {
  readonly weight: Weight
  /** "key": an API key is enough (listen keys). */
  readonly access: "open" | "key" | "signed"
  readonly run: (exchange: Exchange, params: Params, member: Member) => string
}

const open = (weight: Weight, run: market.Handler): Route => ({ weight, access: "open", run })
const signed = (weight: Weight, run: account.MemberHandler): Route => ({
  weight,
  access: "signed",
  run: (exchange, params, member) => run(exchange, member, params),
})
const keyed = (weight: Weight, run: account.MemberHandler): Route => ({ ...signed(weight, run), access: "key" })
const bySymbol =
  (one: number, all: number) =>
  (params: Params): number =>
    params.get("symbol") === undefined ? all : one

/** Paths and weights as the product pages of 2026-11 have them. */
const ROUTES: Readonly<Record<string, Route>> = {
  "GET /fapi/v1/ping": open(1, () => "{}"),
  "GET /fapi/v1/time": open(1, market.time),
  "GET /fapi/v1/exchangeInfo": open(1, market.exchangeInfo),
  "GET /fapi/v1/depth": open(market.depthWeight, market.depth),
  "GET /fapi/v1/trades": open(5, market.trades),
  "GET /fapi/v1/aggTrades": open(20, market.aggTrades),
  "GET /fapi/v1/klines": open(market.candleWeight, market.klines),
  "GET /fapi/v1/premiumIndexKlines": open(market.candleWeight, market.premiumIndexKlines),
  "GET /fapi/v1/premiumIndex": open(bySymbol(1, 10), market.premiumIndex),
  "GET /fapi/v1/fundingInfo": open(0, market.fundingInfo),
  "GET /fapi/v1/fundingRate": open(0, market.fundingRate),
  "GET /fapi/v1/openInterest": open(1, market.openInterest),
  "GET /futures/data/openInterestHist": open(0, market.openInterestHist),
  "GET /fapi/v1/ticker/24hr": open(bySymbol(1, 40), market.ticker24hr),
  "GET /fapi/v1/ticker/price": open(bySymbol(1, 2), market.tickerPrice),
  "GET /fapi/v2/ticker/price": open(bySymbol(1, 2), market.tickerPrice),
  "GET /fapi/v1/ticker/bookTicker": open(bySymbol(2, 5), market.bookTicker),
  "POST /fapi/v1/order": signed(0, orders.place),
  "PUT /fapi/v1/order": signed(1, orders.amend),
  "DELETE /fapi/v1/order": signed(1, orders.cancel),
  "GET /fapi/v1/order": signed(1, orders.query),
  "POST /fapi/v1/batchOrders": signed(5, orders.placeBatch),
  "PUT /fapi/v1/batchOrders": signed(5, orders.amendBatch),
  "DELETE /fapi/v1/batchOrders": signed(1, orders.cancelBatch),
  "DELETE /fapi/v1/allOpenOrders": signed(1, orders.cancelAll),
  "POST /fapi/v1/countdownCancelAll": signed(10, orders.countdown),
  "GET /fapi/v1/openOrders": signed(bySymbol(1, 40), account.openOrders),
  "GET /fapi/v1/openOrder": signed(1, account.openOrder),
  "GET /fapi/v1/allOrders": signed(5, account.allOrders),
  "GET /fapi/v1/userTrades": signed(5, account.userTrades),
  "GET /fapi/v2/balance": signed(5, account.balance),
  "GET /fapi/v3/balance": signed(5, account.balance),
  "GET /fapi/v2/account": signed(5, account.accountV2),
  "GET /fapi/v3/account": signed(5, account.accountV3),
  "GET /fapi/v2/positionRisk": signed(5, account.positionRiskV2),
  "GET /fapi/v3/positionRisk": signed(5, account.positionRiskV3),
  "GET /fapi/v1/accountConfig": signed(5, account.accountConfig),
  "GET /fapi/v1/symbolConfig": signed(5, account.symbolConfig),
  "GET /fapi/v1/income": signed(30, income),
  "GET /fapi/v1/commissionRate": signed(20, account.commissionRate),
  "GET /fapi/v1/leverageBracket": signed(1, account.leverageBracket),
  "POST /fapi/v1/leverage": signed(1, account.setLeverage),
  "POST /fapi/v1/marginType": signed(1, account.setMarginType),
  "GET /fapi/v1/positionSide/dual": signed(30, account.positionMode),
  "POST /fapi/v1/positionSide/dual": signed(1, account.setPositionMode),
  "GET /fapi/v1/multiAssetsMargin": signed(30, account.assetsMode),
  "POST /fapi/v1/multiAssetsMargin": signed(1, account.setAssetsMode),
  "GET /sapi/v1/capital/config/getall": signed(10, wallet.coins),
  "GET /sapi/v1/margin/allPairs": signed(1, wallet.marginPairs),
  "POST /fapi/v1/listenKey": keyed(1, account.openListenKey),
  "PUT /fapi/v1/listenKey": keyed(1, account.keepListenKey),
  "DELETE /fapi/v1/listenKey": keyed(1, account.closeListenKey),
}

/** Of the market's past and its funding, which a playback has only as far as its tape was told. */
const PAST = new Set([
  "GET /fapi/v1/trades",
  "GET /fapi/v1/aggTrades",
  "GET /fapi/v1/klines",
  "GET /fapi/v1/premiumIndexKlines",
  "GET /fapi/v1/ticker/24hr",
  "GET /fapi/v1/premiumIndex",
  "GET /fapi/v1/fundingInfo",
  "GET /fapi/v1/openInterest",
  "GET /futures/data/openInterestHist",
])

const COUNTS_ORDERS = new Set([
  "POST /fapi/v1/order",
  "PUT /fapi/v1/order",
  "POST /fapi/v1/batchOrders",
  "PUT /fapi/v1/batchOrders",
])

/** One header by its name in lower case, however the transport spells it. */
function header(headers: Readonly<Record<string, string>>, name: string): string | undefined {
  for (const [key, value] of Object.entries(headers)) if (key.toLowerCase() === name) return value
  return undefined
}

/** The member whose key a request carries. */
export function memberOf(exchange: Exchange, apiKey: string | undefined): Member {
  if (apiKey === undefined || apiKey === "") throw refusal(-2014)
  const member = exchange.members.get(apiKey)
  if (member === undefined) throw refusal(-2015)
  return member
}

/** HTTP: every request is one route of the table, weighed, checked, and answered with its counts. */
export class Rest {
  readonly #exchange: Exchange
  readonly weight = new Window(60_000, weightPerMinute)

  constructor(exchange: Exchange) {
    this.#exchange = exchange
  }

  answer(request: FrontRequest): FrontResponse {
    const now = this.#exchange.now
    const headers: Record<string, string> = { "content-type": "application/json" }
    let answer: { status: number; body: string }
    try {
      answer = { status: 200, body: this.#run(request, headers) }
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      if (error.status === 429) headers["retry-after"] = String(this.weight.secondsLeft(now))
      answer = { status: error.status, body: error.body }
    }
    headers["x-mbx-used-weight-1m"] = String(this.weight.count(now))
    return { ...answer, headers }
  }

  #run(request: FrontRequest, headers: Record<string, string>): string {
    const name = `${request.method} ${request.path}`
    const route = Object.hasOwn(ROUTES, name) ? ROUTES[name] : undefined
    if (route === undefined) throw refusal(-5000, request.path, request.method)
    const params = Params.parse(request.query, request.body)
    const weight = typeof route.weight === "number" ? route.weight : route.weight(params)
    if (!this.weight.add(weight, this.#exchange.now)) throw refusal(-1003)
    if (this.#exchange.playback !== undefined && PAST.has(name)) {
      throw noAnswer("the tape has no answer to this request")
    }
    if (route.access === "open") return route.run(this.#exchange, params, undefined as never)
    const member = memberOf(this.#exchange, header(request.headers, "x-mbx-apikey"))
    if (route.access === "signed") {
      checkTime(params, this.#exchange.now)
      checkSignature(request, params, member.secret)
    }
    try {
      return route.run(this.#exchange, params, member)
    } finally {
      if (COUNTS_ORDERS.has(name)) {
        headers["x-mbx-order-count-10s"] = String(member.orders10s.count(this.#exchange.now))
        headers["x-mbx-order-count-1m"] = String(member.orders1m.count(this.#exchange.now))
      }
    }
  }
}
