// What must not compile. Each `@ts-expect-error` fails the type check as soon as the mistake below it compiles.
import {
  book,
  bot,
  candles,
  intents,
  onnx,
  number,
  orders,
  params,
  schedule,
  type TradeMsg,
  trades,
  zmq,
} from "../../src/index.ts"

const tape = trades("binance-um", ["BTC_USDT_PERP"])
const model = onnx("models/momentum.onnx")
const router = orders("binance-um")
const other = orders("okx")
const tensor = { timestamp: 1, data: new Float32Array(2), shape: [2], metadata: {} }
const order = { side: "BUY", size: "0.01", type: "market" } as const
const base = bot({ name: "base" }).task(tape).task(model).task(router)

// ---- a missing callback, per kind of task ----
// @ts-expect-error onPreds is missing
base.strategy({ onTrade() {} })
// @ts-expect-error onTrade is missing
base.strategy({ onPreds() {} }, { on: [tape] })
const empty = bot({ name: "a" })
const onBooks = empty.task(book("okx", ["BTC_USDT"]))
const onCandles = empty.task(candles("okx", ["BTC_USDT"], "1m"))
const onTicks = empty.task(schedule({ everyMs: 1 }))
const onIntents = empty.task(intents())
const onManual = empty.task(trades("okx", ["BTC_USDT"], { manual: true }))
// @ts-expect-error onLob is missing
onBooks.strategy({})
// @ts-expect-error onCandle is missing
onCandles.strategy({})
// @ts-expect-error onSchedule is missing
onTicks.strategy({})
// @ts-expect-error onInstIntent is missing
onIntents.strategy({})
// @ts-expect-error onWsEvent is missing: this feed is driven by hand
onManual.strategy({ onTrade() {} })

// ---- a misspelt callback, in a literal and in a class ----
// @ts-expect-error no callback is named onTrad
base.strategy({ onTrade() {}, onPreds() {}, onTrad() {} })
// @ts-expect-error no callback is named ontrade
base.strategy({ onTrade() {}, onPreds() {}, ontrade() {} })
class Misspelt {
  onTrade(_message: TradeMsg): void {}
  onPreds(): void {}
  onPred(): void {}
}
// @ts-expect-error no callback is named onPred
base.strategy(new Misspelt())
// @ts-expect-error no callback is named onPred
base.strategies([new Misspelt()])

// ---- a message of another kind ----
class Wrong {
  onTrade({ data }: { data: { levels: number } }): number {
    return data.levels
  }
}
// @ts-expect-error a trade has no levels
base.strategy(new Wrong(), { on: [tape] })

// ---- an unknown market ----
// @ts-expect-error no such market
trades("binance-umm", ["BTC_USDT_PERP"])
// @ts-expect-error no such market
orders("nasdaq")

// ---- a misspelt instrument, per market ----
// @ts-expect-error PERP is misspelt
trades("binance-um", ["BTC_USDT_PREP"])
// @ts-expect-error lower case
trades("binance-um", ["btc_usdt_perp"])
// @ts-expect-error the second name is misspelt
trades("binance-um", ["BTC_USDT_PERP", "ETH_USDTT_PERP"])
// @ts-expect-error binance-um lists no spot
book("binance-um", ["BTC_USDT"])
// @ts-expect-error binance-spot lists no perpetuals
candles("binance-spot", ["BTC_USDT_PERP"], "1m")
// @ts-expect-error gate-delivery lists no perpetuals
trades("gate-delivery", ["BTC_USDT_PERP"])
// @ts-expect-error an expiry is digits
trades("binance-um", ["BTC_USDT_FUT_24O329"])
// @ts-expect-error no such interval
candles("okx", ["BTC_USDT"], "7m")

// ---- a binding to, or a command for, what is not in this bot ----
// @ts-expect-error other is not in this bot
base.strategy({ onTrade() {} }, { on: [other] })
base.strategy({
  onPreds(_, ctx) {
    // @ts-expect-error an order needs a router, not a feed
    ctx.submit(tape, { ...order, inst: "BTC_USDT_PERP" })
    // @ts-expect-error a router of another market
    ctx.submit(other, { ...order, inst: "BTC_USDT" })
    // @ts-expect-error a router is no model
    ctx.predict(router, tensor)
    // @ts-expect-error a model takes no intents
    ctx.publishIntent(model, { timestamp: 1, type: "weight", targets: [], metadata: {} })
    // @ts-expect-error this feed is not driven by hand
    ctx.feed(tape)
    // @ts-expect-error no feed here keeps a book
    ctx.book("BTC_USDT_PERP")
  },
  onTrade(_, ctx) {
    // @ts-expect-error a misspelt instrument
    ctx.submit(router, { ...order, inst: "BTC_USDT_PREP" })
    // @ts-expect-error a misspelt field
    ctx.submit(router, { ...order, inst: "BTC_USDT_PERP", prize: "1" })
    // @ts-expect-error no side
    ctx.submit(router, { inst: "BTC_USDT_PERP", size: "1" })
    // @ts-expect-error a number is no decimal
    ctx.submit(router, { ...order, inst: "BTC_USDT_PERP", price: 100 })
    // @ts-expect-error a function cannot be kept
    ctx.state.set("run", () => 1)
  },
})

// ---- history ----
const minutes = candles("binance-um", ["BTC_USDT_PERP"], "1m")
// @ts-expect-error books have no history
book("binance-um", ["BTC_USDT_PERP"], { history: 10 })
// @ts-expect-error a number of events, no text
trades("binance-um", ["BTC_USDT_PERP"], { history: "10" })
base.task(minutes).strategy({
  onPreds() {},
  onCandle() {},
  onTrade({ data }, ctx) {
    // @ts-expect-error a trade is no event of a feed of candles
    ctx.history(minutes, { before: data, count: 10 }).catch(() => undefined)
    // @ts-expect-error a model has no history
    ctx.history(model, { before: data, count: 10 }).catch(() => undefined)
    // @ts-expect-error before which event?
    ctx.history(tape, { count: 10 }).catch(() => undefined)
  },
})

// ---- parameters ----
bot({ name: "b", params: params({ threshold: number(0.5) }) })
  .task(tape)
  .strategy({
    onTrade(_, ctx) {
      // @ts-expect-error no such parameter
      ctx.log.info("x", { value: ctx.params.treshold })
      // @ts-expect-error a number is no text
      const wrong: string = ctx.params.threshold
      ctx.log.info(wrong)
    },
  })

// ---- options that another kind of model has, or none ----
// @ts-expect-error a service is asked by REQ or DEALER
zmq(5555, { mode: "pub" })
// @ts-expect-error a service is never on the loop
zmq(5555, { inline: true })
// @ts-expect-error a file is not encrypted
onnx("models/momentum.onnx", { curve: true })
