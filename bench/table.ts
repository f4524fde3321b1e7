import { round, type Row } from "./measure.ts"

/** One row as a person reads it. */
export function line({ name, value, unit, baseline, ratio, budget, held }: Row): string {
  if (unit === "") return `${name.padEnd(52)} ${baseline}`
  const measured = `${round(value)} ${unit}`.padStart(12)
  const against = ratio === null ? baseline : `${ratio.toFixed(ratio < 0.1 ? 3 : 2)} × ${baseline}`
  const verdict = held === null ? "not judged" : held ? "held" : "MISSED"
  const promise = budget === null ? "" : `, ${verdict} (≤ ${budget})`
  return `${name.padEnd(52)} ${measured}  ${against}${promise}`
}
