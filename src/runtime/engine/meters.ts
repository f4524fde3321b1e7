import type { Counter, Gauge, Labels, Metrics } from "../domain/metrics.ts"

/** Counters and gauges that may be asked for again: the same name and labels give the same object. */
export class Meters {
  readonly #metrics: Metrics
  readonly #counters = new Map<string, Counter>()
  readonly #gauges = new Map<string, Gauge>()

  constructor(metrics: Metrics) {
    this.#metrics = metrics
  }

  counter(name: string, help: string, labels: Labels = {}): Counter {
    return kept(this.#counters, name, labels, () => this.#metrics.counter(name, help, labels))
  }

  gauge(name: string, help: string, labels: Labels = {}): Gauge {
    return kept(this.#gauges, name, labels, () => this.#metrics.gauge(name, help, labels))
  }
}

function kept<T>(all: Map<string, T>, name: string, labels: Labels, make: () => T): T {
  const key = JSON.stringify([name, ...Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))])
  const known = all.get(key)
  if (known !== undefined) return known
  const made = make()
  all.set(key, made)
  return made
}
