import { ModelError } from "../../runtime/domain/errors.ts"

/** An ONNX element type: its code in the runtime, its name in metadata (`output_dtype`), and how it becomes float32 and back. */
export interface ElementType {
  readonly name: string
  readonly bytes: number
  /** Copies `count` elements at `at` of the runtime's memory into float32. */
  toFloat32(memory: ArrayBufferLike, at: number, count: number): Float32Array
  /** Writes float32 values at `at`. Throws ModelError where a value cannot be exactly what the type can hold. */
  fromFloat32(values: Float32Array, memory: ArrayBufferLike, at: number): void
}

type Numbers =
  | Float32Array
  | Float64Array
  | Float16Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array

type ViewOf<V> = { new (memory: ArrayBufferLike, at: number, count: number): V; readonly BYTES_PER_ELEMENT: number }

function floating(name: string, View: ViewOf<Numbers>): ElementType {
  return {
    name,
    bytes: View.BYTES_PER_ELEMENT,
    toFloat32: (memory, at, count) => new Float32Array(new View(memory, at, count)),
    fromFloat32: (values, memory, at) => new View(memory, at, values.length).set(values),
  }
}

function integer(name: string, View: ViewOf<Numbers>, min: number, max: number): ElementType {
  return {
    ...floating(name, View),
    fromFloat32(values, memory, at) {
      checkWhole(values, name, min, max)
      new View(memory, at, values.length).set(values)
    },
  }
}

function wide(name: string, View: ViewOf<BigInt64Array | BigUint64Array>, min: number, max: number): ElementType {
  return {
    name,
    bytes: 8,
    toFloat32: (memory, at, count) => Float32Array.from(new View(memory, at, count), Number),
    fromFloat32(values, memory, at) {
      checkWhole(values, name, min, max)
      const view = new View(memory, at, values.length)
      for (const [index, value] of values.entries()) view[index] = BigInt(value)
    },
  }
}

function checkWhole(values: Float32Array, name: string, min: number, max: number): void {
  const index = values.findIndex((value) => !Number.isInteger(value) || value < min || value > max)
  if (index !== -1)
    throw new ModelError(`value ${values[index]} at ${index} cannot become ${name}: round or clip it first`)
}

const BOOL: ElementType = {
  ...integer("bool", Uint8Array, 0, 1),
  toFloat32: (memory, at, count) =>
    Float32Array.from(new Uint8Array(memory, at, count), (byte) => (byte === 0 ? 0 : 1)),
}

// TensorProto.DataType of onnx.proto, https://onnx.ai/onnx/api/classes.html
const TYPES: Readonly<Record<number, ElementType>> = {
  1: floating("f32", Float32Array),
  2: integer("u8", Uint8Array, 0, 0xff),
  3: integer("i8", Int8Array, -0x80, 0x7f),
  4: integer("u16", Uint16Array, 0, 0xffff),
  5: integer("i16", Int16Array, -0x8000, 0x7fff),
  6: integer("i32", Int32Array, -0x8000_0000, 0x7fff_ffff),
  7: wide("i64", BigInt64Array, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
  9: BOOL,
  10: floating("f16", Float16Array),
  11: floating("f64", Float64Array),
  12: integer("u32", Uint32Array, 0, 0xffff_ffff),
  13: wide("u64", BigUint64Array, 0, Number.MAX_SAFE_INTEGER),
}

const UNREADABLE: Readonly<Record<number, string>> = {
  0: "a sequence, map or optional, not a tensor",
  8: "string",
  14: "complex64",
  15: "complex128",
  16: "bf16",
}

// The names other tools use for the same types, for `cast` in a config.
const ALIASES: Readonly<Record<string, string>> = {
  float32: "f32",
  float: "f32",
  uint8: "u8",
  int8: "i8",
  uint16: "u16",
  int16: "i16",
  int32: "i32",
  int64: "i64",
  float16: "f16",
  float64: "f64",
  double: "f64",
  uint32: "u32",
  uint64: "u64",
}

/** Undefined where the type cannot become float32. */
export const elementType = (code: number): ElementType | undefined => TYPES[code]

export const elementName = (code: number): string => TYPES[code]?.name ?? UNREADABLE[code] ?? `element type ${code}`

/** `int64` and `i64` are the same word; unknown ones come back as they are. */
export const castName = (word: string): string => ALIASES[word] ?? word

export const isCastName = (word: string): boolean => Object.values(TYPES).some((type) => type.name === castName(word))
