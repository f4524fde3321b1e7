import type { Inst } from "../../../runtime/domain/inst.ts"
import { namesOf } from "../../kit/names.ts"
import { readContract } from "./pair.ts"

/** COIN-M contracts are quoted in dollars and settled in their coin. */
const QUOTES = ["USD"]

const names = namesOf({
  market: "binance-cm",
  lists: "BASE_USD_PERP and BASE_USD_FUT_YYMMDD",
  writes: "BASEUSD_PERP and BASEUSD_YYMMDD",
  read: (symbol) => readContract(symbol, QUOTES),
  write: ({ base, quote, expiry }) => `${base}${quote}_${expiry ?? "PERP"}`,
})

/**
 * Names of the market `binance-cm`: `BTCUSD_PERP` ↔ `BTC_USD_PERP`, `BTCUSD_240329` ↔ `BTC_USD_FUT_240329`. Two more are
 * taken for what can only be meant by them: the pair `BTCUSD` is its perpetual, and `BTC_USDT_PERP` is `BTC_USD_PERP`.
 */
export const coinNames = {
  fromNative: names.fromNative,
  toNative: (inst: Inst): string => names.toNative(inst.replace(/_USDT_(?=PERP$|FUT_)/, "_USD_")),
}

/** The pair that some endpoints (open interest) ask for: `BTC_USD_PERP` and `BTC_USD_FUT_240329` → `BTCUSD`. */
export const toPair = (inst: Inst): string => coinNames.toNative(inst).replace(/_.*$/, "")
