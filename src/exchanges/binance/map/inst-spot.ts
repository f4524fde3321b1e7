import { namesOf } from "../../kit/names.ts"
import { splitPair } from "./pair.ts"

/**
 * Quote assets of spot symbols (`quoteAsset` of the venue's `exchangeInfo`; those that have ceased to be are in its history).
 * A symbol in another one is refused by name, or known from a listing.
 */
const QUOTES = [
  ...["USDT", "USDC", "USD1", "FDUSD", "TUSD", "USDP", "BUSD", "DAI", "USD", "EURI", "AEUR", "RLUSD"],
  ...["BTC", "ETH", "BNB", "XRP", "TRX", "DOGE"],
  ...["EUR", "TRY", "BRL", "GBP", "AUD", "JPY", "PLN", "RON", "ARS", "MXN", "COP", "CZK", "ZAR", "UAH", "IDR"],
]

/** Names of the market `binance-spot`: `BTCUSDT` ↔ `BTC_USDT`. */
export const spotNames = namesOf({
  market: "binance-spot",
  lists: `BASE_QUOTE in ${QUOTES.join(", ")}`,
  writes: `BASEQUOTE in ${QUOTES.join(", ")}`,
  read(symbol) {
    const pair = splitPair(symbol.toUpperCase(), QUOTES)
    return pair === undefined ? undefined : `${pair.base}_${pair.quote}`
  },
  write: ({ base, quote }) => base + quote,
})
