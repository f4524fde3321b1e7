import { describe, ModelError } from "../../runtime/domain/errors.ts"
import type { Clock, ModelRunner, Random } from "../../runtime/ports.ts"
import { type Backend, LostRuntime, type Opening, openInline } from "./backend.ts"
import { createRunner, LOAD_MS_MAX, type RunnerOptions, STUCK_MS_MAX } from "./runner.ts"

export interface ModelLatency {
  readonly latencyMsMin: number
  readonly latencyMsMax: number
  /** How likely a request is to be the last of its model's worker, from 0 (default) to 1. Of a service it has no meaning. */
  readonly deathRate?: number
}

/** A model on this thread, for simulations. */
export type OpenedModel = Backend

export interface VirtualOptions extends ModelLatency, Pick<RunnerOptions, "queueMax" | "whenFull"> {
  readonly clock: Clock
  readonly random: Random
  /** Opened before virtual time begins; or why it cannot be. */
  readonly model: OpenedModel | Error
  /** As declared: where the file lies may differ from machine to machine. */
  readonly source: string
  readonly path: string
}

/** Takes real time. Rejects with ModelError. */
export async function openForVirtualTime(path: string): Promise<OpenedModel> {
  const model = await openInline(path, {})("full").opened
  let broken: LostRuntime | undefined
  return {
    ...model,
    // There is no opening it again within virtual time.
    run(...request) {
      if (broken !== undefined) return Promise.reject(broken)
      const answer = model.run(...request)
      answer.catch((error: unknown) => (broken = error instanceof LostRuntime ? error : undefined))
      return answer
    },
  }
}

/**
 * The same queue, deadlines and bounds as a live model, on a virtual clock: each request is computed at once when its turn comes, and
 * answered after a latency drawn for it.
 */
export function virtualRunner(options: VirtualOptions): ModelRunner {
  const { clock, random, source, queueMax, whenFull } = options
  return createRunner({
    clock,
    random,
    file: source,
    open: () => opening(options),
    runtime: "full",
    queueMax: Math.max(1, queueMax),
    whenFull,
    isHandedOver: false,
    loadMsMax: LOAD_MS_MAX,
    stuckMsMax: STUCK_MS_MAX,
  })
}

function opening(options: VirtualOptions): Opening {
  const { clock, latencyMsMax, model } = options
  const { promise: opened, resolve, reject } = Promise.withResolvers<Backend>()
  const timer = clock.timer(latencyMsMax, () =>
    model instanceof Error ? reject(renamed(model, options)) : resolve(delayed(model, options)),
  )
  return { opened, abort: () => timer.cancel() }
}

function delayed(model: Backend, options: VirtualOptions): Backend {
  const { clock, random, latencyMsMin, latencyMsMax, deathRate = 0 } = options
  return {
    facts: model.facts,
    lost: new Promise(() => {}),
    run(data, shape, isHandedOver) {
      const tookMs = latencyMsMin + random.next() * (latencyMsMax - latencyMsMin)
      const { promise, resolve, reject } = Promise.withResolvers<Awaited<ReturnType<Backend["run"]>>>()
      if (deathRate > 0 && random.next() < deathRate) {
        clock.timer(tookMs, () =>
          reject(new LostRuntime("the model's worker broke down: it ended", { hasEnded: true })),
        )
        return promise
      }
      model.run(data, shape, isHandedOver).then(
        (values) => void clock.timer(tookMs, () => resolve(values)),
        (error: unknown) => void clock.timer(tookMs, () => reject(renamed(error, options))),
      )
      return promise
    },
    // It outlives the runner: the next life of a simulated bot asks it again.
    close() {},
  }
}

function renamed(error: unknown, { path, source }: VirtualOptions): ModelError {
  const message = describe(error).replaceAll(path, source)
  return error instanceof LostRuntime ? new LostRuntime(message) : new ModelError(message)
}
