import { describe, expect, test } from "bun:test"
import { market, marketNames } from "../../../src/exchanges/index.ts"
import type { ChannelText } from "../../../src/exchanges/kit/channel.ts"
import { ConfigError, UsageError } from "../../../src/runtime/domain/errors.ts"

const um = market("binance-um")
const auth = { credentials: { apiKey: "key", secret: "secret" }, now: 1_700_000_000_000_000 }

function stream(channel: ChannelText): string {
  const { url, messages } = um.subscribe(channel, ["BTC_USDT_PERP"])
  const { params } = JSON.parse(messages[0] ?? "{}") as { params: string[] }
  return `${url} ${params.join(" ")}`
}

describe("a channel of binance-um", () => {
  test("is a stream on the route that carries it", () => {
    const streams = {
      trades: "wss://fstream.binance.com/market/stream btcusdt@aggTrade",
      "trades:each": "wss://fstream.binance.com/public/stream btcusdt@trade",
      bbo: "wss://fstream.binance.com/public/stream btcusdt@bookTicker",
      lob: "wss://fstream.binance.com/public/stream btcusdt@depth@100ms",
      "lob:incremental:0ms": "wss://fstream.binance.com/public/stream btcusdt@depth@0ms",
      "lob:incremental:250ms": "wss://fstream.binance.com/public/stream btcusdt@depth",
      "lob:incremental:500ms": "wss://fstream.binance.com/public/stream btcusdt@depth@500ms",
      "lob:snapshot": "wss://fstream.binance.com/public/stream btcusdt@depth20",
      "lob:snapshot:5:100ms": "wss://fstream.binance.com/public/stream btcusdt@depth5@100ms",
      "candles:1M": "wss://fstream.binance.com/market/stream btcusdt@kline_1M",
    } satisfies Partial<Record<ChannelText, string>>
    for (const [channel, wanted] of Object.entries(streams)) expect(stream(channel as ChannelText)).toBe(wanted)
  })

  test("that the venue does not stream is refused with what it offers", () => {
    for (const channel of ["lob:snapshot:50", "lob:snapshot:20:0ms", "lob:incremental:10ms", "candles:1s"] as const) {
      expect(() => stream(channel)).toThrow(UsageError)
      expect(() => stream(channel)).toThrow("it offers")
    }
    expect(() => um.subscribe({ kind: "lob", form: "incremental", depth: 20 }, ["BTC_USDT_PERP"])).toThrow(UsageError)
    expect(() => um.subscribe("trades", [])).toThrow("at least one instrument")
  })

  test("of many instruments is asked for in several messages, each with its own id", () => {
    const insts = Array.from({ length: 250 }, (_, at) => `COIN${at}_USDT_PERP`)
    const { messages, ids = [] } = um.subscribe("trades", insts)
    expect(messages.map((text) => (JSON.parse(text) as { params: string[] }).params.length)).toEqual([100, 100, 50])
    expect(messages.map((text) => String((JSON.parse(text) as { id: number }).id))).toEqual(Array.from(ids))
    expect(new Set(ids).size).toBe(3)
    expect(um.unsubscribe("trades", insts).ids).not.toEqual(Array.from(ids))
    for (const text of messages) expect(text.length).toBeLessThan(4096)
  })

  test("of the account opens the session's connection, all three the same, and asks for the expiry's event too", () => {
    const session = { ...auth, session: "key+/=" }
    const { url, messages } = um.subscribe("accOrders", [], session)
    expect(url).toBe(
      "wss://fstream.binance.com/private/ws?listenKey=key%2B%2F%3D&events=ORDER_TRADE_UPDATE/ACCOUNT_UPDATE/ACCOUNT_CONFIG_UPDATE/MARGIN_CALL/listenKeyExpired",
    )
    expect(messages).toEqual([])
    expect(um.subscribe("accBalPos", [], session).url).toBe(url)
    expect(um.subscribe("accPos", [], session).url).toBe(url)
    expect(() => um.subscribe("accOrders", [], auth)).toThrow("createSession")
  })
})

describe("order entry over the WebSocket API", () => {
  const { entry } = um
  if (entry === undefined) throw new Error("binance-um has order entry")
  const clientId = "0a1b2c3d4e0000010000000000000001"
  const ref = { inst: "BTC_USDT_PERP", clientId }

  test("speaks the four methods and refuses others", () => {
    const order = { ...ref, side: "BUY", size: "1", price: "2" } as const
    const methodOf = (text: string): unknown => (JSON.parse(text) as { method: string }).method
    expect(methodOf(entry.encode("place", order, auth, "1"))).toBe("order.place")
    expect(methodOf(entry.encode("amend", order, auth, "1"))).toBe("order.modify")
    expect(methodOf(entry.encode("cancel", ref, auth, "1"))).toBe("order.cancel")
    expect(methodOf(entry.encode("order", ref, auth, "1"))).toBe("order.status")
    expect(() => entry.encode("cancelAll", { inst: "BTC_USDT_PERP" }, auth, "1")).toThrow('"cancelAll"')
    expect(() => entry.encode("cancel", ref, { now: 1 }, "1")).toThrow("BINANCE_API_KEY and BINANCE_SECRET_KEY")
  })

  test("numbers go out as text, times and windows as integers", () => {
    const sent = JSON.parse(
      entry.encode("place", { ...ref, side: "SELL", size: "1", price: "2.50" }, auth, "r"),
    ) as object
    expect(sent).toMatchObject({
      id: "r",
      params: { quantity: "1", price: "2.50", timeInForce: "GTC", recvWindow: 5000, timestamp: 1_700_000_000_000 },
    })
  })

  test("a reply is read as the same answer over HTTP would be, ids and usage included", () => {
    const result =
      '{"symbol":"BTCUSDT","orderId":9223372036854775807,"clientOrderId":"x","status":"NEW","avgPrice":"0","executedQty":"0","updateTime":1}'
    const limits =
      '[{"rateLimitType":"ORDERS","interval":"SECOND","intervalNum":10,"limit":300,"count":2},{"rateLimitType":"ORDERS","interval":"MINUTE","intervalNum":1,"limit":1200,"count":3},{"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":2400,"count":4}]'
    const { reply } = entry.decode(`{"id":"r-1","status":200,"result":${result},"rateLimits":${limits}}`)
    expect(reply).toMatchObject({ requestId: "r-1", status: 200, usage: { orders10s: 2, orders1m: 3, weight: 4 } })
    expect(um.response("cancel", ref, reply?.status ?? 0, reply?.body ?? "")).toMatchObject({
      kind: "accepted",
      value: { orderId: "9223372036854775807" },
    })
    const failed = entry.decode(
      '{"id":5,"status":400,"error":{"code":-2011,"msg":"Unknown order sent."},"rateLimits":[]}',
    )
    expect(failed.reply?.requestId).toBe("5")
    expect(um.response("cancel", ref, failed.reply?.status ?? 0, failed.reply?.body ?? "")).toEqual({
      kind: "refused",
      reason: "Unknown order sent.",
      code: "-2011",
      meaning: "not-found",
    })
  })

  test("a ban says how long, and a revoked key is a refused login", () => {
    const banned =
      '{"id":"1","status":418,"error":{"code":-1003,"msg":"banned","data":{"serverTime":1000,"retryAfter":61000}}}'
    expect(entry.decode(banned).reply?.usage).toEqual({ retryAfterMs: 60_000 })
    expect(entry.decode('{"id":null,"status":401,"error":{"code":-2015,"msg":"Invalid API-key."}}')).toEqual({
      control: { kind: "loginRefused", code: "-2015", message: "Invalid API-key." },
    })
  })

  test("whatever else arrives is named as unreadable", () => {
    for (const frame of [
      "",
      "x",
      "[]",
      "{}",
      '{"id":"1"}',
      '{"id":"1","status":200}',
      '{"id":{},"status":200,"result":{}}',
    ]) {
      expect(entry.decode(frame).unreadable).toBeString()
      expect(entry.decode(frame).reply).toBeUndefined()
    }
  })
})

test("an unknown market is refused by name with the known ones, and one that is not built yet says so", () => {
  expect(() => market("binance")).toThrow(ConfigError)
  expect(() => market("binance")).toThrow(/no market "binance"; known: .*binance-um/)
  expect(() => market("toString")).toThrow(ConfigError)
  for (const name of ["hyperliquid"]) {
    if (!(marketNames() as string[]).includes(name)) expect(() => market(name).decode).toThrow("not built yet")
  }
})
