import { expect, test } from "bun:test"
import { lastWords } from "../../../src/runtime/domain/errors.ts"

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
