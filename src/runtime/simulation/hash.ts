const word = new Float64Array(1)
const halves = new Uint32Array(word.buffer)

/** Where it was written, by whom and which version: what may differ between two machines that did the same. */
const OMITTED: ReadonlySet<string> = new Set(["stack", "version", "pid", "memoryBytes"])
const DEPTH_MAX = 12

/**
 * FNV-1a in two lanes of 32 bits with different multipliers. Each step turns the state one to one, so that two inputs
 * that differ in one unit never hash alike; it is for comparing runs, not for keeping secrets.
 */
export class Hash {
  #a = 0x811c9dc5
  #b = 0x9747b28c

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

  number(value: number): void {
    word[0] = value
    this.unit(halves[0]!)
    this.unit(halves[1]!)
  }

  /** Plain data of any shape, by its content. Functions count as functions; what differs between machines is left out. */
  value(value: unknown, depth = 0): void {
    switch (typeof value) {
      case "string":
        this.unit(1)
        return this.text(value)
      case "number":
        this.unit(2)
        return this.number(value)
      case "boolean":
        return this.unit(value ? 3 : 4)
      case "bigint":
        this.unit(5)
        return this.text(value.toString())
      case "object":
        return value === null ? this.unit(6) : this.#object(value, depth)
      case "undefined":
        return this.unit(7)
      case "function":
      case "symbol":
        return this.unit(8)
    }
  }

  #object(value: object, depth: number): void {
    if (depth > DEPTH_MAX) throw new RangeError("what is hashed is nested too deeply, or holds itself")
    if (ArrayBuffer.isView(value)) return this.#view(value)
    if (value instanceof Error) return this.value(`${value.name}: ${value.message}`)
    if (Array.isArray(value)) {
      this.unit(9)
      this.unit(value.length)
      for (const item of value) this.value(item, depth + 1)
      return
    }
    this.unit(10)
    for (const name in value) {
      if (OMITTED.has(name)) continue
      this.text(name)
      this.value((value as Record<string, unknown>)[name], depth + 1)
    }
    this.unit(11)
  }

  #view(view: ArrayBufferView): void {
    this.unit(12)
    this.unit(view.byteLength)
    const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
    for (let index = 0; index < bytes.length; index++) this.unit(bytes[index]!)
  }

  /** 16 hex digits. */
  digest(): string {
    return hex(this.#a) + hex(this.#b)
  }
}

const hex = (lane: number): string => (lane >>> 0).toString(16).padStart(8, "0")

export function hashOf(value: unknown): string {
  const hash = new Hash()
  hash.value(value)
  return hash.digest()
}
