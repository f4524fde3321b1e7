// Strategies that must not compile: what each kind of task needs, in literals and in classes, and commands to the wrong kind.
import {
  accountBalances,
  accountOrders,
  accountPositions,
  bbo,
  book,
  bot,
  candles,
  type Context,
  intents,
  lob,
  onnx,
  type OrderMsg,
  orders,
  type PredsMsg,
  relay,
  schedule,
  type TradeMsg,
  trades,
  zmq,
} from "../../src/index.ts"

const tape = trades("binance-um", ["BTC_USDT_PERP"])
const driven = trades("okx", ["BTC_USDT"], { manual: true })
const model = onnx("models/momentum.onnx")
const router = orders("binance-um")
const ideas = intents()
const desk = relay()
const tick = schedule({ everyMs: 1 })
const tensor = { timestamp: 1, data: new Float32Array(2), shape: [2], metadata: {} }
const empty = bot({ name: "a" })

// ---- a missing callback, of every kind of task that needs one ----
// @ts-expect-error onTrade is missing
empty.task(tape).strategy({})
// @ts-expect-error onLob is missing
empty.task(book("okx", ["BTC_USDT"])).strategy({})
// @ts-expect-error onLob is missing
empty.task(bbo("okx", ["BTC_USDT"])).strategy({})
// @ts-expect-error onLob is missing
empty.task(lob("okx", ["BTC_USDT"], { form: "snapshot" })).strategy({})
// @ts-expect-error onCandle is missing
empty.task(candles("okx", ["BTC_USDT"], "1m")).strategy({})
// @ts-expect-error onAccOrder is missing
empty.task(accountOrders("okx")).strategy({})
// @ts-expect-error onAccBalPos is missing
empty.task(accountBalances("okx")).strategy({})
// @ts-expect-error onAccPos is missing
empty.task(accountPositions("okx")).strategy({})
// @ts-expect-error onPreds is missing
empty.task(model).strategy({})
// @ts-expect-error onPreds is missing
empty.task(zmq(5555)).strategy({})
// @ts-expect-error onSchedule is missing
empty.task(tick).strategy({})
// @ts-expect-error onInstIntent is missing
empty.task(ideas).strategy({})
// @ts-expect-error onOrderExecution is missing
empty.task(desk).strategy({})
// @ts-expect-error onWsEvent is missing
empty.task(driven).strategy({ onTrade() {} })
// A router needs none.
empty.task(router).strategy({})

// ---- classes ----
const both = empty.task(tape).task(model)
class Half {
  onTrade(_message: TradeMsg): void {}
}
// @ts-expect-error onPreds is missing
both.strategy(new Half())
// @ts-expect-error onPreds is missing
both.strategies([new Half(), new Half()])
// @ts-expect-error onPreds is missing
both.strategy(new Half(), { on: [model] })
both.strategy(new Half(), { on: [tape] })

class Whole extends Half {
  onPreds(_message: PredsMsg): void {}
}
both.strategies([new Whole()])

class Misspelt extends Whole {
  onFeedstate(): void {}
}
// @ts-expect-error no callback is named onFeedstate
both.strategy(new Misspelt())

class Confused extends Half {
  onOrder(_message: TradeMsg): void {}
}
// @ts-expect-error an order's change is no trade
empty.task(tape).strategy(new Confused())

class Commands {
  onTrade({ data }: TradeMsg, ctx: Context): void {
    const order = { inst: "BTC_USDT_PERP", side: data.side, size: "1", type: "market" } as const
    ctx.submit(router, order)
    // @ts-expect-error an order needs a router, not a feed
    ctx.submit(tape, order)
    // @ts-expect-error a misspelt instrument
    ctx.submit(router, { ...order, inst: "BTC_USDT_PREP" })
    // @ts-expect-error a schedule is no model
    ctx.predict(tick, tensor)
    // @ts-expect-error a relay takes orders, not intents
    ctx.publishIntent(desk, { timestamp: 1, type: "weight", targets: [], metadata: {} })
    // @ts-expect-error intents take no orders
    ctx.publishOrders(ideas, [])
    // @ts-expect-error this feed is not driven by hand
    ctx.feed(tape)
  }
  onOrder({ data }: OrderMsg, ctx: Context): void {
    // @ts-expect-error a model cancels nothing
    ctx.cancel(model, data.order.clientId).catch(() => undefined)
    // @ts-expect-error a feed amends nothing
    ctx.amend(driven, { clientId: data.order.clientId, size: "1" }).catch(() => undefined)
  }
}
empty.task(tape).task(router).strategy(new Commands())

// ---- an unknown market, in every declaration that names one ----
// @ts-expect-error no such market
trades("binance", ["BTC_USDT"])
// @ts-expect-error no such market
book("okex", ["BTC_USDT"])
// @ts-expect-error no such market
bbo("gate", ["BTC_USDT"])
// @ts-expect-error no such market
lob("hyper-liquid", ["BTC_USDC_PERP"], { form: "bbo" })
// @ts-expect-error no such market
candles("binance-usdm", ["BTC_USDT_PERP"], "1m")
// @ts-expect-error no such market
orders("Binance-um")
// @ts-expect-error no such market
accountOrders("bybit")
// @ts-expect-error no such market
accountBalances("")
// @ts-expect-error no such market
accountPositions("okx ")
