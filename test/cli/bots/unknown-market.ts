// A market that there is not.
import { bot, trades } from "perigee"

const market = "binance-xm" as "binance-um"
const tape = trades(market, ["BTC_USDT_PERP"])

export default bot({ name: "unknown-market" })
  .task(tape)
  .strategy({ onTrade() {} }, { on: [tape] })
