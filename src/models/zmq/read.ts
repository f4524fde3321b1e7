import { ModelError } from "../../runtime/domain/errors.ts"

export type Kind = "nil" | "bool" | "int" | "float" | "str" | "bin" | "array" | "map" | "ext" | "unused" | "end"

// First bytes from 0xc0: https://github.com/msgpack/msgpack/blob/master/spec.md
const FROM_C0: readonly Kind[] = [
  ...["nil", "unused", "bool", "bool", "bin", "bin", "bin", "ext", "ext", "ext", "float", "float"],
  ...["int", "int", "int", "int", "int", "int", "int", "int", "ext", "ext", "ext", "ext", "ext"],
  ...["str", "str", "str", "array", "array", "map", "map"],
] as Kind[]

const KINDS: readonly Kind[] = Array.from({ length: 256 }, (_, first): Kind => {
  if (first < 0x80 || first >= 0xe0) return "int"
  if (first < 0x90) return "map"
  if (first < 0xa0) return "array"
  return first < 0xc0 ? "str" : (FROM_C0[first - 0xc0] as Kind)
})

/** Bytes of the length that follows a first byte, for families that have one. */
const LENGTH_BYTES: Readonly<Record<number, 1 | 2 | 4>> = {
  0xc4: 1,
  0xc5: 2,
  0xc6: 4,
  0xc7: 1,
  0xc8: 2,
  0xc9: 4,
  0xd9: 1,
  0xda: 2,
  0xdb: 4,
  0xdc: 2,
  0xdd: 4,
  0xde: 2,
  0xdf: 4,
}
const FIX_EXT_FIRST = 0xd4
const FIX_EXT_LAST = 0xd8
const TWO_32 = 2 ** 32
const ENDED = "the reply ends early"
const utf8 = new TextDecoder("utf-8", { fatal: true })

/** Reads MessagePack values one after another. Every method throws ModelError where the bytes are not what it reads or end too early. */
export class Reader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** What comes next; `end` where nothing is left. */
  peek(): Kind {
    return this.#at < this.#bytes.length ? (KINDS[this.#bytes[this.#at] as number] as Kind) : "end"
  }

  /** The number of elements or pairs of what comes next, which the caller has peeked at. */
  length(kind: "array" | "map" | "str" | "bin" | "ext"): number {
    const first = this.#bytes[this.#take(1)] as number
    const wide = LENGTH_BYTES[first]
    const length = wide === undefined ? this.#fixLength(first) : this.#unsigned(wide)
    // Each element takes a byte at least: no reply makes us reserve more than it carries.
    if (length > this.#bytes.length - this.#at) throw new ModelError(`the reply ends inside ${article(kind)}`)
    return length
  }

  /** A whole number from 0 that JavaScript holds exactly. */
  whole(what: string): number {
    if (this.peek() !== "int") throw new ModelError(`the reply's ${what} is no integer`)
    const value = this.#integer()
    if (value < 0) throw new ModelError(`the reply's ${what} is ${value}`)
    if (!Number.isSafeInteger(value)) throw new ModelError(`the reply's ${what} is ${value}, too large`)
    return value
  }

  text(what: string): string {
    if (this.peek() !== "str") throw new ModelError(`the reply's ${what} is no text`)
    const length = this.length("str")
    const start = this.#take(length)
    try {
      return utf8.decode(this.#bytes.subarray(start, start + length))
    } catch {
      throw new ModelError(`the reply's ${what} is not UTF-8`)
    }
  }

  /** Fills `into` with numbers of any width. */
  numbers(into: Float32Array, what: string): void {
    const [bytes, view] = [this.#bytes, this.#view]
    for (let index = 0; index < into.length; index++) {
      if (bytes[this.#at] === 0xca && this.#at + 5 <= bytes.length) {
        into[index] = view.getFloat32(this.#at + 1)
        this.#at += 5
        continue
      }
      const kind = this.peek()
      if (kind === "int") into[index] = this.#integer()
      else if (kind === "float") into[index] = this.#float()
      else if (kind === "end") throw new ModelError(ENDED)
      else throw new ModelError(`the reply's ${what}[${index}] is no number`)
    }
  }

  /** A run of little-endian float32 values. */
  floats32(what: string): Float32Array {
    const length = this.length("bin")
    if (length % 4 !== 0) throw new ModelError(`the reply's ${what} is ${length} bytes, not a multiple of 4`)
    const start = this.#take(length)
    const values = new Float32Array(length / 4)
    new Uint8Array(values.buffer).set(this.#bytes.subarray(start, start + length))
    return values
  }

  /** Passes over one value, however deep. */
  skip(): void {
    for (let left = 1; left > 0; left--) {
      const kind = this.peek()
      if (kind === "end" || kind === "unused") throw new ModelError("the reply ends early or is no MessagePack")
      if (kind === "array") left += this.length("array")
      else if (kind === "map") left += 2 * this.length("map")
      else if (kind === "str" || kind === "bin") this.#take(this.length(kind))
      else if (kind === "ext") this.#skipExt()
      else if (kind === "int") this.#integer()
      else if (kind === "float") this.#float()
      else this.#take(1)
    }
  }

  #fixLength(first: number): number {
    return first >= 0xa0 ? first & 0x1f : first & 0x0f
  }

  #skipExt(): void {
    const first = this.#bytes[this.#at] as number
    if (first < FIX_EXT_FIRST || first > FIX_EXT_LAST) return void this.#take(this.length("ext") + 1)
    // The first byte, the type, and 1, 2, 4, 8 or 16 bytes.
    return void this.#take(2 + 2 ** (first - FIX_EXT_FIRST))
  }

  #take(count: number): number {
    const start = this.#at
    if (start + count > this.#bytes.length) throw new ModelError(ENDED)
    this.#at = start + count
    return start
  }

  #unsigned(width: 1 | 2 | 4): number {
    const at = this.#take(width)
    if (width === 1) return this.#view.getUint8(at)
    return width === 2 ? this.#view.getUint16(at) : this.#view.getUint32(at)
  }

  #float(): number {
    const first = this.#bytes[this.#take(1)]
    return first === 0xca ? this.#view.getFloat32(this.#take(4)) : this.#view.getFloat64(this.#take(8))
  }

  #integer(): number {
    const first = this.#bytes[this.#take(1)] as number
    if (first < 0x80) return first
    if (first >= 0xe0) return first - 0x100
    const view = this.#view
    switch (first) {
      case 0xcc:
        return view.getUint8(this.#take(1))
      case 0xcd:
        return view.getUint16(this.#take(2))
      case 0xce:
        return view.getUint32(this.#take(4))
      case 0xd0:
        return view.getInt8(this.#take(1))
      case 0xd1:
        return view.getInt16(this.#take(2))
      case 0xd2:
        return view.getInt32(this.#take(4))
      default: {
        const at = this.#take(8)
        const high = first === 0xcf ? view.getUint32(at) : view.getInt32(at)
        return high * TWO_32 + view.getUint32(at + 4)
      }
    }
  }
}

const article = (kind: string): string => (kind === "array" || kind === "ext" ? `an ${kind}` : `a ${kind}`)
