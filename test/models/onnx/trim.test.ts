import { describe, expect, test } from "bun:test"
import { readFileSync } from "node:fs"
import { kept } from "../../../src/models/onnx/kept.ts"
import { functionCount, GLOBAL, trimmed, withBodies, withGlobals } from "../../../src/models/onnx/trim.ts"
import wasmPath from "../../../src/models/onnx/wasm-file.ts"

// (func (export "one") (result i32) i32.const 1) (func (export "two") (result i32) i32.const 2)
const small = Uint8Array.from([
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
  ...[0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7f],
  ...[0x03, 0x03, 0x02, 0x00, 0x00],
  ...[0x07, 0x0d, 0x02, 0x03, 0x6f, 0x6e, 0x65, 0x00, 0x00, 0x03, 0x74, 0x77, 0x6f, 0x00, 0x01],
  ...[0x0a, 0x0b, 0x02, 0x04, 0x00, 0x41, 0x01, 0x0b, 0x04, 0x00, 0x41, 0x02, 0x0b],
])

const exportsOf = (bytes: Uint8Array<ArrayBuffer>) =>
  new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports as Record<string, () => number>

const runtime = readFileSync(wasmPath)

describe("trimming", () => {
  test("keeps what is listed and makes a trap of the rest", () => {
    const { one, two } = exportsOf(trimmed(small, { wasmBytes: small.length, functions: 2, bits: btoa("\u0002") })!)
    expect(two!()).toBe(2)
    expect(() => one!()).toThrow(WebAssembly.RuntimeError)
  })

  test("does nothing to a file the list was not made for", () => {
    expect(trimmed(small, { wasmBytes: small.length + 1, functions: 2, bits: "" })).toBeUndefined()
    expect(trimmed(small, { wasmBytes: small.length, functions: 3, bits: "" })).toBeUndefined()
    expect(trimmed(small, kept)).toBeUndefined()
  })

  test("leaves every byte as it was when it keeps everything", () => {
    expect(exportsOf(withBodies(small, (_, body) => [body]))["one"]!()).toBe(1)
    const same = withBodies(runtime, (_, body) => [body])
    expect(WebAssembly.validate(same)).toBe(true)
    expect(functionCount(same)).toBe(functionCount(runtime))
  })

  test("fits the runtime that is installed, and takes more than half of it away", () => {
    const small = trimmed(runtime, kept)
    expect(small).toBeDefined()
    expect(WebAssembly.validate(small!)).toBe(true)
    expect(small!.length).toBeLessThan(runtime.length / 2)
  })

  test("leaves less than a tenth of the functions for sessions that are open, all of them among those for opening", () => {
    const [starting, running] = [kept.bits, kept.running].map((text) =>
      Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)),
    )
    expect(running!.every((bits, at) => (bits & ~starting![at]!) === 0)).toBe(true)
    const count = running!.reduce((sum, bits) => sum + bits.toString(2).replaceAll("0", "").length, 0)
    expect(count).toBeLessThan(kept.functions / 10)
    const joining = withGlobals(trimmed(runtime, { ...kept, bits: kept.running })!, true)
    expect(WebAssembly.validate(joining)).toBe(true)
    const names = WebAssembly.Module.exports(new WebAssembly.Module(joining)).map(({ name }) => name)
    expect(names.filter((name) => name.startsWith(GLOBAL)).length).toBeGreaterThan(0)
  })
})
