// ONNX models, computed by onnxruntime's WebAssembly build in a worker or on the loop.
import type { Clock, ModelRunner, Random } from "../../runtime/ports.ts"
import { openInline, openInWorker } from "./backend.ts"
import type { InputConfig, ModelConfig, ModelSource } from "./config.ts"
import type { RuntimeKind } from "./ort.ts"
import { createRunner, LOAD_MS_MAX, STUCK_MS_MAX } from "./runner.ts"

export type { InputConfig, ModelConfig, ModelSource, RuntimeKind }

export interface OnnxOptions {
  readonly clock: Clock
  /** Spreads the pauses before restarts; without it they are not spread. */
  readonly random?: Random
  /** A path of a `.onnx` file or of a JSON config naming one, or the model's bytes. */
  readonly source: ModelSource
  /** Wins over the JSON config. */
  readonly config?: ModelConfig
  /** Computes on the loop itself: lowest latency, for small models; nothing else happens meanwhile. */
  readonly isInline?: boolean
  /** Requests waiting beyond the one being computed. */
  readonly queueMax?: number
  /** `refuse` the new one, or let the `newest` push out the one that waits longest. */
  readonly whenFull?: "refuse" | "newest"
  /** The caller gives each request's data away and does not touch it again: a large one (above 64 kB) is moved to the worker, not copied. */
  readonly isHandedOver?: boolean
  /**
   * `trimmed` keeps some 20 MB less resident and answers the same; a model that needs more gets the full one by itself, once, after a
   * pause of about a second. Inline, where that pause would hold the loop, the default is `full`.
   */
  readonly runtime?: RuntimeKind
  /** The worker's entry, where a build put it somewhere else than `models/onnx/worker.js` beside the main bundle. */
  readonly worker?: string | URL
  readonly loadMsMax?: number
  readonly stuckMsMax?: number
}

/** Deterministic: one thread, so the same input gives the same bits. Nothing is opened before `load`. */
export function onnxRunner(options: OnnxOptions): ModelRunner {
  const { source, config = {}, isInline = false } = options
  return createRunner({
    clock: options.clock,
    random: options.random ?? { next: () => 1 },
    file: typeof source === "string" ? source : (config.modelName ?? "embedded"),
    open: isInline ? openInline(source, config) : openInWorker(source, config, options.worker),
    runtime: options.runtime ?? (isInline ? "full" : "trimmed"),
    queueMax: Math.max(1, options.queueMax ?? 64),
    whenFull: options.whenFull ?? "refuse",
    isHandedOver: options.isHandedOver ?? false,
    loadMsMax: options.loadMsMax ?? LOAD_MS_MAX,
    stuckMsMax: options.stuckMsMax ?? STUCK_MS_MAX,
  })
}
