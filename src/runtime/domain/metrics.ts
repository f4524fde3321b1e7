import { UsageError } from "./errors.ts"

/**
 * Plain counters. Who counts holds the object and adds to its field: no name is looked up, nothing is allocated.
 * Rendering for Prometheus is the endpoint's business.
 */
export type Labels = Readonly<Record<string, string>>

/** Only rises. `counter.value += 1` */
export interface Counter {
  value: number
}

/** Goes both ways. `gauge.value = 3` */
export interface Gauge {
  value: number
}

// Eight buckets an octave from 1 µs up (bound 2^(n/8)): a quantile read from them is at most 4.5 % off, and 256 of them reach 71 min.
const BUCKETS_PER_OCTAVE = 8
const BUCKETS = 256
const BOUNDS = Float64Array.from({ length: BUCKETS }, (_, index) => 2 ** (index / BUCKETS_PER_OCTAVE))

// A logarithm costs several times what this does: the number's own exponent gives the octave, its next eight bits the bucket
// in there, or the one before it.
const FLOAT = new Float64Array(1)
const HIGH = new Uint32Array(FLOAT.buffer)
const HIGH_WORD = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1 ? 1 : 0
const WITHIN_OCTAVE = Uint8Array.from({ length: 256 }, (_, top) =>
  Math.ceil(Math.log2(1 + top / 256) * BUCKETS_PER_OCTAVE),
)

/** The first bucket whose bound is not below `us`; `BUCKETS` where none is. */
function bucketOf(us: number): number {
  if (us <= 1) return 0
  FLOAT[0] = us
  const high = HIGH[HIGH_WORD] as number
  const at = ((high >>> 20) - 1_023) * BUCKETS_PER_OCTAVE + (WITHIN_OCTAVE[(high >>> 12) & 255] as number)
  if (at >= BUCKETS) return BUCKETS
  return us > (BOUNDS[at] as number) ? at + 1 : at
}

/** Durations in µs, counted in fixed buckets. */
export class Histogram {
  readonly counts = new Float64Array(BUCKETS + 1)
  count = 0
  /** µs. */
  sum = 0
  /** µs. */
  max = 0

  /** Adds one duration, µs. Below zero counts as zero: a clock may step back. */
  record(us: number): void {
    const value = us > 0 ? us : 0
    const bucket = bucketOf(value)
    this.counts[bucket] = (this.counts[bucket] ?? 0) + 1
    this.count += 1
    this.sum += value
    if (value > this.max) this.max = value
  }

  /** The duration in µs below or at which the share `q` of all lies: 0.99 is p99. Zero while nothing was recorded. */
  quantile(q: number): number {
    if (this.count === 0) return 0
    const rank = Math.max(1, Math.ceil(q * this.count))
    let seen = 0
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += this.counts[bucket] ?? 0
      if (seen >= rank) return Math.min(middle(bucket), this.max)
    }
    return this.max
  }

  /** How many durations were at most each of the given bounds, µs, rising. Exact where the bounds are powers of two. */
  upTo(boundsUs: readonly number[]): number[] {
    let bucket = 0
    let seen = 0
    return boundsUs.map((bound) => {
      while (bucket < BUCKETS && (BOUNDS[bucket] ?? 0) <= bound) seen += this.counts[bucket++] ?? 0
      return seen
    })
  }
}

const middle = (bucket: number): number =>
  bucket === 0 ? 1 : Math.sqrt((BOUNDS[bucket - 1] ?? 1) * (BOUNDS[bucket] ?? 1))

export type Sample =
  | { readonly kind: "counter"; readonly labels: Labels; readonly metric: Counter }
  | { readonly kind: "gauge"; readonly labels: Labels; readonly metric: Gauge }
  | { readonly kind: "histogram"; readonly labels: Labels; readonly metric: Histogram }

/** All samples of one name. */
export interface Family {
  readonly name: string
  readonly help: string
  readonly kind: Sample["kind"]
  readonly samples: Sample[]
}

/** What a process counts. Names are Prometheus' own form, units last: `perigee_orders_total`, `perigee_tick_to_order_seconds`. */
export class Metrics {
  readonly families = new Map<string, Family>()

  counter(name: string, help: string, labels: Labels = {}): Counter {
    const metric: Counter = { value: 0 }
    this.add(name, help, { kind: "counter", labels, metric })
    return metric
  }

  gauge(name: string, help: string, labels: Labels = {}): Gauge {
    const metric: Gauge = { value: 0 }
    this.add(name, help, { kind: "gauge", labels, metric })
    return metric
  }

  /** A gauge that is asked for its value when it is read. */
  reading(name: string, help: string, read: () => number): void {
    const metric: Gauge = Object.defineProperty({ value: 0 }, "value", { get: read })
    this.add(name, help, { kind: "gauge", labels: {}, metric })
  }

  histogram(name: string, help: string, labels: Labels = {}): Histogram {
    const metric = new Histogram()
    this.add(name, help, { kind: "histogram", labels, metric })
    return metric
  }

  /** Throws UsageError where the name is already of another kind or the same labels are taken. */
  private add(name: string, help: string, sample: Sample): void {
    const family = this.families.get(name) ?? { name, help, kind: sample.kind, samples: [] }
    if (family.kind !== sample.kind) throw new UsageError(`metric ${name} is a ${family.kind}, not a ${sample.kind}`)
    const key = labelKey(sample.labels)
    if (family.samples.some((other) => labelKey(other.labels) === key)) {
      throw new UsageError(`metric ${name} with labels ${key} exists already; keep the object and add to it`)
    }
    family.samples.push(sample)
    this.families.set(name, family)
  }
}

const labelKey = (labels: Labels): string => JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)))
