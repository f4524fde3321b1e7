// Asks a service about every fifth trade, and buys on what it answers.
import { book, bot, orders, trades, zmq } from "perigee"

const INST = "BTC_USDT_PERP"
const diffs = book("binance-um", [INST])
const tape = trades("binance-um", [INST])
const model = zmq("tcp://127.0.0.1:5599")
const router = orders("binance-um")
let heard = 0

export default bot({ name: "asks", account: "exclusive", limits: { orderNotionalMax: "2000" } })
  .tasks([diffs, tape, model, router])
  .strategy(
    {
      onTrade({ data }, ctx) {
        if (++heard % 5 !== 0) return
        ctx.predict(model, {
          timestamp: data.timestamp,
          data: Float32Array.of(data.price, data.size),
          shape: [2],
          metadata: {},
        })
      },
      onPreds({ data }, ctx) {
        if (ctx.openOrders().length > 0) return
        ctx.submit(router, { inst: INST, side: data.data[0]! > 0 ? "BUY" : "SELL", size: "0.010", type: "market" })
      },
    },
    { on: [tape, model] },
  )
