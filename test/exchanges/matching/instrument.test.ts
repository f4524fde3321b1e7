import { describe, expect, test } from "bun:test"
import { assert, constantFrom, integer, property } from "fast-check"
import { fromText, instrument, moneyOf, moneyText, toText } from "../../../src/exchanges/matching/instrument.ts"

const of = (tick: string, lot: string) =>
  instrument({ symbol: "X", tick, lot, quote: "USDT", makerFeePpm: 0, takerFeePpm: 0 })

describe("steps and text", () => {
  test("steps read as text with the step's own places, and back", () => {
    const scales = [of("0.10", "0.001").price, of("0.10", "0.001").size, of("0.01", "1").size, of("0.0100", "1").price]
    assert(
      property(constantFrom(...scales), integer({ min: -1e9, max: 1e9 }), (scale, steps) => {
        expect(fromText(toText(steps, scale), scale)).toEqual({ kind: "steps", steps: steps === 0 ? 0 : steps })
      }),
    )
  })

  test.each([
    ["61800.25", "between"],
    ["61800.255", "precise"],
    ["abc", "malformed"],
    ["1e5", "malformed"],
    ["", "malformed"],
    ["99999999999999999999", "precise"],
  ] as const)("%s is not a price in ticks of 0.10: %s", (text, kind) => {
    expect(fromText(text, of("0.10", "0.001").price)).toEqual({ kind })
  })

  test("zeros behind the point are no precision", () => {
    expect(fromText("61800.2000000", of("0.10", "0.001").price)).toEqual({ kind: "steps", steps: 618_002 })
  })

  test("money is exact, cut toward zero, and never a minus zero", () => {
    expect(moneyText(moneyOf("-12.345678"))).toBe("-12.34567800")
    expect(moneyText(moneyOf("-0.004"), 2)).toBe("0.00")
    expect(moneyText(moneyOf("7"), 0)).toBe("7")
    expect(() => moneyOf("0.123456789")).toThrow(/at most 8 decimals/)
  })

  test("an instrument finer than money can count is refused by name", () => {
    expect(() => of("0.00001", "0.0001")).toThrow(/X: tick 0.00001 times lot 0.0001/)
  })
})
