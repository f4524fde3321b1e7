import { expect, test } from "bun:test"
import * as fc from "fast-check"
import {
  cursor,
  digitsEnd,
  digitsText,
  plainStringEnd,
  quotedLevels,
  quotedNumber,
  scalarEnd,
  wholeNumber,
} from "../../../src/exchanges/kit/scan.ts"

const decimals = fc
  .tuple(fc.stringMatching(/^\d{1,20}$/), fc.option(fc.stringMatching(/^\d{1,20}$/), { nil: undefined }))
  .map(([whole, fraction]) => (fraction === undefined ? whole : `${whole}.${fraction}`))

test("a scanned number is the very number that Number gives, at any length", () => {
  fc.assert(
    fc.property(decimals, (text) => {
      expect(quotedNumber(Buffer.from(`"${text}"`), 0)).toBe(Number(text))
      expect(cursor.at).toBe(text.length + 2)
    }),
    { numRuns: 20_000 },
  )
})

test("anything but a plain decimal in quotes is not scanned", () => {
  for (const text of [
    '"',
    '""',
    '"."',
    '"5."',
    '".5"',
    '"-1"',
    '"+1"',
    '"1e5"',
    '"1.2.3"',
    '"1',
    "1",
    '" 1"',
    '"1 "',
    '"١"',
  ]) {
    expect(quotedNumber(Buffer.from(text), 0)).toBeNaN()
    expect(quotedLevels(Buffer.from(`[[${text},"1"]]`), 0)).toBeUndefined()
    expect(quotedLevels(Buffer.from(`[["1",${text}]]`), 0)).toBeUndefined()
  }
})

test("scanned levels are what JSON.parse and Number give, for more levels than the scratch holds too", () => {
  const levels = fc.array(fc.tuple(decimals, decimals), { maxLength: 50 })
  fc.assert(
    fc.property(levels, (pairs) => {
      expect(quotedLevels(Buffer.from(JSON.stringify(pairs)), 0)).toEqual(Float64Array.from(pairs.flat().map(Number)))
    }),
  )
  const many = Array.from({ length: 10_000 }, (_, at) => [String(at), `${at}.5`])
  expect(quotedLevels(Buffer.from(JSON.stringify(many)), 0)).toEqual(Float64Array.from(many.flat().map(Number)))
})

test("levels of another shape are not scanned", () => {
  for (const text of [
    '[["1"]]',
    '[["1","2","3"]]',
    '[["1","2"],]',
    '[["1","2"]',
    "[[]]",
    "[",
    '[ ["1","2"]]',
    '["1","2"]',
    "[null]",
  ]) {
    expect(quotedLevels(Buffer.from(text), 0)).toBeUndefined()
  }
})

test("whole numbers and digits are read as JSON has them: no leading zero, no sign, no fraction of them", () => {
  expect(wholeNumber(Buffer.from("123,"), 0)).toBe(123)
  expect(wholeNumber(Buffer.from("0}"), 0)).toBe(0)
  expect(wholeNumber(Buffer.from("123456789012345"), 0)).toBe(123456789012345)
  for (const text of ["", "x", "01", "-1", "1234567890123456"]) expect(wholeNumber(Buffer.from(text), 0)).toBe(-1)
  expect(digitsEnd(Buffer.from("9223372036854775807}"), 0)).toBe(19)
  expect(digitsEnd(Buffer.from("0,"), 0)).toBe(1)
  for (const text of ["", "x", "01", "-1"]) expect(digitsEnd(Buffer.from(text), 0)).toBe(-1)
})

test("digits as text are the digits, whatever was read before: neighbours, other lengths, many more than a number holds", () => {
  const id = fc.stringMatching(/^(0|[1-9]\d{0,19})$/)
  const near = fc.tuple(id, fc.nat(2_000)).map(([first, step]) => String(BigInt(first) + BigInt(step)))
  fc.assert(
    fc.property(fc.array(fc.oneof(id, near), { minLength: 1, maxLength: 20 }), (ids) => {
      for (const text of ids) expect(digitsText(Buffer.from(`[${text}]`), 1, text.length + 1)).toBe(text)
    }),
    { numRuns: 2_000 },
  )
})

test("what is passed over is whole JSON, and what is not is left to the general decoder", () => {
  for (const text of ['"abc"', '""', "12", "0", "true", "false", "null", '"é"'])
    expect(scalarEnd(Buffer.from(text), 0)).toBe(Buffer.byteLength(text))
  for (const text of ['"a\\"b"', '"a', '"a\tb"', "[1]", "{}", "tru", "nul", "", "-1", "007"])
    expect(scalarEnd(Buffer.from(text), 0)).toBe(-1)
  expect(plainStringEnd(Buffer.from('"abc",'), 0)).toBe(5)
})
