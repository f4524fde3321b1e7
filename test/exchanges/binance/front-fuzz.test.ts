import { describe, expect, test } from "bun:test"
import { array, assert, constant, constantFrom, integer, json, oneof, property, record, string } from "fast-check"
import { apiKey, Desk, secret, sign } from "./front-desk.ts"

const words = constantFrom(
  "symbol",
  "BTCUSDT",
  "side",
  "BUY",
  "type",
  "LIMIT",
  "quantity",
  "0.01",
  "price",
  "61000",
  "orderId",
  "-1",
  "%",
  "%zz",
  "=",
  "&",
  "9".repeat(40),
  "null",
  "[]",
  "{}",
  "\u0000",
)
const text = oneof(
  string({ unit: "binary" }),
  words,
  json(),
  array(words).map((parts) => parts.join("")),
)
const paths = constantFrom(
  "depth",
  "klines",
  "order",
  "batchOrders",
  "allOrders",
  "userTrades",
  "leverage",
  "listenKey",
  "openOrders",
  "premiumIndexKlines",
  "fundingRate",
  "countdownCancelAll",
  "nothing",
)

describe("whatever a client sends", () => {
  test("over HTTP is answered with JSON and never breaks the venue", () => {
    const desk = new Desk({ flow: false })
    const methods = constantFrom("GET", "POST", "PUT", "DELETE", "PATCH")
    assert(
      property(methods, paths, text, text, (method, path, query, body) => {
        desk.now += 200_000
        const answer = desk.raw(method, `/fapi/v1/${path}`, query, { "X-MBX-APIKEY": apiKey }, body)
        expect(answer.status).toBeGreaterThanOrEqual(200)
        expect(answer.status).toBeLessThan(500)
      }),
      { numRuns: 500 },
    )
  })

  test("signed, with any values, is answered with JSON too", () => {
    const desk = new Desk({ flow: false })
    const names = constantFrom(
      "symbol",
      "side",
      "type",
      "timeInForce",
      "quantity",
      "price",
      "orderId",
      "origClientOrderId",
      "batchOrders",
      "orderIdList",
      "limit",
      "startTime",
      "endTime",
      "countdownTime",
      "interval",
      "leverage",
      "reduceOnly",
    )
    const values = oneof(
      text,
      constantFrom("BTCUSDT", "BUY", "LIMIT", "MARKET", "GTC", "0.01", "61000", "true", "1m"),
      integer().map(String),
    )
    assert(
      property(
        constantFrom("GET", "POST", "PUT", "DELETE"),
        paths,
        array(record({ name: names, value: values })),
        (method, path, parts) => {
          desk.now += 200_000
          const params = Object.fromEntries(parts.map(({ name, value }) => [name, value.toWellFormed()]))
          const query = sign(secret, { ...params, timestamp: Math.floor(desk.now / 1000) })
          const answer = desk.raw(method, `/fapi/v1/${path}`, query, { "X-MBX-APIKEY": apiKey })
          expect([200, 400, 404, 429]).toContain(answer.status)
        },
      ),
      { numRuns: 1_000 },
    )
  })

  test("over a socket is answered or ignored, and any path opens or is refused", () => {
    const desk = new Desk({ flow: false })
    const frames = oneof(
      text,
      record({
        id: oneof(integer(), text),
        method: oneof(constantFrom("SUBSCRIBE", "order.place", "depth"), text),
        params: oneof(array(text), constant(null), record({ symbol: text })),
      }).map((frame) => JSON.stringify(frame)),
    )
    assert(
      property(
        constantFrom("/ws", "/public/stream", "/private/ws", "/ws-fapi/v1"),
        text,
        frames,
        (path, more, frame) => {
          desk.now += 200_000
          desk.front.open(1_000, `${path}?streams=${more}`, {}, desk.now)
          desk.front.message(1_000, frame, desk.now)
          desk.deliver()
          desk.front.closed(1_000, desk.now)
        },
      ),
      { numRuns: 500 },
    )
  })
})
