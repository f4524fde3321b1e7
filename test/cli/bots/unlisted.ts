// An instrument of the right form that the venue does not list.
import { bot, trades } from "perigee"

const tape = trades("binance-um", ["BTC_USD1_PERP"])

export default bot({ name: "unlisted" })
  .task(tape)
  .strategy({ onTrade() {} }, { on: [tape] })
