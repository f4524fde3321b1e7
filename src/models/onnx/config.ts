import { readFileSync } from "node:fs"
import { basename, dirname, extname, isAbsolute, resolve } from "node:path"
import { describe, ModelError } from "../../runtime/domain/errors.ts"
import { castName, isCastName } from "./element.ts"

/** How one of the model's inputs is filled. */
export interface InputConfig {
  readonly name: string
  /** Fixed sizes. Needed where the model has several inputs: the tensor's data is then theirs, one after the other. */
  readonly shape?: readonly number[]
  /** The element type the model wants where it is not float32: `int64`, `float64`, `bool`, … */
  readonly cast?: string
}

export interface ModelConfig {
  readonly modelName?: string
  readonly outputIndex?: number
  readonly inputs?: readonly InputConfig[]
  /** `refuse`: a request or an answer with a value that is not a number is an error. */
  readonly nan?: "allow" | "refuse"
}

/** A path of a `.onnx` or JSON config file, or the model itself. */
export type ModelSource = string | Uint8Array

export interface FoundModel extends ModelConfig {
  /** For messages. */
  readonly file: string
  readonly name: string
  readonly bytes: Uint8Array
}

/** Reads the model and what its config says; `given` wins over the config. Throws ModelError naming file and remedy. */
export function findModel(source: ModelSource, given: ModelConfig = {}): FoundModel {
  if (typeof source !== "string")
    return { ...given, file: "the embedded model", name: given.modelName ?? "embedded", bytes: source }
  const config: ModelConfig & { modelPath: string } = isOnnx(source) ? { modelPath: source } : readConfig(source)
  const { modelPath: file, ...said } = config
  return { ...said, ...given, file, name: given.modelName ?? said.modelName ?? stem(source), bytes: readModel(file) }
}

const isOnnx = (path: string): boolean => extname(path).toLowerCase() === ".onnx"

/** A file inside a compiled binary carries a hash in its name: `/$bunfs/root/momentum-4n84ktey.onnx`. */
const stem = (path: string): string => {
  const name = basename(path, extname(path))
  return path.startsWith("/$bunfs/") ? name.replace(/-[0-9a-z]{8}$/, "") : name
}

function readModel(file: string): Uint8Array {
  try {
    return readFileSync(file)
  } catch (cause) {
    throw new ModelError(`model ${file} cannot be read: ${remedy(cause)}`, { cause })
  }
}

function remedy(cause: unknown): string {
  const code = (cause as { code?: unknown }).code
  if (code === "ENOENT")
    return "there is no such file; check the path, which is relative to the bot's file or to the config"
  if (code === "EACCES") return "this user may not read it"
  if (code === "EISDIR") return "it is a folder; name the .onnx file in it"
  return describe(cause)
}

function readConfig(path: string): ModelConfig & { modelPath: string } {
  const raw = parsed(path)
  const at = (key: string, wants: string) => new ModelError(`model config ${path}: "${key}" must be ${wants}`)
  const modelPath = raw["model_path"]
  if (typeof modelPath !== "string" || modelPath === "") throw at("model_path", "the path of a .onnx file")
  const modelName = raw["model_name"] ?? undefined
  if (modelName !== undefined && typeof modelName !== "string") throw at("model_name", "text")
  const outputIndex = raw["output_index"] ?? undefined
  if (outputIndex !== undefined && !isCount(outputIndex)) throw at("output_index", "a whole number from 0")
  const nan = raw["nan"] ?? undefined
  if (nan !== undefined && nan !== "allow" && nan !== "refuse") throw at("nan", '"allow" or "refuse"')
  const inputs = raw["inputs"] ?? undefined
  if (inputs !== undefined && !Array.isArray(inputs)) throw at("inputs", "a list of { name, shape, cast }")
  return {
    modelPath: isAbsolute(modelPath) ? modelPath : resolve(dirname(path), modelPath),
    ...(modelName !== undefined && { modelName }),
    ...(outputIndex !== undefined && { outputIndex }),
    ...(nan !== undefined && { nan }),
    ...(inputs !== undefined && {
      inputs: inputs.map((input, index) => toInput(input, (key, wants) => at(`inputs[${index}].${key}`, wants))),
    }),
  }
}

function parsed(path: string): Record<string, unknown> {
  let text: string
  try {
    text = readFileSync(path, "utf8")
  } catch (cause) {
    throw new ModelError(`model config ${path} cannot be read: ${remedy(cause)}`, { cause })
  }
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  } catch (cause) {
    throw new ModelError(`model config ${path} is not JSON; a model itself must be named .onnx`, { cause })
  }
  throw new ModelError(`model config ${path} must be a JSON object with "model_path"`)
}

function toInput(raw: unknown, wrong: (key: string, wants: string) => ModelError): InputConfig {
  const { name, shape, cast } = (raw ?? {}) as Record<string, unknown>
  if (typeof name !== "string") throw wrong("name", "the name of one of the model's inputs")
  if (shape !== undefined && !(Array.isArray(shape) && shape.every(isCount)))
    throw wrong("shape", "a list of whole numbers")
  if (cast !== undefined && !(typeof cast === "string" && isCastName(cast)))
    throw wrong("cast", "an element type such as int64")
  return { name, ...(shape !== undefined && { shape }), ...(cast !== undefined && { cast: castName(cast) }) }
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
