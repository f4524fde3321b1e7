import type { Inst, InstParts } from "../../../runtime/domain/inst.ts"
import type { Market } from "../../../runtime/domain/market.ts"
import { type Names, namesOf } from "../../kit/names.ts"

const PAIR = /^[^_]+_[^_]+$/
const DATED = /^([^_]+_[^_]+)_(\d{8})$/

const pairOf = (symbol: string): string | undefined => PAIR.exec(symbol.toUpperCase())?.[0]
const joined = ({ base, quote }: InstParts): string => `${base}_${quote}`

const pairNames = (market: Market): Names =>
  namesOf({ market, lists: "BASE_QUOTE", writes: "BASE_QUOTE", read: pairOf, write: joined })

/** Names of the market `gate-spot`: `BTC_USDT` is `BTC_USDT`. */
export const gateSpotNames = pairNames("gate-spot")

/** Names of the market `gate-unified`: those of spot. */
export const gateUnifiedNames = pairNames("gate-unified")

/** Names of the market `gate-futures`: `BTC_USDT` ↔ `BTC_USDT_PERP`. */
export const gateFuturesNames = namesOf({
  market: "gate-futures",
  lists: "BASE_QUOTE_PERP",
  writes: "BASE_QUOTE",
  read(symbol) {
    const pair = pairOf(symbol)
    return pair === undefined ? undefined : `${pair}_PERP`
  },
  write: joined,
})

/** Names of the market `gate-delivery`: `BTC_USDT_20240329` ↔ `BTC_USDT_FUT_20240329`. */
export const gateDeliveryNames = namesOf({
  market: "gate-delivery",
  lists: "BASE_QUOTE_FUT_YYYYMMDD",
  writes: "BASE_QUOTE_YYYYMMDD",
  read(symbol) {
    const [, pair, expiry] = DATED.exec(symbol.toUpperCase()) ?? []
    return pair === undefined ? undefined : `${pair}_FUT_${expiry}`
  },
  write: (parts) => (parts.expiry === undefined ? undefined : `${joined(parts)}_${parts.expiry}`),
})

/** The settlement currency that addresses name: `btc` for contracts in USD, otherwise the quote in small letters. */
export function settleOf(inst: Inst): string {
  const quote = inst.split("_")[1] ?? "USDT"
  return quote === "USD" ? "btc" : quote.toLowerCase()
}
