import { UsageError } from "./errors.ts"
import type { ReadonlyFloat32s } from "./numbers.ts"

/** The model contract: dense, row-major float32; `data.length` is the product of `shape`. Never reshaped for the user. */
export interface AltTensor {
  /** µs since the epoch. */
  readonly timestamp: number
  /** At run time a Float32Array; an answer's is told to every strategy that listens, so it is there to be read. */
  readonly data: ReadonlyFloat32s
  readonly shape: readonly number[]
  readonly metadata: Readonly<Record<string, string>>
}

/** Why this is no AltTensor, or undefined where it is one. */
export function tensorMistake(tensor: AltTensor): string | undefined {
  let product = 1
  for (const [axis, size] of tensor.shape.entries()) {
    if (!Number.isSafeInteger(size) || size < 0) return `shape[${axis}] is ${size}; a size is a whole number from 0`
    product *= size
    if (!Number.isSafeInteger(product)) return `shape [${tensor.shape.join(", ")}] is too large to count`
  }
  if (product === tensor.data.length) return undefined
  return `shape [${tensor.shape.join(", ")}] wants ${product} values, but data holds ${tensor.data.length}`
}

export function checkTensor(tensor: AltTensor): AltTensor {
  const mistake = tensorMistake(tensor)
  if (mistake !== undefined) throw new UsageError(mistake)
  return tensor
}
