import { expect, test } from "bun:test"
import { ConfigError, UsageError } from "../../../src/runtime/domain/errors.ts"
import { parseChannel } from "../../../src/exchanges/kit/channel.ts"
import { hostsOf } from "../../../src/exchanges/kit/hosts.ts"
import { draftOf, queryOf } from "../../../src/exchanges/kit/request.ts"

test("a query keeps the order given, leaves out what is undefined and percent-encodes the rest", () => {
  expect(queryOf({ z: 1, a: undefined, b: "x y&=", c: ["p", "q"], d: true, e: "测试" })).toBe(
    "z=1&b=x%20y%26%3D&c=%5B%22p%22%2C%22q%22%5D&d=true&e=%E6%B5%8B%E8%AF%95",
  )
  expect(queryOf({})).toBe("")
})

test("fields fill the route first, and the rest goes where the venue wants it", () => {
  const fields = { id: "a/b", side: "BUY" }
  expect(draftOf("https://x", "DELETE /v1/orders/:id", fields, () => "query")).toEqual({
    method: "DELETE",
    origin: "https://x",
    path: "/v1/orders/a%2Fb",
    query: "side=BUY",
    body: "",
  })
  expect(draftOf("https://x", "POST /v1/orders", fields, () => "json").body).toBe('{"id":"a/b","side":"BUY"}')
  expect(draftOf("https://x", "POST /v1/orders", [{ a: 1 }], () => "json").body).toBe('[{"a":1}]')
  expect(() => draftOf("https://x", "GET /v1/orders/:id", {}, () => "query")).toThrow(UsageError)
})

const HOSTS = {
  production: { rest: "https://a.example", api: "wss://b.example/ws-api/v1" },
  testnet: { rest: "https://t.example", api: "wss://t.example/ws-api/v1" },
}

test("an endpoint takes over scheme and host and keeps the paths", () => {
  expect(hostsOf(HOSTS, {})).toBe(HOSTS.production)
  expect(hostsOf(HOSTS, { environment: "testnet" })).toBe(HOSTS.testnet)
  expect(hostsOf(HOSTS, { endpoint: "http://127.0.0.1:9/" })).toEqual({
    rest: "http://127.0.0.1:9",
    api: "ws://127.0.0.1:9/ws-api/v1",
  })
  expect(hostsOf(HOSTS, { endpoint: "https://proxy.example" }).api).toBe("wss://proxy.example/ws-api/v1")
  for (const endpoint of ["127.0.0.1:9", "nonsense", "ftp://x"]) {
    expect(() => hostsOf(HOSTS, { endpoint })).toThrow(ConfigError)
  }
})

test("channels are read from short text, and anything else is refused by name", () => {
  expect(parseChannel("trades:each")).toEqual({ kind: "trades", each: true })
  expect(parseChannel("bbo")).toEqual({ kind: "lob", form: "bbo" })
  expect(parseChannel("lob")).toEqual({ kind: "lob", form: "incremental" })
  expect(parseChannel("lob:snapshot:20:100ms")).toEqual({ kind: "lob", form: "snapshot", depth: 20, everyMs: 100 })
  expect(parseChannel("lob:incremental:0ms")).toEqual({ kind: "lob", form: "incremental", everyMs: 0 })
  expect(parseChannel("candles:1M")).toEqual({ kind: "candles", interval: "1M" })
  expect(parseChannel("accOrders")).toEqual({ kind: "accOrders" })
  for (const text of ["", "toString", "candles:7m", "lob:other", "Trades"]) {
    expect(() => parseChannel(text)).toThrow(UsageError)
  }
})
