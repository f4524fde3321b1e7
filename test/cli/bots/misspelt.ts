// Names that cannot be: types refuse them, unless they come as plain text.
import { bot, trades } from "perigee"

const symbol: string = "BTCUSDT"
const tape = trades("binance-um", [symbol])

export default bot({ name: "misspelt" })
  .task(tape)
  .strategy({ onTrade() {} }, { on: [tape] })
