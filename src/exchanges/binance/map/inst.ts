import { namesOf } from "../../kit/names.ts"
import { readContract, splitContract, splitPair } from "./pair.ts"

/** Quote assets of USD-M symbols. No one of them ends another, so a symbol splits in one way. */
const QUOTES = ["USDT", "USDC", "USD1", "USD", "BTC"]

/**
 * `BTCUSDT` ↔ `BTC_USDT_PERP`, `ETHUSDT_240329` ↔ `ETH_USDT_FUT_240329`; `BTCUSDT_PERP` is read, too. Bases may
 * be in any script: some have been since 2025-10-09. `readInst` is `fromNative` that answers undefined instead of throwing.
 */
export const usdNames = namesOf({
  market: "binance-um",
  lists: `BASE_QUOTE_PERP and BASE_QUOTE_FUT_YYMMDD in ${QUOTES.join(", ")}`,
  writes: `BASEQUOTE and BASEQUOTE_YYMMDD in ${QUOTES.join(", ")}`,
  read: (symbol) => readContract(symbol, QUOTES),
  write: ({ base, quote, expiry }) => (expiry === undefined ? base + quote : `${base}${quote}_${expiry}`),
})
export const { toNative, fromNative, read: readInst } = usdNames

export const isDated = (symbol: string): boolean => /_\d+$/.test(symbol)

/** The quote asset of a symbol, empty where it is not known. */
export const quoteOf = (symbol: string): string => splitPair(splitContract(symbol).pair, QUOTES)?.quote ?? ""
