import { ModelError } from "../../runtime/domain/errors.ts"
import { memoryOf } from "../../runtime/domain/numbers.ts"
import type { AltTensor } from "../../runtime/domain/tensor.ts"

/** How a tensor's values travel: one by one as MessagePack float32, or as one run of little-endian bytes. */
export type Layout = "array" | "binary"

// First bytes of MessagePack values: https://github.com/msgpack/msgpack/blob/master/spec.md
const FIX_ARRAY = 0x90
const FIX_MAP = 0x80
const FIX_STR = 0xa0
const FLOAT_32 = 0xca

/** [length up to 15 or 31 in the first byte, then the first bytes for 8, 16 and 32 bits of length] */
const ARRAY = { fix: FIX_ARRAY, fixMax: 15, bits8: 0, bits16: 0xdc, bits32: 0xdd } as const
const MAP = { fix: FIX_MAP, fixMax: 15, bits8: 0, bits16: 0xde, bits32: 0xdf } as const
const STR = { fix: FIX_STR, fixMax: 31, bits8: 0xd9, bits16: 0xda, bits32: 0xdb } as const
const BIN = { fix: 0, fixMax: -1, bits8: 0xc4, bits16: 0xc5, bits32: 0xc6 } as const
type Family = typeof ARRAY | typeof MAP | typeof STR | typeof BIN

const HEAD_BYTES = 9
const VALUE_BYTES = 5
const UTF8_BYTES_PER_UNIT = 3
const TWO_32 = 2 ** 32

/**
 * Writes tensors into one buffer that it reuses: MessagePack arrays of four, timestamp, data, shape and metadata, each number in its
 * shortest form. The bytes are valid until the next call.
 */
export class Encoder {
  readonly #layout: Layout
  /** Room kept free before the tensor, for the caller's own header. */
  readonly #margin: number
  #bytes = new Uint8Array(4_096)
  #view = new DataView(this.#bytes.buffer)
  #at = 0

  constructor(layout: Layout, margin = 0) {
    this.#layout = layout
    this.#margin = margin
  }

  /** Throws ModelError where the timestamp is no whole number from 0. */
  encode({ timestamp, data, shape, metadata }: AltTensor): Uint8Array {
    if (!Number.isSafeInteger(timestamp) || timestamp < 0)
      throw new ModelError(`timestamp is ${timestamp}; a service understands whole microseconds from 0`)
    const names = Object.keys(metadata)
    this.#reserve(data.length, shape.length, names, metadata)
    this.#at = this.#margin
    this.#bytes[this.#at++] = FIX_ARRAY | 4
    this.#uint(timestamp)
    if (this.#layout === "array") this.#floats(memoryOf(data))
    else this.#binary(memoryOf(data))
    this.#head(ARRAY, shape.length)
    for (const size of shape) this.#uint(size)
    this.#head(MAP, names.length)
    for (const name of names) {
      this.#text(name)
      this.#text(metadata[name] as string)
    }
    return this.#bytes.subarray(0, this.#at)
  }

  #reserve(values: number, rank: number, names: readonly string[], metadata: AltTensor["metadata"]): void {
    let units = 0
    for (const name of names) units += name.length + (metadata[name] as string).length
    const heads = HEAD_BYTES * (4 + rank + 2 * names.length)
    const wanted = this.#margin + heads + VALUE_BYTES * values + UTF8_BYTES_PER_UNIT * units
    if (wanted <= this.#bytes.length) return
    this.#bytes = new Uint8Array(Math.max(wanted, 2 * this.#bytes.length))
    this.#view = new DataView(this.#bytes.buffer)
  }

  #uint(value: number): void {
    const view = this.#view
    if (value < 0x80) this.#bytes[this.#at++] = value
    else if (value < 0x100) {
      this.#bytes[this.#at++] = 0xcc
      this.#bytes[this.#at++] = value
    } else if (value < 0x1_0000) {
      this.#bytes[this.#at] = 0xcd
      view.setUint16(this.#at + 1, value)
      this.#at += 3
    } else if (value < TWO_32) {
      this.#bytes[this.#at] = 0xce
      view.setUint32(this.#at + 1, value)
      this.#at += 5
    } else {
      this.#bytes[this.#at] = 0xcf
      view.setUint32(this.#at + 1, Math.floor(value / TWO_32))
      view.setUint32(this.#at + 5, value % TWO_32)
      this.#at += 9
    }
  }

  #head(family: Family, length: number): void {
    if (length <= family.fixMax) this.#bytes[this.#at++] = family.fix | length
    else if (length < 0x100 && family.bits8 !== 0) {
      this.#bytes[this.#at++] = family.bits8
      this.#bytes[this.#at++] = length
    } else if (length < 0x1_0000) {
      this.#bytes[this.#at] = family.bits16
      this.#view.setUint16(this.#at + 1, length)
      this.#at += 3
    } else {
      this.#bytes[this.#at] = family.bits32
      this.#view.setUint32(this.#at + 1, length)
      this.#at += 5
    }
  }

  #floats(data: Float32Array): void {
    this.#head(ARRAY, data.length)
    const [bytes, view] = [this.#bytes, this.#view]
    let at = this.#at
    for (let index = 0; index < data.length; index++) {
      bytes[at] = FLOAT_32
      view.setFloat32(at + 1, data[index] as number)
      at += VALUE_BYTES
    }
    this.#at = at
  }

  // Typed arrays are little-endian on every machine Bun runs on.
  #binary(data: Float32Array): void {
    this.#head(BIN, data.byteLength)
    this.#bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), this.#at)
    this.#at += data.byteLength
  }

  #text(text: string): void {
    const start = this.#at
    const { length } = text
    if (length <= STR.fixMax && this.#ascii(text, start + 1)) {
      this.#bytes[start] = STR.fix | length
      this.#at = start + 1 + length
      return
    }
    const bytes = Buffer.from(text, "utf8")
    this.#head(STR, bytes.length)
    this.#bytes.set(bytes, this.#at)
    this.#at += bytes.length
  }

  /** False, with nothing that counts written, where a character takes more than one byte. */
  #ascii(text: string, at: number): boolean {
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index)
      if (code >= 0x80) return false
      this.#bytes[at + index] = code
    }
    return true
  }
}
