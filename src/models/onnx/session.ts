import { ModelError } from "../../runtime/domain/errors.ts"
import { type ElementType, elementName, elementType } from "./element.ts"
import { lastError, type Ort } from "./ort.ts"

/** One input or output as the model declares it. */
export interface Slot {
  readonly name: string
  /** ONNX element type; 0 where it is no tensor. */
  readonly type: number
  /** Numbers are fixed sizes, text names a free one (may be empty). An empty list is a scalar or an undeclared shape. */
  readonly shape: readonly (number | string)[]
}

export interface Values {
  readonly data: Float32Array
  readonly shape: readonly number[]
}

/** One model in one runtime. All calls are synchronous. */
export interface Session {
  readonly inputs: readonly Slot[]
  readonly outputs: readonly Slot[]
  /** `values` in the order of `inputs`. Throws ModelError; a WebAssembly.RuntimeError means that the runtime is lost. */
  run(values: readonly Values[], output: number): Values
  close(): void
}

interface NativeSlot extends Slot {
  /** Of its name, for the runtime. */
  readonly namePointer: number
}

/** An input's place in the runtime's memory; kept from one request to the next while the shape stays. */
interface Place {
  readonly shape: readonly number[]
  readonly data: number
  readonly tensor: number
}

const OPTIMIZE_ALL = 99
const SEQUENTIAL = 0
const LOG_FATAL = 4
const ON_CPU = 1
const POINTER = 4

const failed = (ort: Ort, what: string): ModelError => new ModelError(`${what}: ${lastError(ort)}`)

const words = (ort: Ort, at: number, count: number): Uint32Array => new Uint32Array(ort.HEAPU8.buffer, at, count)

/** Throws ModelError with the runtime's reason where the bytes are no model it can run. */
export function openSession(ort: Ort, model: Uint8Array): Session {
  const handle = createSession(ort, model)
  const [inputs, outputs] = slots(ort, handle)
  const places: (Place | undefined)[] = inputs.map(() => undefined)
  // Names and handles of one run: inputs' names, inputs, the output's name, the output, and four words for its description.
  const call = ort._malloc((2 * inputs.length + 6) * POINTER)
  const outputAt = call + 2 * inputs.length * POINTER
  words(ort, call, inputs.length).set(inputs.map(({ namePointer }) => namePointer))

  const place = (index: number, { data, shape }: Values): number => {
    const slot = inputs[index]!
    const type = known(slot)
    const before = places[index]
    const isSame = before !== undefined && sameShape(before.shape, shape)
    const here = isSame ? before : createPlace(ort, slot, type, shape, data.length)
    if (!isSame) {
      if (before !== undefined) releasePlace(ort, before)
      places[index] = here
    }
    type.fromFloat32(data, ort.HEAPU8.buffer, here.data)
    return here.tensor
  }

  return {
    inputs,
    outputs,
    run(values, output) {
      const tensors = values.map((value, index) => place(index, value))
      words(ort, call + inputs.length * POINTER, tensors.length).set(tensors)
      words(ort, outputAt, 2).set([outputs[output]!.namePointer, 0])
      const inputsAt = call + inputs.length * POINTER
      const code = ort._OrtRun(handle, call, inputsAt, inputs.length, outputAt, 1, outputAt + POINTER, 0)
      if (code !== 0) throw failed(ort, "the model could not compute an answer")
      return takeOutput(ort, outputAt, outputs[output]!)
    },
    close() {
      for (const each of places) if (each !== undefined) releasePlace(ort, each)
      for (const { namePointer } of [...inputs, ...outputs]) ort._OrtFree(namePointer)
      ort._free(call)
      ort._OrtReleaseSession(handle)
    },
  }
}

function createSession(ort: Ort, model: Uint8Array): number {
  const at = ort._malloc(Math.max(1, model.length))
  if (at === 0) throw new ModelError(`${model.length} bytes of model do not fit into the runtime's memory`)
  ort.HEAPU8.set(model, at)
  // No arena and no memory pattern: both trade resident memory for speed that small models do not notice.
  const options = ort._OrtCreateSessionOptions(OPTIMIZE_ALL, false, false, SEQUENTIAL, false, 0, 0, LOG_FATAL, 0, 0)
  try {
    if (options === 0) throw failed(ort, "the runtime refused its options")
    const handle = ort._OrtCreateSession(at, model.length, options)
    if (handle === 0) throw failed(ort, "the runtime refused the model")
    return handle
  } finally {
    if (options !== 0) ort._OrtReleaseSessionOptions(options)
    ort._free(at)
  }
}

function slots(ort: Ort, handle: number): [NativeSlot[], NativeSlot[]] {
  const at = ort._malloc(2 * POINTER)
  try {
    if (ort._OrtGetInputOutputCount(handle, at, at + POINTER) !== 0)
      throw failed(ort, "the model does not tell its inputs")
    const [inputs = 0, outputs = 0] = words(ort, at, 2)
    const all = Array.from({ length: inputs + outputs }, (_, index) => slot(ort, handle, index, at))
    return [all.slice(0, inputs), all.slice(inputs)]
  } finally {
    ort._free(at)
  }
}

/** Metadata is: element type, rank, `rank` pointers to the names of free sizes (0 where fixed), `rank` sizes. */
function slot(ort: Ort, handle: number, index: number, at: number): NativeSlot {
  if (ort._OrtGetInputOutputMetadata(handle, index, at, at + POINTER) !== 0)
    throw failed(ort, "the model does not tell its inputs")
  const [namePointer = 0, metadata = 0] = words(ort, at, 2)
  const [type = 0] = words(ort, metadata, 1)
  const rank = type === 0 ? 0 : (words(ort, metadata, 2)[1] ?? 0)
  const sizes = words(ort, metadata + 2 * POINTER, 2 * rank)
  const shape = Array.from({ length: rank }, (_, axis) =>
    axisSize(ort, sizes[axis] ?? 0, (sizes[rank + axis] ?? 0) | 0),
  )
  ort._OrtFree(metadata)
  return { name: ort.UTF8ToString(namePointer), namePointer, type, shape }
}

const axisSize = (ort: Ort, name: number, size: number): number | string =>
  name !== 0 ? ort.UTF8ToString(name) : size < 0 ? "" : size

function known({ name, type }: Slot): ElementType {
  const found = elementType(type)
  if (found === undefined)
    throw new ModelError(`${name} is ${elementName(type)}, which float32 values cannot become or come from`)
  return found
}

function createPlace(ort: Ort, slot: Slot, type: ElementType, shape: readonly number[], count: number): Place {
  const bytes = count * type.bytes
  const data = ort._malloc(Math.max(1, bytes))
  if (data === 0) throw new ModelError(`input ${slot.name}: the runtime has no memory for ${bytes} bytes`)
  const sizes = ort._malloc(Math.max(1, shape.length * POINTER))
  words(ort, sizes, shape.length).set(shape)
  const tensor = ort._OrtCreateTensor(slot.type, data, bytes, sizes, shape.length, ON_CPU)
  ort._free(sizes)
  if (tensor === 0) {
    ort._free(data)
    throw failed(ort, `input ${slot.name} could not be made`)
  }
  return { shape: [...shape], data, tensor }
}

function releasePlace(ort: Ort, { tensor, data }: Place): void {
  ort._OrtReleaseTensor(tensor)
  ort._free(data)
}

function takeOutput(ort: Ort, outputAt: number, slot: Slot): Values {
  const tensor = words(ort, outputAt, 2)[1] ?? 0
  const about = outputAt + 2 * POINTER
  try {
    const code = ort._OrtGetTensorData(tensor, about, about + POINTER, about + 2 * POINTER, about + 3 * POINTER)
    if (code !== 0) throw failed(ort, `output ${slot.name} could not be read`)
    const [type = 0, data = 0, sizes = 0, rank = 0] = words(ort, about, 4)
    const shape = Array.from(words(ort, sizes, rank))
    ort._OrtFree(sizes)
    const count = shape.reduce((product, size) => product * size, 1)
    return { data: known({ ...slot, type }).toFloat32(ort.HEAPU8.buffer, data, count), shape }
  } finally {
    ort._OrtReleaseTensor(tensor)
  }
}

function sameShape(one: readonly number[], other: readonly number[]): boolean {
  return one.length === other.length && one.every((size, axis) => size === other[axis])
}
