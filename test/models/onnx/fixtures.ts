// The models beside this folder's tests, and what they should answer.
import { readFileSync } from "node:fs"
import { resolve } from "node:path"
import type { ModelConfig } from "../../../src/models/onnx/index.ts"
import type { AltTensor } from "../../../src/runtime/domain/tensor.ts"
import type { Clock } from "../../../src/runtime/ports.ts"

const folder = resolve(import.meta.dir, "../../fixtures/onnx")

export const fixture = (name: string): string => resolve(folder, name)

export const sample = resolve(import.meta.dir, "../../../src/strategies/models/momentum.onnx")

export const modelOf = (file: string): string => (file === "momentum" ? sample : fixture(`${file}.onnx`))

export interface Case {
  readonly file: string
  readonly config: ModelConfig
  readonly shape: readonly number[]
  readonly data: Float32Array
  readonly answer: readonly number[]
  readonly answerShape: readonly number[]
  readonly outputIndex: number
}

type Stored = Omit<Case, "data"> & { readonly data: readonly (number | null)[] }

const stored = (name: string): readonly Case[] =>
  (JSON.parse(readFileSync(fixture(name), "utf8")) as Stored[]).map((one) => ({
    ...one,
    data: Float32Array.from(one.data, (value) => value ?? Number.NaN),
  }))

/** Models of PyTorch, LightGBM and scikit-learn with the answers of the native onnxruntime, by real.py. */
export const realCases = stored("real.json")

/** The same and those for odd models, by make.py. */
export const cases: readonly Case[] = [...stored("expected.json"), ...realCases]

export const tensor = (
  data: ArrayLike<number>,
  shape: readonly number[],
  metadata: Record<string, string> = {},
): AltTensor => ({
  timestamp: 1_700_000_000_000_000,
  data: Float32Array.from(data),
  shape,
  metadata,
})

/** Largest |a − b| in units of max(1, |b|). */
export function distance(answer: ArrayLike<number>, expected: readonly number[]): number {
  if (answer.length !== expected.length) return Number.POSITIVE_INFINITY
  return expected.reduce(
    (worst, wanted, index) => Math.max(worst, Math.abs(answer[index]! - wanted) / Math.max(1, Math.abs(wanted))),
    0,
  )
}

/** Real time, for real workers. */
export const realClock: Clock = {
  now: () => Date.now() * 1_000,
  monotonic: () => Math.round(performance.now() * 1_000),
  timer(delayMs, fire) {
    const timer = setTimeout(fire, delayMs)
    return { cancel: () => clearTimeout(timer) }
  },
  defer: (run) => void setImmediate(run),
}

/** Time that moves when told to. */
export class ManualClock implements Clock {
  #now = 0
  readonly #timers = new Set<{ readonly at: number; readonly fire: () => void }>()

  now(): number {
    return this.#now
  }

  monotonic(): number {
    return this.#now
  }

  timer(delayMs: number, fire: () => void) {
    const timer = { at: this.#now + delayMs * 1_000, fire }
    this.#timers.add(timer)
    return { cancel: () => void this.#timers.delete(timer) }
  }

  defer(run: () => void): void {
    queueMicrotask(run)
  }

  get pending(): number {
    return this.#timers.size
  }

  advance(ms: number): void {
    const until = this.#now + ms * 1_000
    for (;;) {
      const [next] = [...this.#timers].filter(({ at }) => at <= until).toSorted((a, b) => a.at - b.at)
      if (next === undefined) break
      this.#timers.delete(next)
      this.#now = next.at
      next.fire()
    }
    this.#now = until
  }
}
