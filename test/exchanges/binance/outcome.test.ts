import { describe, expect, test } from "bun:test"
import { binanceUm } from "../../../src/exchanges/binance/index.ts"

const venue = binanceUm()
const inst = "BTC_USDT_PERP"
const place = { inst, side: "BUY", size: "1", price: "1", clientId: "0a1b2c3d4e0000010000000000000001" } as const
const error = (code: number, msg = "the venue's words"): string => JSON.stringify({ code, msg })
const ack =
  '{"symbol":"BTCUSDT","orderId":7,"clientOrderId":"x","status":"NEW","avgPrice":"0","executedQty":"0","updateTime":1}'

describe("an answer of the venue", () => {
  test("means what its code says, and keeps code and words", () => {
    const meanings = {
      "-2013": "not-found",
      "-2011": "not-found",
      "-1021": "clock",
      "-1022": "credentials",
      "-2014": "credentials",
      "-2015": "credentials",
      "-2010": "insufficient-funds",
      "-2018": "insufficient-funds",
      "-2019": "insufficient-funds",
      "-5022": "would-take",
      "-2022": "reduce-only",
      "-4116": "duplicate-client-id",
      "-1111": "filter",
      "-1013": "filter",
      "-4003": "filter",
      "-4164": "filter",
      "-5028": "expired",
      "-1003": "rate-limited",
      "-1015": "rate-limited",
    } as const
    for (const [code, meaning] of Object.entries(meanings)) {
      expect(venue.response("place", place, 400, error(Number(code)))).toEqual({
        kind: "refused",
        reason: "the venue's words",
        code,
        meaning,
      })
    }
  })

  test("with a code nobody knows stays a refusal with code and words", () => {
    expect(venue.response("place", place, 400, error(-9999))).toEqual({
      kind: "refused",
      reason: "the venue's words",
      code: "-9999",
    })
  })

  test("that does not know whether the order was executed is unknown to us too, whatever the status", () => {
    for (const code of [-1000, -1001, -1006, -1007]) {
      for (const status of [200, 400, 503]) {
        expect(venue.response("place", place, status, error(code)).kind).toBe("unknown")
        expect(venue.response("order", { inst, orderId: "7" }, status, error(code)).kind).toBe("refused")
      }
    }
    expect(venue.response("place", place, 503, error(0, "Unknown error, please check your request.")).kind).toBe(
      "unknown",
    )
  })

  test("of a throttled venue is a refusal: the order was certainly not taken", () => {
    expect(venue.response("place", place, 503, error(-1008))).toMatchObject({
      kind: "refused",
      meaning: "rate-limited",
    })
    expect(venue.response("place", place, 418, error(-1003))).toMatchObject({
      kind: "refused",
      meaning: "rate-limited",
    })
    expect(venue.response("place", place, 403, "<html>WAF</html>")).toEqual({
      kind: "refused",
      reason: "HTTP 403",
      code: "403",
    })
  })

  test("is an error by its payload even where the status is 200", () => {
    expect(venue.response("cancel", { inst, orderId: "7" }, 200, error(-2011))).toMatchObject({ meaning: "not-found" })
    expect(venue.response("cancelAll", { inst }, 200, '{"code":200,"msg":"done"}').kind).toBe("accepted")
  })

  test("that was accepted but cannot be read is unknown, naming what it was", () => {
    for (const [body, named] of [
      [ack.replace("NEW", "SOMETHING"), 'status is "SOMETHING"'],
      [ack.replace('"orderId":7,', ""), "orderId is missing"],
      [ack.replace('"0"', '"much"'), 'avgPrice is "much"'],
    ] as const) {
      const outcome = venue.response("place", place, 200, body)
      expect(outcome.kind).toBe("unknown")
      expect(outcome.kind === "unknown" && outcome.why).toContain(named)
    }
    expect(venue.response("order", { inst, orderId: "7" }, 200, ack).kind).toBe("refused")
  })

  test("to a batch is one answer an order; one unknown order, or a missing answer, makes all unknown", () => {
    const two = { orders: [place, place] }
    expect(venue.response("placeBatch", two, 200, `[${error(-2019)},${ack}]`)).toMatchObject({
      kind: "accepted",
      value: [
        { kind: "refused", code: "-2019" },
        { kind: "accepted", value: { orderId: "7" } },
      ],
    })
    expect(venue.response("placeBatch", two, 200, `[${ack}]`).kind).toBe("unknown")
    expect(venue.response("placeBatch", two, 200, `[${ack},${error(-1007)}]`).kind).toBe("unknown")
  })

  test("about positions or orders is all or nothing", () => {
    const position =
      '{"symbol":"BTCUSDT","positionSide":"BOTH","positionAmt":"1","entryPrice":"1","markPrice":"1","unRealizedProfit":"0","isolatedMargin":"0","isolatedWallet":"0","positionInitialMargin":"1","updateTime":1}'
    const outcome = venue.response("positions", {}, 200, `[${position},${position.replace('"1"', '"one"')}]`)
    expect(outcome).toMatchObject({ kind: "refused" })
    expect(outcome.kind === "refused" && outcome.reason).toContain('positions[1]: positionAmt is "one"')
  })

  test("never shows the listen key", () => {
    const outcome = venue.response("createSession", {}, 200, '{"listenKey":["pqia91ma"]}')
    expect(outcome.kind).toBe("refused")
    expect(JSON.stringify(outcome)).not.toContain("pqia91ma")
  })
})

test("usage is read from the headers, and nonsense in them is left out", () => {
  expect(
    venue.usage({
      "x-mbx-used-weight-1m": "2390",
      "x-mbx-order-count-10s": "12",
      "x-mbx-order-count-1m": "30",
      "retry-after": "2",
    }),
  ).toEqual({ weight: 2390, orders10s: 12, orders1m: 30, retryAfterMs: 2000 })
  expect(venue.usage({ "x-mbx-used-weight-1m": "many" })).toEqual({})
})

test("weights follow the venue's tables", () => {
  const candles = { inst, interval: "1m" } as const
  expect([5, 50, 100, 500, 1000].map((depth) => venue.weight("orderbook", { inst, depth }))).toEqual([2, 2, 5, 10, 20])
  expect([99, 100, 499, 500, 1000, 1001].map((limit) => venue.weight("candles", { ...candles, limit }))).toEqual([
    1, 2, 2, 5, 5, 10,
  ])
  expect([venue.weight("openOrders", {}), venue.weight("openOrders", { inst })]).toEqual([40, 1])
  expect(venue.weight("place", place)).toBe(0)
  expect(() => venue.encode("orderbook", { inst, depth: 7 }, { now: 1 })).toThrow("not 7")
})
