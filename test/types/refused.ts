// What must not compile. Each `@ts-expect-error` fails the type check as soon as the mistake below it compiles.
import {
  accountOrders,
  bbo,
  book,
  bot,
  candles,
  type Context,
  intents,
  lob,
  onnx,
  number,
  orders,
  params,
  relay,
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
const known = { onTrade() {}, onPreds() {} }
// @ts-expect-error onOrder, not OnOrder
base.strategy({ ...known, OnOrder() {} })
// @ts-expect-error onOrder, not on_order
base.strategy({ ...known, on_order() {} })
// @ts-expect-error onError, not ONERROR
base.strategy({ ...known, ONERROR() {} })
// @ts-expect-error start, not Start
base.strategy({ ...known, Start() {} })
// Other words begin with these letters, too.
base.strategy({ ...known, on: true, once: 1, online() {}, restart() {}, stopped: false })
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

// ---- parts of a chunk ----
const three = trades("binance-um", ["BTC_USDT_PERP"], { chunk: 3 })
const tens = onnx("models/momentum.onnx", { chunk: 2, taskBaseId: 10 })
const wishes = intents({ chunk: 2 })
const desks = relay({ chunk: 2, id: "desk" })
const driven = trades("okx", ["BTC_USDT"], { manual: true, chunk: 2 })
// @ts-expect-error there are three, counted from 1
three.part(0)
// @ts-expect-error there are three
three.part(4)
// @ts-expect-error one task has one part
tape.part(2)
// @ts-expect-error its parts are 10 and 11
tens.part(1)
// @ts-expect-error a part is named by its number
three.part("1")
// @ts-expect-error a router is one task
router.part(1)
const parted = bot({ name: "parted" }).tasks([three, tens, wishes, desks, driven])
// @ts-expect-error a part is declared with its whole
bot({ name: "a" }).task(three.part(1))
// @ts-expect-error a part is declared with its whole
bot({ name: "a" }).tasks([three.part(1)])
// @ts-expect-error onTrade is missing
parted.strategy({ onPreds() {} }, { on: [three.part(1)] })
// @ts-expect-error not of this bot
parted.strategy({ onLob() {} }, { on: [book("okx", ["BTC_USDT"]).part(1)] })
// @ts-expect-error onTrade is missing
parted.strategies([{ onPreds() {} }], () => ({ on: [three.part(1)] }))
parted.strategy(
  {
    onTrade({ task }, ctx) {
      // @ts-expect-error there are two
      ctx.predict(tens.part(12), tensor)
      // @ts-expect-error a part's place is said with the part
      ctx.predict(tens, tensor, 1)
      // @ts-expect-error a feed is no model
      ctx.predict(three.part(1), tensor)
      // @ts-expect-error of two one must be named
      ctx.publishIntent(wishes, { timestamp: 1, type: "weight", targets: [], metadata: {} })
      // @ts-expect-error of two one must be named
      ctx.publishOrders(desks, [])
      // @ts-expect-error of two one must be named
      ctx.feed(driven)
      // @ts-expect-error this feed is not driven by hand
      ctx.feed(three.part(task))
    },
    onWsEvent() {},
  },
  { on: [three, driven] },
)

// ---- a misspelt option, also beside others ----
// @ts-expect-error history
trades("okx", ["BTC_USDT"], { chunk: 2, histroy: 10 })
// @ts-expect-error everyMs
book("okx", ["BTC_USDT"], { id: "a", everyms: 100 })
// @ts-expect-error depth
lob("okx", ["BTC_USDT"], { form: "snapshot", deapth: 5 })
// @ts-expect-error bbo has no depth
bbo("okx", ["BTC_USDT"], { id: "a", depth: 5 })
// @ts-expect-error candles have no each
candles("okx", ["BTC_USDT"], "1m", { history: 5, each: true })
// @ts-expect-error ringSlots
accountOrders("okx", { id: "a", ringSlot: 5 })
// @ts-expect-error id
schedule({ everyMs: 1, ids: "a" })
// @ts-expect-error inline
onnx("m.onnx", { id: "a", inLine: true })
// @ts-expect-error taskBaseId
intents({ chunk: 2, taskBaseID: 3 })
// @ts-expect-error a router is one task
orders("okx", { chunk: 2 })
// @ts-expect-error onThrow
base.strategy({ onTrade() {} }, { on: [tape], onthrow: "stop" })
// @ts-expect-error stop, not halt
base.strategy({ onTrade() {} }, { on: [tape], onThrow: "halt" })
// @ts-expect-error ringBytesMax
bot({ name: "a", ringByteMax: 5 })

// ---- instruments ----
base.strategy(
  {
    onTrade({ data }, ctx) {
      ctx.instrument(data.inst, tape)
      ctx.instrument(data.inst, data.market)
      // @ts-expect-error no such market
      ctx.instrument(data.inst, "binance-umm")
      // @ts-expect-error a model lists no instruments
      ctx.instrument(data.inst, model)
      // @ts-expect-error a router of another bot
      ctx.instrument(data.inst, other)
    },
  },
  { on: [tape] },
)

// ---- a misspelt instrument in a question: it would be answered with nothing ----
const several = base.task(book("okx", ["BTC_USDT"]))
several.strategy(
  {
    onTrade(_, ctx) {
      // @ts-expect-error PERP is misspelt
      ctx.position("BTC_USDT_PREP")
      // @ts-expect-error no router here trades spot
      ctx.position("BTC_USDT")
      // @ts-expect-error the venue's own form
      ctx.openOrders("BTCUSDT")
      // @ts-expect-error no market here lists such a name
      ctx.instrument("BTC_USDT_PREP")
      // @ts-expect-error no feed here keeps a book of it
      ctx.book("BTC_USDTT")
    },
  },
  { on: [tape] },
)
class Asking {
  onTrade(_message: TradeMsg, ctx: Context): void {
    ctx.position("BTC_USDT")
    // @ts-expect-error no market at all lists such a name
    ctx.position("BTC_USDT_PREP")
    // @ts-expect-error no market at all lists such a name
    ctx.instrument("BTCUSDT")
  }
}
base.strategy(new Asking(), { on: [tape] })
bot({ name: "reads" })
  .task(tape)
  .strategy({
    onTrade({ data }, ctx) {
      // @ts-expect-error it has no router
      ctx.position(data.inst)
    },
  })

// ---- a misspelt instrument in a limit: it would bind nothing ----
bot({
  name: "limited",
  limits: {
    orderSizeMax: {
      BTC_USDT_PERP: "0.1",
      // @ts-expect-error PERP is misspelt
      BTC_USDT_PREP: "0.1",
      // @ts-expect-error the venue's own form
      ETHUSDT: "1",
      // @ts-expect-error a number is no decimal
      ETH_USDT_PERP: 1,
    },
    orderNotionalMax: "1000",
  },
})
// @ts-expect-error lower case
bot({ name: "limited", params: params({ a: number(1) }), limits: { orderSizeMax: { btc_usdt: "0.1" } } })
// @ts-expect-error orderNotionalMax
bot({ name: "limited", limits: { orderSizeMax: { BTC_USDT: "0.1" }, orderNotionMax: "5" } })
// @ts-expect-error a number is no decimal
bot({ name: "limited", limits: { orderNotionalMax: 1000 } })

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

// ---- questions ----
base.task(minutes).strategy({
  onPreds() {},
  onCandle() {},
  onTrade(_, ctx) {
    // @ts-expect-error an order is no question
    ctx.ask("binance-um", "place", { inst: "BTC_USDT_PERP" }).catch(() => undefined)
    // @ts-expect-error a market that no task names
    ctx.ask("okx", "tickers", {}).catch(() => undefined)
    // @ts-expect-error of which instrument?
    ctx.ask("binance-um", "orderbook", {}).catch(() => undefined)
    // @ts-expect-error a spot name
    ctx.ask("binance-um", "orderbook", { inst: "BTC_USDT" }).catch(() => undefined)
    // @ts-expect-error a spot name among others
    ctx.ask("binance-um", "tickers", { insts: ["BTC_USDT_PERP", "BTC_USDT"] }).catch(() => undefined)
    // @ts-expect-error a misspelt parameter
    ctx.ask("binance-um", "orderbook", { inst: "BTC_USDT_PERP", dept: 5 }).catch(() => undefined)
    // @ts-expect-error a model lists nothing
    ctx.ask(model, "tickers", {}).catch(() => undefined)
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
