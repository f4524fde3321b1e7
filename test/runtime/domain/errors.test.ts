import { expect, test } from "bun:test"
import { describe as described, lastWords, PerigeeError, stackOf } from "../../../src/runtime/domain/errors.ts"
import { AWKWARD } from "../awkward.ts"

test.each([
  [
    " 7 | const a = 1\n 8 | throw new Error('no')\n           ^\nerror: planned death\n      at a.ts:8:1",
    "planned death",
  ],
  ["7 | box.put(1)\n    ^\nTypeError: box is undefined\n      at a.ts:7:1", "box is undefined"],
  ["Uncaught (in promise) Error: planned death", "Uncaught (in promise) Error: planned death"],
  ["BuildMessage: ModuleNotFound", "BuildMessage: ModuleNotFound"],
  ["", "it did not start"],
])("a worker's last words are one line: %j", (message, words) => {
  expect(lastWords(message)).toBe(words)
})

test("an error is described by its own words and those of its causes, each once", () => {
  const cause = new Error("refused", { cause: new Error("port 1") })
  expect(described(new PerigeeError("no answer", { cause }))).toBe("no answer: refused: port 1")
  expect(described(new PerigeeError("no answer: refused: port 1", { cause }))).toBe("no answer: refused: port 1")
  expect(described(new RangeError())).toBe("RangeError")
  expect([described("plain"), described(undefined), described(Symbol("s"))]).toEqual([
    "plain",
    "undefined",
    "Symbol(s)",
  ])
})

test.each(AWKWARD)("whatever is thrown can be described: $name", ({ make, words }) => {
  const value = make()
  expect(described(value)).toBe(words)
  expect(described(new PerigeeError("outer", { cause: value }))).toStartWith("outer")
  expect(["string", "undefined"]).toContain(typeof stackOf(value))
})
