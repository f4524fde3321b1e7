// A warmed-up bot over real sockets and real time.
import { expect, test } from "bun:test"
import { bot, type Bot, candles, type Candle, trades, type Trade } from "perigee"
import { openRig } from "./rig.ts"
import { until } from "./until.ts"

const INST = "BTC_USDT_PERP"

test("history comes first and joins the stream, over real sockets as in a simulation", async () => {
  const told = { trades: [] as Trade[], candles: [] as Candle[], before: [] as readonly Trade[] }
  let asked: Trade | undefined
  const tape = trades("binance-um", [INST], { history: 200 })
  const minutes = candles("binance-um", [INST], "1m", { history: 120 })
  const warm = bot({ name: "warm" })
    .tasks([tape, minutes])
    .strategy({
      async onTrade({ data }, ctx) {
        told.trades.push(data)
        if (asked !== undefined || told.trades.length < 20) return
        asked = data
        const past = await ctx.history(tape, { before: data, count: 10 })
        if (past.kind === "accepted") told.before = past.value
      },
      onCandle: ({ data }) => void told.candles.push(data),
    }) as unknown as Bot
  const rig = await openRig({ bot: warm, simulator: { rate: 300 } })
  try {
    await until("the stream has joined", () => told.trades.length > 60 && told.candles.length > 121)
    await until("the bot is ready", () => rig.world.reasons().length === 0)
    const ids = told.trades.map(({ tradeId }) => BigInt(tradeId))
    expect(ids.every((id, at) => at === 0 || id === ids[at - 1]! + 1n)).toBe(true)
    expect(told.candles.slice(0, 120).every(({ isHistory, isClosed }) => isHistory === true && isClosed)).toBe(true)
    expect(told.candles[120]!.openAt).toBe(told.candles[119]!.openAt + 60_000_000)
    const end = told.trades.indexOf(asked!)
    expect(told.before.map(({ tradeId }) => tradeId)).toEqual(
      told.trades.slice(end - 10, end).map(({ tradeId }) => tradeId),
    )
  } finally {
    await rig.close()
  }
}, 30_000)
