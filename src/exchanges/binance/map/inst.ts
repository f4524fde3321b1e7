import { WireError } from "../../../runtime/domain/errors.ts"
import type { Inst } from "../../../runtime/domain/inst.ts"

/** Quote assets of USD-M symbols. No one of them ends another, so a symbol splits in one way. */
const QUOTES = ["USDT", "USDC", "USD1", "USD", "BTC"]

/** Bases may be in any script: the venue has listed Chinese ones since 2025-10-09. */
const PERPETUAL = /^([^_\s]+)_([A-Z0-9]+)_PERP$/
const NATIVE = /^[^_\s]+(_\d+)?$/
const FUTURE = /^([^_\s]+)_([A-Z0-9]+)_FUT_(\d+)$/

/**
 * `BTCUSDT` → `BTC_USDT_PERP`, `ETHUSDT_240329` → `ETH_USDT_FUT_240329`, `BTCUSD_PERP` → `BTC_USD_PERP`. A symbol of no
 * such form stays the venue's own, in capitals: it is another instrument's name for nobody.
 */
export function fromNative(symbol: string): Inst {
  const native = symbol.toUpperCase()
  const mark = native.lastIndexOf("_")
  const pair = mark < 0 ? native : native.slice(0, mark)
  const suffix = mark < 0 ? "" : native.slice(mark + 1)
  const quote = QUOTES.find((quote) => pair.endsWith(quote))
  if (quote === undefined || pair === quote || pair.includes("_")) return native
  const base = pair.slice(0, -quote.length)
  if (suffix === "" ? mark < 0 : suffix === "PERP") return `${base}_${quote}_PERP`
  return /^\d+$/.test(suffix) ? `${base}_${quote}_FUT_${suffix}` : native
}

/** `BTC_USDT_PERP` → `BTCUSDT`, `ETH_USDT_FUT_240329` → `ETHUSDT_240329`. Throws WireError on names USD-M cannot list. */
export function toNative(inst: Inst): string {
  const perpetual = PERPETUAL.exec(inst)
  const future = perpetual === null ? FUTURE.exec(inst) : null
  const [, base = "", quote = "", expiry] = perpetual ?? future ?? []
  const isName = QUOTES.includes(quote) && base === base.toUpperCase()
  if (isName) return expiry === undefined ? base + quote : `${base}${quote}_${expiry}`
  // What `fromNative` could not split goes back as it came.
  if (NATIVE.test(inst) && fromNative(inst) === inst) return inst
  throw new WireError(
    `binance-um lists BASE_QUOTE_PERP and BASE_QUOTE_FUT_YYMMDD in ${QUOTES.join(", ")}, but "${inst}" is none of these`,
  )
}

export const isDated = (symbol: string): boolean => /_\d+$/.test(symbol)

/** The quote asset of a symbol, empty where it is not known. */
export const quoteOf = (symbol: string): string => {
  const pair = symbol.replace(/_.*$/, "")
  return QUOTES.find((quote) => pair.endsWith(quote)) ?? ""
}
