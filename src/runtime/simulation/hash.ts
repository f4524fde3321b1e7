const word = new Float64Array(1)
const halves = new Uint32Array(word.buffer)

const DEPTH_MAX = 500
/** What is shared many times over is walked as often: where that would never end, what comes after it is not told apart. */
const VALUES_MAX = 1_000_000

/** Each form opens with a number of its own, so that none is taken for another. */
const MARK = {
  string: 1,
  number: 2,
  true: 3,
  false: 4,
  bigint: 5,
  null: 6,
  undefined: 7,
  function: 8,
  list: 9,
  object: 10,
  end: 11,
  again: 13,
  deeper: 14,
  unreadable: 15,
  symbol: 16,
  date: 17,
  map: 18,
  set: 19,
  buffer: 20,
  text: 21,
} as const

/** Each kind of view its own; tapes of model replies are looked up by the first. */
const VIEWS: Readonly<Record<string, number>> = {
  Float32Array: 12,
  Float64Array: 22,
  Float16Array: 23,
  Int8Array: 24,
  Uint8Array: 25,
  Uint8ClampedArray: 26,
  Int16Array: 27,
  Uint16Array: 28,
  Int32Array: 29,
  Uint32Array: 30,
  BigInt64Array: 31,
  BigUint64Array: 32,
  DataView: 33,
}

/**
 * FNV-1a in two lanes of 32 bits with different multipliers. Each step turns the state one to one, so that two inputs
 * that differ in one unit never hash alike; it is for comparing runs, not for keeping secrets.
 */
export class Hash {
  #a = 0x811c9dc5
  #b = 0x9747b28c
  /** The objects around the value at hand, outermost first. */
  readonly #around: object[] = []
  #values = 0

  unit(value: number): void {
    const a = Math.imul(this.#a ^ value, 0x01000193)
    const b = Math.imul(this.#b ^ value, 0x85ebca6b)
    // High bits come down: multiplying alone only carries upwards.
    this.#a = a ^ (a >>> 15)
    this.#b = b ^ (b >>> 13)
  }

  /** UTF-16 units, and how many. */
  text(text: string): void {
    let a = this.#a
    let b = this.#b
    for (let index = 0; index < text.length; index++) {
      const unit = text.charCodeAt(index)
      a = Math.imul(a ^ unit, 0x01000193)
      b = Math.imul(b ^ unit, 0x85ebca6b)
    }
    this.#a = a
    this.#b = b
    this.unit(text.length)
  }

  /** Every NaN is one: which of its bit patterns it has is the machine's choice. */
  number(value: number): void {
    word[0] = value
    const isNumber = value === value
    this.unit(isNumber ? halves[0]! : 0)
    this.unit(isNumber ? halves[1]! : 0x7ff80000)
  }

  /**
   * Data of any shape, by its content; what holds itself, by where it does. Functions count as functions. Of an instance of
   * a class what can be enumerated counts, of an error its name, message and cause. Never throws: what cannot be read
   * counts as that.
   */
  value(value: unknown): void {
    switch (typeof value) {
      case "string":
        return this.#marked(MARK.string, value)
      case "number":
        this.unit(MARK.number)
        return this.number(value)
      case "boolean":
        return this.unit(value ? MARK.true : MARK.false)
      case "bigint":
        return this.#marked(MARK.bigint, value.toString())
      case "object":
        return value === null ? this.unit(MARK.null) : this.#nested(value)
      case "undefined":
        return this.unit(MARK.undefined)
      case "function":
        return this.unit(MARK.function)
      case "symbol":
        return this.#marked(MARK.symbol, value.toString())
    }
  }

  #marked(mark: number, text: string): void {
    this.unit(mark)
    this.text(text)
  }

  #nested(value: object): void {
    const around = this.#around
    const at = around.indexOf(value)
    if (at >= 0) {
      this.unit(MARK.again)
      return this.unit(at)
    }
    if (around.length >= DEPTH_MAX || ++this.#values > VALUES_MAX) return this.unit(MARK.deeper)
    around.push(value)
    try {
      this.#object(value)
    } catch {
      this.unit(MARK.unreadable)
    } finally {
      around.pop()
    }
  }

  #object(value: object): void {
    if (Array.isArray(value)) return this.#items(MARK.list, value.length, value)
    if (ArrayBuffer.isView(value)) return this.#view(value)
    if (value instanceof Error) return this.#error(value)
    if (value instanceof Date) {
      this.unit(MARK.date)
      return this.number(value.getTime())
    }
    if (value instanceof Map) return this.#items(MARK.map, value.size, value)
    if (value instanceof Set) return this.#items(MARK.set, value.size, value)
    if (value instanceof ArrayBuffer || value instanceof SharedArrayBuffer) {
      this.unit(MARK.buffer)
      return this.#bytes(new Uint8Array(value))
    }
    if (isText(value)) return this.#marked(MARK.text, value.toString())
    this.unit(MARK.object)
    for (const name in value) {
      this.text(name)
      this.#property(value, name)
    }
    this.unit(MARK.end)
  }

  /** One that cannot be read hides none of the others. */
  #property(holder: object, name: string): void {
    let value: unknown
    try {
      value = (holder as Record<string, unknown>)[name]
    } catch {
      return this.unit(MARK.unreadable)
    }
    this.value(value)
  }

  /** In their order, which is part of what they say. */
  #items(mark: number, size: number, items: Iterable<unknown>): void {
    this.unit(mark)
    this.unit(size)
    for (const item of items) this.value(item)
  }

  #error(error: Error): void {
    const text = `${error.name}: ${error.message}`
    this.#marked(MARK.string, text)
    if (error.cause !== undefined) this.value(error.cause)
  }

  #view(view: ArrayBufferView): void {
    this.unit(VIEWS[view[Symbol.toStringTag as never] as string] ?? MARK.buffer)
    if ((view instanceof Float64Array || view instanceof Float32Array) && view.some(Number.isNaN)) {
      return this.#items(MARK.list, view.length, view)
    }
    this.#bytes(new Uint8Array(view.buffer, view.byteOffset, view.byteLength))
  }

  #bytes(bytes: Uint8Array): void {
    this.unit(bytes.length)
    for (let index = 0; index < bytes.length; index++) this.unit(bytes[index]!)
  }

  /** 16 hex digits. */
  digest(): string {
    return hex(this.#a) + hex(this.#b)
  }
}

const hex = (lane: number): string => (lane >>> 0).toString(16).padStart(8, "0")

/** What is its text, and has nothing else to show. */
const isText = (value: object): value is RegExp | URL => value instanceof RegExp || value instanceof URL

export function hashOf(value: unknown): string {
  const hash = new Hash()
  hash.value(value)
  return hash.digest()
}
