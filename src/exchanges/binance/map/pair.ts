export interface Pair {
  readonly base: string
  readonly quote: string
}

/**
 * Binance joins base and quote without a mark: what the symbol ends with is the quote, the longest of those that fit
 * (`BTCFDUSD` is in FDUSD, not in USD). Undefined where none fits, or nothing is left for the base.
 */
export function splitPair(joined: string, quotes: readonly string[]): Pair | undefined {
  let quote = ""
  for (const one of quotes) if (one.length > quote.length && joined.endsWith(one)) quote = one
  const base = joined.slice(0, joined.length - quote.length)
  return quote === "" || base === "" || base.includes("_") ? undefined : { base, quote }
}

/** `PAIR`, `PAIR_PERP` or `PAIR_YYMMDD`, in capitals. */
export function splitContract(symbol: string): { readonly pair: string; readonly suffix: string } {
  const native = symbol.toUpperCase()
  const mark = native.lastIndexOf("_")
  return mark < 0 ? { pair: native, suffix: "" } : { pair: native.slice(0, mark), suffix: native.slice(mark + 1) }
}

/** The name of a futures symbol in one of these quotes; a bare pair stands for its perpetual. */
export function readContract(symbol: string, quotes: readonly string[]): string | undefined {
  const { pair, suffix } = splitContract(symbol)
  const split = splitPair(pair, quotes)
  if (split === undefined || pair.length === symbol.length - 1) return undefined
  const name = `${split.base}_${split.quote}`
  if (suffix === "" || suffix === "PERP") return `${name}_PERP`
  return /^\d{6}$/.test(suffix) ? `${name}_FUT_${suffix}` : undefined
}
