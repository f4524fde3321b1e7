import { ModelError } from "../../runtime/domain/errors.ts"
import { type AltTensor, tensorMistake } from "../../runtime/domain/tensor.ts"
import { type Kind, Reader } from "./read.ts"
import type { Layout } from "./encode.ts"

const FIELDS = ["timestamp", "data", "shape", "metadata"] as const
type Field = (typeof FIELDS)[number]

/**
 * A service's reply: an array of timestamp, data, shape and metadata, or a map with these names in any order, other names ignored. A map
 * that has `error` in their place says why there is no prediction. Throws ModelError naming what is wrong.
 */
export function decodeTensor(bytes: Uint8Array, layout: Layout): AltTensor {
  const read = new Reader(bytes)
  const kind = read.peek()
  if (kind !== "array" && kind !== "map")
    throw new ModelError(`the reply is ${name(kind)}, neither an array of four nor a map`)
  const tensor = kind === "array" ? fromArray(read, layout) : fromMap(read, layout)
  const mistake = tensorMistake(tensor)
  if (mistake !== undefined) throw new ModelError(`the reply's ${mistake}`)
  return tensor
}

function fromArray(read: Reader, layout: Layout): AltTensor {
  const length = read.length("array")
  if (length !== FIELDS.length) throw new ModelError(`the reply is an array of ${length}, not of ${FIELDS.length}`)
  return {
    timestamp: timestampOf(read),
    data: dataOf(read, layout),
    shape: shapeOf(read),
    metadata: metadataOf(read),
  }
}

function fromMap(read: Reader, layout: Layout): AltTensor {
  const found: Partial<{ -readonly [F in Field]: AltTensor[F] }> = {}
  let error: string | undefined
  for (let left = read.length("map"); left > 0; left--) {
    const key = read.peek() === "str" ? read.text("key") : skipped(read)
    if (Object.hasOwn(found, key)) throw new ModelError(`the reply has ${key} twice`)
    if (key === "timestamp") found.timestamp = timestampOf(read)
    else if (key === "data") found.data = dataOf(read, layout)
    else if (key === "shape") found.shape = shapeOf(read)
    else if (key === "metadata") found.metadata = metadataOf(read)
    else if (key === "error" && read.peek() === "str") error = read.text("error")
    else read.skip()
  }
  const missing = FIELDS.filter((field) => found[field] === undefined)
  if (missing.length === 0) return found as AltTensor
  if (error !== undefined) throw new ModelError(`the service failed: ${error}`)
  throw new ModelError(`the reply has no ${missing.join(", no ")}`)
}

function skipped(read: Reader): string {
  read.skip()
  return ""
}

function timestampOf(read: Reader): number {
  return read.whole("timestamp")
}

function dataOf(read: Reader, layout: Layout): Float32Array {
  const kind = read.peek()
  if (kind === "bin" && layout === "binary") return read.floats32("data")
  if (kind !== "array") throw new ModelError(`the reply's data is ${name(kind)}, not an array of numbers`)
  const data = new Float32Array(read.length("array"))
  read.numbers(data, "data")
  return data
}

function shapeOf(read: Reader): number[] {
  const kind = read.peek()
  if (kind !== "array") throw new ModelError(`the reply's shape is ${name(kind)}, not an array of sizes`)
  const shape: number[] = []
  for (let left = read.length("array"); left > 0; left--) shape.push(read.whole(`shape[${shape.length}]`))
  return shape
}

function metadataOf(read: Reader): Record<string, string> {
  const kind = read.peek()
  if (kind !== "map") throw new ModelError(`the reply's metadata is ${name(kind)}, not a map from text to text`)
  const entries: [string, string][] = []
  for (let left = read.length("map"); left > 0; left--) {
    const key = read.text("name in metadata")
    entries.push([key, read.text(`metadata.${key}`)])
  }
  return Object.fromEntries(entries)
}

const NAMES: Readonly<Record<Kind, string>> = {
  nil: "nil",
  bool: "a boolean",
  int: "an integer",
  float: "a floating-point number",
  str: "text",
  bin: "binary",
  array: "an array",
  map: "a map",
  ext: "an extension value",
  unused: "the byte 0xc1, which no MessagePack value starts with",
  end: "empty",
}

const name = (kind: Kind): string => NAMES[kind]
