// The order that is written in one piece, against the general way to write it.
import { expect, test } from "bun:test"
import * as fc from "fast-check"
import { toNewOrder } from "../../../src/exchanges/binance/map/order.ts"
import { plainPlace } from "../../../src/exchanges/binance/place.ts"
import { hmac, sealMessage } from "../../../src/exchanges/binance/sign.ts"
import type { PlaceParams } from "../../../src/runtime/domain/operation.ts"

const LIFE_MS = 5_000

const plain = {
  inst: "BTC_USDT_PERP",
  side: "BUY",
  size: "0.010",
  price: "60000.1",
  clientId: "0a1b2c3d4e0000010000000000000001",
} as const

const credentials = fc.record({ apiKey: fc.string(), secret: fc.string({ minLength: 1 }) })
const now = fc.integer({ min: 1_600_000_000_000_000, max: 1_900_000_000_000_000 })
const requestId = fc.oneof(fc.nat().map(String), fc.string())
const amount = fc.stringMatching(/^\d{1,9}(\.\d{1,9})?$/)

test("is that text, to the byte, for every order that it writes", () => {
  const order = fc.record(
    {
      inst: fc.constantFrom(
        "BTC_USDT_PERP",
        "ETH_USDC_PERP",
        "1000PEPE_USDT_PERP",
        "币安人生_USDT_PERP",
        "ETH_USDT_FUT_270326",
      ),
      side: fc.constantFrom("BUY", "SELL"),
      size: amount,
      price: amount,
      type: fc.constantFrom("limit", undefined),
      timeInForce: fc.constantFrom("gtc", "ioc", "fok", "post-only", undefined),
      marginMode: fc.constantFrom("cross", undefined),
      clientId: fc.stringMatching(/^[0-9a-f]{32}$/),
    },
    { requiredKeys: ["inst", "side", "size", "price", "clientId"] },
  ) as fc.Arbitrary<PlaceParams>
  let written = 0
  fc.assert(
    fc.property(order, credentials, now, requestId, (any, keys, at, id) => {
      const text = plainPlace(any, keys, at, LIFE_MS, id)
      const isNothing = !/[1-9]/.test(any.size) || !/[1-9]/.test(any.price ?? "")
      expect(text === undefined).toBe(isNothing)
      if (text === undefined) return
      written++
      expect(text).toBe(sealMessage("order.place", toNewOrder(any), keys, at, LIFE_MS, id))
    }),
    { numRuns: 2_000 },
  )
  expect(written).toBeGreaterThan(1_000)
})

test("is left to the general way where there is anything else, or anything wrong", () => {
  const keys = { apiKey: "key", secret: "secret" }
  const others: object[] = [
    { type: "market" },
    { positionSide: "both" },
    { reduceOnly: false },
    { reduceOnly: true },
    { goodTillAt: 1_790_000_000_000_000 },
    { extra: {} },
    { price: undefined },
    { price: 60_000 },
    { price: "-1" },
    { size: "0" },
    { size: "1e3" },
    { side: "buy" },
    { side: undefined },
    { timeInForce: "gtx" },
    { timeInForce: "constructor" },
    { clientId: "somebody's" },
    { clientId: undefined },
  ]
  for (const other of others) {
    expect(plainPlace({ ...plain, ...other } as PlaceParams, keys, 1e15, LIFE_MS, "1")).toBeUndefined()
  }
  expect(() => plainPlace({ ...plain, inst: "BTC_USDT" }, keys, 1e15, LIFE_MS, "1")).toThrow("BTC_USDT")
})

test("signs what it says, and says what it was given", () => {
  const keys = { apiKey: "key", secret: "secret" }
  const { params } = JSON.parse(plainPlace(plain, keys, 1_700_000_000_000_999, LIFE_MS, "7") ?? "") as {
    params: Record<string, string | number>
  }
  const { signature, ...signed } = params
  const payload = Object.entries(signed).map(([name, value]) => `${name}=${value}`)
  expect(payload).toEqual(payload.toSorted())
  expect(signature).toBe(hmac("secret", payload.join("&")))
  expect(signed).toMatchObject({
    symbol: "BTCUSDT",
    price: "60000.1",
    timestamp: 1_700_000_000_000,
    timeInForce: "GTC",
  })
})
