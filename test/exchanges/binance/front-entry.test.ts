import { describe, expect, test } from "bun:test"
import { apiKey, Desk, hmac, type Json, secret, type Socket } from "./front-desk.ts"

/** Signed parameters as the WebSocket API wants them: sorted by name. */
function signedParams(desk: Desk, params: Json): Json {
  const all: Json = { ...params, apiKey, timestamp: Math.floor(desk.now / 1000) }
  const payload = Object.keys(all)
    .sort()
    .map((name) => `${name}=${all[name]}`)
    .join("&")
  return { ...all, signature: hmac(secret, payload) }
}

const session = () => {
  const desk = new Desk()
  const socket = desk.open("/ws-fapi/v1")
  const ask = (method: string, params: Json = {}, id: unknown = "q1"): Json => call(socket, { id, method, params })
  const signed = (method: string, params: Json) => ask(method, signedParams(desk, params))
  return { desk, socket, ask, signed }
}

function call(socket: Socket, message: unknown): Json {
  socket.send(message)
  return socket.frames.at(-1)!
}

const order = {
  symbol: "BTCUSDT",
  side: "BUY",
  type: "LIMIT",
  timeInForce: "GTC",
  quantity: "0.010",
  price: "61000.00",
}

describe("the WebSocket API", () => {
  test("places, modifies, asks for and cancels an order by its 19-digit id as a bare number", () => {
    const { desk, socket, signed } = session()
    const placed = signed("order.place", { ...order, newClientOrderId: "w1" })
    expect(placed).toMatchObject({
      id: "q1",
      status: 200,
      result: { status: "NEW", clientOrderId: "w1", price: "61000.00" },
    })
    const id = placed.result.orderId as string
    expect(id).toMatch(/^\d{19}$/)
    expect(placed.rateLimits).toEqual([
      { rateLimitType: "ORDERS", interval: "SECOND", intervalNum: 10, limit: 300, count: 1 },
      { rateLimitType: "ORDERS", interval: "MINUTE", intervalNum: 1, limit: 1200, count: 1 },
      { rateLimitType: "REQUEST_WEIGHT", interval: "MINUTE", intervalNum: 1, limit: 2400, count: 0 },
    ])
    const bare = (method: string, params: Json): Json => {
      const text = JSON.stringify({ id: 7, method, params: signedParams(desk, { ...params, orderId: id }) })
      return call(socket, text.replace(`"orderId":"${id}"`, `"orderId":${id}`))
    }
    const { symbol } = order
    expect(bare("order.modify", { symbol, side: "BUY", quantity: "0.020", price: "61010.00" }).result).toMatchObject({
      orderId: id,
      origQty: "0.020",
    })
    expect(bare("order.status", { symbol })).toMatchObject({
      id: 7,
      status: 200,
      result: { orderId: id, price: "61010.00" },
    })
    expect(bare("order.cancel", { symbol }).result).toMatchObject({ orderId: id, status: "CANCELED" })
    expect(bare("order.cancel", { symbol })).toMatchObject({
      id: 7,
      status: 400,
      error: { code: -2011, msg: "Unknown order sent." },
    })
  })

  test("a bad signature, an old timestamp and a stranger's key are refused in the frame's own terms", () => {
    const { desk, ask } = session()
    const good = signedParams(desk, order)
    expect(ask("order.place", { ...good, quantity: "0.02" })).toMatchObject({ status: 400, error: { code: -1022 } })
    expect(ask("order.place", { ...good, apiKey: "nobody" })).toMatchObject({ status: 401, error: { code: -2015 } })
    expect(ask("order.place", order)).toMatchObject({ status: 400, error: { code: -1102 } })
    expect(ask("order.place", good)).toMatchObject({ status: 200 })
    desk.pass(6_000)
    expect(ask("order.place", good)).toMatchObject({ status: 400, error: { code: -1021 } })
  })

  test("public methods need no key; unknown ones, bad JSON and an HMAC logon are refused", () => {
    const { desk, socket, ask } = session()
    expect(ask("ping", {}, 1)).toMatchObject({ id: 1, status: 200, result: {} })
    expect(ask("time").result.serverTime).toBe(Math.floor(desk.now / 1000))
    expect(ask("order.fly", {}, null)).toMatchObject({ id: null, status: 400, error: { code: -1020 } })
    expect(ask("session.logon", { apiKey })).toMatchObject({ status: 400, error: { code: -4056 } })
    expect(call(socket, "{nonsense")).toMatchObject({ id: null, status: 400, error: { code: -1135 } })
  })

  test("balance and positions answer like REST, and rate limits stay out where they are not wanted", () => {
    const { desk, signed } = session()
    desk.market("BUY", "0.010")
    expect(signed("v2/account.balance", {}).result[0]).toMatchObject({ asset: "USDT" })
    expect(signed("v2/account.position", {}).result[0]).toMatchObject({ symbol: "BTCUSDT", positionAmt: "0.010" })
    const quiet = desk.open("/ws-fapi/v1?returnRateLimits=false")
    expect(call(quiet, { id: 1, method: "ping" })).toEqual({ id: 1, status: 200, result: {} })
  })

  test("a listen key is the same one, whichever door gave it", () => {
    const { desk, ask } = session()
    expect(ask("userDataStream.start").error.code).toBe(-1102)
    expect(ask("userDataStream.start", { apiKey }).result).toEqual({ listenKey: desk.listenKey() })
    expect(ask("userDataStream.stop", { apiKey })).toMatchObject({ status: 200, result: {} })
    expect(ask("userDataStream.ping", { apiKey }).error.code).toBe(-1125)
  })

  test("an order placed here is the same order over REST and in the user data stream", () => {
    const { desk, signed } = session()
    const user = desk.open(`/private/ws/${desk.listenKey()}`)
    const { result } = signed("order.place", { ...order, newClientOrderId: "both" })
    expect(user.frames).toMatchObject([
      { e: "ORDER_TRADE_UPDATE", o: { i: result.orderId, c: "both", x: "NEW", X: "NEW" } },
    ])
    expect(desk.signed("GET", "/fapi/v1/openOrders").json[0].orderId).toBe(result.orderId)
  })
})
