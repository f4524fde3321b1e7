import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { decodeTensor } from "../../../src/models/zmq/decode.ts"
import { Encoder } from "../../../src/models/zmq/encode.ts"
import { describe as said } from "../../../src/runtime/domain/errors.ts"
import type { AltTensor } from "../../../src/runtime/domain/tensor.ts"
import { digest, restored, tensor, vectors } from "./fixtures.ts"

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"))

const refusal = (bytes: Uint8Array, layout: "array" | "binary" = "array"): string => {
  try {
    decodeTensor(bytes, layout)
    return "it was accepted"
  } catch (error) {
    return said(error)
  }
}

const layouts = ["array", "binary"] as const

describe("a request", () => {
  test("is the bytes computed by hand", () => {
    const bytes = new Encoder("array").encode(tensor([1, -2.5], [1, 2], { model: "a" }))
    const expected = "94 cf 00060a24181e4000 92 ca3f800000 cac0200000 92 01 02 81 a5 6d6f64656c a1 61"
    expect(Buffer.from(bytes).toString("hex")).toBe(expected.replaceAll(" ", ""))
    expect(bytes).toHaveLength(33)
  })

  test.each(layouts)(
    "is what Python's msgpack makes of it, as %s, on both sides of every change of encoding",
    (layout) => {
      const encoder = new Encoder(layout)
      for (const vector of vectors.tensors) expect(digest(encoder.encode(restored(vector)))).toEqual(vector[layout])
    },
  )

  test("leaves the margin it was asked for", () => {
    const bytes = new Encoder("array", 8).encode(tensor([], [0]))
    expect([...bytes.subarray(8, 10)]).toEqual([0x94, 0xcf])
  })

  test.each([-1, 1.5, Number.NaN, 2 ** 53])("with timestamp %p is refused", (timestamp) => {
    expect(() => new Encoder("array").encode({ ...tensor([], [0]), timestamp })).toThrow(
      `timestamp is ${timestamp}; a service understands whole microseconds from 0`,
    )
  })
})

describe("a reply", () => {
  test.each(vectors.good)("may be or have $name", ({ reply, tensor: expected }) => {
    expect(decodeTensor(hex(reply), "array")).toEqual(restored(expected))
  })

  test.each(vectors.bad)("is refused by name: $why", ({ reply, why }) => {
    expect(refusal(hex(reply))).toBe(why)
  })

  test.each(vectors.badBinary)("in binary is refused by name: $why", ({ reply, why }) => {
    expect(refusal(hex(reply), "binary")).toBe(why)
  })

  test("in binary is refused where the service should write an array", () => {
    const bytes = new Encoder("binary").encode(tensor([1], [1]))
    expect(refusal(bytes)).toBe("the reply's data is binary, not an array of numbers")
  })

  test("keeps a metadata key that JavaScript objects treat specially", () => {
    const metadata = JSON.parse(`{"__proto__":"a","constructor":"b"}`) as Record<string, string>
    const bytes = new Encoder("array").encode(tensor([], [0], metadata))
    expect(Object.entries(decodeTensor(bytes, "array").metadata)).toEqual([
      ["__proto__", "a"],
      ["constructor", "b"],
    ])
  })
})

const anyTensor = fc
  .tuple(
    fc.maxSafeNat(),
    fc.float32Array({ maxLength: 300 }),
    fc.dictionary(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme", maxLength: 400 })),
  )
  .map(([timestamp, data, metadata]) => ({ timestamp, data, shape: [data.length], metadata: { ...metadata } }))

describe("any tensor", () => {
  test.each(layouts)("comes back from its own bytes, as %s", (layout) => {
    const encoder = new Encoder(layout)
    fc.assert(
      fc.property(anyTensor, (each) => {
        // As numbers: not-a-number has many bit patterns and is one value.
        const plain = ({ data, ...rest }: AltTensor) => ({ ...rest, data: [...data] })
        expect(plain(decodeTensor(encoder.encode(each).slice(), layout))).toEqual(plain(each))
      }),
    )
  })

  test("cut short or with one byte changed is decoded or refused by a ModelError, never anything else", () => {
    const encoder = new Encoder("array")
    fc.assert(
      fc.property(anyTensor, fc.nat(), fc.nat(255), (each, place, byte) => {
        const bytes = encoder.encode(each).slice()
        const at = place % bytes.length
        expect(refusal(bytes.subarray(0, at))).toStartWith("the reply")
        bytes[at] = byte
        try {
          decodeTensor(bytes, "array")
        } catch (error) {
          expect((error as Error).name).toBe("ModelError")
        }
      }),
    )
  })
})
