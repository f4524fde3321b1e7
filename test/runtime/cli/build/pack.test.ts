import { expect, test } from "bun:test"
import fc from "fast-check"
import { decodePack, encodePack } from "../../../../src/runtime/cli/build/pack.ts"

const path = fc.stringMatching(/^[a-z]{1,8}(\/[a-z]{1,8}){0,3}\.[a-z]{1,4}$/)
const file = fc.record({ path, bytes: fc.uint8Array({ maxLength: 300 }) })

test("a pack gives back every file byte for byte, in order of path", () => {
  fc.assert(
    fc.property(fc.uniqueArray(file, { selector: ({ path }) => path }), (files) => {
      const expected = files.toSorted((a, b) => (a.path < b.path ? -1 : 1))
      const unpacked = decodePack(encodePack(files))
      expect(unpacked.map(({ path, bytes }) => [path, [...bytes]])).toEqual(
        expected.map(({ path, bytes }) => [path, [...bytes]]),
      )
    }),
  )
})

test("the same files make the same pack, whatever their order", () => {
  const one = { path: "a.ts", bytes: Buffer.from("one") }
  const two = { path: "b.ts", bytes: Buffer.from("two") }
  expect(encodePack([two, one])).toEqual(encodePack([one, two]))
})

test("a pack cut short is refused", () => {
  const pack = encodePack([{ path: "a.ts", bytes: Buffer.from("some text") }])
  expect(() => decodePack(pack.subarray(0, pack.length - 5))).toThrow()
  const whole = Bun.zstdDecompressSync(pack)
  expect(() => decodePack(Bun.zstdCompressSync(whole.subarray(0, whole.length - 2)))).toThrow("where its index tells")
})
