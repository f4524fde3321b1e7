/** Of these names the one that takes the fewest slips of the pen to be this one, whatever its capitals; none that is far from it. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const ranked = known.map((other) => ({ other, slips: slipsBetween(name.toLowerCase(), other.toLowerCase()) }))
  const [first] = ranked.sort((a, b) => a.slips - b.slips)
  return first === undefined || first.slips > name.length / 2.5 ? undefined : first.other
}

/** Letters to add, take away or change (Levenshtein). */
function slipsBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const changed = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(changed, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
