import { describe, ModelError } from "../domain/errors.ts"
import type { AltTensor } from "../domain/tensor.ts"
import type { Clock, ModelLoaded, ModelRunner, Random } from "../ports.ts"

export interface ModelLatency {
  readonly latencyMsMin: number
  readonly latencyMsMax: number
}

export interface VirtualModelOptions extends ModelLatency {
  /** Computes on this thread, within one microtask queue; loaded before the virtual time begins. */
  readonly runner: ModelRunner
  /** Or why it cannot be. */
  readonly loaded: ModelLoaded | Error
  readonly clock: Clock
  readonly random: Random
  /** As declared: where the file lies may differ from machine to machine. */
  readonly source: string
  readonly path: string
}

/** A model whose answers take virtual time: asked at once, answered after a latency drawn from the seed, in order. */
export function virtualModel(options: VirtualModelOptions): ModelRunner {
  const { runner, loaded, clock, random, latencyMsMin, latencyMsMax } = options
  let freeAt = 0
  let isClosed = false

  const after = <T>(delayMs: number, what: () => T | Promise<T>): Promise<T> => {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    clock.timer(delayMs, () => void Promise.try(what).then(resolve, reject))
    return promise
  }
  const failed = (error: unknown): never => {
    throw new ModelError(describe(error).replaceAll(options.path, options.source))
  }
  return {
    load: () =>
      after(latencyMsMax, () =>
        loaded instanceof Error ? failed(loaded) : { ...loaded, loadMs: Math.round(latencyMsMax) },
      ),
    predict(input: AltTensor, deadlineMs: number): Promise<AltTensor> {
      const refusal = new ModelError(`model ${options.source} is closed`)
      if (isClosed) return Promise.reject(refusal)
      const now = clock.monotonic()
      const tookMs = latencyMsMin + random.next() * (latencyMsMax - latencyMsMin)
      const readyAt = Math.max(now, freeAt) + tookMs * 1_000
      if (readyAt > now + deadlineMs * 1_000) {
        return after(deadlineMs, () => {
          throw new ModelError(`model ${options.source}: no answer within ${deadlineMs} ms`)
        })
      }
      freeAt = readyAt
      // Asked now, with the input as it is now: whoever keeps the buffer may write to it before the answer comes.
      const answer = runner.predict(input, Number.MAX_SAFE_INTEGER).catch(failed)
      return after((readyAt - now) / 1_000, () => (isClosed ? Promise.reject(refusal) : answer))
    },
    close() {
      isClosed = true
      return Promise.resolve()
    },
  }
}
