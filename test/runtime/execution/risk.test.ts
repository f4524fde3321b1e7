import { describe, expect, test } from "bun:test"
import * as fc from "fast-check"
import { toNumber } from "../../../src/runtime/domain/decimal.ts"
import type { RiskLimits } from "../../../src/runtime/domain/limits.ts"
import { gridOf, isClear, needsPrice, unitsOf } from "../../../src/runtime/execution/clearance.ts"
import { type RiskFacts, violations } from "../../../src/runtime/execution/risk.ts"
import { INST, instrument } from "./samples.ts"

const facts = (changes: Partial<RiskFacts> = {}): RiskFacts => ({
  request: { inst: INST, side: "BUY", size: "0.5", price: "100" },
  instrument: instrument(),
  limits: {},
  mode: "running",
  modeWhy: "",
  blockedWhy: undefined,
  venueReasons: [],
  own: "0",
  openSameSide: "0",
  openOrders: 0,
  ordersLastMinute: 0,
  referencePrice: 100,
  ...changes,
})
const limited = (limits: RiskLimits, changes: Partial<RiskFacts> = {}): RiskFacts => facts({ limits, ...changes })
/** What a bot file that nobody type-checked may hold. */
const typeless = (value: unknown): never => value as never
const market = { inst: INST, side: "BUY", size: "0.5", type: "market" } as const

describe("an order is refused", () => {
  const cases: [string, RiskFacts, string][] = [
    ["while the bot is paused", facts({ mode: "paused", modeWhy: "asked to" }), "the bot is paused: asked to"],
    ["while its market is not ready", facts({ venueReasons: ["reconciling"] }), "reconciling"],
    ["while its inst is blocked", facts({ blockedWhy: "order 1 is unknown" }), "order 1 is unknown"],
    ["on an inst that is not listed", facts({ instrument: undefined }), `${INST} is not listed`],
    [
      "on an inst that does not trade",
      facts({ instrument: instrument({ status: "suspended" }) }),
      `${INST} is suspended`,
    ],
    [
      "off the lot",
      facts({ request: { inst: INST, side: "BUY", size: "0.5005", price: "100" } }),
      "size 0.5005 is not a multiple of lot 0.001",
    ],
    [
      "off the tick",
      facts({ request: { inst: INST, side: "BUY", size: "0.5", price: "100.05" } }),
      "price 100.05 is not a multiple of tick 0.1",
    ],
    ["without a price", facts({ request: { inst: INST, side: "BUY", size: "0.5" } }), "a limit order needs a price"],
    [
      "with a size that is no number",
      facts({ request: { inst: INST, side: "BUY", size: "1e3", price: "1" } }),
      'size "1e3" is not a number above zero',
    ],
    [
      "with a negative size",
      facts({ request: { inst: INST, side: "BUY", size: "-1", price: "1" } }),
      'size "-1" is not a number above zero',
    ],
    ["above the order size", limited({ orderSizeMax: { [INST]: "0.4" } }), "size 0.5 is above the limit 0.4"],
    ["above the order notional", limited({ orderNotionalMax: "49.9" }), "notional 50 is above the limit 49.9"],
    [
      "of an inst without any bound of its size, where sizes are bounded by name",
      limited({ orderSizeMax: { ETH_USDT_PERP: "1", SOL_USDT_PERP: "5" }, openOrdersMax: 5 }),
      `limit orderSizeMax does not name ${INST} (it names ETH_USDT_PERP, SOL_USDT_PERP), and no other limit bounds the size of its orders`,
    ],
    [
      "of an inst that is named without a size",
      limited({ orderSizeMax: typeless({ [INST]: undefined, ETH_USDT_PERP: "1" }) }),
      `limit orderSizeMax does not name ${INST} (it names ${INST}, ETH_USDT_PERP), and no other limit bounds the size of its orders`,
    ],
    [
      "of an unknown type",
      facts({ request: typeless({ inst: INST, side: "BUY", size: "0.5", price: "100", type: "stop-market" }) }),
      'type "stop-market" is not known; write limit or market',
    ],
    [
      "at the market above the order notional",
      limited({ orderNotionalMax: "50" }, { request: market, referencePrice: 100.5 }),
      "notional 50.25 is above the limit 50",
    ],
    [
      "at the market when no price is known",
      limited({ orderNotionalMax: "50" }, { request: market, referencePrice: undefined }),
      `no price is known to value it at: declare a feed of ${INST} on binance-um, or wait for its first event`,
    ],
    [
      "at the market when the newest price is too old",
      limited({ orderNotionalMax: "50" }, { request: market, referencePrice: undefined, priceAgeUs: 73_900_000 }),
      `the newest price to value it at is 73 s old, which is too long ago: declare a book or bbo feed of ${INST} on binance-um, or wait for its next event`,
    ],
    [
      "when the position with open orders would be too large",
      limited({ positionNotionalMax: "100" }, { own: "0.4", openSameSide: "0.2" }),
      "position would be worth 110, above the limit 100",
    ],
    [
      "when too many went out within a minute",
      limited({ ordersPerMinuteMax: 3 }, { ordersLastMinute: 3 }),
      "3 orders within the last minute is the limit",
    ],
    ["when too many are open", limited({ openOrdersMax: 2 }, { openOrders: 2 }), "2 open orders is the limit"],
  ]
  test.each(cases)("%s", (_, given, reason) => {
    expect(violations(given)).toEqual([reason])
  })

  test("with every reason at once", () => {
    const given = limited({ orderNotionalMax: "1", openOrdersMax: 0 }, { mode: "halted" })
    expect(violations(given)).toHaveLength(3)
  })
})

describe("an order passes", () => {
  test("at exactly every limit", () => {
    const limits: RiskLimits = {
      orderSizeMax: { [INST]: "0.5" },
      orderNotionalMax: "50",
      positionNotionalMax: "100",
      ordersPerMinuteMax: 4,
      openOrdersMax: 2,
    }
    expect(violations(limited(limits, { own: "0.5", ordersLastMinute: 3, openOrders: 1 }))).toEqual([])
  })

  test("the position limit when it can only make the position smaller", () => {
    const request = { inst: INST, side: "SELL", size: "0.5", price: "100", reduceOnly: true } as const
    expect(violations(limited({ positionNotionalMax: "10" }, { request, own: "5" }))).toEqual([])
    expect(violations(limited({ positionNotionalMax: "10" }, { request, own: "-5" }))).toHaveLength(1)
  })

  test("the position limit as a reducing one only together with all that is open on its side", () => {
    const request = { inst: INST, side: "SELL", size: "0.5", price: "100", reduceOnly: true } as const
    const given = limited({ positionNotionalMax: "10" }, { request, own: "1" })
    expect(violations({ ...given, openSameSide: "0.5" })).toEqual([])
    expect(violations({ ...given, openSameSide: "0.9" })).toEqual(["position would be worth 40, above the limit 10"])
    expect(violations({ ...given, openSameSide: "0.9", remainder: "0.1" })).toEqual([])
  })

  test("the position limit with what is left of an amended order, and its own limits with all of it", () => {
    const limits = { positionNotionalMax: "100", orderNotionalMax: "100" }
    const request = { inst: INST, side: "BUY", size: "1", price: "100" } as const
    expect(violations(limited(limits, { request, own: "0.5", remainder: "0.5" }))).toEqual([])
    expect(violations(limited(limits, { request, own: "0.6", remainder: "0.5" }))).toHaveLength(1)
    expect(violations(limited(limits, { request, own: "2", remainder: "0" }))).toEqual([])
    const larger = { ...request, size: "1.1" }
    expect(violations(limited(limits, { request: larger, own: "0.5", remainder: "0.5" }))).toEqual([
      "notional 110 is above the limit 100",
    ])
  })

  test("without a size by name where its value or its position's is bounded, or it can only make the position smaller", () => {
    const orderSizeMax = { ETH_USDT_PERP: "1" }
    expect(violations(limited({ orderSizeMax, orderNotionalMax: "50" }))).toEqual([])
    expect(violations(limited({ orderSizeMax, positionNotionalMax: "50" }))).toEqual([])
    const request = { inst: INST, side: "SELL", size: "0.5", price: "100", reduceOnly: true } as const
    expect(violations(limited({ orderSizeMax }, { request, own: "0.5" }))).toEqual([])
    expect(violations(limited({ orderSizeMax }, { request, own: "0.4" }))).toHaveLength(1)
    expect(violations(limited({ orderSizeMax }, { request, own: "0.4" }), "exit")).toEqual([])
  })

  test("every limit of trading when it is an exit, but never the instrument's rules", () => {
    const request = { inst: INST, side: "SELL", size: "0.5", type: "market", reduceOnly: true } as const
    const given = limited({ orderNotionalMax: "1", positionNotionalMax: "1" }, { request, own: "5", mode: "halted" })
    expect(violations(given, "exit")).toEqual([])
    expect(violations({ ...given, request: { ...request, size: "0.0001" } }, "exit")).toHaveLength(1)
  })

  test("every limit of trading when it is an exit of what is not own, or of no known price", () => {
    const request = { inst: INST, side: "SELL", size: "0.5", type: "market", reduceOnly: true } as const
    const limits = { orderNotionalMax: "1", positionNotionalMax: "1" }
    expect(violations(limited(limits, { request, own: "0" }), "exit")).toEqual([])
    expect(violations(limited(limits, { request, own: "0", referencePrice: undefined }), "exit")).toEqual([])
    expect(violations(limited(limits, { request, own: "0", instrument: undefined }), "exit")).toEqual([])
  })
})

describe("a limit order to sell", () => {
  const limits = { orderNotionalMax: "50", positionNotionalMax: "50" }
  const request = { inst: INST, side: "SELL", size: "0.5", price: "1" } as const
  const sell = (changes: Partial<RiskFacts["request"]>, referencePrice: number | undefined, own = "0"): string[] =>
    violations(limited(limits, { request: { ...request, size: "5", ...changes }, referencePrice, own }))
  const tooMuch = (worth: string): string[] => [
    `notional ${worth} is above the limit 50`,
    `position would be worth ${worth}, above the limit 50`,
  ]
  const quick = (changes: Partial<RiskFacts["request"]>, referencePrice: number | undefined): boolean => {
    const situation = { own: 0, openSameSide: 0, openOrders: 0, ordersLastMinute: 0, referencePrice }
    return isClear(gridOf(instrument(), limits), { ...request, ...changes }, situation)
  }

  test("is worth what the market pays where its own price is lower, and its own where that is higher", () => {
    expect(sell({}, 100)).toEqual(tooMuch("500"))
    expect(sell({ price: "101" }, 100)).toEqual(tooMuch("505"))
    expect(sell({ size: "0.4" }, 100)).toEqual(["notional 0.4 is below the minimum 5"])
    expect(sell({ size: "0.5", price: "20" }, 100)).toEqual([])
    expect([quick({ price: "20" }, 99), quick({ price: "20" }, 101), quick({ price: "101" }, 20)]).toEqual([
      true,
      false,
      false,
    ])
  })

  test("is refused where no price is known, unless it fills at its own price or not at all, or reduces", () => {
    const why = `no price is known to value it at, since a sell may fill above its own: declare a feed of ${INST} on binance-um, or wait for its first event, or make it post-only`
    expect(sell({ price: "2" }, undefined)).toEqual([why, why])
    expect(quick({ price: "20" }, undefined)).toBe(false)
    expect(sell({ price: "2", timeInForce: "post-only" }, undefined)).toEqual([])
    expect(sell({ price: "20", timeInForce: "post-only" }, undefined)).toEqual(tooMuch("100"))
    expect(sell({ price: "2", reduceOnly: true }, undefined, "5")).toEqual([])
  })

  test("needs no price where nothing limits its value", () => {
    const given = limited({ openOrdersMax: 5 }, { request: { ...request, price: "20" }, referencePrice: undefined })
    expect(violations(given)).toEqual([])
    const grid = gridOf(instrument(), given.limits)
    expect(needsPrice(grid, given.request)).toBe(false)
    const situation = { own: 0, openSameSide: 0, openOrders: 0, ordersLastMinute: 0, referencePrice: undefined }
    expect(isClear(grid, given.request, situation)).toBe(true)
  })

  test("of contracts that stand for money is worth the same at any price", () => {
    const inverse = instrument({ contractUnit: "quote", contractValue: "100", lotSize: "1", limitSizeMin: "1" })
    const two = { ...request, size: "2", price: "20" } as const
    const given = limited({ orderNotionalMax: "100" }, { request: two, instrument: inverse, referencePrice: undefined })
    expect(violations(given)).toEqual(["notional 200 is above the limit 100"])
  })
})

describe("the quick decision", () => {
  const amount = fc
    .tuple(fc.integer({ min: 0, max: 200_000 }), fc.integer({ min: 0, max: 4 }))
    .map(([units, places]) => (units / 10 ** places).toFixed(places))
  const lots = fc.oneof(
    amount,
    fc.integer({ min: 1, max: 2_000 }).map((units) => (units / 1_000).toFixed(3)),
  )
  const given = fc.record({
    request: fc.record(
      {
        inst: fc.constant(INST),
        side: fc.constantFrom("BUY" as const, "SELL" as const),
        size: lots,
        price: fc.option(
          fc.integer({ min: 1, max: 20_000 }).map((ticks) => (ticks / 10).toFixed(1)),
          { nil: undefined, freq: 3 },
        ),
        type: fc.constantFrom("limit" as const, "market" as const),
        reduceOnly: fc.boolean(),
      },
      { requiredKeys: ["inst", "side", "size", "type"] },
    ),
    limits: fc.record(
      {
        orderSizeMax: fc
          .tuple(amount, fc.constantFrom(INST, "ETH_USDT_PERP"))
          .map(([most, inst]) => ({ [inst]: most })),
        orderNotionalMax: amount.map((most) => `${most.replace(".", "")}0`),
        positionNotionalMax: amount.map((most) => `${most.replace(".", "")}00`),
        ordersPerMinuteMax: fc.integer({ min: 0, max: 3 }),
        openOrdersMax: fc.integer({ min: 0, max: 3 }),
      },
      { requiredKeys: [] },
    ),
    own: lots.chain((text) => fc.constantFrom(text, `-${text}`)),
    openSameSide: lots,
    openOrders: fc.integer({ min: 0, max: 3 }),
    ordersLastMinute: fc.integer({ min: 0, max: 3 }),
    referencePrice: fc.option(fc.integer({ min: 1, max: 300 }), { nil: undefined }),
  })

  test("never lets an order through that the exact rules refuse", () => {
    let cleared = 0
    fc.assert(
      fc.property(given, (draw) => {
        const { price, ...rest } = draw.request
        const request = price === undefined ? rest : { ...rest, price }
        const exact = facts({ ...draw, request })
        const clear = isClear(gridOf(instrument(), draw.limits), request, {
          own: toNumber(draw.own),
          openSameSide: toNumber(draw.openSameSide),
          openOrders: draw.openOrders,
          ordersLastMinute: draw.ordersLastMinute,
          referencePrice: draw.referencePrice,
        })
        if (clear) cleared++
        expect(clear && violations(exact).length > 0).toBe(false)
      }),
      { numRuns: 3_000 },
    )
    expect(cleared).toBeGreaterThan(10)
  })

  test("lets a plain order through without exact arithmetic", () => {
    const grid = gridOf(instrument(), { orderNotionalMax: "1000", positionNotionalMax: "1000" })
    const situation = { own: 0.1, openSameSide: 0, openOrders: 0, ordersLastMinute: 0, referencePrice: undefined }
    expect(isClear(grid, { inst: INST, side: "BUY", size: "0.5", price: "100.1" }, situation)).toBe(true)
  })

  test("lets an order of exactly the smallest and the largest size through", () => {
    const grid = gridOf(instrument({ notionalMin: "0" }), { orderSizeMax: { [INST]: "2" } })
    const situation = { own: 0, openSameSide: 0, openOrders: 0, ordersLastMinute: 0, referencePrice: 100 }
    const clear = (size: string): boolean => isClear(grid, { inst: INST, side: "BUY", size, price: "100" }, situation)
    expect(["0.001", "0.0010", "2", "2.001", "0.0005"].map(clear)).toEqual([true, false, true, false, false])
  })

  test("reads text as whole units, or refuses to", () => {
    expect(unitsOf("0.5", 3)).toBe(500)
    expect(unitsOf("12", 0)).toBe(12)
    expect(unitsOf("0.500", 3)).toBe(500)
    for (const text of ["", ".5", "5.", "-1", "1e3", "0", "0.0005", "1234567890123456", "1.2.3"]) {
      expect(unitsOf(text, 3)).toBeNaN()
    }
  })
})
