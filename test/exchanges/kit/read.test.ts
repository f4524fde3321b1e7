import { expect, test } from "bun:test"
import { WireError } from "../../../src/runtime/domain/errors.ts"
import type { JsonObject } from "../../../src/exchanges/kit/json.ts"
import * as read from "../../../src/exchanges/kit/read.ts"

const row = (value: unknown): JsonObject => ({ f: value }) as JsonObject

test("decimals come out in their shortest form, exponents written out exactly", () => {
  const cases = {
    "0.0100": "0.01",
    "-0.0": "0",
    "1E-8": "0.00000001",
    "1.25e+3": "1250",
    "-1.5E-3": "-0.0015",
    "0E-8": "0",
  }
  for (const [sent, meant] of Object.entries(cases)) expect(read.decimal(row(sent), "f")).toBe(meant)
  expect(read.decimal(row(21), "f")).toBe("21")
  expect(read.decimal(row("123456789012345678901234567890.5"), "f")).toBe("123456789012345678901234567890.5")
})

test("what is no number is refused by field and value, never read as zero", () => {
  for (const bad of ["", "abc", "1,5", "1e9999", ".5", "5.", "Infinity", "NaN", null, undefined, {}, [], true, 0.1]) {
    expect(() => read.decimal(row(bad), "f")).toThrow(WireError)
    expect(() => read.decimal(row(bad), "f")).toThrow(/^f is /)
  }
  for (const bad of ["", "abc", " 1", "0x10", "1e999", null, undefined, true]) {
    expect(() => read.number(row(bad), "f")).toThrow(WireError)
  }
  for (const bad of [1.5, "1.5", "x", null, 2 ** 53, "9007199254740993"]) {
    expect(() => read.integer(row(bad), "f")).toThrow(WireError)
  }
})

test("ids keep every digit; a number past 2^53 is refused rather than rounded", () => {
  expect(read.id(row("9223372036854775807"), "f")).toBe("9223372036854775807")
  expect(read.id(row(42), "f")).toBe("42")
  for (const bad of [2 ** 60, 1.5, "", null]) expect(() => read.id(row(bad), "f")).toThrow(WireError)
})

test("an unknown word is refused with the words there are", () => {
  expect(read.word(row("A"), "f", { A: 1, B: 2 })).toBe(1)
  expect(() => read.word(row("C"), "f", { A: 1, B: 2 })).toThrow('f is "C", not one of A, B')
  expect(() => read.word(row("toString"), "f", { A: 1 })).toThrow(WireError)
})

test("a long value is cut in the message", () => {
  expect(() => read.flag(row("x".repeat(500)), "f")).toThrow(/^f is .{50,60}…, not true or false$/)
})

test("a bad row fails an account's list, and is left out of a market-wide one by name", () => {
  const rows = [{ f: "1" }, { f: "x" }, { f: "3" }]
  expect(() => read.rows(rows, "list", (one: JsonObject) => read.number(one, "f"))).toThrow('list[1]: f is "x"')
  const unreadable: string[] = []
  expect(read.readableRows(rows, "list", unreadable, (one: JsonObject) => read.number(one, "f"))).toEqual([1, 3])
  expect(unreadable).toEqual(['list[1]: f is "x", not a number'])
})

test("levels are flat pairs, negative ones refused, and the best price comes first", () => {
  const bids = read.levels(
    [
      ["1", "5"],
      ["2", "6"],
    ],
    "b",
  )
  expect(bids).toEqual(Float64Array.of(1, 5, 2, 6))
  expect(read.bestFirst(bids, "bids")).toEqual(Float64Array.of(2, 6, 1, 5))
  expect(read.bestFirst(bids, "asks")).toBe(bids)
  for (const bad of [[["-1", "5"]], [["1"]], [["1", "x"]], [[1, 2]], {}, [7]]) {
    expect(() => read.levels(bad as never, "b")).toThrow(WireError)
  }
})
