// As little as a bot can be.
import { bot, trades } from "perigee"

const tape = trades("binance-um", ["BTC_USDT_PERP"])

export default bot({ name: "plain" })
  .task(tape)
  .strategy({ onTrade() {} }, { on: [tape] })
