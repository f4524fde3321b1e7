/** One line of the table: a measured value against its baseline, both taken in turns in one run. */
export interface Row {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly baseline: string
  /** `value` over the baseline's; null where there is no baseline but a bound in the value's own unit. */
  readonly ratio: number | null
  /** What the ratio, or where that is null the value, may be at most; null where nothing is promised. */
  readonly budget: number | null
  /** Null where nothing is promised, or nothing could be measured. */
  readonly held: boolean | null
}

export interface BenchOptions {
  /** Fewer rounds: shows that everything works, and roughly how it stands. */
  readonly isQuick: boolean
}

/** One file of this folder: measures, and gives its rows. */
export interface Bench {
  readonly name: string
  /** How many processes measure it, one by default. What the engine makes of the same code differs from one to the next. */
  readonly processes?: number
  run(options: BenchOptions): Row[] | Promise<Row[]>
}

export const quantile = (values: readonly number[] | Float64Array, share: number): number => {
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
}

export const median = (values: readonly number[]): number => quantile(values, 0.5)

/** `value` and `base` in one unit: a row whose ratio must not pass the budget. */
export function ratioRow(
  name: string,
  unit: string,
  value: number,
  base: number,
  baseline: string,
  budget: number | null = null,
): Row {
  const ratio = value / base
  const shown = `${baseline}: ${round(base)} ${unit}`
  return { name, value, unit, baseline: shown, ratio, budget, held: budget === null ? null : ratio <= budget }
}

/** A row whose value itself must not pass the budget, or that only informs. */
export const valueRow = (
  name: string,
  unit: string,
  value: number,
  baseline: string,
  budget: number | null = null,
): Row => ({
  name,
  value,
  unit,
  baseline,
  ratio: null,
  budget,
  held: budget === null ? null : value <= budget,
})

/** Stands for a measurement that this machine cannot make, and says why. A budget that it leaves open is not held. */
export const skipped = (name: string, why: string, budget: number | null = null): Row => ({
  name,
  value: 0,
  unit: "",
  baseline: `not measured: ${why}`,
  ratio: null,
  budget,
  held: null,
})

/** A row that was measured on something else than its budget speaks of: it informs. */
export const unjudged = (row: Row): Row => ({ ...row, held: null })

/** What is promised, and neither held nor missed. */
export const isOpen = ({ budget, held }: Row): boolean => budget !== null && held === null

export const round = (value: number): number => Number(value.toPrecision(3))

/** Of the same rows of an odd number of processes: each from the process in the middle. */
export const middleRows = (runs: readonly (readonly Row[])[]): Row[] =>
  (runs[0] ?? []).map((first, at) => {
    const rows = runs.map((run) => run[at] ?? first)
    const measure = ({ ratio, value }: Row): number => ratio ?? value
    return rows.toSorted((a, b) => measure(a) - measure(b))[Math.floor(rows.length / 2)] ?? first
  })

/** User and system time of this process, all its threads, µs. */
export const cpuUs = (): number => {
  const { user, system } = process.cpuUsage()
  return user + system
}

/**
 * Runs each candidate once a round, in turns, so that the machine's moods befall all alike; the first rounds warm up and
 * do not count. Gives what each measured, round by round.
 */
export async function turns(
  rounds: number,
  warmUps: number,
  candidates: readonly (() => number | Promise<number>)[],
): Promise<number[][]> {
  const found: number[][] = candidates.map(() => [])
  for (let round = -warmUps; round < rounds; round++) {
    for (const [which, measure] of candidates.entries()) {
      const value = await measure()
      if (round >= 0) found[which]?.push(value)
    }
  }
  return found
}

/** The medians of `turns`. */
export const medians = async (...args: Parameters<typeof turns>): Promise<number[]> =>
  (await turns(...args)).map(median)
