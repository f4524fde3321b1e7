import { WireError } from "../../../runtime/domain/errors.ts"
import type { Inst } from "../../../runtime/domain/inst.ts"
import { namesOf } from "../../kit/names.ts"

const FORM = /^([^-_]+)-([^-_]+)(?:-(SWAP|\d{6}))?$/

/**
 * Names of the market `okx`: `BTC-USDT` ↔ `BTC_USDT`, `BTC-USDT-SWAP` ↔ `BTC_USDT_PERP`, `BTC-USD-240329` ↔
 * `BTC_USD_FUT_240329`. Options (`BTC-USD-240329-70000-C`) and contracts on several dollars at once (`BTC-USD_UM-SWAP`) are
 * refused by name.
 */
export const okxNames = namesOf({
  market: "okx",
  lists: "BASE_QUOTE, BASE_QUOTE_PERP and BASE_QUOTE_FUT_YYMMDD",
  writes: "BASE-QUOTE, BASE-QUOTE-SWAP and BASE-QUOTE-YYMMDD",
  read(symbol) {
    const [, base, quote, kind] = FORM.exec(symbol.toUpperCase()) ?? []
    if (base === undefined || quote === undefined) return undefined
    if (kind === undefined) return `${base}_${quote}`
    return kind === "SWAP" ? `${base}_${quote}_PERP` : `${base}_${quote}_FUT_${kind}`
  },
  write({ type, base, quote, expiry }) {
    if (type === "spot") return `${base}-${quote}`
    return `${base}-${quote}-${expiry ?? "SWAP"}`
  },
})

/**
 * The name that an instrument in the state `preopen` will have: `LISTING-SPOT-A-B` → `A_B`, `LISTING-SWAP-A-B` →
 * `A_B_PERP`. A dated one does not say when it will expire, so it has no name yet: WireError.
 */
export function fromPreOpen(symbol: string): Inst {
  const [, kind, pair = ""] = /^LISTING-(SPOT|SWAP)-([^-]+-[^-]+)$/.exec(symbol.toUpperCase()) ?? []
  if (kind === undefined) throw new WireError(`okx lists "${symbol}" before its opening, and it has no name yet`)
  return okxNames.fromNative(kind === "SWAP" ? `${pair}-SWAP` : pair)
}
