import type { PredictSpec } from "../runtime/domain/task.ts"
import type { ModelRunner, Tape } from "../runtime/ports.ts"
import type { Parts, WorldOptions } from "../world.ts"
import { recorded } from "./replies.ts"
import { secret } from "./secrets.ts"

export interface ModelOptions extends Pick<WorldOptions, "modelFile" | "hide" | "outside"> {
  readonly parts: Pick<Parts, "runners">
  /** Gets what model services answer: `--record-model`. */
  readonly modelTape?: Tape
}

/** What a declared model is asked through: its file or service, its bounds, its keys. Throws ModelError where keys are missing. */
export function modelRunner(spec: PredictSpec, options: ModelOptions): ModelRunner {
  const { clock, random, env: real } = options.outside
  const get = (name: string): string | undefined => {
    const value = secret(real.get, name)
    if (value !== undefined) options.hide?.(value)
    return value
  }
  const { isInline, queueMax, whenFull, service = {} } = spec
  const source = spec.runner === "onnx" ? options.modelFile(spec.source) : spec.source
  const bounds = { clock, random, env: { ...real, get }, source, isInline, queueMax, whenFull }
  const runner = options.parts.runners[spec.runner]!({ ...bounds, ...service })
  const { modelTape: tape } = options
  return tape === undefined || spec.runner !== "zmq" ? runner : recorded(runner, spec, { tape, clock })
}
