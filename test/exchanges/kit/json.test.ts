import { expect, test } from "bun:test"
import * as fc from "fast-check"
import { parseExact } from "../../../src/exchanges/kit/json.ts"

test("integers of 16 and more digits come back as their own text, everything else as JSON.parse reads it", () => {
  expect(
    parseExact('{"i":9223372036854775807,"j":-1234567890123456,"k":123456789012345,"s":"1234567890123456789"}'),
  ).toEqual({
    i: "9223372036854775807",
    j: "-1234567890123456",
    k: 123456789012345,
    s: "1234567890123456789",
  })
})

test("digits inside texts, fractions and exponents are left alone", () => {
  const text = '["a\\"1234567890123456789", "\\\\", 0.12345678901234567, 1234567890123456e2, {"1234567890123456789":1}]'
  expect(parseExact(text)).toEqual(JSON.parse(text))
})

test("what is no JSON stays no JSON", () => {
  for (const text of ["01234567890123456789", "[1234567890123456 1]", "1234567890123456-7", '{"a":1234567890123456']) {
    expect(() => parseExact(text)).toThrow(SyntaxError)
  }
})

test("any JSON without long integers is read as JSON.parse reads it", () => {
  const isShort = (text: string): boolean => !/(?<![\d.])\d{16,}(?![\d.e])/.test(text)
  fc.assert(
    fc.property(fc.json(), (text) => {
      fc.pre(isShort(text))
      expect(parseExact(text)).toEqual(JSON.parse(text))
    }),
  )
})

test("whatever the text, it is read as by replacing its tokens one by one", () => {
  const slowly = (text: string): unknown =>
    JSON.parse(
      text.replace(/"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*/g, (token) =>
        /^-?[1-9]\d{15,}$/.test(token) ? `"${token}"` : token,
      ),
    )
  const read = (how: (text: string) => unknown, text: string): unknown => {
    try {
      return how(text)
    } catch (error) {
      if (error instanceof SyntaxError) return "no JSON"
      throw error
    }
  }
  const piece = fc.oneof(
    fc.constantFrom('"', "\\", '\\"', "{", "}", "[", "]", ",", ":", " ", "-", ".", "e", "+", "null", '"a":', "\n"),
    fc.stringMatching(/^-?\d{1,20}$/),
    fc.json(),
  )
  const value = fc.letrec((tie) => ({
    value: fc.oneof(
      fc.stringMatching(/^-?[1-9]\d{0,19}$/),
      fc.string().map((text) => JSON.stringify(text)),
      fc.stringMatching(/^[\\"\d,:]{0,24}$/).map((text) => JSON.stringify(text)),
      fc.array(tie("value"), { maxLength: 4 }).map((all) => `[${all.join()}]`),
      fc.array(tie("value"), { maxLength: 4 }).map((all) => `{${all.map((one, at) => `"${at}":${one}`).join()}}`),
    ),
  })).value as fc.Arbitrary<string>
  const text = fc.oneof(
    value,
    fc.array(piece, { maxLength: 12 }).map((all) => all.join("")),
  )
  fc.assert(
    fc.property(text, (any) => {
      expect(read(parseExact, any)).toEqual(read(slowly, any) as never)
    }),
    { numRuns: 5_000 },
  )
})
