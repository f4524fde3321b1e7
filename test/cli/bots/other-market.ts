// A market that this program does not hold.
import { bot, trades } from "perigee"

const tape = trades("gate-futures", ["BTC_USDT_PERP"])

export default bot({ name: "other-market" })
  .task(tape)
  .strategy({ onTrade() {} }, { on: [tape] })
