// Rounding to steps, against plain integers: every number here is so many units of 10^-18.
import { describe, expect, test } from "bun:test"
import * as fc from "fast-check"
import {
  absolute,
  canonical,
  ceilTo,
  compare,
  floorTo,
  fromNumber,
  isAmount,
  isDecimal,
  isPositive,
  isMultiple,
  minus,
  negate,
  over,
  placesOf,
  shortest,
  plus,
  times,
  toNumber,
} from "../../../src/runtime/domain/decimal.ts"
import { DecimalError } from "../../../src/runtime/domain/errors.ts"

const PLACES = 18

/** The text of so many units, written by hand: an oracle that shares no code with what is tested. */
function text(units: bigint): string {
  const digits = (units < 0n ? -units : units).toString().padStart(PLACES + 1, "0")
  const fraction = digits.slice(-PLACES).replace(/0+$/, "")
  return `${units < 0n ? "-" : ""}${digits.slice(0, -PLACES)}${fraction === "" ? "" : `.${fraction}`}`
}

function units(written: string): bigint {
  const [, sign = "", whole = "", fraction = ""] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(written) ?? []
  const size = BigInt(whole + fraction.padEnd(PLACES, "0"))
  return sign === "-" ? -size : size
}

/** Steps from 1e-12 to 1e6, powers of ten and not: 0.25, 5e-7, 0.125, 3e-4, 700. */
const step = fc
  .tuple(fc.constantFrom(1n, 2n, 3n, 5n, 7n, 15n, 25n, 125n, 999n), fc.integer({ min: -12, max: 6 }))
  .map(([mantissa, exponent]) => mantissa * 10n ** BigInt(exponent + PLACES))
  .filter((units) => units <= 10n ** BigInt(PLACES + 6))
const value = fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n })
/** A value that lies on, just below or just above the step's grid. */
const near = fc
  .tuple(step, fc.bigInt({ min: -(10n ** 9n), max: 10n ** 9n }), fc.constantFrom(-1n, 0n, 1n))
  .map(([step, count, off]): [bigint, bigint] => [step * count + off, step])
const pairs = fc.oneof(fc.tuple(value, step), near)

const floored = (value: bigint, step: bigint): bigint => {
  const rest = ((value % step) + step) % step
  return value - rest
}

describe("rounding to a step", () => {
  test("down is the greatest multiple that is not above, up the least that is not below", () => {
    fc.assert(
      fc.property(pairs, ([value, step]) => {
        expect(units(floorTo(text(value), text(step)))).toBe(floored(value, step))
        expect(units(ceilTo(text(value), text(step)))).toBe(-floored(-value, step))
      }),
      { numRuns: 3_000 },
    )
  })

  test("never passes its limit, and never stops a step short of it", () => {
    fc.assert(
      fc.property(pairs, ([value, step]) => {
        const [v, s] = [text(value), text(step)]
        const [low, high] = [floorTo(v, s), ceilTo(v, s)]
        expect(compare(low, v)).not.toBe(1)
        expect(compare(high, v)).not.toBe(-1)
        expect(compare(plus(low, s), v)).toBe(1)
        expect(compare(minus(high, s), v)).toBe(-1)
        expect(isMultiple(low, s) && isMultiple(high, s)).toBe(true)
      }),
      { numRuns: 2_000 },
    )
  })

  test("again changes nothing, in either direction", () => {
    fc.assert(
      fc.property(pairs, ([value, step]) => {
        const s = text(step)
        for (const once of [floorTo(text(value), s), ceilTo(text(value), s)]) {
          expect(floorTo(once, s)).toBe(once)
          expect(ceilTo(once, s)).toBe(once)
        }
      }),
    )
  })

  test("is the same up and down, mirrored at zero", () => {
    fc.assert(
      fc.property(pairs, ([value, step]) => {
        const [v, s] = [text(value), text(step)]
        expect(ceilTo(v, s)).toBe(negate(floorTo(negate(v), s)))
      }),
    )
  })

  test("leaves no artefact of binary numbers: no exponent, no more decimals than the step has", () => {
    const doubles = fc.double({ min: 1e-12, max: 1e9, noNaN: true })
    fc.assert(
      fc.property(doubles, step, (double, step) => {
        const s = text(step)
        for (const rounded of [floorTo(fromNumber(double), s), ceilTo(fromNumber(double), s)]) {
          expect(isDecimal(rounded)).toBe(true)
          expect(placesOf(rounded)).toBeLessThanOrEqual(placesOf(s))
          expect(rounded).toBe(canonical(rounded))
        }
        expect(toNumber(floorTo(fromNumber(double), s))).toBeLessThanOrEqual(double)
        expect(toNumber(ceilTo(fromNumber(double), s))).toBeGreaterThanOrEqual(double)
      }),
      { numRuns: 2_000 },
    )
  })

  test.each([
    ["0.3", "0.1", "0.3", "0.3"],
    ["0.29999999999999998", "0.1", "0.2", "0.3"],
    ["1.15", "0.05", "1.15", "1.15"],
    ["4.35", "0.01", "4.35", "4.35"],
    ["1.1", "0.25", "1", "1.25"],
    ["0.0000012", "0.0000005", "0.000001", "0.0000015"],
    ["0.0000000000019", "0.000000000001", "0.000000000001", "0.000000000002"],
    ["2499999.999", "1000000", "2000000", "3000000"],
    ["-0.3", "0.25", "-0.5", "-0.25"],
    ["0", "0.001", "0", "0"],
    ["9007199254740993", "2", "9007199254740992", "9007199254740994"],
  ])("%s at a step of %s is %s down and %s up", (value, step, down, up) => {
    expect([floorTo(value, step), ceilTo(value, step)]).toEqual([down, up])
  })

  test("wants a step above zero and numbers without exponents", () => {
    for (const step of ["0", "-0.1", "0.00"]) expect(() => floorTo("1", step)).toThrow(DecimalError)
    for (const text of ["1e-7", "", ".5", "5.", "+1", "NaN", "0x10", "1,5", " 1"]) {
      expect(() => ceilTo(text, "1")).toThrow(`"${text}"`)
      expect(() => floorTo("1", text)).toThrow(DecimalError)
    }
  })
})

describe("exact arithmetic", () => {
  test("is that of integers", () => {
    fc.assert(
      fc.property(value, value, (a, b) => {
        const [x, y] = [text(a), text(b)]
        expect(units(plus(x, y))).toBe(a + b)
        expect(units(minus(x, y))).toBe(a - b)
        expect(compare(x, y)).toBe(a < b ? -1 : a > b ? 1 : 0)
        expect(units(absolute(x))).toBe(a < 0n ? -a : a)
        expect(times(x, y)).toBe(times(y, x))
        if (b !== 0n) expect(over(times(x, y), y, PLACES)).toBe(canonical(x))
      }),
    )
  })

  test("a number becomes the shortest text that reads back as it, whatever its size", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (double) => {
        const written = fromNumber(double)
        expect(isDecimal(written)).toBe(true)
        expect(toNumber(written)).toBe(double === 0 ? 0 : double)
      }),
    )
    expect([1e-12, 5e-7, 0.1, 1e21, -2.5e-9, 0.1 + 0.2].map(fromNumber)).toEqual([
      "0.000000000001",
      "0.0000005",
      "0.1",
      "1000000000000000000000",
      "-0.0000000025",
      "0.30000000000000004",
    ])
    for (const none of [Number.NaN, Infinity, -Infinity]) expect(() => fromNumber(none)).toThrow(DecimalError)
  })
})

test("an amount is what is a decimal and above zero, by the slower ways of finding out", () => {
  const written = fc.oneof(
    fc.stringMatching(/^[-+ .0-9e]{0,6}$/),
    fc.stringMatching(/^-?\d{1,12}(\.\d{1,12})?$/),
    fc.stringMatching(/^-?0{1,4}(\.0{1,4})?$/),
    fc.anything(),
  )
  fc.assert(
    fc.property(written, (given) => {
      expect(isAmount(given)).toBe(isDecimal(given) && isPositive(given as string))
    }),
    { numRuns: 5_000 },
  )
  for (const none of ["", ".", "1.", ".1", "1.2.3", "1\n", "١", 1])
    expect([none, isAmount(none)]).toEqual([none, false])
})

test("the shortest text is what exact arithmetic writes, and of what is no Decimal there is none", () => {
  const number = fc.stringMatching(/^-?0{0,3}\d{1,25}(\.\d{1,25}0{0,3})?$/)
  fc.assert(
    fc.property(number, (text) => {
      expect(canonical(text)).toBe(times(text, "1"))
      expect(shortest(text)).toBe(times(text, "1"))
    }),
    { numRuns: 5_000 },
  )
  fc.assert(
    fc.property(fc.stringMatching(/^[-+.0-9e ]{0,8}$/), (text) => {
      expect(shortest(text) === undefined).toBe(!isDecimal(text))
    }),
    { numRuns: 5_000 },
  )
  for (const text of ["", "-", ".", "-.", "1.", ".5", "-.5", "1.2.3", "١", "1 "]) {
    expect(shortest(text)).toBeUndefined()
    expect(() => canonical(text)).toThrow("is not a decimal number")
  }
})
