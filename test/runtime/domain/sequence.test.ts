import { expect, test } from "bun:test"
import * as fc from "fast-check"
import { isAdjacent, isBefore, isSame, sequenceNumber } from "../../../src/runtime/domain/events.ts"

const numbers = fc.bigInt({ min: -1n, max: 10n ** 19n })
const of = (value: bigint): number | string => {
  const made = sequenceNumber(String(value))
  if (made === undefined) throw new Error(`${value} is a whole number`)
  return made
}

test("update numbers compare exactly at any length", () => {
  fc.assert(
    fc.property(numbers, numbers, (a, b) => {
      expect(isSame(of(a), of(b))).toBe(a === b)
      expect(isBefore(of(a), of(b))).toBe(a < b)
      expect(isAdjacent(of(a), of(b))).toBe(a + 1n === b)
      expect(isAdjacent(of(a), of(a + 1n))).toBe(true)
      expect(isSame(of(a), of(a + 1n))).toBe(false)
    }),
  )
})

test("numbers stay numbers up to 2^53 and become text past it", () => {
  expect(sequenceNumber("5123107852948")).toBe(5123107852948)
  expect(sequenceNumber("9007199254740991")).toBe(9007199254740991)
  expect(sequenceNumber("9007199254740993")).toBe("9007199254740993")
  expect(isAdjacent(9007199254740991, "9007199254740992")).toBe(true)
})

test("what is no whole number is refused", () => {
  for (const text of ["", "01", "-0", "1.0", "1e3", "x", " 1"]) expect(sequenceNumber(text)).toBeUndefined()
})
