import { describe, ModelError } from "../../runtime/domain/errors.ts"
import { type FoundModel, findModel, type InputConfig, type ModelConfig, type ModelSource } from "./config.ts"
import { castName, elementName, elementType } from "./element.ts"
import { isDead, openRuntime, type RuntimeKind, settle } from "./ort.ts"
import { openSession, type Session, type Slot, type Values } from "./session.ts"

/** What is known of a model once it is loaded. */
export interface ModelFacts {
  readonly name: string
  readonly file: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly outputIndex: number
  readonly outputType: string
  /** Of the WebAssembly memory, which never shrinks. */
  readonly memoryBytes: number
}

/** A loaded, warm model. `run` is synchronous. */
export interface Model {
  readonly facts: ModelFacts
  /** Throws ModelError; where `isDead` says so of the error, the model must be opened again. */
  run(data: Float32Array, shape: readonly number[]): Values
  close(): void
}

/** Rejects with ModelError, or with what `isDead` recognizes where a trimmed runtime lacks something. */
export async function openModel(source: ModelSource, config: ModelConfig, runtime: RuntimeKind): Promise<Model> {
  const found = findModel(source, config)
  const ort = await openRuntime(runtime)
  const session = named(found.file, () => openSession(ort, found.bytes))
  const plan = named(found.file, () => inputPlan(session, found.inputs))
  const output = named(found.file, () => chooseOutput(session.outputs, found.outputIndex))
  await settle(ort)
  warmUp(session, output)
  const { name, file, nan } = found
  return {
    facts: {
      name,
      file,
      inputs: session.inputs.map((slot) => slot.name),
      outputs: session.outputs.map((slot) => slot.name),
      outputIndex: output,
      outputType: elementName(session.outputs[output]!.type),
      memoryBytes: ort.HEAPU8.length,
    },
    run(data, shape) {
      if (nan === "refuse") checkNumbers(data, "the request")
      const answer = session.run(plan(data, shape), output)
      if (nan === "refuse") checkNumbers(answer.data, "the answer")
      return answer
    },
    close: () => session.close(),
  }
}

/** The runtime's reasons, with the file and what to do about the usual ones. */
function named<T>(file: FoundModel["file"], run: () => T): T {
  try {
    return run()
  } catch (cause) {
    if (isDead(cause)) throw cause
    const reason = describe(cause)
    throw new ModelError(`model ${file}: ${reason}${advice(reason)}`)
  }
}

const ADVICE: readonly (readonly [RegExp, string])[] = [
  [
    /protobuf|ModelProto|model_proto|No graph|deserializ/i,
    "the file is not a whole ONNX model; export or copy it again",
  ],
  [
    /is not a registered function\/op|No Op registered|Could not find an implementation|NOT_IMPLEMENTED/i,
    "the runtime lacks this operator; export with standard operators and opset 21 or older",
  ],
  [/external data|external_data/i, "save the model with its weights inside one file"],
  [/Unsupported model IR version|opset/i, "export with an older opset or IR version"],
]

function advice(reason: string): string {
  const found = ADVICE.find(([pattern]) => pattern.test(reason))
  return found === undefined ? "" : ` (${found[1]})`
}

function chooseOutput(outputs: readonly Slot[], wanted: number | undefined): number {
  if (outputs.length === 0) throw new ModelError("it has no outputs")
  if (wanted !== undefined) return checkedOutput(outputs, wanted)
  const names = outputs.map(({ type }) => elementName(type))
  const floating = names.findIndex((name) => name === "f32" || name === "f64")
  if (floating !== -1) return floating
  const convertible = outputs.findIndex(({ type }) => elementType(type) !== undefined)
  if (convertible !== -1) return convertible
  const all = outputs.map(({ name, type }) => `${name} is ${elementName(type)}`).join(", ")
  throw new ModelError(`no output can become float32: ${all}; export it with tensors (scikit-learn: zipmap=False)`)
}

function checkedOutput(outputs: readonly Slot[], wanted: number): number {
  const slot = outputs[wanted]
  const all = outputs.map(({ name }, index) => `${index} ${name}`).join(", ")
  if (slot === undefined) throw new ModelError(`output_index ${wanted} is out of range; its outputs are ${all}`)
  if (elementType(slot.type) !== undefined) return wanted
  throw new ModelError(`output_index ${wanted} (${slot.name}) is ${elementName(slot.type)}; choose another of ${all}`)
}

type Plan = (data: Float32Array, shape: readonly number[]) => readonly Values[]

/** How a request's tensor becomes the model's inputs. */
function inputPlan({ inputs }: Session, config: readonly InputConfig[] | undefined): Plan {
  const chosen: readonly InputConfig[] = config ?? inputs.map(({ name }) => ({ name }))
  const order = inputs.map((slot) => {
    const index = chosen.findIndex(({ name }) => name === slot.name)
    if (index === -1) throw new ModelError(`input ${slot.name} is not among the configured inputs; add it`)
    checkCast(slot, chosen[index]!)
    return index
  })
  const stranger = chosen.find(({ name }) => !inputs.some((slot) => slot.name === name))
  if (stranger !== undefined)
    throw new ModelError(
      `it has no input ${stranger.name}; its inputs are ${inputs.map(({ name }) => name).join(", ")}`,
    )
  if (inputs.length === 1) return onePlan(inputs[0]!, chosen[0]!.shape)
  return severalPlan(inputs, chosen, order)
}

function checkCast({ name, type }: Slot, { cast }: InputConfig): void {
  const wants = elementName(type)
  if (elementType(type) === undefined)
    throw new ModelError(`input ${name} is ${wants}, which float32 values cannot become`)
  if (castName(cast ?? "f32") === wants) return
  throw new ModelError(
    `input ${name} wants ${wants}, not ${cast ?? "float32"}; say "inputs": [{ "name": "${name}", "cast": "${wants}" }] in its config`,
  )
}

function onePlan(slot: Slot, fixed: readonly number[] | undefined): Plan {
  if (fixed !== undefined) checkShape(slot, fixed)
  return (data, shape) => {
    const here = fixed ?? shape
    if (fixed === undefined) checkShape(slot, shape)
    else if (product(fixed) !== data.length)
      throw new ModelError(
        `input ${slot.name} wants ${product(fixed)} values (${text(fixed)}), the request holds ${data.length}`,
      )
    return [{ data, shape: here }]
  }
}

function severalPlan(inputs: readonly Slot[], chosen: readonly InputConfig[], order: readonly number[]): Plan {
  const shapes = chosen.map(({ name, shape }) => {
    if (shape !== undefined) return shape
    throw new ModelError(
      `it has ${inputs.length} inputs; give each a shape: "inputs": [{ "name": "${name}", "shape": [1, 8] }, …]`,
    )
  })
  for (const [index, slot] of inputs.entries()) checkShape(slot, shapes[order[index]!]!)
  const counts = shapes.map(product)
  const starts = counts.map((_, index) => counts.slice(0, index).reduce((sum, count) => sum + count, 0))
  const wanted = counts.reduce((sum, count) => sum + count, 0)
  const said = chosen.map(({ name }, index) => `${name} ${text(shapes[index]!)}`).join(", ")
  return (data) => {
    if (data.length !== wanted)
      throw new ModelError(
        `the inputs want ${wanted} values one after the other (${said}), the request holds ${data.length}`,
      )
    return order.map((at) => ({ data: data.subarray(starts[at]!, starts[at]! + counts[at]!), shape: shapes[at]! }))
  }
}

function checkShape({ name, shape: declared }: Slot, given: readonly number[]): void {
  if (declared.length === 0) return
  const fits =
    declared.length === given.length && declared.every((size, axis) => typeof size === "string" || size === given[axis])
  if (!fits)
    throw new ModelError(`input ${name} wants shape ${text(declared)}, got ${text(given)}; nothing is reshaped for you`)
}

const text = (shape: readonly (number | string)[]): string =>
  `[${shape.map((size) => (size === "" ? "?" : size)).join(", ")}]`

const product = (shape: readonly number[]): number => shape.reduce((result, size) => result * size, 1)

/** The first run allocates and compiles. Free sizes become 1; where the model wants others, the first request pays instead. */
function warmUp(session: Session, output: number): void {
  const values = session.inputs.map(({ shape }) => {
    const fixed = shape.map((size) => (typeof size === "string" ? 1 : size))
    return { data: new Float32Array(product(fixed)), shape: fixed }
  })
  try {
    for (let round = 0; round < 3; round++) session.run(values, output)
  } catch (error) {
    if (isDead(error)) throw error
  }
}

function checkNumbers(data: Float32Array, where: string): void {
  const index = data.findIndex((value) => Number.isNaN(value))
  if (index !== -1) throw new ModelError(`${where} holds NaN at ${index}, which this model's config refuses`)
}
