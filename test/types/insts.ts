// Instrument literals, market by market: what must compile, and what must not. Checked by the type check itself.
import { bot, orders, trades } from "../../src/index.ts"

// ---- as each market lists them ----
trades("binance-spot", ["BTC_USDT", "BTC_FDUSD", "1000SATS_TRY"])
trades("binance-um", ["BTC_USDT_PERP", "ETH_BTC_PERP", "1000PEPE_USDC_PERP", "ETH_USDT_FUT_240329"])
trades("binance-cm", ["BTC_USD_PERP", "BTC_USD_FUT_240329"])
trades("okx", ["BTC_USDT", "BTC_USDT_PERP", "BTC_USD_PERP", "BTC_USD_FUT_240329"])
trades("gate-spot", ["BTC_USDT", "ETH_BTC"])
trades("gate-futures", ["BTC_USDT_PERP", "BTC_USD_PERP"])
trades("gate-delivery", ["BTC_USDT_FUT_20240329"])
trades("gate-unified", ["BTC_USDT"])
trades("hyperliquid", ["BTC_USDC_PERP", "1000PEPE_USDC_PERP", "PURR_USDC", "TSLA_USDT0_PERP"])
// A name made at run time is checked when the bot starts.
trades("binance-spot", ["BTC_VND" as string])

// ---- misspelt ----
// @ts-expect-error the quote is misspelt
trades("binance-spot", ["BTC_USDTT"])
// @ts-expect-error base and quote are not told apart
trades("binance-spot", ["BTCUSDT"])
// @ts-expect-error PERP is misspelt
trades("binance-um", ["BTC_USDT_PREP"])
// @ts-expect-error the quote is misspelt
trades("binance-um", ["BTC_USTD_PERP"])
// @ts-expect-error an expiry has six digits here
trades("binance-um", ["ETH_USDT_FUT_20240329"])
// @ts-expect-error FUT is misspelt
trades("binance-cm", ["BTC_USD_FTU_240329"])
// @ts-expect-error contracts on coins are in USD
trades("binance-cm", ["BTC_USDC_PERP"])
// @ts-expect-error the venue's own form
trades("okx", ["BTC-USDT-SWAP"])
// @ts-expect-error PERP, not SWAP
trades("okx", ["BTC_USDT_SWAP"])
// @ts-expect-error an expiry has six digits here
trades("okx", ["BTC_USD_FUT_2403"])
// @ts-expect-error the quote is misspelt
trades("gate-spot", ["BTC_USTD"])
// @ts-expect-error small letters
trades("gate-spot", ["btc_usdt"])
// @ts-expect-error PERP is missing
trades("gate-futures", ["BTC_USDT"])
// @ts-expect-error the quote is misspelt
trades("gate-futures", ["BTC_USDTT_PERP"])
// @ts-expect-error an expiry has eight digits here
trades("gate-delivery", ["BTC_USDT_FUT_240329"])
// @ts-expect-error a letter among the digits
trades("gate-delivery", ["BTC_USDT_FUT_2024O329"])
// @ts-expect-error an empty base
trades("gate-unified", ["_USDT"])
// @ts-expect-error the quote is misspelt
trades("gate-unified", ["BTC_USDDT"])
// @ts-expect-error the venue's own form
trades("hyperliquid", ["kPEPE_USDC_PERP"])
// @ts-expect-error its perpetuals are not in USD
trades("hyperliquid", ["BTC_USD_PERP"])

// ---- of a type that the market does not list ----
// @ts-expect-error spot only
trades("binance-spot", ["BTC_USDT_PERP"])
// @ts-expect-error no spot
trades("binance-um", ["BTC_USDT"])
// @ts-expect-error no spot
trades("binance-cm", ["BTC_USD"])
// @ts-expect-error no equities
trades("okx", ["AAPL_NASDAQ_EQ"])
// @ts-expect-error spot only
trades("gate-spot", ["BTC_USDT_FUT_20240329"])
// @ts-expect-error perpetuals only
trades("gate-futures", ["BTC_USDT_FUT_20240329"])
// @ts-expect-error dated ones only
trades("gate-delivery", ["BTC_USDT_PERP"])
// @ts-expect-error spot only
trades("gate-unified", ["BTC_USDT_PERP"])
// @ts-expect-error nothing dated
trades("hyperliquid", ["BTC_USDC_FUT_240329"])

// ---- in an order, too ----
const router = orders("okx")
bot({ name: "a" })
  .task(router)
  .strategy({
    start(ctx) {
      ctx.submit(router, { inst: "BTC_USDT_PERP", side: "BUY", size: "1", type: "market" })
      // @ts-expect-error PERP, not SWAP
      ctx.submit(router, { inst: "BTC_USDT_SWAP", side: "BUY", size: "1", type: "market" })
    },
  })
