import { binanceUm } from "../../../src/exchanges/binance/index.ts"
import { readFrame } from "../../../src/exchanges/binance/map/frame.ts"
import { decoder } from "../../../src/exchanges/kit/frame.ts"
import { venueContract } from "../contract.ts"
import { framesOf, repliesOf } from "../fixture.ts"

venueContract(binanceUm, {
  frames: framesOf("binance/um-frames.json"),
  replies: repliesOf("binance/um-replies.json"),
  insts: [
    { inst: "BTC_USDT_PERP", symbol: "BTCUSDT" },
    { inst: "ETH_USDC_PERP", symbol: "ETHUSDC" },
    { inst: "1000SHIB_USDT_PERP", symbol: "1000SHIBUSDT" },
    { inst: "ETH_USDT_FUT_240329", symbol: "ETHUSDT_240329" },
    { inst: "ETH_BTC_PERP", symbol: "ETHBTC" },
  ],
  strangers: ["BTC_USDT", "AAPL_NASDAQ_EQ", "BTCUSDT", "btc_USDT_PERP", "BTC_EUR_PERP", "BTC_USDT_SWAP", ""],
  channels: [
    { kind: "trades" },
    { kind: "trades", each: true },
    { kind: "lob", form: "bbo" },
    { kind: "lob", form: "snapshot", depth: 10, everyMs: 100 },
    { kind: "lob", form: "incremental" },
    { kind: "candles", interval: "1m" },
    { kind: "accOrders" },
    { kind: "accBalPos" },
    { kind: "accPos" },
  ],
  session: "a-listen-key",
  changes: [
    "place",
    "placeBatch",
    "amend",
    "cancel",
    "cancelBatch",
    "cancelAll",
    "countdownCancelAll",
    "setLeverage",
    "setPositionMode",
  ],
  general: decoder(readFrame),
})
