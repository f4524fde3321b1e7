// A small classifier and its training: cross-entropy, Adam, mini-batches. Plain loops over Float64Array, one order of additions, so that the
// same samples and seed give the same weights.
import type { Layer } from "./onnx-file.ts"

export interface Samples {
  readonly width: number
  /** Row-major, `labels.length` rows. */
  readonly features: Float32Array
  readonly labels: Uint8Array
}

export interface TrainingOptions {
  readonly widths: readonly number[]
  readonly epochs: number
  readonly batch: number
  readonly rate: number
  /** Pull of every weight toward zero. */
  readonly decay: number
  /** In [0, 1). */
  readonly random: () => number
}

interface Trained {
  readonly inputs: number
  readonly outputs: number
  readonly values: Float64Array
  readonly gradient: Float64Array
  readonly mean: Float64Array
  readonly square: Float64Array
  /** Activations behind the layer, and the error that comes back to them. */
  readonly out: Float64Array
  readonly error: Float64Array
}

/** `values` holds inputs × outputs weights, then the bias. */
function layer(inputs: number, outputs: number, random: () => number): Trained {
  const count = (inputs + 1) * outputs
  const reach = Math.sqrt(6 / (inputs + outputs))
  const values = Float64Array.from({ length: count }, (_, index) =>
    index < inputs * outputs ? (random() * 2 - 1) * reach : 0,
  )
  const zeros = () => new Float64Array(count)
  const out = new Float64Array(outputs)
  return { inputs, outputs, values, gradient: zeros(), mean: zeros(), square: zeros(), out, error: out.slice() }
}

function forward(layers: readonly Trained[], row: Float32Array): Float64Array {
  let input: ArrayLike<number> = row
  for (const [index, { inputs, outputs, values, out }] of layers.entries()) {
    const isLast = index === layers.length - 1
    for (let to = 0; to < outputs; to++) {
      let sum = values[inputs * outputs + to]!
      for (let from = 0; from < inputs; from++) sum += input[from]! * values[from * outputs + to]!
      out[to] = isLast ? sum : Math.max(0, sum)
    }
    input = out
  }
  return softmax(layers.at(-1)!.out)
}

function softmax(out: Float64Array): Float64Array {
  const top = Math.max(...out)
  let sum = 0
  for (let index = 0; index < out.length; index++) sum += out[index] = Math.exp(out[index]! - top)
  for (let index = 0; index < out.length; index++) out[index]! /= sum
  return out
}

/** Adds this row's share to the gradients; `forward` has just run. */
function backward(layers: readonly Trained[], row: Float32Array, label: number): void {
  const last = layers.at(-1)!
  for (let to = 0; to < last.outputs; to++) last.error[to] = last.out[to]! - (to === label ? 1 : 0)
  for (let index = layers.length - 1; index >= 0; index--) {
    const { inputs, outputs, values, gradient, error } = layers[index]!
    const before = layers[index - 1]
    const input = before?.out ?? row
    for (let from = 0; from < inputs; from++) {
      let back = 0
      for (let to = 0; to < outputs; to++) {
        gradient[from * outputs + to]! += error[to]! * input[from]!
        back += error[to]! * values[from * outputs + to]!
      }
      if (before !== undefined) before.error[from] = input[from]! > 0 ? back : 0
    }
    for (let to = 0; to < outputs; to++) gradient[inputs * outputs + to]! += error[to]!
  }
}

/** Adam, https://arxiv.org/abs/1412.6980 */
function update(layers: readonly Trained[], options: TrainingOptions, step: number): void {
  const correction = Math.sqrt(1 - 0.999 ** step) / (1 - 0.9 ** step)
  for (const { values, gradient, mean, square } of layers) {
    for (let index = 0; index < values.length; index++) {
      const slope = gradient[index]! / options.batch + options.decay * values[index]!
      mean[index] = 0.9 * mean[index]! + 0.1 * slope
      square[index] = 0.999 * square[index]! + 0.001 * slope * slope
      values[index]! -= (options.rate * correction * mean[index]!) / (Math.sqrt(square[index]!) + 1e-8)
    }
    gradient.fill(0)
  }
}

function shuffled(count: number, random: () => number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, index) => index)
  for (let index = count - 1; index > 0; index--) {
    const other = Math.floor(random() * (index + 1))
    const kept = order[index]!
    order[index] = order[other]!
    order[other] = kept
  }
  return order
}

export function train(samples: Samples, options: TrainingOptions): Layer[] {
  const { widths, random } = options
  const layers = widths.slice(1).map((outputs, index) => layer(widths[index]!, outputs, random))
  let step = 0
  for (let epoch = 0; epoch < options.epochs; epoch++) {
    for (const [position, index] of shuffled(samples.labels.length, random).entries()) {
      const row = rowOf(samples, index)
      forward(layers, row)
      backward(layers, row, samples.labels[index]!)
      if (position % options.batch === options.batch - 1) update(layers, options, ++step)
    }
  }
  return layers.map(({ inputs, outputs, values }) => ({
    inputs,
    outputs,
    weights: Float32Array.from(values.subarray(0, inputs * outputs)),
    bias: Float32Array.from(values.subarray(inputs * outputs)),
  }))
}

export const rowOf = ({ features, width }: Samples, index: number): Float32Array =>
  features.subarray(index * width, (index + 1) * width)

/** Probabilities of one row, for a report on how well it learned. */
export function classify(network: readonly Layer[], row: Float32Array): Float64Array {
  const layers = network.map(({ inputs, outputs, weights, bias }) => ({
    ...layer(inputs, outputs, () => 0),
    values: Float64Array.from([...weights, ...bias]),
  }))
  return forward(layers, row)
}
