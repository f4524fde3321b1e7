import { describe, expect, test } from "bun:test"
import { bot, type Context, onnx, orders, schedule, trades, type TradeMsg } from "../../../src/index.ts"
import { StrategyError } from "../../../src/runtime/domain/errors.ts"
import type { News } from "../../../src/runtime/engine/news.ts"
import { changed, gate, rig, settle, trade } from "./rig.ts"

const tape = trades("binance-um", ["BTC_USDT_PERP"])
const router = orders("binance-um")
const model = onnx("m.onnx")
const buy = { inst: "BTC_USDT_PERP", side: "BUY", size: "1", type: "market" } as const

describe("a start", () => {
  test("awaits strategies before any task starts, so that nobody misses a first event", async () => {
    const seen: string[] = []
    const hold = gate()
    const one = rig(
      bot({ name: "a" })
        .task(tape)
        .strategy({ start: () => hold.promise, onTrade: ({ data }) => void seen.push(data.tradeId) }),
    )
    const started = one.engine.start()
    expect(one.task(tape).calls).toEqual([])
    expect(one.engine.reasons()).toEqual(["the bot is starting"])
    one.send(tape, "onTrade", trade(1))
    expect(seen).toEqual([])
    hold.resolve()
    await started
    expect(seen).toEqual(["1"])
    expect(one.task(tape).calls).toEqual(["start"])
    expect(one.engine.reasons()).toEqual([])
  })

  test("that a strategy refuses is rejected with its reason, with everything stopped again", async () => {
    const why = new Error("no model")
    const one = rig(
      bot({ name: "a" })
        .task(tape)
        .strategy({ onTrade() {} })
        .strategy({
          onTrade() {},
          start: () => Promise.reject(why),
        }),
    )
    const failed = one.engine.start().catch((error: unknown) => error)
    await one.clock.advance(1)
    expect(await failed).toEqual(new StrategyError("strategy strategy-2 could not start: no model", { cause: why }))
    expect(one.logged.filter(({ event }) => event === "strategy.start")).toEqual([
      {
        level: "error",
        event: "strategy.start",
        fields: { strategy: "strategy-2", why: "no model", stack: expect.stringContaining("engine.test.ts") },
      },
    ])
    expect(one.task(tape).calls).toEqual(["stop"])
    expect(one.engine.phase).toBe("stopped")
  })
})

describe("a stop", () => {
  test("stops feeds, waits for handlers, lets strategies stop, cancels orders, stops the rest, in this order", async () => {
    const story: string[] = []
    const hold = gate()
    const one = rig(
      bot({ name: "a" })
        .tasks([tape, router])
        .strategy(
          {
            async onTrade(_: TradeMsg, ctx: Context) {
              await hold.promise
              story.push("handled", ctx.submit(router, buy).kind)
            },
            stop(ctx) {
              story.push("stop")
              ctx.state.set("last", 1)
            },
          },
          { on: [tape] },
        ),
    )
    await one.engine.start()
    one.send(tape, "onTrade", trade(1))
    const stopped = one.engine.stop("test")
    await settle()
    expect(one.task(tape).calls).toEqual(["start", "stop"])
    expect(one.task(router).calls).toEqual(["start"])
    expect(story).toEqual([])
    hold.resolve()
    await stopped
    expect(story).toEqual(["handled", "refused", "stop"])
    expect(one.task(router).calls).toEqual(["start", "cancelAll", "stop"])
    expect(one.journal.commits.flat()).toMatchObject([{ kind: "state", key: "last", value: "1" }])
    await one.engine.stop("again")
    expect(one.task(tape).calls).toEqual(["start", "stop"])
  })

  test("keeps open orders where the bot says so", async () => {
    const one = rig(
      bot({ name: "a", openOrdersOnStop: "keep" })
        .tasks([tape, router])
        .strategy({ onTrade() {} }),
    )
    await one.engine.start()
    await one.engine.stop("test")
    expect(one.task(router).calls).toEqual(["start", "stop"])
  })

  test("waits for a handler that never settles only so long, and says so", async () => {
    const one = rig(
      bot({ name: "a" })
        .task(tape)
        .strategy({ name: "stuck", onTrade: () => new Promise<void>(() => undefined) }),
      { stopMsMax: 200 },
    )
    await one.engine.start()
    one.send(tape, "onTrade", trade(1))
    const stopped = one.engine.stop("test")
    await one.clock.advance(1_000)
    await stopped
    expect(one.logged.filter(({ event }) => event === "stop.late").map(({ fields }) => fields)).toContainEqual({
      what: "strategy stuck's handler",
      waitedMs: 200,
    })
    expect(one.engine.phase).toBe("stopped")
  })

  test("leaves no timer and delivers nothing after", async () => {
    const seen: string[] = []
    const one = rig(
      bot({ name: "a" })
        .task(tape)
        .strategy({
          start: (ctx) => void ctx.every(10, () => seen.push("tick")),
          onTrade: ({ data }) => void seen.push(data.tradeId),
        }),
    )
    await one.engine.start()
    await one.clock.advance(25)
    await one.engine.stop("test")
    one.send(tape, "onTrade", trade(1))
    await one.clock.advance(100)
    expect(seen).toEqual(["tick", "tick"])
  })
})

describe("a handler that throws", () => {
  function thrower(onThrow: "continue" | "pause" | "stop") {
    const seen: string[] = []
    const errors: string[] = []
    const one = rig(
      bot({ name: "a" })
        .tasks([tape, router])
        .strategy(
          {
            onTrade({ data }) {
              seen.push(`bad ${data.tradeId}`)
              throw new Error(`cannot ${data.tradeId}`)
            },
            onOrder: ({ data }) => void seen.push(`bad ${data.order.clientId}`),
            onError: ({ data, task }) => void errors.push(`${data.kind}: ${data.message} (${task.kind})`),
            onLag: ({ data }) => void seen.push(`bad ${data.kind} ${data.kind === "dropped" ? data.dropped : ""}`),
          },
          { name: "bad", onThrow },
        )
        .strategy({ onTrade: ({ data }) => void seen.push(`good ${data.tradeId}`) }),
    )
    return { one, seen, errors }
  }

  test("is reported with strategy, event and stack, and by default goes on; the others never notice", async () => {
    const { one, seen, errors } = thrower("continue")
    await one.engine.start()
    one.send(tape, "onTrade", trade(1))
    one.send(tape, "onTrade", trade(2))
    expect(seen).toEqual(["bad 1", "good 1", "bad 2", "good 2"])
    expect(errors).toEqual(["handler: cannot 1 (feed)", "handler: cannot 2 (feed)"])
    const logged = one.logged.filter(({ event }) => event === "strategy.threw")
    expect(logged).toHaveLength(2)
    expect(logged[0]?.fields).toMatchObject({ strategy: "bad", callback: "onTrade", why: "cannot 1", task: "feed 1" })
    expect(logged[0]?.fields["stack"]).toContain("engine.test.ts")
    expect(one.engine.reasons()).toEqual([])
  })

  test("is paused until resume where its policy says so, and loses no private event meanwhile", async () => {
    const { one, seen, errors } = thrower("pause")
    await one.engine.start()
    for (let i = 1; i <= 3; i++) one.send(tape, "onTrade", trade(i))
    one.send(router, "onOrder", changed("x"))
    expect(seen).toEqual(["bad 1", "good 1", "good 2", "good 3"])
    expect(one.engine.reasons()).toEqual(["strategy bad is paused: onTrade threw: cannot 1"])
    expect(errors).toEqual([])
    one.engine.resume()
    expect(errors).toEqual(["handler: cannot 1 (feed)"])
    expect(seen.slice(4)).toEqual(["bad dropped 2", "bad x"])
    expect(one.engine.reasons()).toEqual([])
  })

  test("is stopped for good where its policy says so", async () => {
    const { one, seen } = thrower("stop")
    await one.engine.start()
    for (let i = 1; i <= 3; i++) one.send(tape, "onTrade", trade(i))
    one.engine.resume()
    one.send(tape, "onTrade", trade(4))
    expect(seen).toEqual(["bad 1", "good 1", "good 2", "good 3", "good 4"])
    expect(one.engine.reasons()).toEqual(["strategy bad is stopped: onTrade threw: cannot 1"])
    expect(one.engine.state()["waiting"]).toEqual({ events: 0, bytes: 0 })
  })

  test("may throw in onError too: that is logged and not repeated", async () => {
    const one = rig(
      bot({ name: "a" })
        .task(tape)
        .strategy({
          onTrade: () => Promise.reject(new Error("first")),
          onError() {
            throw new Error("second")
          },
        }),
    )
    await one.engine.start()
    one.send(tape, "onTrade", trade(1))
    await settle()
    const logged = one.logged.filter(({ event }) => event === "strategy.threw").map(({ fields }) => fields["why"])
    expect(logged).toEqual(["first", "second"])
  })
})

describe("a handler over its time budget", () => {
  test("is reported by name when it held the loop", async () => {
    const errors: string[] = []
    const one = rig(
      bot({ name: "a" })
        .task(tape)
        .strategy(
          {
            onTrade: ({ data }) => one.clock.hold(data.tradeId === "2" ? 31 : 1),
            onError: ({ data }) => void errors.push(data.message),
          },
          { name: "spinner", handlerMsMax: 30 },
        ),
    )
    await one.engine.start()
    for (let i = 1; i <= 3; i++) one.send(tape, "onTrade", trade(i))
    expect(errors).toEqual(["strategy spinner: onTrade held the loop for 31.0 ms"])
  })

  test("is reported by name when it is a timer's call", async () => {
    const errors: string[] = []
    const one = rig(
      bot({ name: "a" })
        .task(tape)
        .strategy(
          {
            start(ctx) {
              ctx.after(5, () => one.clock.hold(30))
              ctx.after(100, () => one.clock.hold(31))
            },
            onTrade() {},
            onError: ({ data }) => void errors.push(data.message),
          },
          { name: "spinner", handlerMsMax: 30 },
        ),
    )
    await one.engine.start()
    await one.clock.advance(200)
    expect(errors).toEqual(["strategy spinner: timer held the loop for 31.0 ms"])
  })

  test("is reported once when its promise does not settle, and is served again when it does", async () => {
    const hold = gate()
    const seen: string[] = []
    const one = rig(
      bot({ name: "a" })
        .task(tape)
        .strategy(
          {
            onTrade: ({ data }) => (data.tradeId === "1" ? hold.promise : void seen.push(data.tradeId)),
            onError: ({ data }) => void seen.push(data.message),
          },
          { name: "waiter", settleMsMax: 100 },
        ),
    )
    await one.engine.start()
    one.send(tape, "onTrade", trade(1))
    one.send(tape, "onTrade", trade(2))
    await one.clock.advance(99)
    expect(one.logged.filter(({ event }) => event === "handler.unsettled")).toEqual([])
    await one.clock.advance(1_000)
    expect(one.logged.filter(({ event }) => event === "handler.unsettled")).toHaveLength(1)
    hold.resolve()
    await settle()
    expect(seen).toEqual(["strategy waiter: onTrade has not settled for 100 ms", "2"])
  })

  test("can be seen from outside: a watchdog is told which handler runs, and that it is over", async () => {
    const names: string[] = []
    const now: string[] = []
    const watch = {
      label: (name: string) => names.push(name),
      enter: (label: number) => now.push(names[label - 1] ?? "?"),
      leave: () => void now.push("over"),
    }
    const one = rig(
      bot({ name: "a" })
        .task(tape)
        .strategy({
          name: "here",
          onTrade: () => void now.push("inside"),
          start: (ctx) => void ctx.after(5, () => 0),
          stop: () => undefined,
        }),
      { watch },
    )
    await one.engine.start()
    one.send(tape, "onTrade", trade(1))
    await one.clock.advance(5)
    await one.engine.stop("test")
    const handled = ["here.onTrade", "inside", "over", "here.timer", "over"]
    expect(now).toEqual(["here.start", "over", ...handled, "here.stop", "over"])
  })

  test("is named by a watchdog also after an await; of several pending ones the latest is", async () => {
    const names = ["nobody"]
    let now = 0
    const watch = {
      label: (name: string) => names.push(name) - 1,
      enter(label: number) {
        const before = now
        now = label
        return before
      },
      leave: (before: number) => void (now = before),
    }
    const [one, two] = [gate(), gate()]
    const { engine, send } = rig(
      bot({ name: "a" })
        .task(tape)
        .strategy({ name: "one", onTrade: () => one.promise })
        .strategy({ name: "two", onTrade: ({ data }) => (data.tradeId === "1" ? undefined : two.promise) })
        .strategy({ name: "quick", onTrade() {} }),
      { watch },
    )
    await engine.start()
    send(tape, "onTrade", trade(1))
    expect(names[now]).toBe("one.onTrade")
    send(tape, "onTrade", trade(2))
    expect(names[now]).toBe("two.onTrade or another pending handler")
    two.reject(new Error("late"))
    await settle()
    expect(names[now]).toBe("one.onTrade")
    one.resolve()
    await settle()
    expect(names[now]).toBe("nobody")
  })
})

describe("modes", () => {
  function submitter(restored = {}) {
    const kinds: unknown[] = []
    const one = rig(
      bot({ name: "a" })
        .tasks([tape, router])
        .strategy({ onTrade: (_, ctx) => void kinds.push(ctx.submit(router, buy)) }, { name: "s" }),
      { restored },
    )
    return { one, kinds }
  }

  test("pause refuses new orders by name while data go on, is written down, and ends with resume", async () => {
    const { one, kinds } = submitter()
    await one.engine.start()
    one.engine.pause("lunch")
    one.send(tape, "onTrade", trade(1))
    expect(kinds).toEqual([{ kind: "refused", reasons: ["the bot is paused: lunch"] }])
    expect(one.engine.reasons()).toEqual(["the bot is paused: lunch"])
    one.engine.resume("back")
    one.send(tape, "onTrade", trade(2))
    expect(kinds[1]).toMatchObject({ kind: "submitted" })
    expect(one.journal.commits.flat()).toEqual([
      { kind: "mode", mode: "paused", why: "lunch", at: one.clock.now() },
      { kind: "mode", mode: "running", why: "back", at: one.clock.now() },
    ])
  })

  test("survive a restart", async () => {
    const { one, kinds } = submitter({ mode: "halted", modeWhy: "a mismatch" })
    await one.engine.start()
    one.send(tape, "onTrade", trade(1))
    expect(kinds).toEqual([{ kind: "refused", reasons: ["the bot is halted: a mismatch"] }])
  })

  test("a halt is not softened by a pause", async () => {
    const { one } = submitter()
    await one.engine.start()
    one.engine.halt("unknown for too long")
    one.engine.pause("operator")
    expect(one.engine.mode).toBe("halted")
  })

  test("a turn that does not reach the disk sends nothing and halts the bot", async () => {
    const { one, kinds } = submitter()
    await one.engine.start()
    one.journal.isFull = true
    one.engine.turn.run(() => {
      one.engine.turn.record({ kind: "state", strategy: "s", key: "k", value: "1" })
      one.publisher(tape, "onTrade")(trade(1), 0)
    })
    expect(one.task(router).calls).toEqual(["start", "submit s BTC_USDT_PERP"])
    expect(one.engine.mode).toBe("halted")
    one.send(tape, "onTrade", trade(2))
    expect(kinds[1]).toEqual({ kind: "refused", reasons: ["the bot is halted: disk full"] })
  })
})

describe("what outsiders see", () => {
  test("reasons of all tasks, and a state that is plain JSON", async () => {
    const tick = schedule({ everyMs: 10 })
    const one = rig(
      bot({ name: "a" })
        .tasks([tape, tick, model])
        .strategy({ onTrade() {}, onSchedule() {}, onPreds() {}, name: "s" }),
    )
    await one.engine.start()
    one.task(model).reasonsNow = ["model m.onnx: loading"]
    one.send(tape, "onTrade", trade(1))
    expect(one.engine.reasons()).toEqual(["model m.onnx: loading"])
    const state = JSON.parse(JSON.stringify(one.engine.state())) as Record<string, unknown>
    expect(state).toMatchObject({
      bot: "a",
      phase: "running",
      mode: "running",
      events: 1,
      waiting: { events: 0, bytes: 0 },
      strategies: [{ name: "s", state: "running", handled: 1, waiting: 0, dropped: 0, errors: 0 }],
    })
    expect((state["tasks"] as { task: string }[]).map(({ task }) => task)).toEqual([
      "feed binance-um trades #1",
      "schedule #1",
      "predict onnx m.onnx #1",
    ])
  })

  test("orders, fills, troubles and modes as they happen; market events never; a listener that throws is dropped", async () => {
    const news: News[] = []
    const one = rig(
      bot({ name: "a" })
        .tasks([tape, router])
        .strategy({ onTrade() {} }),
    )
    one.engine.subscribe(() => {
      throw new Error("broken pipe")
    })
    const leave = one.engine.subscribe((item) => void news.push(item))
    await one.engine.start()
    one.send(tape, "onTrade", trade(1))
    one.send(tape, "onError", { kind: "unreadable frame", message: "?", timestamp: 0 })
    one.send(router, "onOrder", changed("x"))
    one.engine.pause("lunch")
    leave()
    one.engine.resume()
    expect(news.map(({ kind }) => kind)).toEqual(["error", "order", "mode"])
    expect(one.logged.filter(({ event }) => event === "listener.threw")).toHaveLength(1)
  })

  test("events and latency are counted per task and callback", async () => {
    const one = rig(
      bot({ name: "a" })
        .task(tape)
        .strategy({ onTrade() {} }),
    )
    await one.engine.start()
    one.clock.hold(5)
    one.engine.turn.run(() => one.publisher(tape, "onTrade")(trade(1), one.clock.now() - 3_000))
    const events = one.metrics.families.get("perigee_events_total")?.samples
    const trades = events?.find(({ labels }) => labels["callback"] === "onTrade")
    expect(trades?.labels).toEqual({ callback: "onTrade", task: "feed binance-um trades #1" })
    expect(trades?.metric).toEqual({ value: 1 })
    expect((one.engine.state()["latencyUs"] as { max: number }).max).toBe(3_000)
  })
})
