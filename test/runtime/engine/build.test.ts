import { describe, expect, test } from "bun:test"
import {
  accountOrders,
  bbo,
  book,
  bot,
  candles,
  choice,
  decimal,
  flag,
  intents,
  isBot,
  lob,
  number,
  onnx,
  orders,
  params,
  schedule,
  text,
  trades,
  zmq,
} from "../../../src/index.ts"
import { build, declarationOf } from "../../../src/runtime/engine/build.ts"
import type { Bot } from "../../../src/runtime/engine/declaration/bot.ts"
import { paramVariable } from "../../../src/runtime/engine/declaration/params.ts"
import { virtualEnv } from "../../../src/runtime/simulation/env.ts"
import { ALL, mistakes } from "./mistakes.ts"

const names = (...insts: string[]): string[] => insts
const tape = trades("binance-um", ["BTC_USDT_PERP"])
const nop = { onTrade() {} }

describe("ids", () => {
  const idsOf = (bot: Bot) => declarationOf(bot).specs.map(({ kind, id }) => `${kind} ${id}`)

  test("count from 1 per kind of task where nobody gave one, passing over those that are taken", () => {
    const declared = bot({ name: "a" }).tasks([
      trades("okx", ["BTC_USDT"]),
      book("okx", ["BTC_USDT"]),
      trades("okx", ["ETH_USDT"], { id: "3" }),
      candles("okx", ["BTC_USDT"], "1m"),
      schedule({ everyMs: 1 }),
      intents(),
      intents(),
    ])
    expect(idsOf(declared)).toEqual(["feed 1", "feed 2", "feed 3", "feed 4", "schedule 1", "intents 1", "intents 2"])
  })

  test("of a chunk follow one another from taskBaseId, or carry the given id", () => {
    const declared = bot({ name: "a" }).tasks([
      onnx("m.onnx", { chunk: 3 }),
      onnx("n.onnx", { chunk: 2, taskBaseId: 7 }),
      zmq(5_555, { chunk: 2, id: "far" }),
      intents({ chunk: 0 }),
    ])
    expect(idsOf(declared)).toEqual([
      "predict 1",
      "predict 2",
      "predict 3",
      "predict 7",
      "predict 8",
      "predict far-1",
      "predict far-2",
    ])
  })

  test("may be shared by trades and a book, not by two trades of any market", () => {
    const at7 = { taskBaseId: 7 }
    const fine = bot({ name: "a" }).tasks([
      trades("okx", ["BTC_USDT"], at7),
      lob("okx", ["BTC_USDT"], { form: "bbo", ...at7 }),
    ])
    expect(mistakes(fine.strategy({ onTrade() {}, onLob() {} }))).toEqual([])
    const clash = bot({ name: "a" }).tasks([
      trades("okx", ["BTC_USDT"], at7),
      trades("binance-um", ["BTC_USDT_PERP"], at7),
    ])
    expect(mistakes(clash.strategy(nop))).toEqual([
      "task feed binance-um trades #7: duplicate task id for the same task type",
    ])
  })

  test("that cannot be counted are refused, the last that can is not", () => {
    const last = Number.MAX_SAFE_INTEGER
    const declared = (chunk: number) =>
      bot({ name: "a" })
        .task(intents({ taskBaseId: last, chunk }))
        .strategy({ onInstIntent() {} })
    expect(mistakes(declared(1))).toEqual([])
    expect(mistakes(declared(2))).toEqual([
      `task intents #?: its ids ${last} + 2 pass the largest number that can be counted, 2^53 - 1`,
    ])
  })
})

describe("build", () => {
  test("reports every mistake at once, naming task and strategy", () => {
    class Reader {
      onPred(): void {}
    }
    const router = orders("okx")
    const wrong = bot({
      name: "Not a name",
      limits: { ordersPerMinuteMax: 0, orderNotionalMax: "-1", orderSizeMax: { ["BTC_USDT_FUT" as string]: "1" } },
      params: params({ threshold: number(0.5, { min: 0, max: 1 }) }),
    })
      .tasks([
        trades("binance-um", names("BTC_USDT", "btc")),
        trades("nasdaq" as "okx", ["BTC_USDT"]),
        lob("okx", [], { form: "snapshot", depth: 0 }),
        schedule({ everyMs: 0.5 }),
        onnx(" "),
        zmq("localhost"),
        router,
      ])
      .strategy(new Reader() as object as { onTrade(): void; onLob(): void; onSchedule(): void; onPreds(): void }, {
        on: [router, tape as never],
      })
      .strategy({ onTrade() {}, onLob() {}, onPreds() {}, onSchedule() {}, name: "two" })
      .strategy({ onTrade() {}, onLob() {}, onPreds() {}, onSchedule() {}, name: "two" })
    expect(mistakes(wrong, ALL, { set: { threshold: "2", treshold: "1" } })).toEqual([
      'its name "Not a name" must be 1 to 48 lower-case letters, digits and hyphens',
      "task feed binance-um trades #1: binance-um lists perpetual and future instruments, but BTC_USDT is a spot",
      'task feed binance-um trades #1: "btc" is not an instrument name; write BASE_QUOTE, BASE_QUOTE_PERP or BASE_QUOTE_FUT_YYMMDD in capitals',
      'task feed nasdaq trades #2: there is no market "nasdaq"',
      "task feed okx lob #3: names no instruments",
      "task feed okx lob #3: depth is 0; write a number of levels above 0",
      "task schedule #1: everyMs is 0.5; write a number of milliseconds from 1",
      "task predict onnx   #1: the model's path is empty",
      'task predict zmq localhost #2: "localhost" is no endpoint; write tcp://host:port, ipc://path or a port',
      'limit orderNotionalMax is "-1"; write a decimal number above 0',
      "limit ordersPerMinuteMax is 0; write a whole number above 0",
      "limit orderSizeMax names BTC_USDT_FUT, which no market of this bot can list",
      'no parameter is named "treshold"; there is threshold',
      'parameter threshold: "2" is not a number from 0 to 1',
      "strategy Reader: no callback is named onPred; did you mean onPreds?",
      "strategy Reader: is bound to an unregistered task, feed binance-um trades #?",
      "strategy two: another has the same name, under which ctx.state is kept; give each its own",
    ])
  })

  test("refuses what looks like a callback and is none, by the name of the nearest, as the types do", () => {
    const misspelt = (strategy: object) =>
      mistakes(
        bot({ name: "a" })
          .task(tape)
          .strategy(strategy as never),
      )
    class Careless {
      onTrade(): void {}
      onorder(): void {}
      on_error(): void {}
      onlag(): void {}
      OnFeedState(): void {}
      onTicks(): void {}
      Stop(): void {}
    }
    const no = (name: string, nearest: string) => `no callback is named ${name}; did you mean ${nearest}?`
    expect(misspelt(new Careless())).toEqual([
      `strategy Careless: ${no("onorder", "onOrder")}`,
      `strategy Careless: ${no("on_error", "onError")}`,
      `strategy Careless: ${no("onlag", "onLag")}`,
      `strategy Careless: ${no("OnFeedState", "onFeedState")}`,
      expect.stringContaining("no callback is named onTicks; there is onAltEvent, onWsEvent, onSchedule, "),
      `strategy Careless: ${no("Stop", "stop")}`,
    ])
    expect(misspelt({ onTrade() {}, on: true, once() {}, online: 1, restart() {}, stopped: false })).toEqual([])
  })

  test("refuses limits that bind nothing, or something else than was meant", () => {
    const limited = (limits: unknown, ...routers: ReturnType<typeof orders>[]) =>
      mistakes(
        bot({ name: "a", limits: limits as never })
          .tasks([tape, ...routers])
          .strategy(nop),
      )
    const um = orders("binance-um")
    expect(limited({ orderSizeMax: {} }, um)).toEqual([
      "limit orderSizeMax names no instrument; name those it bounds, or leave it out",
    ])
    expect(limited({ orderSizeMax: { BTC_USDT_PREP: "1" } }, um)).toEqual([
      "limit orderSizeMax names BTC_USDT_PREP, which no market of this bot can list",
    ])
    expect(limited({ orderSizeMax: { BTC_USDT: "1" } }, um)).toHaveLength(1)
    expect(limited({ orderSizeMax: { BTC_USDT: "1" } }, um, orders("okx"))).toEqual([])
    expect(limited({ orderSizeMax: { BTC_USDT: "1", btc: "1" } })).toEqual([
      "limit orderSizeMax names btc, which is no instrument name",
    ])
    expect(limited({ orderSizeMax: { BTC_USDT_PERP: undefined, ETH_USDT_PERP: "0" } }, um)).toEqual([
      'limit orderSizeMax BTC_USDT_PERP is "undefined"; write a decimal number above 0',
      'limit orderSizeMax ETH_USDT_PERP is "0"; write a decimal number above 0',
    ])
    expect(limited({ orderSizeMax: "1" }, um)).toEqual([
      'limit orderSizeMax is "1"; write a size for each instrument: { BTC_USDT_PERP: "0.1" }',
    ])
    expect(limited({ orderSizeMax: { BTC_USDT_PERP: 1 }, orderNotionalMax: 1_000 }, um)).toEqual([
      'limit orderNotionalMax is the number 1000; write it as text: "1000"',
      'limit orderSizeMax BTC_USDT_PERP is the number 1; write it as text: "1"',
    ])
    expect(limited({ orderSizeMax: undefined, openOrdersMax: 1 }, um)).toEqual([])
  })

  test("refuses a second orders task of a market, which would count every order and fill again", () => {
    const declared = (...routers: ReturnType<typeof orders>[]) =>
      mistakes(bot({ name: "a" }).tasks(routers).strategy({}))
    const [um, spot] = [orders("binance-um"), orders("binance-spot")]
    expect(declared(um, spot)).toEqual([])
    const why =
      "orders binance-um #2 is on the same market, where both would count every order and fill: declare one, and let all strategies submit to it"
    expect(declared(um, spot, orders("binance-um", { id: "2" }))).toEqual([`task orders binance-um #1: ${why}`])
    expect(declared(um, orders("binance-um"), spot, orders("binance-um"))).toEqual([
      `task orders binance-um #1: ${why.replace("#2", "#2 and orders binance-um #4")}`,
    ])
  })

  test("names options that nobody knows, types or not: they would be passed over without a word", () => {
    const typeless = (options: object) => options as never
    const router = orders("okx", typeless({ chunk: 2 }))
    const declared = bot(typeless({ name: "a", limits: { orderNotionMax: "5", openOrdersMax: 1 }, exclusive: true }))
      .tasks([
        trades("okx", ["BTC_USDT"], typeless({ histroy: 5, chunk: 2 })),
        bbo("okx", ["BTC_USDT"], typeless({ each: true })),
        candles("okx", ["BTC"] as string[], "1m", typeless({ ringslots: 1 })),
        onnx("m.onnx", typeless({ curve: true })),
        zmq(1, typeless({ inline: true })),
        schedule(typeless({ everyMs: 1, every: 2 })),
        router,
      ])
      .strategy(
        { onTrade() {}, onLob() {}, onCandle() {}, onPreds() {}, onSchedule() {} },
        typeless({ onthrow: "stop" }),
      )
    expect(mistakes(declared).map((mistake) => mistake.replace(/; there is .*$/, ""))).toEqual([
      'no option is named "exclusive"',
      'task feed okx trades #?: no option is named "histroy"',
      'task feed okx lob #?: no option is named "each"',
      'task feed okx candles #?: no option is named "ringslots"',
      'task predict onnx m.onnx #?: no option is named "curve"',
      'task predict zmq tcp://127.0.0.1:1 #?: no option is named "inline"',
      'task schedule #?: no option is named "every"',
      'task orders okx #?: no option is named "chunk"',
      'task feed okx candles #4: "BTC" is not an instrument name; write BASE_QUOTE, BASE_QUOTE_PERP or BASE_QUOTE_FUT_YYMMDD in capitals',
      'no limit is named "orderNotionMax"',
      'strategy strategy-1: no option is named "onthrow"',
    ])
    expect(mistakes(declared)[1]).toEndWith(
      "there is id, taskBaseId, chunk, ringSlots, manual, silenceMsMax, history, each",
    )
  })

  test("keeps what a bot says of its model's service, and refuses what means nothing there", () => {
    const service = { mode: "dealer", inFlightMax: 8, replyBytesMax: 1_000, curve: "FAST" } as const
    const declared = (...models: ReturnType<typeof zmq>[]) =>
      bot({ name: "a" })
        .tasks(models)
        .strategy({ onPreds() {} }) as unknown as Bot
    const { specs } = declarationOf(declared(zmq(5_555), zmq(5_556, { ...service, deadlineMs: 7 })))
    expect(specs.map((spec) => "service" in spec && spec.service)).toEqual([false, service])
    const wrong = declared(
      zmq(1, { mode: "pub" as "req", curve: "fast" }),
      zmq(2, { inFlightMax: 8, replyBytesMax: 0 }),
      zmq(3, { mode: "dealer", inFlightMax: 1.5 }),
    )
    expect(mistakes(wrong).map((mistake) => mistake.replace(/^task predict zmq tcp:\/\/127\.0\.0\.1:/, ""))).toEqual([
      '1 #1: mode is "pub"; write "req" or "dealer"',
      '1 #1: curve is "fast"; write true, or the prefix of the keys\' variables in capitals',
      '2 #2: inFlightMax is for mode: "dealer"; a REQ socket has one request on its way',
      "2 #2: replyBytesMax is 0; write a whole number from 1",
      "3 #3: inFlightMax is 1.5; write a whole number from 1",
    ])
  })

  test("wants a callback for each kind of task a strategy is bound to, types or not", () => {
    const declared = bot({ name: "a" }).tasks([
      tape,
      accountOrders("binance-um"),
      orders("binance-um"),
      trades("okx", ["BTC_USDT"], { manual: true }),
    ])
    expect(mistakes(declared.strategy({} as never))).toEqual([
      "strategy strategy-1: is bound to feed binance-um trades #1 but has no onTrade",
      "strategy strategy-1: is bound to feed binance-um accOrders #2 but has no onAccOrder",
      "strategy strategy-1: is bound to feed okx trades #3 but has no onWsEvent",
    ])
  })

  test("says which markets, models and channels this build lacks", () => {
    const declared = bot({ name: "a" })
      .tasks([tape, onnx("m.onnx")])
      .strategy({ onTrade() {}, onPreds() {} })
    expect(mistakes(declared, { markets: ["okx"], runners: ["zmq"] })).toEqual([
      "task feed binance-um trades #1: market binance-um is not in this build; it has okx",
      "task predict onnx m.onnx #1: onnx models are not in this build; it runs zmq",
    ])
    expect(
      mistakes(declared, { ...ALL, refusal: ({ kind }) => (kind === "feed" ? "not offered" : undefined) }),
    ).toEqual(["task feed binance-um trades #1: not offered"])
  })

  test("refuses a bot without strategies, a task declared twice and a handler that is no function", () => {
    expect(mistakes(bot({ name: "a" }).tasks([tape, tape]))).toEqual([
      "task feed binance-um trades #? is declared twice",
      "it declares no strategy",
    ])
    expect(
      mistakes(
        bot({ name: "a" })
          .task(tape)
          .strategy({ onTrade: 5 as never }),
      ),
    ).toEqual([
      "strategy strategy-1: onTrade is not a function",
      "strategy strategy-1: is bound to feed binance-um trades #1 but has no onTrade",
    ])
  })

  test("notes handlers that nothing will call", () => {
    const router = orders("binance-um")
    const plan = build(
      bot({ name: "a" })
        .tasks([tape, router])
        .strategy({ onTrade() {}, onAltEvent() {}, onOrder() {}, onError() {} }, { on: [tape], name: "s" })
        .strategy({ onAltEvent() {}, onOrder() {} }, { on: [router], name: "t" }),
      ALL,
    )
    expect(plan.notes).toEqual([
      "strategy s has onAltEvent, but no task it is bound to calls it",
      "strategy s has onOrder, but no task it is bound to calls it",
    ])
  })

  test("binds a strategy to every task, to those named, or to none; twice named is once", () => {
    const other = trades("okx", ["BTC_USDT"], { chunk: 2 })
    const plan = build(
      bot({ name: "a" })
        .tasks([tape, other])
        .strategy(nop)
        .strategy(nop, { on: [other, other] })
        .strategy({ start() {} }, { on: [] }),
      ALL,
    )
    expect(plan.strategies.map(({ tasks }) => tasks)).toEqual([[0, 1, 2], [1, 2], []])
  })
})

describe("parameters", () => {
  const knobs = params({
    threshold: number(0.6, { min: 0, max: 1 }),
    levels: number(5, { isWhole: true }),
    orderSize: decimal("0.010", { min: "0.001" }),
    isNoisy: flag(false),
    style: choice("maker", ["maker", "taker"]),
    label: text("x"),
  })
  const declared = bot({ name: "a", params: knobs }).task(tape).strategy(nop)

  test("have defaults, take the environment's word, and --set's before it", () => {
    const env: Record<string, string> = { PERIGEE_PARAM_THRESHOLD: "0.7", PERIGEE_PARAM_ORDER_SIZE: "0.02" }
    const sources = { env: virtualEnv(env), set: { threshold: "0.8", isNoisy: "true" } }
    expect(build(declared, ALL, sources).params).toEqual({
      threshold: 0.8,
      levels: 5,
      orderSize: "0.02",
      isNoisy: true,
      style: "maker",
      label: "x",
    })
    expect(build(declared, ALL).params).toMatchObject({ threshold: 0.6, orderSize: "0.010" })
  })

  test.each([
    ["threshold", "1.1", '"1.1" is not a number from 0 to 1'],
    ["threshold", "", '"" is not a number from 0 to 1'],
    ["threshold", "NaN", '"NaN" is not a number from 0 to 1'],
    ["levels", "2.5", '"2.5" is not a whole number'],
    ["orderSize", "1e-3", '"1e-3" is not a decimal number from 0.001'],
    ["orderSize", "0.0001", '"0.0001" is not a decimal number from 0.001'],
    ["isNoisy", "yes", '"yes" is not true or false'],
    ["style", "both", '"both" is not one of maker, taker'],
  ])("refuse %s=%s", (name, value, mistake) => {
    expect(mistakes(declared, ALL, { set: { [name]: value } })).toEqual([`parameter ${name}: ${mistake}`])
  })

  test("refuse a variable that is none of theirs, with those there are: it would set nothing", () => {
    const env = virtualEnv({ PERIGEE_PARAM_TRESHOLD: "0.7", PERIGEE_PARAM_levels: "", PERIGEE_PARAM_LEVELS: "6" })
    const known = ["THRESHOLD", "LEVELS", "ORDER_SIZE", "IS_NOISY", "STYLE", "LABEL"]
    const there = known.map((name) => `PERIGEE_PARAM_${name}`).join(", ")
    expect(mistakes(declared, ALL, { env })).toEqual([
      `no parameter is read from PERIGEE_PARAM_TRESHOLD; there is ${there}`,
      `no parameter is read from PERIGEE_PARAM_levels; there is ${there}`,
    ])
    expect(mistakes(bot({ name: "a" }).task(tape).strategy(nop), ALL, { env }).at(0)).toBe(
      "no parameter is read from PERIGEE_PARAM_LEVELS; there is none",
    )
    expect(mistakes(declared, ALL, { env: virtualEnv({ PERIGEE_TOKEN: "x", PERIGEE_PARAM_LEVELS: "6" }) })).toEqual([])
  })

  test("refuse two names that one variable would set", () => {
    const twins = params({ orderSize: number(1), order_size: number(2), "order-size": number(3), size: number(4) })
    expect(mistakes(bot({ name: "a", params: twins }).task(tape).strategy(nop))).toEqual([
      "parameters orderSize and order_size and order-size are read from one variable, PERIGEE_PARAM_ORDER_SIZE; rename all but one",
    ])
  })

  test("refuse a plain value where a parameter is to be declared", () => {
    const plain = bot({ name: "a", params: { size: 5, label: null } as never })
    expect(mistakes(plain.task(tape).strategy(nop)).map((mistake) => mistake.split(";")[0])).toEqual([
      "parameter size is declared by a plain value",
      "parameter label is declared by a plain value",
    ])
  })

  test("refuse a default that breaks their own rule", () => {
    const broken = bot({ name: "a", params: params({ threshold: number(2, { max: 1 }) }) })
      .task(tape)
      .strategy(nop)
    expect(mistakes(broken)).toEqual(['parameter threshold: its default "2" is not a number to 1'])
  })

  test("are read from variables in capitals", () => {
    expect(["threshold", "orderSize", "max2Levels"].map(paramVariable)).toEqual([
      "PERIGEE_PARAM_THRESHOLD",
      "PERIGEE_PARAM_ORDER_SIZE",
      "PERIGEE_PARAM_MAX2_LEVELS",
    ])
  })
})

describe("a declaration", () => {
  test("can be read without being built: markets, models, tasks, strategies, parameters", () => {
    const declared = bot({ name: "wide", params: params({ threshold: number(0.6) }) })
      .tasks([tape, book("okx", ["BTC_USDT"]), orders("okx"), onnx("m.onnx"), onnx("n.onnx", { inline: true })])
      .strategy({ onTrade() {}, onLob() {}, onPreds() {}, name: "s" })
    const { markets, runners, strategies, params: knobs, specs } = declarationOf(declared)
    expect({ markets, runners, strategies, params: knobs }).toEqual({
      markets: ["binance-um", "okx"],
      runners: ["onnx"],
      strategies: ["s"],
      params: [{ name: "threshold", variable: "PERIGEE_PARAM_THRESHOLD", wants: "a number", fallback: 0.6 }],
    })
    expect(JSON.parse(JSON.stringify(specs))).toEqual([...specs])
  })

  test("is told from anything else a file may export", () => {
    expect(isBot(bot({ name: "a" }))).toBe(true)
    expect([undefined, null, {}, () => undefined, { name: "a" }, "bot"].filter(isBot)).toEqual([])
  })

  test("is never changed by a further step", () => {
    const base = bot({ name: "a" }).task(tape)
    base.task(intents())
    expect(declarationOf(base).specs).toHaveLength(1)
  })
})
