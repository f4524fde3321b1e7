// Writes a small feed-forward network as an ONNX file: just enough of the protobuf encoding, https://onnx.ai/onnx/api/classes.html.

/** One fully connected layer: `weights` row-major, [inputs, outputs]. */
export interface Layer {
  readonly inputs: number
  readonly outputs: number
  readonly weights: Float32Array
  readonly bias: Float32Array
}

type Field = readonly [number, number | string | Uint8Array]

const FLOAT = 1
const INT = 2
const DIMENSIONLESS_OPSET = 17
const IR_VERSION = 8

function varint(value: number): number[] {
  const bytes: number[] = []
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest]
    bytes.push((rest % 128) + 128)
  }
}

/** A protobuf message: numbers as varints, text and bytes with their length in front. */
function message(fields: readonly Field[]): Uint8Array {
  const parts = fields.flatMap(([number, value]) => {
    if (typeof value === "number") return [Uint8Array.from([...varint(number * 8), ...varint(value)])]
    const bytes = typeof value === "string" ? new TextEncoder().encode(value) : value
    return [Uint8Array.from([...varint(number * 8 + 2), ...varint(bytes.length)]), bytes]
  })
  return Uint8Array.from(Buffer.concat(parts))
}

function tensor(name: string, shape: readonly number[], values: Float32Array): Uint8Array {
  const raw = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
  return message([...shape.map((size): Field => [1, size]), [2, FLOAT], [8, name], [9, raw]])
}

function node(
  operator: string,
  inputs: readonly string[],
  output: string,
  attributes: readonly Field[] = [],
): Uint8Array {
  return message([...inputs.map((name): Field => [1, name]), [2, output], [4, operator], ...attributes])
}

const whole = (name: string, value: number): Field => [
  5,
  message([
    [1, name],
    [3, value],
    [20, INT],
  ]),
]

function valueInfo(name: string, width: number): Uint8Array {
  const batch = message([[2, "batch"]])
  const shape = message([
    [1, batch],
    [1, message([[1, width]])],
  ])
  return message([
    [1, name],
    [
      2,
      message([
        [
          1,
          message([
            [1, FLOAT],
            [2, shape],
          ]),
        ],
      ]),
    ],
  ])
}

/** Layers joined by ReLU, closed by a softmax: input `features` [batch, inputs], output `probabilities` [batch, outputs]. */
export function classifierFile(layers: readonly Layer[], about: string): Uint8Array {
  const nodes: Field[] = []
  const tensors: Field[] = []
  let value = "features"
  for (const [index, layer] of layers.entries()) {
    const [weights, bias] = [`weights${index}`, `bias${index}`]
    tensors.push(
      [5, tensor(weights, [layer.inputs, layer.outputs], layer.weights)],
      [5, tensor(bias, [layer.outputs], layer.bias)],
    )
    nodes.push([1, node("Gemm", [value, weights, bias], `sum${index}`)])
    value = `sum${index}`
    if (index === layers.length - 1) continue
    nodes.push([1, node("Relu", [value], `hidden${index}`)])
    value = `hidden${index}`
  }
  nodes.push([1, node("Softmax", [value], "probabilities", [whole("axis", 1)])])
  const input: Field = [11, valueInfo("features", layers[0]!.inputs)]
  const output: Field = [12, valueInfo("probabilities", layers.at(-1)!.outputs)]
  const graph = message([...nodes, [2, "classifier"], ...tensors, input, output])
  const opset = message([
    [1, ""],
    [2, DIMENSIONLESS_OPSET],
  ])
  return message([
    [1, IR_VERSION],
    [2, "perigee"],
    [6, about],
    [7, graph],
    [8, opset],
  ])
}
