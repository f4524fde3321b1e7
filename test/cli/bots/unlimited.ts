// Trades without a risk limit.
import { bot, orders, trades } from "perigee"

const tape = trades("binance-um", ["BTC_USDT_PERP"])
const router = orders("binance-um")

export default bot({ name: "unlimited" })
  .task(tape)
  .task(router)
  .strategy({ onTrade() {} }, { on: [tape] })
