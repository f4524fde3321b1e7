// Instrument literals, market by market: what must compile, and what must not. Checked by the type check itself.
import {
  type AltIntent,
  type AltOrder,
  book,
  bot,
  type Context,
  intents,
  orders,
  relay,
  trades,
  type TradeMsg,
} from "../../src/index.ts"

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
const base: string = String("ETH")
trades("binance-um", [`${base}_USDT_PERP`, `1000${base}_USDC_PERP`, "BTC_USDT_PERP"])
trades("okx", [`${base}_${base}`])
trades(
  "binance-um",
  ["ETH", "BTC"].map((coin) => `${coin}_USDT_PERP`),
)
trades(
  "okx",
  (["ETH", "BTC"] as const).map((coin) => `${coin}_USDT_PERP` as const),
)
// @ts-expect-error one of the two is misspelt
trades("binance-um", [base === "" ? "BTC_USDT_PERP" : "BTC_USDT_PREP"])
// @ts-expect-error a name made at run time excuses no literal beside it
trades("binance-um", [`${base}_USDT_PERP`, "BTC_USDT_PREP"])

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
      ctx.submit(router, { inst: `${base}_USDT_PERP`, side: "BUY", size: "1", type: "market" })
      // @ts-expect-error PERP, not SWAP
      ctx.submit(router, { inst: "BTC_USDT_SWAP", side: "BUY", size: "1", type: "market" })
    },
  })

// ---- in what one strategy tells another ----
const wishes = intents()
const desk = relay()
const tape = trades("binance-um", ["BTC_USDT_PERP"])
const order = { side: "BUY", size: "1", type: "market" } as const
const listeners = { onInstIntent() {}, onOrderExecution() {} }
const whole: AltIntent = { timestamp: 1, type: "weight", targets: [], metadata: {} }
const readyMade: readonly AltOrder[] = []
bot({ name: "a" })
  .tasks([tape, wishes, desk])
  .strategy({
    ...listeners,
    onTrade({ data }, ctx) {
      const { market, inst } = data
      ctx.publishIntent(wishes, whole)
      ctx.publishIntent(wishes, { ...whole, targets: [{ market, inst, value: 0.5 }] })
      ctx.publishIntent(wishes, { ...whole, targets: [{ market: "okx", inst: `${base}_USDT`, value: 0.5 }] })
      ctx.publishIntent(wishes, {
        timestamp: 1,
        type: "price",
        targets: [
          { market: "okx", inst: "BTC_USDT", value: 1 },
          { market: "binance-um", inst: "BTC_USDT_PERP", value: 2 },
          // @ts-expect-error PERP is misspelt
          { market: "binance-um", inst: "BTC_USDT_PREP", value: 1 },
        ],
        metadata: {},
      })
      // @ts-expect-error no spot on this market
      ctx.publishIntent(wishes, { ...whole, targets: [{ market: "binance-um", inst: "BTC_USDT", value: 1 }] })
      // @ts-expect-error no such market
      ctx.publishIntent(wishes, { ...whole, targets: [{ market: "nasdaq", inst: "BTC_USDT", value: 1 }] })
      // @ts-expect-error no such type
      ctx.publishIntent(wishes, { ...whole, type: "wieght" })

      ctx.publishOrders(desk, readyMade)
      ctx.publishOrders(desk, [{ timestamp: 1, market, request: { ...order, inst }, metadata: {} }])
      ctx.publishOrders(desk, [
        { timestamp: 1, market: "okx", request: { ...order, inst: "BTC_USDT" }, metadata: {} },
        { timestamp: 1, market: "binance-um", request: { ...order, inst: "BTC_USDT_PERP" }, metadata: {} },
      ])
      ctx.publishOrders(desk, [
        // @ts-expect-error PERP is misspelt
        { timestamp: 1, market: "okx", request: { ...order, inst: "BTC_USDT_PREP" }, metadata: {} },
        { timestamp: 1, market: "okx", request: { ...order, inst: "BTC_USDT" }, metadata: {} },
      ])
      // @ts-expect-error BUY or SELL
      ctx.publishOrders(desk, [{ timestamp: 1, market, request: { inst, side: "buy", size: "1" }, metadata: {} }])
    },
  })

// ---- in a question: of a bot that names the market, and in a class, which knows no bot ----
bot({ name: "a" })
  .tasks([tape, trades("okx", ["BTC_USDT"]), router])
  .strategy({
    onTrade({ data }, ctx) {
      ctx.instrument("BTC_USDT_PERP", "okx")
      ctx.instrument("BTC_USDT_PERP", data.market)
      ctx.instrument(`${base}_USDT_PERP`, tape)
      // @ts-expect-error no task of this bot is of that market
      ctx.instrument("BTC_USDT", "gate-spot")
      // @ts-expect-error that market lists no spot
      ctx.instrument("BTC_USDT", "binance-um")
      // @ts-expect-error nor does this feed's
      ctx.instrument("BTC_USDT", tape.part(1))
    },
  })
const depth = book("okx", ["BTC_USDT"])
class Asking {
  onTrade({ data }: TradeMsg, ctx: Context): void {
    ctx.book("BTC_USDT")
    ctx.book(data.inst)
    ctx.book(`${base}_USDT_PERP`, depth)
    // @ts-expect-error no market at all lists such a name
    ctx.book("BTC_USDT_PREP")
    // @ts-expect-error PERP, not SWAP
    ctx.book("BTC_USDT_SWAP", depth)
    // @ts-expect-error no market at all lists such a name
    ctx.instrument("BTC_USDT_PREP", data.market)
    // @ts-expect-error no market at all lists such a name
    ctx.publishIntent(wishes, { ...whole, targets: [{ market: data.market, inst: "BTC_USDT_PREP", value: 1 }] })
  }
}
bot({ name: "a" })
  .tasks([tape, depth, wishes])
  .strategy(new Asking(), { on: [tape] })
