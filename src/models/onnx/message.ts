import type { ModelConfig, ModelSource } from "./config.ts"
import type { ModelFacts } from "./model.ts"
import type { RuntimeKind } from "./ort.ts"

/** To the worker: first what to open, then requests, one at a time. */
export type ToWorker =
  | { readonly open: { readonly source: ModelSource; readonly config: ModelConfig; readonly runtime: RuntimeKind } }
  | { readonly id: number; readonly data: Float32Array; readonly shape: readonly number[] }

/** From the worker. `isLost`: its runtime is beyond use; the request's data comes back, so that it can be asked again. */
export type FromWorker =
  | { readonly facts: ModelFacts }
  | { readonly id: number; readonly data: Float32Array; readonly shape: readonly number[] }
  | { readonly id: number; readonly error: string; readonly isLost: boolean; readonly back?: Float32Array }

/** In place of a request's id, where opening failed. */
export const OPENING = 0
