import { describe, expect, test } from "bun:test"
import { book, bot, type Context, intents, number, onnx, orders, params, relay, trades } from "../../../src/index.ts"
import { ConfigError, UsageError } from "../../../src/runtime/domain/errors.ts"
import type { Handle } from "../../../src/runtime/engine/declaration/handle.ts"
import type { StateOptions } from "../../../src/runtime/engine/declaration/strategy.ts"
import { gate, order, rig, type RigOptions, settle, type Stub, trade } from "./rig.ts"

const tape = trades("binance-um", ["BTC_USDT_PERP"])
const buy = { inst: "BTC_USDT_PERP", side: "BUY", size: "1", type: "market" } as const
const tensor = { timestamp: 1, data: new Float32Array(1), shape: [1], metadata: {} }

/** A bot with these tasks whose context the test holds. */
async function contextOf(handles: readonly Handle[], options: RigOptions = {}, state?: StateOptions) {
  let seen: Context | undefined
  const strategy = {
    start: (ctx: Context) => void (seen = ctx),
    onTrade() {},
  }
  const declared = bot({ name: "a", params: params({ threshold: number(0.5) }) })
    .tasks([tape, ...handles])
    .strategy(strategy as never, { on: [tape], name: "s", ...(state === undefined ? {} : { state }) })
  const one = rig(declared, options)
  await one.engine.start()
  return { one, ctx: seen as Context }
}

describe("commands", () => {
  test("a handle of another bot is refused by name at its first use", async () => {
    const { ctx } = await contextOf([])
    const router = orders("binance-um")
    const request = { inst: "BTC_USDT_PERP", side: "BUY", size: "1", type: "market" } as const
    expect(() => ctx.submit(router, request)).toThrow(
      new UsageError("task orders binance-um #? is not of this bot; add it with .task(…)"),
    )
    expect(() => ctx.predict(onnx("m.onnx"), tensor)).toThrow("task predict onnx m.onnx #? is not of this bot")
    expect(() => ctx.position("BTC_USDT_PERP")).toThrow("this bot declares no orders(…) task")
  })

  test("a request for a chunked model goes to each worker in turn, or to the one named", async () => {
    const model = onnx("m.onnx", { chunk: 3 })
    const { one, ctx } = await contextOf([model])
    for (let i = 0; i < 4; i++) ctx.predict(model, tensor)
    ctx.predict(model.part(3), tensor)
    const workers = one.engine.tasks.filter(({ spec }) => spec.kind === "predict")
    expect(workers.map((task) => (task as unknown as { published: unknown[] }).published.length)).toEqual([2, 1, 2])
    expect(() => ctx.predict(model.part(4 as 3), tensor)).toThrow(
      new UsageError("task predict onnx m.onnx #? has parts 1 to 3; there is no part 4"),
    )
  })

  test("a part is known by its number or by an event of it; of several one must be named where it matters", async () => {
    const ideas = intents({ chunk: 2, taskBaseId: 5 })
    const manual = trades("okx", ["BTC_USDT"], { manual: true, chunk: 2 })
    const { one, ctx } = await contextOf([ideas, manual])
    const [first, second] = one.engine.tasks.filter(({ spec }) => spec.kind === "feed" && spec.isManual) as Stub[]
    await ctx.feed(manual.part(2)).send("by number")
    await ctx.feed(manual.part({ kind: "feed", id: second?.spec.id ?? "", market: "okx" })).send("by event")
    expect([first?.calls, second?.calls]).toEqual([["start"], ["start", "send by number", "send by event"]])
    const intent = { timestamp: 5, type: "weight", targets: [], metadata: {} } as const
    expect(() => ctx.publishIntent(ideas as never, intent)).toThrow(
      new UsageError("task intents #? has parts 5 to 6; name the one that is meant, as handle.part(…)"),
    )
    expect(() => ctx.publishIntent(ideas.part({ kind: "intents", id: "9" }), intent)).toThrow(
      new UsageError("task intents #? has parts 5 to 6; there is no intents #9 among them"),
    )
    expect(() => ctx.feed(manual.part({ kind: "intents", id: "5" }))).toThrow("there is no intents #5 among them")
    expect(() => ctx.publishIntent(intents({ chunk: 2 }).part(1), intent)).toThrow("is not of this bot")
  })

  test("orders are asked of the router named, of the only one, or of all", async () => {
    const um = orders("binance-um")
    const okx = orders("okx")
    const { one, ctx } = await contextOf([um, okx])
    one.task(um).openNow = [order("1")]
    one.task(okx).openNow = [order("2")]
    expect(ctx.openOrders().map(({ clientId }) => clientId)).toEqual(["1", "2"])
    expect(ctx.openOrders(undefined, okx).map(({ clientId }) => clientId)).toEqual(["2"])
    expect(ctx.position("BTC_USDT_PERP", um)).toEqual({ own: "1", account: undefined })
    expect(() => ctx.position("BTC_USDT_PERP")).toThrow("several orders(…) tasks; name the one that is meant")
  })

  test("a book is found by its inst, or by its feed where two markets keep one", async () => {
    const um = book("binance-um", ["BTC_USDT_PERP", "ETH_USDT_PERP"])
    const okx = book("okx", ["BTC_USDT_PERP"])
    const { ctx } = await contextOf([um, okx])
    expect(ctx.book("ETH_USDT_PERP")).toMatchObject({ why: "stub binance-um" })
    expect(ctx.book("BTC_USDT_PERP", okx)).toMatchObject({ why: "stub okx" })
    expect(() => ctx.book("BTC_USDT_PERP")).toThrow("binance-um and okx both keep a book of BTC_USDT_PERP")
    expect(() => ctx.book("SOL_USDT_PERP")).toThrow("no feed of this bot keeps a book of SOL_USDT_PERP")
  })

  test("that are given what is no argument for them say which, types or not", async () => {
    const [model, wish, desk, router] = [onnx("m.onnx"), intents(), relay(), orders("binance-um")]
    const { one, ctx } = await contextOf([model, wish, desk, router])
    const any = ctx as unknown as Record<string, (...words: unknown[]) => unknown>
    const none = "; name the one that is meant by its handle, as trades(…) gives it"
    const cases: [string, unknown[], string][] = [
      ["after", [NaN, () => 1], "after NaN ms cannot be; write a number of milliseconds up to 1000000000000"],
      ["after", [Infinity, () => 1], "after Infinity ms cannot be; write a number of milliseconds up to 1000000000000"],
      ["after", ["5", () => 1], "after 5 ms cannot be; write a number of milliseconds up to 1000000000000"],
      ["after", [5], "after: run is undefined; write the function to call"],
      ["every", [NaN, () => 1], "every NaN ms cannot be; write a number of milliseconds from 1 up to 1000000000000"],
      ["every", [0, () => 1], "every 0 ms cannot be; write a number of milliseconds from 1 up to 1000000000000"],
      ["every", [0.5, () => 1], "every 0.5 ms cannot be; write a number of milliseconds from 1 up to 1000000000000"],
      ["after", [1e300, () => 1], "after 1e+300 ms cannot be; write a number of milliseconds up to 1000000000000"],
      [
        "every",
        [Infinity, () => 1],
        "every Infinity ms cannot be; write a number of milliseconds from 1 up to 1000000000000",
      ],
      ["every", [5, "run"], "every: run is a string; write the function to call"],
      ["submit", [router, null], "submit: request is null; write { inst, side, size, … }"],
      ["submit", [router], "submit: request is undefined; write { inst, side, size, … }"],
      ["submit", [undefined, buy], `no task is undefined${none}`],
      ["amend", [router, "id"], "amend: request is a string; write { clientId, … }"],
      ["cancel", [{ kind: "orders" }, "1"], `no task is an object${none}`],
      ["predict", [{}, tensor], `no task is an object${none}`],
      ["predict", [{ kind: "part" }, tensor], `no task is an object${none}`],
      ["predict", [null, tensor], `no task is null${none}`],
      ["predict", [model], "predict: input is undefined; write { timestamp, data, shape, metadata }"],
      ["predict", [model, { ...tensor, data: [1] }], "predict: input.data is a list; write a Float32Array"],
      ["predict", [model, { ...tensor, shape: 1 }], "predict: input.shape is a number; write a list of sizes"],
      [
        "predict",
        [model, { ...tensor, timestamp: 1.5 }],
        "predict: input.timestamp is 1.5; write whole microseconds, as ctx.now() gives them",
      ],
      [
        "predict",
        [model, { ...tensor, timestamp: undefined }],
        "predict: input.timestamp is undefined; write whole microseconds, as ctx.now() gives them",
      ],
      [
        "predict",
        [model, { ...tensor, metadata: null }],
        'predict: input.metadata is null; write texts by name: { name: "text" }, or {}',
      ],
      ["predict", [model, { ...tensor, metadata: { n: 1 } }], "predict: input.metadata.n is a number; write a text"],
      ["balance", [undefined, router], 'balance: asset is undefined; write the name of an asset, such as "USDT"'],
      ["publishIntent", [wish, null], "publishIntent: intent is null; write { timestamp, type, targets, metadata }"],
      ["publishIntent", [wish, {}], "publishIntent: intent.targets is undefined; write a list of targets"],
      ["publishOrders", [desk, {}], "publishOrders: orders is an object; write a list of orders"],
      ["history", [tape], "history: wish is undefined; write { before, count }"],
      [
        "history",
        [tape, { before: undefined, count: 1 }],
        "history: wish.before is undefined; write the event of this feed that the past is to end before",
      ],
      ["book", ["BTC_USDT_PERP", {}], `no task is an object${none}`],
      ["feed", ["tape"], `no task is a string${none}`],
    ]
    Object.assign(one.task(tape), { history: () => Promise.resolve({ kind: "accepted", value: [] }) })
    for (const [call, words, message] of cases) {
      expect(() => any[call]!.apply(ctx, words), message).toThrow(new UsageError(message))
    }
    expect(one.journal.commits).toEqual([])
    ctx.after(-1, () => undefined)
    for (const [which, words] of [
      [undefined, "part undefined"],
      ["2", "part 2"],
      [{ kind: "predict", id: "9" }, "predict #9 among them"],
    ] as const) {
      expect(() => ctx.predict(model.part(which as never), tensor)).toThrow(
        new UsageError(`task predict onnx m.onnx #? has one part, 1; there is no ${words}`),
      )
    }
  })

  test("to a manual feed go as text, to an address", async () => {
    const manual = trades("okx", ["BTC_USDT"], { manual: true })
    const { one, ctx } = await contextOf([manual])
    const feed = ctx.feed(manual) as unknown as Record<string, (...words: unknown[]) => unknown>
    const cases: [string, unknown[], string][] = [
      ["connect", [], "connect: url is undefined; write the address, wss://…"],
      ["connect", ["wss://a.org", "x"], 'connect: headers is a string; write texts by name: { name: "text" }, or {}'],
      ["connect", ["wss://a.org", { a: 1 }], "connect: headers.a is a number; write a text"],
      ["send", [], "send: text is undefined; write a text, such as JSON.stringify(…) gives"],
      ["send", [{ op: "ping" }], "send: text is an object; write a text, such as JSON.stringify(…) gives"],
    ]
    for (const [call, words, message] of cases) {
      expect(() => feed[call]!.apply(feed, words), message).toThrow(new UsageError(message))
    }
    expect(one.task(manual).calls).toEqual(["start"])
  })

  test("a manual feed is driven by hand; an ack that does not come is unknown after 5 s", async () => {
    const manual = trades("okx", ["BTC_USDT"], { manual: true })
    const { one, ctx } = await contextOf([manual])
    const feed = ctx.feed(manual)
    expect(await feed.connect("wss://example.org")).toEqual({ kind: "accepted", value: undefined })
    expect(await feed.send("hello")).toEqual({ kind: "accepted", value: undefined })
    expect(one.task(manual).calls).toEqual(["start", "connect wss://example.org", "send hello"])
    const answer = feed.shutdown()
    await one.clock.advance(5_000)
    expect(await answer).toEqual({ kind: "unknown", why: "no ack of shutdown in 5000 ms" })
    expect(() => ctx.feed(tape as never)).toThrow("feed 1 is not manual")
  })

  test("intents and orders published by one strategy reach those bound to the task", async () => {
    const ideas = intents()
    const desk = relay()
    const seen: string[] = []
    const one = rig(
      bot({ name: "a" })
        .tasks([tape, ideas, desk])
        .strategy(
          {
            onTrade(_, ctx) {
              ctx.publishIntent(ideas, { timestamp: 5, type: "weight", targets: [], metadata: {} })
              ctx.publishOrders(desk, [])
            },
          },
          { on: [tape] },
        )
        .strategy(
          {
            onInstIntent: ({ data }) => void seen.push(`intent ${data.timestamp}`),
            onOrderExecution: ({ data }) => void seen.push(`orders ${data.length}`),
          },
          { on: [ideas, desk] },
        ),
    )
    await one.engine.start()
    one.send(tape, "onTrade", trade(1))
    expect(seen).toEqual(["intent 5", "orders 0"])
  })

  test("what is no intent, or no order, is refused by the name of its field and reaches nobody", async () => {
    const ideas = intents()
    const desk = relay()
    const seen: unknown[] = []
    const answers: unknown[] = []
    const intent = { timestamp: 5, type: "weight", targets: [], metadata: {} }
    const one = rig(
      bot({ name: "a" })
        .tasks([tape, ideas, desk])
        .strategy(
          {
            onTrade(_, ctx) {
              answers.push(ctx.publishIntent(ideas, { ...intent, type: "wieght" } as never))
              answers.push(ctx.publishIntent(ideas, { ...intent, metadata: null } as never))
              answers.push(ctx.publishOrders(desk, [{ market: "okx", request: { ...buy, side: "buy" } }] as never))
            },
          },
          { on: [tape] },
        )
        .strategy(
          { onInstIntent: ({ data }) => seen.push(data), onOrderExecution: ({ data }) => seen.push(data) },
          { on: [ideas, desk] },
        ),
    )
    await one.engine.start()
    one.send(tape, "onTrade", trade(1))
    expect(answers).toEqual([
      { kind: "refused", reason: 'type "wieght" is not known; write weight or price' },
      { kind: "refused", reason: 'metadata null is no table of texts; write { name: "text" }' },
      { kind: "refused", reason: 'order 1 of 1: side "buy" is not known; write BUY or SELL' },
    ])
    expect(seen).toEqual([])
  })
})

describe("timers", () => {
  test("fire as events of their own: never while a handler of the strategy runs", async () => {
    const seen: string[] = []
    const hold = gate()
    const one = rig(
      bot({ name: "a" })
        .task(tape)
        .strategy({
          async onTrade(_, ctx) {
            ctx.after(10, () => seen.push("fired"))
            await hold.promise
            seen.push("handled")
          },
        }),
    )
    await one.engine.start()
    one.send(tape, "onTrade", trade(1))
    await one.clock.advance(100)
    expect(seen).toEqual([])
    hold.resolve()
    await settle()
    expect(seen).toEqual(["handled", "fired"])
  })

  test("can be cancelled, even after they fired into a busy strategy; a slow one does not pile up", async () => {
    const { one, ctx } = await contextOf([])
    let ticks = 0
    const timer = ctx.every(10, () => void ticks++)
    await one.clock.advance(35)
    timer.cancel()
    await one.clock.advance(100)
    expect(ticks).toBe(3)

    const hold = gate()
    ctx.after(0, () => hold.promise)
    await one.clock.advance(1)
    ctx.every(10, () => void ticks++)
    const cancelled = ctx.after(5, () => void (ticks += 100))
    await one.clock.advance(100)
    cancelled.cancel()
    hold.resolve()
    await settle()
    expect(ticks).toBe(4)
  })

  test("that throw are reported like any handler", async () => {
    const { one, ctx } = await contextOf([])
    ctx.after(1, () => {
      throw new Error("late")
    })
    await one.clock.advance(2)
    expect(one.logged.find(({ event }) => event === "strategy.threw")?.fields).toMatchObject({
      callback: "timer",
      why: "late",
    })
  })
})

describe("state", () => {
  const row = (key: string, value: string) => ({ strategy: "s", key, value })

  test("is there again after a restart, each strategy its own, and reads are copies", async () => {
    const restored = {
      state: [row("count", "3"), row("list", "[1,2]"), { strategy: "other", key: "count", value: "9" }],
    }
    const { one, ctx } = await contextOf([], { restored })
    expect(ctx.state.get<number>("count")).toBe(3)
    ctx.state.get<number[]>("list")?.push(3)
    expect(ctx.state.get("list")).toEqual([1, 2])
    expect(ctx.state.get("none", "fallback")).toBe("fallback")
    expect(ctx.state.keys()).toEqual(["count", "list"])
    one.engine.turn.run(() => {
      ctx.state.set("count", 4)
      ctx.state.set("count", 4)
      ctx.state.delete("list")
    })
    expect(one.journal.commits).toEqual([
      [
        { kind: "state", strategy: "s", key: "count", value: "4" },
        { kind: "state", strategy: "s", key: "list", value: undefined },
      ],
    ])
  })

  const cyclic: Record<string, unknown> = {}
  cyclic["self"] = cyclic
  test.each([
    ["NaN", NaN],
    ["a function", () => 1],
    ["undefined inside", { a: undefined }],
    ["a bigint", 1n],
    ["a date", new Date(0)],
    ["a map", new Map()],
    ["a cycle", cyclic],
  ])("refuses %s rather than lose it", async (_, value) => {
    const { one, ctx } = await contextOf([])
    expect(() => ctx.state.set("k", value as never)).toThrow(UsageError)
    expect(one.journal.commits).toEqual([])
  })

  test("is found under a text only: no other key can ever have been written", async () => {
    const { ctx } = await contextOf([])
    expect(() => ctx.state.get(undefined as never)).toThrow(
      new UsageError("a state key is of type undefined; write a text"),
    )
    expect(() => ctx.state.delete(5 as never)).toThrow(new UsageError("a state key is of type number; write a text"))
  })

  test("of an older version goes through migrate, in one transaction with the new version's number", async () => {
    const options: StateOptions = {
      version: 3,
      migrate: (from, old) => ({ total: Number(old["count"]) * 10, from }),
    }
    const { one, ctx } = await contextOf(
      [],
      { restored: { state: [row("$version", "2"), row("count", "4")] } },
      options,
    )
    expect(ctx.state.keys()).toEqual(["total", "from"])
    expect(ctx.state.get<number>("total")).toBe(40)
    expect(one.journal.commits).toEqual([
      [
        { kind: "state", strategy: "s", key: "count", value: undefined },
        { kind: "state", strategy: "s", key: "total", value: "40" },
        { kind: "state", strategy: "s", key: "from", value: "2" },
        { kind: "state", strategy: "s", key: "$version", value: "3" },
      ],
    ])
  })

  test("of strategies told apart by their place alone is warned of once, at its first write; of others not", async () => {
    class Reader {
      start(ctx: Context): void {
        ctx.state.set("a", 1)
        ctx.state.set("b", 1)
      }
    }
    const one = rig(
      bot({ name: "a" })
        .strategies([new Reader(), new Reader()])
        .strategy(new Reader(), { name: "third" })
        .strategy({ start: (ctx: Context) => ctx.state.set("a", 1) }),
    )
    await one.engine.start()
    const warned = one.logged.filter(({ event }) => event === "state.numbered")
    expect(warned.map(({ level, fields }) => [level, fields["strategy"]])).toEqual([
      ["warn", "Reader-1"],
      ["warn", "Reader-2"],
    ])
  })

  test("of a newer version, or without a way from an older one, is refused", () => {
    const found = { restored: { state: [row("$version", "2"), row("count", "4")] } }
    expect(contextOf([], found, { version: 1 })).rejects.toThrow(
      new ConfigError("the state of strategy s is of version 2; this bot knows it up to 1"),
    )
    expect(contextOf([], found, { version: 3 })).rejects.toThrow("version 3 wants a migrate function")
  })
})

describe("what a strategy is given", () => {
  test("its parameters, its name, time, chance, a log that names it, metrics of its own", async () => {
    const { one, ctx } = await contextOf([], { set: { threshold: "0.75" } })
    expect(ctx.params).toEqual({ threshold: 0.75 })
    expect([ctx.bot, ctx.strategy, ctx.now(), ctx.random()]).toEqual(["a", "s", one.clock.now(), 0.5])
    ctx.log.info("hello", { x: 1 })
    expect(one.logged.at(-1)).toEqual({ level: "info", event: "hello", fields: { x: 1, strategy: "s" } })
    ctx.metrics.counter("signals_total", "Signals").value += 2
    ctx.metrics.counter("signals_total", "Signals").value += 1
    const [sample] = one.metrics.families.get("perigee_strategy_signals_total")?.samples ?? []
    expect(sample).toMatchObject({ labels: { strategy: "s" }, metric: { value: 3 } })
    expect(() => ctx.metrics.gauge("Bad name", "")).toThrow(UsageError)
  })

  test("a log that loses nothing of what was given in the wrong place", async () => {
    const { one, ctx } = await contextOf([])
    const log = ctx.log as unknown as Record<"error" | "info", (...words: unknown[]) => void>
    const error = new Error("no")
    log.error(error)
    log.error("failed", error)
    log.info("words", "more")
    log.info({ price: 5 }, "pino's own order")
    log.info("hidden", { level: 3, time: 5, event: "x", price: 1 })
    log.info("nothing", null)
    const fields = one.logged.slice(-6).map(({ event, fields }) => [event, fields])
    expect(fields).toEqual([
      ["unnamed", { value: error, strategy: "s" }],
      ["failed", { value: error, strategy: "s" }],
      ["words", { value: "more", strategy: "s" }],
      ["pino's own order", { price: 5, strategy: "s" }],
      ["hidden", { level_: 3, time_: 5, event_: "x", price: 1, strategy: "s" }],
      ["nothing", { strategy: "s" }],
    ])
  })

  test("metrics that a scraper can read: anything else would cost it all of them", async () => {
    const { ctx } = await contextOf([])
    const counter = ctx.metrics.counter as (...words: unknown[]) => unknown
    const cases: [unknown[], string][] = [
      [[undefined, "x"], "metric undefined: write lower-case letters, digits and _"],
      [["Bad name", "x"], 'metric "Bad name": write lower-case letters, digits and _'],
      [["fills_total"], "metric fills_total: help is undefined; write what it counts"],
      [
        ["fills_total", "Fills", null],
        'metric fills_total: labels is null; write texts by name: { name: "text" }, or {}',
      ],
      [["fills_total", "Fills", { level: 5 }], "metric fills_total: labels.level is a number; write a text"],
      [
        ["fills_total", "Fills", { "a b": "x" }],
        'metric fills_total: label "a b" cannot be; write letters, digits and _, no digit or __ first',
      ],
      [
        ["fills_total", "Fills", { __name__: "x" }],
        'metric fills_total: label "__name__" cannot be; write letters, digits and _, no digit or __ first',
      ],
      [
        ["fills_total", "Fills", { strategy: "x" }],
        'metric fills_total: label "strategy" is always the strategy\'s own name; take another word',
      ],
    ]
    for (const [words, message] of cases) expect(() => counter(...words), message).toThrow(new UsageError(message))
    ctx.metrics.counter("fills_total", "Fills", { side: "BUY" })
  })
})
