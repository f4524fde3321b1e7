import { describe, expect, test } from "bun:test"
import {
  amendMistakes,
  clientIdMistake,
  intentMistakes,
  relayMistakes,
  requestMistakes,
} from "../../../src/runtime/execution/form.ts"
import { MARKETS } from "../../../src/runtime/domain/market.ts"
import { INST } from "./samples.ts"

const limit = { inst: INST, side: "BUY", size: "0.5", price: "100" }
const FIELDS = "inst, side, size, type, price, timeInForce, goodTillAt, reduceOnly, positionSide, marginMode, extra"

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
    ["further fields as text", { ...limit, extra: "x" }, 'extra "x" is no table of texts; write { name: "text" }'],
    [
      "further fields in a Map",
      { ...limit, extra: new Map([["stp", "NONE"]]) },
      "extra an object is no table of texts",
    ],
    ["an unknown field", { ...limit, postOnly: true }, `no field of an order is named "postOnly"; there is ${FIELDS}`],
    ["a misspelt field", { ...limit, reduceonly: true }, 'no field of an order is named "reduceonly"'],
    ["no object", undefined, "undefined is no order"],
    ["a list", [limit], "a list is no order"],
    ["text", "BUY", '"BUY" is no order'],
    [
      "an object of a class, whose prototype would say what is not sent",
      new (class {
        inst = INST
        side = "BUY"
        size = "1"
        price = "1"
        get reduceOnly(): boolean {
          return true
        }
      })(),
      "an object is no order; write its fields as { name: value }",
    ],
    ["a limit order without a price", { inst: INST, side: "BUY", size: "1" }, "a limit order needs a price"],
    [
      "a market order that is not to take",
      { inst: INST, side: "BUY", size: "1", type: "market", timeInForce: "post-only" },
      "a market order cannot be post-only",
    ],
    ["a market order with a price", { ...limit, type: "market" }, "a market order has no price"],
    ["milliseconds as a time", { ...limit, goodTillAt: 1_790_000_000_000 }, "goodTillAt 1790000000000 is no time"],
    ["milliseconds with a fraction as a time", { ...limit, goodTillAt: 1.5 }, "goodTillAt 1.5 is no time"],
    [
      "a post-only order with an end",
      { ...limit, timeInForce: "post-only", goodTillAt: 1e15 },
      "goodTillAt is for limit",
    ],
    [
      "a market order with an end",
      { inst: INST, side: "BUY", size: "1", type: "market", goodTillAt: 1e15 },
      "goodTillAt is for limit orders",
    ],
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
  expect(relayMistakes([{ ...good, timestamp: 1.5, metadata: undefined, note: "x" }])).toEqual([
    "order 1 of 1: metadata is missing",
    "order 1 of 1: timestamp 1.5 is no time; write whole microseconds since the epoch, as ctx.now() gives them",
    'order 1 of 1: no field of an order for another strategy is named "note"; there is timestamp, market, request, metadata',
  ])
})

describe("an intent", () => {
  const target = { market: "binance-um", inst: "BTC_USDT_PERP", value: -0.5 }
  const intent = { timestamp: 1_700_000_000_000_000, type: "weight", targets: [target], metadata: { from: "a" } }

  test("passes with any targets that a market can list, and with none", () => {
    expect(intentMistakes({ ...intent, targets: [target, { ...target, inst: "ETH_USDT_PERP" }] })).toEqual([])
    expect(intentMistakes(intent)).toEqual([])
    expect(intentMistakes({ ...intent, type: "price", targets: [], metadata: {} })).toEqual([])
  })

  test.each([
    ["nothing", undefined, ["undefined is no intent"]],
    ["an unknown type", { ...intent, type: "wieght" }, ['type "wieght" is not known; write weight or price']],
    ["no metadata", { ...intent, metadata: null }, ['metadata null is no table of texts; write { name: "text" }']],
    ["metadata that is no text", { ...intent, metadata: { n: 1 } }, ["metadata n 1 is not text"]],
    [
      "a time in seconds",
      { ...intent, timestamp: 1.5 },
      ["timestamp 1.5 is no time; write whole microseconds since the epoch, as ctx.now() gives them"],
    ],
    ["no targets", { ...intent, targets: undefined }, ["targets is missing"]],
    ["targets that are no list", { ...intent, targets: {} }, ["targets an object is no list"]],
    [
      "a field nobody reads",
      { ...intent, urgency: 1 },
      ['no field of an intent is named "urgency"; there is timestamp, type, targets, metadata'],
    ],
    [
      "two values for one instrument",
      { ...intent, targets: [target, { ...target, value: 1 }] },
      ["target 2 of 2: binance-um BTC_USDT_PERP is named twice"],
    ],
    [
      "targets that are none, each with its place",
      {
        ...intent,
        targets: [
          target,
          { ...target, market: "nasdaq" },
          { ...target, value: NaN, inst: undefined },
          { ...target, inst: "BTC_USDT" },
          { ...target, weight: 1 },
          null,
        ],
      },
      [
        `target 2 of 6: market "nasdaq" is not known; write ${MARKETS.join(" or ")}`,
        "target 3 of 6: inst is missing",
        "target 3 of 6: value NaN is no number that can be weighed; write a finite one",
        "target 4 of 6: binance-um lists perpetual and future instruments, but BTC_USDT is a spot",
        'target 5 of 6: no field of a target is named "weight"; there is market, inst, value',
        "target 6 of 6: null is no target",
      ],
    ],
  ])("with %s is none", (_, given, mistakes) => {
    expect(intentMistakes(given)).toEqual(mistakes)
  })
})
