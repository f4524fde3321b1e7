import { describe, expect, test } from "bun:test"
import { amendMistakes, clientIdMistake, relayMistakes, requestMistakes } from "../../../src/runtime/execution/form.ts"
import { INST } from "./samples.ts"

const limit = { inst: INST, side: "BUY", size: "0.5", price: "100" }
const FIELDS = "inst, side, size, type, price, timeInForce, reduceOnly, positionSide, marginMode, extra"

describe("what is no order is refused by the name of its field", () => {
  const cases: [string, unknown, string][] = [
    ["an unknown type", { ...limit, type: "stop-market" }, 'type "stop-market" is not known; write limit or market'],
    ["another writing of a type", { ...limit, type: "LIMIT" }, 'type "LIMIT" is not known; write limit or market'],
    ["an unknown side", { ...limit, side: "buy" }, 'side "buy" is not known; write BUY or SELL'],
    ["a side of Object's own", { ...limit, side: "toString" }, 'side "toString" is not known; write BUY or SELL'],
    ["no side", { inst: INST, size: "1", price: "1" }, "side is missing"],
    [
      "an unknown time in force",
      { ...limit, timeInForce: "gtx" },
      'timeInForce "gtx" is not known; write gtc or ioc or fok or post-only',
    ],
    ["a numeric size", { ...limit, size: 0.002 }, '0.002 is a number; write it as text: "0.002"'],
    ["a numeric price", { ...limit, price: 100 }, '100 is a number; write it as text: "100"'],
    ["a size that is no number", { ...limit, size: "NaN" }, 'size "NaN" is not a number above zero'],
    ["a size of zero", { ...limit, size: "0.0" }, 'size "0.0" is not a number above zero'],
    ["a size that is a bigint", { ...limit, size: 5n }, "size 5 is not a number above zero"],
    ["a null price", { ...limit, price: null }, "price null is not a number above zero"],
    ["reduceOnly as text", { ...limit, reduceOnly: "false" }, 'reduceOnly "false" is neither true nor false'],
    ["reduceOnly as a number", { ...limit, reduceOnly: 0 }, "reduceOnly 0 is neither true nor false"],
    ["a position side", { ...limit, positionSide: "LONG" }, 'positionSide "LONG" is not known'],
    [
      "a margin mode",
      { ...limit, marginMode: "crossed" },
      'marginMode "crossed" is not known; write cross or isolated',
    ],
    ["an inst that is no text", { ...limit, inst: 5 }, "inst 5 is not text"],
    ["further fields that are no text", { ...limit, extra: { stp: 5 } }, "extra stp 5 is not text"],
    ["further fields as text", { ...limit, extra: "x" }, 'extra "x" is no table of texts'],
    ["an unknown field", { ...limit, postOnly: true }, `no field of an order is named "postOnly"; there is ${FIELDS}`],
    ["a misspelt field", { ...limit, reduceonly: true }, 'no field of an order is named "reduceonly"'],
    ["no object", undefined, "undefined is no order"],
    ["a list", [limit], "a list is no order"],
    ["text", "BUY", '"BUY" is no order'],
    ["a limit order without a price", { inst: INST, side: "BUY", size: "1" }, "a limit order needs a price"],
    [
      "a market order that is not to take",
      { inst: INST, side: "BUY", size: "1", type: "market", timeInForce: "post-only" },
      "a market order cannot be post-only",
    ],
    ["a market order with a price", { ...limit, type: "market" }, "a market order has no price"],
  ]
  test.each(cases)("%s", (_, request, why) => {
    const found = requestMistakes(request)
    expect(found).toHaveLength(1)
    expect(found[0]).toContain(why)
  })

  test("all of it at once", () => {
    const wrong = { ...limit, side: "buy", type: "stop", size: 1, stopPrice: "5" }
    expect(requestMistakes(wrong).map((mistake) => mistake.split(" ", 5).join(" "))).toEqual([
      'side "buy" is not known;',
      "size 1 is a number;",
      'type "stop" is not known;',
      "no field of an order",
    ])
  })
})

test("what is an order passes, with every field it may have, and with fields given as undefined", () => {
  const every = { ...limit, type: "limit", timeInForce: "ioc", reduceOnly: false, positionSide: "both" }
  expect(requestMistakes(limit)).toEqual([])
  expect(requestMistakes({ ...every, marginMode: "cross", extra: { selfTradePreventionMode: "NONE" } })).toEqual([])
  expect(requestMistakes({ ...limit, price: undefined, type: "market", timeInForce: undefined })).toEqual([])
})

test("an amend changes price or size of an order that is named by text, and nothing else", () => {
  expect(amendMistakes({ clientId: "a", price: "1" })).toEqual([])
  expect(amendMistakes({ clientId: "a", size: "1", price: undefined })).toEqual([])
  expect(amendMistakes({ clientId: "a" })).toEqual(["an amend changes price or size; it has neither"])
  expect(amendMistakes({ clientId: 5, size: 2 })).toEqual([
    "clientId 5 is not text",
    'size 2 is a number; write it as text: "2"',
  ])
  expect(amendMistakes({ clientId: "a", prize: "1" })).toEqual([
    'no field of an amend is named "prize"; there is clientId, price, size',
  ])
  expect(amendMistakes("a")).toEqual(['"a" is no amend'])
  expect(clientIdMistake({ clientId: "a" })).toBe("clientId an object is not text")
  expect(clientIdMistake("a")).toBeUndefined()
})

test("orders for another strategy are refused with their places, each for its own mistakes", () => {
  const good = { timestamp: 1, market: "binance-um", request: limit, metadata: {} }
  expect(relayMistakes([])).toEqual([])
  expect(relayMistakes([good, good])).toEqual([])
  expect(relayMistakes([good, { x: 1 }])).toEqual(["order 2 of 2: there is no market undefined"])
  expect(relayMistakes([{ ...good, market: "binance" }])).toEqual(['order 1 of 1: there is no market "binance"'])
  expect(relayMistakes([{ ...good, request: { ...limit, type: "stop" } }])).toEqual([
    'order 1 of 1: type "stop" is not known; write limit or market',
  ])
  expect(relayMistakes([{ ...good, request: { ...limit, inst: "BTC_USDT" } }])[0]).toContain("BTC_USDT is a spot")
  expect(relayMistakes([{ market: "okx" }, null])).toEqual([
    "order 1 of 2: undefined is no order",
    "order 2 of 2: it is null; write { market, request, … }",
  ])
  expect(relayMistakes(good)).toEqual(["orders are a list, not an object"])
})
