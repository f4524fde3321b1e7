import type { ModelConfig, ModelSource } from "./config.ts"
import type { ModelFacts } from "./model.ts"
import type { RuntimeKind } from "./ort.ts"

export interface OpenRequest {
  readonly source: ModelSource
  readonly config: ModelConfig
  readonly runtime: RuntimeKind
  readonly mailbox: SharedArrayBuffer
}

/** To the worker: first what to open, then requests, one at a time. A bare number is a request's id, its tensor lies in the mailbox. */
export type ToWorker =
  | { readonly open: OpenRequest }
  | number
  | { readonly id: number; readonly data: Float32Array; readonly shape: readonly number[] }

/** From the worker, likewise. `isLost`: its runtime is beyond use; data that was sent comes back, so that it can be asked again. */
export type FromWorker =
  | { readonly facts: ModelFacts }
  | number
  | { readonly id: number; readonly data: Float32Array; readonly shape: readonly number[] }
  | { readonly id: number; readonly error: string; readonly isLost: boolean; readonly back?: Float32Array }

/** In place of a request's id, where opening failed. */
export const OPENING = 0
