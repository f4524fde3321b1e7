import { expect, test } from "bun:test"
import vectors from "../../fixtures/vectors.json" with { type: "json" }
import { binanceUm } from "../../../src/exchanges/binance/index.ts"
import { hmac, seal, sealMessage } from "../../../src/exchanges/binance/sign.ts"

const clientId = "0a1b2c3d4e0000010000000000000001"

test.each(vectors.binance.map((vector) => [vector.kind, vector] as const))("published vector: %s", (_, vector) => {
  expect(hmac(vector.hmac_key, vector.payload)).toBe(vector.expected_hex)
})

test("the published request comes out of the signer whole: recvWindow and timestamp added, signature last", () => {
  const vector = vectors.binance.find(({ kind }) => kind === "rest (USD-M futures)")
  if (vector === undefined) throw new Error("the vector is gone")
  const query = vector.payload.replace("&recvWindow=5000&timestamp=1591702613943", "")
  const draft = { method: "POST", origin: "https://fapi.binance.com", path: "/fapi/v1/order", query, body: "" } as const
  const credentials = { apiKey: "dbefbc809e3e83c2", secret: vector.hmac_key }
  expect(seal(draft, true, { credentials, now: 1_591_702_613_943_999 }, 5000)).toEqual({
    method: "POST",
    url: `https://fapi.binance.com/fapi/v1/order?${vector.payload}&signature=${vector.expected_hex}`,
    headers: { "X-MBX-APIKEY": "dbefbc809e3e83c2" },
  })
})

test("the published WebSocket API vectors come out of a message whole, whatever order its parameters are given in", () => {
  for (const vector of vectors.binance.filter(({ kind }) => kind.startsWith("ws-api"))) {
    const params = Object.fromEntries(vector.payload.split("&").map((pair) => pair.split("=") as [string, string]))
    const { apiKey = "", timestamp = "", recvWindow = "5000", ...rest } = params
    const shuffled = Object.fromEntries(Object.entries(rest).reverse())
    const credentials = { apiKey, secret: vector.hmac_key }
    const text = sealMessage("order.place", shuffled, credentials, Number(timestamp) * 1000, Number(recvWindow), "1")
    const sent = (JSON.parse(text) as { params: Record<string, string> }).params
    expect(sent).toEqual({
      ...params,
      timestamp: Number(timestamp),
      recvWindow: Number(recvWindow),
      signature: vector.expected_hex,
    } as unknown as typeof sent)
  }
})

test("a message signs what it sends: its own parameters sorted, ids of 19 digits as they are", () => {
  const fields = { symbol: "BTCUSDT", orderId: "9223372036854775807", price: undefined }
  const text = sealMessage(
    "order.cancel",
    fields,
    { apiKey: "key", secret: "secret" },
    1_700_000_000_000_999,
    5000,
    "r-1",
  )
  const payload = "apiKey=key&orderId=9223372036854775807&recvWindow=5000&symbol=BTCUSDT&timestamp=1700000000000"
  expect(text).toContain(`"signature":"${hmac("secret", payload)}"`)
  expect(text).toContain('"orderId":9223372036854775807,')
  expect(JSON.parse(text)).toMatchObject({
    id: "r-1",
    method: "order.cancel",
    params: { timestamp: 1_700_000_000_000 },
  })
})

test("a message sends its own fields, whatever names objects have by nature", () => {
  const fields = { symbol: "BTCUSDT", constructor: "x", toString: "y" } as unknown as Record<string, string>
  const text = sealMessage("order.place", fields, { apiKey: "key", secret: "secret" }, 1_700_000_000_000_000, 5000, "1")
  const { params } = JSON.parse(text) as { params: Record<string, string> }
  expect([params["constructor"], params["toString"], params["symbol"]]).toEqual(["x", "y", "BTCUSDT"])
})

test("the signature covers exactly the query that is sent, percent signs included", () => {
  const credentials = { apiKey: "key", secret: "secret" }
  const venue = binanceUm()
  const order = { inst: "测试_USDT_PERP", side: "BUY", size: "1", type: "market", clientId } as const
  const url = venue.encode("place", order, { credentials, now: 1_700_000_000_000_000 }).url
  const [, signed = "", signature = ""] = /\?(.*)&signature=([0-9a-f]{64})$/.exec(url) ?? []
  expect(signed).toContain("symbol=%E6%B5%8B%E8%AF%95USDT&")
  expect(signed).toEndWith("&recvWindow=5000&timestamp=1700000000000")
  expect(signature).toBe(hmac("secret", signed))
})

test("a listen key wants the API key alone, and public data nothing", () => {
  const auth = { credentials: { apiKey: "key", secret: "secret" }, now: 1 }
  const venue = binanceUm()
  expect(venue.encode("createSession", {}, auth)).toEqual({
    method: "POST",
    url: "https://fapi.binance.com/fapi/v1/listenKey",
    headers: { "X-MBX-APIKEY": "key" },
  })
  expect(venue.encode("serverTime", {}, { now: 1 }).headers).toEqual({})
})
