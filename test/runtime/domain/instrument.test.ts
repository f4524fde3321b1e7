// Prices and sizes on a venue's grid, and contracts as coins.
import { describe, expect, test } from "bun:test"
import * as fc from "fast-check"
import {
  canonical,
  compare,
  fromNumber,
  isMultiple,
  minus,
  negate,
  plus,
  times,
} from "../../../src/runtime/domain/decimal.ts"
import { UsageError } from "../../../src/runtime/domain/errors.ts"
import {
  fromCoins,
  type InstrumentInfo,
  notionalOf,
  orderMistakes,
  priceOnTick,
  sizeOnLot,
  sizeWithin,
  toCoins,
} from "../../../src/runtime/domain/instrument.ts"

const made = (fields: Partial<InstrumentInfo> = {}): InstrumentInfo => ({
  market: "binance-um",
  inst: "BTC_USDT_PERP",
  symbol: "BTCUSDT",
  type: "perpetual",
  status: "live",
  sizeUnit: "coin",
  tickSize: "0.1",
  lotSize: "0.001",
  limitSizeMin: "0.001",
  marketSizeMin: "0.001",
  ...fields,
})

const amount = fc
  .tuple(fc.bigInt({ min: 0n, max: 10n ** 15n }), fc.integer({ min: 0, max: 12 }))
  .map(([units, places]) => {
    const digits = units.toString().padStart(places + 1, "0")
    return canonical(places === 0 ? digits : `${digits.slice(0, -places)}.${digits.slice(-places)}`)
  })
const step = fc
  .tuple(fc.constantFrom(1, 2, 5, 25, 125), fc.integer({ min: -12, max: 6 }))
  .map(([mantissa, exponent]) => canonical(fromNumber(Number(`${mantissa}e${exponent}`))))

describe("a price on the tick", () => {
  test("is never worse than the wished one: not above it for a buyer, not below it for a seller", () => {
    fc.assert(
      fc.property(amount, step, (price, tickSize) => {
        const info = made({ tickSize })
        const [bid, ask] = [priceOnTick(info, "BUY", price), priceOnTick(info, "SELL", price)]
        expect(compare(bid, price)).not.toBe(1)
        expect(compare(ask, price)).not.toBe(-1)
        expect(compare(minus(ask, bid), tickSize)).not.toBe(1)
        for (const side of ["BUY", "SELL"] as const) {
          expect(priceOnTick(info, side, bid)).toBe(bid)
          expect(priceOnTick(info, side, ask)).toBe(ask)
        }
        expect(isMultiple(bid, tickSize) && isMultiple(ask, tickSize)).toBe(true)
      }),
      { numRuns: 1_000 },
    )
  })

  test("is the price itself where the venue fixes no tick", () => {
    expect(priceOnTick(made({ tickSize: "0" }), "BUY", "1.23456789")).toBe("1.23456789")
  })
})

describe("a price of so many figures", () => {
  // Hyperliquid's own examples ("Tick and lot size", read 2026-11): five figures, 6 - szDecimals decimals on perpetuals.
  const perpetual = (szDecimals: number) => made({ tickSize: "0", priceFiguresMax: 5, pricePlacesMax: 6 - szDecimals })
  const isFine = (info: InstrumentInfo, price: string): boolean =>
    orderMistakes(info, { type: "limit", size: "1", price }).length === 0

  test.each([
    [0, "1234.5", true],
    [0, "1234.56", false],
    [0, "0.001234", true],
    [0, "0.0012345", false],
    [1, "0.01234", true],
    [1, "0.012345", false],
    [0, "123456", true],
    [0, "12345.6", false],
  ])("at szDecimals %d, %s is fine: %p", (szDecimals, price, fine) => {
    expect(isFine(perpetual(szDecimals), price)).toBe(fine)
  })

  test.each([
    ["12345.6", "12345", "12346"],
    ["1234.56", "1234.5", "1234.6"],
    ["0.0012345", "0.001234", "0.001235"],
    ["99999.5", "99999", "100000"],
    ["9.99999", "9.9999", "10"],
    ["123456.7", "123456", "123457"],
  ])("%s is %s for a buyer and %s for a seller", (price, bid, ask) => {
    const info = perpetual(0)
    expect([priceOnTick(info, "BUY", price), priceOnTick(info, "SELL", price)]).toEqual([bid, ask])
  })

  test("is never worse than the wished one, and one that the venue takes", () => {
    fc.assert(
      fc.property(amount, fc.integer({ min: 0, max: 6 }), (price, szDecimals) => {
        const info = perpetual(szDecimals)
        for (const side of ["BUY", "SELL"] as const) {
          const rounded = priceOnTick(info, side, price)
          expect(compare(rounded, price)).not.toBe(side === "BUY" ? 1 : -1)
          expect(isFine(info, rounded)).toBe(true)
          expect(priceOnTick(info, side, rounded)).toBe(rounded)
        }
      }),
      { numRuns: 2_000 },
    )
  })

  test("is any where the venue says nothing of it", () => {
    expect(isFine(made({ tickSize: "0" }), "1.23456789")).toBe(true)
  })
})

describe("a size on the lot", () => {
  test("is never more than the wished one, with its sign, and up it is never less", () => {
    fc.assert(
      fc.property(amount, step, fc.boolean(), (amount, lotSize, isShort) => {
        const info = made({ lotSize })
        const [down, up] = [sizeOnLot(info, amount), sizeOnLot(info, amount, "up")]
        expect(compare(down, amount)).not.toBe(1)
        expect(compare(plus(down, lotSize), amount)).toBe(1)
        expect(compare(up, amount)).not.toBe(-1)
        expect(compare(minus(up, lotSize), amount)).toBe(-1)
        expect([sizeOnLot(info, down), sizeOnLot(info, down, "up"), sizeOnLot(info, up)]).toEqual([down, down, up])
        if (isShort) expect(sizeOnLot(info, negate(amount))).toBe(negate(down))
      }),
      { numRuns: 1_000 },
    )
  })

  test("within the venue's bounds is one that the venue takes, or none", () => {
    fc.assert(
      fc.property(amount, step, amount, amount, (wished, lotSize, one, other) => {
        const [least, most] = compare(one, other) < 0 ? [one, other] : [other, one]
        const info = made({ lotSize, limitSizeMin: least, limitSizeMax: most, marketSizeMin: "0", marketSizeMax: "1" })
        const size = sizeWithin(info, "limit", wished)
        if (size === undefined) {
          const largest = sizeOnLot(info, compare(wished, most) < 0 ? wished : most)
          return expect(compare(largest, least) < 0 || largest === "0").toBe(true)
        }
        expect(compare(size, wished)).not.toBe(1)
        expect(orderMistakes(info, { type: "limit", size })).toEqual([])
        expect(sizeWithin(info, "limit", size)).toBe(size)
        const market = sizeWithin(info, "market", wished)
        if (market !== undefined) expect(orderMistakes(info, { type: "market", size: market })).toEqual([])
      }),
      { numRuns: 1_000 },
    )
    expect(sizeWithin(made(), "limit", "-5")).toBeUndefined()
  })
})

describe("contracts and coins", () => {
  test("of a coin there and back is the size itself, and coins are exact", () => {
    fc.assert(
      fc.property(step, step, fc.bigInt({ min: 0n, max: 10n ** 12n }), (contractValue, lotSize, count) => {
        const info = made({ sizeUnit: "contract", contractValue, lotSize })
        const size = times(count.toString(), lotSize)
        expect(toCoins(info, size)).toBe(times(size, contractValue))
        expect(fromCoins(info, toCoins(info, size))).toBe(size)
        expect(fromCoins(info, negate(toCoins(info, size)))).toBe(negate(size))
      }),
      { numRuns: 1_000 },
    )
  })

  test("never give more than the coins that were wished", () => {
    fc.assert(
      fc.property(
        amount,
        fc.oneof(step, fc.constantFrom("0.03", "7", "0.0011")),
        step,
        (coins, contractValue, lotSize) => {
          const info = made({ sizeUnit: "contract", contractValue, lotSize })
          const size = fromCoins(info, coins)
          expect(isMultiple(size, lotSize)).toBe(true)
          expect(compare(toCoins(info, size), coins)).not.toBe(1)
          expect(compare(toCoins(info, plus(size, lotSize)), coins)).toBe(1)
        },
      ),
      { numRuns: 1_000 },
    )
  })

  test("are worth what value and multiplier say together", () => {
    // OKX: ctVal 0.01 BTC, ctMult 1; a venue that splits it into 0.001 and 10 comes to the same.
    const [one, other] = ["0.01", times("0.001", "10")].map((contractValue) =>
      made({ sizeUnit: "contract", contractValue }),
    )
    expect([toCoins(one!, "3"), toCoins(other!, "3")]).toEqual(["0.03", "0.03"])
    expect(fromCoins(made({ sizeUnit: "contract", contractValue: "0.03", lotSize: "1" }), "1")).toBe("33")
  })

  test("where sizes are coins are the size on its lot", () => {
    expect([toCoins(made(), "0.5"), fromCoins(made(), "0.50049")]).toEqual(["0.5", "0.5"])
  })
})

describe("a contract that stands for money", () => {
  const inverse = made({
    market: "binance-cm",
    inst: "BTC_USD_PERP",
    symbol: "BTCUSD_PERP",
    sizeUnit: "contract",
    lotSize: "1",
    limitSizeMin: "1",
    marketSizeMin: "1",
    contractValue: "100",
    contractUnit: "quote",
    notionalMin: "200",
  })

  test("is worth coins at a price, and refuses to be without one", () => {
    expect([toCoins(inverse, "5", "50000"), fromCoins(inverse, "0.01", "50000")]).toEqual(["0.01", "5"])
    expect(toCoins(inverse, "1", "30000")).toBe("0.003333333333333333")
    expect(() => toCoins(inverse, "5")).toThrow(UsageError)
    expect(() => fromCoins(inverse, "1")).toThrow(
      "BTC_USD_PERP on binance-cm is worth 100 of the quote: say at which price",
    )
    expect(() => toCoins(inverse, "5", "0")).toThrow("0 is no price")
  })

  test("has the same notional at every price", () => {
    expect([notionalOf(inverse, "5", "20000"), notionalOf(inverse, "5", "90000")]).toEqual(["500", "500"])
    expect(orderMistakes(inverse, { type: "limit", size: "1", price: "50000" })).toEqual([
      "notional 100 is below the minimum 200",
    ])
    expect(notionalOf(made({ sizeUnit: "contract", contractValue: "0.01" }), "5", "50000")).toBe("2500")
  })

  test("never becomes more than the coins that were wished", () => {
    const price = amount.filter((price) => compare(price, "0") > 0)
    fc.assert(
      fc.property(amount, price, (coins, price) => {
        const size = fromCoins(inverse, coins, price)
        // size × 100 ≤ coins × price < (size + 1) × 100, without a division.
        expect(compare(times(size, "100"), times(coins, price))).not.toBe(1)
        expect(compare(times(plus(size, "1"), "100"), times(coins, price))).toBe(1)
        expect(compare(toCoins(inverse, size, price), coins)).not.toBe(1)
      }),
      { numRuns: 1_000 },
    )
  })
})
