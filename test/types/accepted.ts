// What must compile: bots as users write them. Checked by the type check itself; nothing here runs.
import {
  accountOrders,
  bbo,
  book,
  bot,
  candles,
  type Context,
  decimal,
  choice,
  flag,
  intents,
  lob,
  number,
  onnx,
  type InstrumentMsg,
  type OrderMsg,
  orders,
  params,
  relay,
  type RiskLimits,
  schedule,
  text,
  type TradeMsg,
  trades,
  zmq,
} from "../../src/index.ts"

const tape = trades("binance-um", ["BTC_USDT_PERP"])
const model = onnx("models/momentum.onnx")
const router = orders("binance-um")
const tensor = { timestamp: 1, data: new Float32Array(2), shape: [2], metadata: {} }

export const momentum = bot({ name: "momentum", account: "exclusive" })
  .task(tape)
  .task(model)
  .task(router)
  .strategy(
    {
      onTrade({ data }, ctx) {
        if (data.price > 0 && data.tradeId !== "") ctx.predict(model, tensor)
      },
      onPreds({ data }, ctx) {
        const order = { inst: "BTC_USDT_PERP", side: "BUY", size: "0.01", price: "100" } as const
        if ((data.data[0] ?? 0) > 0.6) ctx.submit(router, order)
        ctx.submit(router, { inst: "BTC_USDT_PERP", side: "BUY", size: "0.01", type: "market" })
        ctx.submit(router, { ...order, inst: String(data.metadata["inst"]) })
      },
    },
    { on: [tape, model] },
  )

const knobs = params({
  threshold: number(0.6, { min: 0, max: 1 }),
  size: decimal("0.01"),
  style: choice("maker", ["maker", "taker"]),
  isNoisy: flag(false),
  label: text("x"),
})
const given: Readonly<Record<string, string>> = { BTC_USDT_PERP: "1" }
const NAME = "ETH_USDT_PERP"
bot({ name: "limits", limits: { orderSizeMax: given, openOrdersMax: 5 } })
bot({ name: "limits", params: knobs, limits: { orderSizeMax: { BTC_USDC_PERP: "1", BTC_USDT: "0.5", [NAME]: "2" } } })
bot({ name: "limits", limits: { orderSizeMax: { [String(NAME)]: "1" } } })
const limits: RiskLimits = { orderSizeMax: { BTC_USDT_PERP: "1" }, orderNotionalMax: "5" }
bot({ name: "limits", limits })
const books = book("binance-um", ["ETH_USDT_PERP"], { everyMs: 100 })
const tick = schedule({ everyMs: 1_000 })
const feedMe = trades("okx", ["BTC_USDT"], { manual: true })

export const wide = bot({ name: "wide", params: knobs, limits: { ordersPerMinuteMax: 5 } })
  .tasks([books, tick, feedMe, router])
  .strategy({
    count: 0,
    onLob({ data }, ctx) {
      this.count += data.bids.length
      const view = ctx.book("ETH_USDT_PERP")
      if (view.state === "live") ctx.log.debug("top", { bid: view.best() })
      const style: "maker" | "taker" = ctx.params.style
      if (ctx.params.threshold > 0.5 && !ctx.params.isNoisy) ctx.state.set("seen", `${style} ${ctx.params.size}`)
    },
    onSchedule: (_, ctx) => ctx.after(10, () => ctx.openOrders()),
    async onTrade(_, ctx) {
      await ctx.feed(feedMe).send("hello")
    },
    onWsEvent: (_, ctx) => ctx.feed(feedMe).connect("wss://example.org"),
    onOrder: ({ data }) => data.order.clientId,
    onInstrument: ({ data }, ctx) => data.now.tickSize === ctx.instrument(data.inst)?.tickSize,
  })

const nothing = () => undefined

class Counter {
  readonly name = "counter"
  trades = 0
  onTrade({ data }: TradeMsg, ctx: Context): void {
    this.trades += data.size
    ctx.state.set("trades", this.trades)
  }
  onInstrument({ data }: InstrumentMsg): void {
    if (data.before !== undefined && data.fields.includes("status")) this.trades = 0
  }
  onOrder({ data }: OrderMsg, ctx: Context): void {
    if (ctx.book("BTC_USDT_PERP", books).state === "live") ctx.predict(model, tensor)
    ctx.feed(feedMe).shutdown().catch(nothing)
    ctx.cancel(router, data.order.clientId).catch(nothing)
  }
}

export const classes = bot({ name: "classes" }).task(tape).task(router).strategies([new Counter(), new Counter()])

const warmTrades = trades("binance-um", ["BTC_USDT_PERP"], { history: 500 })
const warmCandles = candles("binance-um", ["BTC_USDT_PERP"], "1m", { history: 200, silenceMsMax: 90_000 })
export const warm = bot({ name: "warm" })
  .tasks([warmTrades, warmCandles])
  .strategy({
    async onTrade({ data }, ctx) {
      if (data.isHistory) return
      const past = await ctx.history(warmTrades, { before: data, count: 10 })
      if (past.kind === "accepted") ctx.log.info("past", { ids: past.value.map(({ tradeId }) => tradeId) })
    },
    async onCandle({ data }, ctx) {
      const past = await ctx.history(warmCandles, { before: data, count: 10 })
      if (past.kind === "accepted") ctx.log.info("past", { closes: past.value.map(({ close }) => close) })
    },
  })

export const asking = bot({ name: "asking" })
  .tasks([warmTrades, router])
  .strategy({
    async onTrade({ data }, ctx) {
      const image = await ctx.ask("binance-um", "orderbook", { inst: "BTC_USDT_PERP", depth: 5 })
      if (image.kind === "accepted") ctx.log.info("best", { bid: image.value.bids[0] })
      const tickers = await ctx.ask(warmTrades, "tickers", { insts: ["BTC_USDT_PERP", "ETH_USDT_PERP"] })
      if (tickers.kind === "accepted") ctx.log.info("last", { prices: tickers.value.map(({ price }) => price) })
      const past = await ctx.ask(router, "orderHistory", { inst: data.inst, startAt: data.timestamp - 1e6 })
      if (past.kind === "accepted") ctx.log.info("past", { ids: past.value.map(({ orderId }) => orderId) })
      const all = await ctx.ask(data.market, "liveInstruments", {})
      if (all.kind === "accepted") ctx.log.info("lists", { insts: all.value.map(({ inst }) => inst) })
    },
  })

const tapes = trades("binance-um", ["BTC_USDT_PERP", "ETH_USDT_PERP"], { chunk: 3 })
const scorers = onnx("models/momentum.onnx", { chunk: 2, taskBaseId: 10, queueMax: 5 })
const wishes = intents({ chunk: 2, id: "wish" })
const feeds = trades("okx", ["BTC_USDT"], { manual: true, chunk: 2 })
const depths = book("okx", ["BTC_USDT"], { chunk: 2, everyMs: 100 })
// Numbers that are not literals are checked when the bot is built.
const count: number = Number("2")
const counted = relay({ chunk: count })
const ticks = schedule({ everyMs: 1_000, taskBaseId: 7_000, chunk: 2 })
export const parts = bot({ name: "parts" })
  .tasks([tapes, scorers, wishes, feeds, depths, counted, ticks])
  .strategy(
    {
      async onTrade({ data, task }, ctx) {
        ctx.predict(scorers, tensor)
        ctx.predict(scorers.part(11), tensor)
        ctx.publishIntent(wishes.part(2), { timestamp: 1, type: "weight", targets: [], metadata: {} })
        ctx.publishOrders(counted.part(2), [])
        ctx.publishOrders(counted, [])
        await ctx.history(tapes, { before: data, count: 5 })
        await ctx.history(tapes.part(task), { before: data, count: 5 })
        if (ctx.book("BTC_USDT", depths.part(2)).state === "live") ctx.log.info("live")
        if (ctx.instrument(data.inst, tapes.part(1)) === ctx.instrument(data.inst, data.market)) ctx.log.info("same")
      },
      onWsEvent: ({ task }, ctx) => ctx.feed(feeds.part(task)).connect("wss://example.org"),
      onSchedule() {},
    },
    { on: [tapes.part(1), tapes.part(3), feeds, ticks.part(7_001)] },
  )
  .strategy({ onPreds() {} }, { on: [scorers.part(10)] })
  .strategies([new Counter(), new Counter()], (_, at) => ({
    on: [tapes.part(at === 0 ? 1 : 2)],
    name: `counter-${at}`,
  }))
  .strategies([{ onTrade() {} }, { onTrade() {} }], { on: [tapes.part(2)] })

const ideas = intents()
const desk = relay()
export const relays = bot({ name: "relays" })
  .tasks([
    ideas,
    desk,
    accountOrders("binance-um"),
    zmq(5555),
    zmq("ipc:///run/model.sock", {
      mode: "dealer",
      inFlightMax: 8,
      replyBytesMax: 1_000,
      curve: "FAST",
      deadlineMs: 50,
    }),
    onnx("models/momentum.onnx", { optional: true, inline: true, queueMax: 4, whenFull: "newest" }),
    lob("okx", ["BTC_USDT_SWAP"] as string[], { form: "bbo" }),
  ])
  .task(bbo("binance-um", ["BTC_USDT_PERP", "ETH_USDT_PERP"]))
  .strategy(
    {
      start(ctx) {
        ctx.publishIntent(ideas, { timestamp: ctx.now(), type: "weight", targets: [], metadata: {} })
        ctx.publishOrders(desk, [])
      },
    },
    { on: [] },
  )
