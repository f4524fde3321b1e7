import { describe, expect, test } from "bun:test"
import { bot, orders, trades } from "../../../src/index.ts"
import { pinoLog } from "../../../src/runtime/platform/shared/log.ts"
import { WILD_HANDLERS } from "../awkward.ts"
import { changed, rig, type Rig, settle, trade } from "./rig.ts"

const tape = trades("binance-um", ["BTC_USDT_PERP"])

describe("a handler of several that holds the loop", () => {
  test("is found among several: the next ones are timed one by one", async () => {
    const one = rig(
      bot({ name: "a" })
        .task(tape)
        .strategy({ onTrade() {}, name: "quick" })
        .strategy({ onTrade: () => one.clock.hold(60), name: "spinner" }),
    )
    await one.engine.start()
    one.send(tape, "onTrade", trade(1))
    one.send(tape, "onTrade", trade(2))
    const slow = one.logged.filter(({ event }) => event.startsWith("handler"))
    expect(slow.map(({ event, fields }) => [event, fields["strategies"] ?? fields["strategy"]])).toEqual([
      ["handlers.slow", ["quick", "spinner"]],
      ["handler.slow", "spinner"],
    ])
  })

  test("is named in the end though it is slow but now and then; outsiders hear of each time", async () => {
    const errors: string[] = []
    const told: string[] = []
    const one = rig(
      bot({ name: "a" })
        .task(tape)
        .strategy({ onTrade() {}, onError: ({ data }) => void errors.push(data.message), name: "quick" })
        .strategy({
          onTrade: ({ data }) => (Number(data.tradeId) % 5_000 === 0 ? one.clock.hold(60) : undefined),
          onError: ({ data }) => void errors.push(data.message),
          name: "spinner",
        }),
    )
    one.engine.subscribe((news) => void (news.kind === "error" ? told.push(news.data.message) : undefined))
    await one.engine.start()
    for (let at = 0; at <= 40_000; at++) one.send(tape, "onTrade", trade(at))
    const unknown = "one or several of quick, spinner: onTrade held the loop for 60.0 ms"
    const named = "strategy spinner: onTrade held the loop for 60.0 ms"
    expect(errors).toEqual(Array.from({ length: 5 }, () => named))
    expect(told).toEqual([unknown, unknown, unknown, unknown, ...errors])
  })
})

describe("a strategy that is stopped by what it threw", () => {
  const desk = orders("binance-um")

  test.each([
    ["later", () => Promise.resolve().then(() => Promise.reject(new Error("boom")))],
    [
      "at once",
      () => {
        throw new Error("boom")
      },
    ],
  ] as const)("hears of it before that, thrown %s, past whatever waits, and can still act", async (_, handle) => {
    const heard: string[] = []
    const one = rig(
      bot({ name: "a" })
        .tasks([tape, desk])
        .strategy(
          {
            onTrade: handle,
            onOrder: () => void heard.push("order"),
            async onError({ data, task }, ctx) {
              const { kind } = ctx.submit(desk, { inst: "BTC_USDT_PERP", side: "BUY", size: "1" })
              heard.push(`${data.message} of ${task.kind}, an order is ${kind}`)
              await Promise.resolve()
              throw new Error("as well")
            },
          },
          { name: "wild", onThrow: "stop" },
        ),
    )
    await one.engine.start()
    one.engine.turn.run(() => {
      one.send(tape, "onTrade", trade(1))
      one.send(desk, "onOrder", changed("x"))
    })
    await one.clock.advance(1)
    expect(heard.filter((what) => what !== "order")).toEqual(["boom of feed, an order is submitted"])
    one.send(tape, "onTrade", trade(2))
    expect(one.engine.reasons()).toEqual(["strategy wild is stopped: onTrade threw: boom"])
    expect(one.logged.filter(({ event }) => event === "strategy.threw").map(({ fields }) => fields["why"])).toEqual([
      "boom",
      "as well",
    ])
    expect(one.engine.state()["waiting"]).toEqual({ events: 0, bytes: 0 })
  })

  test("leaves no timer of its own", async () => {
    const one = rig(
      bot({ name: "a" })
        .task(tape)
        .strategy(
          {
            start(ctx) {
              ctx.every(10, () => undefined)
              ctx.after(5_000, () => undefined)
            },
            onTrade(_, ctx) {
              ctx.every(10, () => undefined)
              throw new Error("boom")
            },
          },
          { onThrow: "stop" },
        ),
    )
    await one.engine.start()
    expect(one.clock.armed).toBe(2)
    one.send(tape, "onTrade", trade(1))
    expect(one.clock.armed).toBe(0)
  })

  test("is told nothing of an error of its onError, and is stopped for that", async () => {
    const heard: string[] = []
    const one = rig(
      bot({ name: "a" })
        .task(tape)
        .strategy(
          {
            onTrade() {},
            onError({ data }) {
              heard.push(data.message)
              throw new Error("as well")
            },
          },
          { name: "wild", onThrow: "stop" },
        ),
    )
    await one.engine.start()
    one.send(tape, "onError", { kind: "odd", message: "of the feed", timestamp: 0 })
    expect(heard).toEqual(["of the feed"])
    expect(one.engine.reasons()).toEqual(["strategy wild is stopped: onError threw: as well"])
  })
})

describe("what a handler does after an await", () => {
  const slow = (one: Rig): unknown[] =>
    one.logged
      .filter(({ event }) => event.startsWith("handler"))
      .map(({ event, fields }) => [event, fields["strategies"] ?? fields["strategy"], fields["what"]])

  /** Its first part is short, and then it holds the loop for so long. */
  const spinner = (one: () => Rig, ms: number) => ({
    async onTrade() {
      await Promise.resolve()
      one().clock.hold(ms)
    },
  })

  test("is found by what the loop did: the strategy that alone was pending is told, and outsiders", async () => {
    const errors: string[] = []
    const one: Rig = rig(
      bot({ name: "a" })
        .task(tape)
        .strategy({
          ...spinner(() => one, 80),
          onError: ({ data }) => void errors.push(`${data.kind}: ${data.message}`),
          name: "spinner",
        })
        .strategy({ onTrade() {}, name: "quick" }),
    )
    await one.engine.start()
    one.send(tape, "onTrade", trade(1))
    await one.clock.advance(1_000)
    expect(errors).toEqual(["slow handler: strategy spinner: onTrade was pending while the loop was held for 55.0 ms"])
    expect(slow(one)).toEqual([["handler.slow", "spinner", "was pending while the loop was held for 55.0 ms"]])
  })

  test("is one of several where several were pending", async () => {
    const told: string[] = []
    const one: Rig = rig(
      bot({ name: "a" })
        .task(tape)
        .strategy({ ...spinner(() => one, 80), name: "spinner" })
        .strategy({ onTrade: () => new Promise<void>(() => undefined), name: "sleeper" }),
    )
    one.engine.subscribe((news) => void (news.kind === "error" ? told.push(news.data.message) : undefined))
    await one.engine.start()
    one.send(tape, "onTrade", trade(1))
    await one.clock.advance(1_000)
    expect(told).toEqual([
      "one or several of spinner, sleeper: a handler was pending while the loop was held for 55.0 ms",
    ])
  })

  test("is not blamed where it is within its budget, or another handler was told of for it", async () => {
    const one: Rig = rig(
      bot({ name: "a" })
        .task(tape)
        .strategy({ ...spinner(() => one, 49), name: "spinner" })
        .strategy({ onTrade: () => new Promise<void>(() => undefined), name: "sleeper" }),
    )
    await one.engine.start()
    one.send(tape, "onTrade", trade(1))
    await one.clock.advance(1_000)
    expect(slow(one)).toEqual([])
    const other: Rig = rig(
      bot({ name: "a" })
        .task(tape)
        .strategy({ onTrade: () => new Promise<void>(() => undefined), name: "sleeper" })
        .strategy({ onTrade: ({ data }) => other.clock.hold(data.tradeId === "2" ? 200 : 0), name: "quick" }),
    )
    await other.engine.start()
    other.send(tape, "onTrade", trade(1))
    other.send(tape, "onTrade", trade(2))
    await other.clock.advance(1_000)
    expect(slow(other)).toEqual([["handlers.slow", ["sleeper", "quick"], "onTrade held the loop"]])
  })
})

describe("a handler that throws, rejects or returns what no handler should", () => {
  test.each(WILD_HANDLERS)(
    "$name: is reported by its name, each time, and disturbs nobody",
    async ({ handle, words }) => {
      const told: string[] = []
      let good = 0
      const one = rig(
        bot({ name: "a" })
          .task(tape)
          .strategy({ onTrade: handle, onError: ({ data }) => void told.push(data.message), name: "wild" })
          .strategy({ onTrade: () => void good++, name: "good" }),
      )
      const news: unknown[] = []
      one.engine.subscribe((item) => void news.push(item))
      await one.engine.start()
      for (let at = 1; at <= 3; at++) {
        one.send(tape, "onTrade", trade(at))
        await settle()
      }
      expect(good).toBe(3)
      expect(told).toHaveLength(3)
      for (const message of told) expect(message).toContain(words)
      const lines: string[] = []
      const log = pinoLog({ clock: one.clock, to: (line) => void lines.push(line) })
      for (const { event, fields } of one.logged) log.error(event, fields)
      const written = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
      const threw = written.filter(({ event }) => event !== "bot.started")
      expect(threw.map(({ event, strategy, callback, why }) => [event, strategy, callback, why])).toEqual(
        told.map((message) => ["strategy.threw", "wild", "onTrade", message]),
      )
      expect(() => JSON.stringify([news, one.engine.state()])).not.toThrow()
      const strategies = one.engine.state()["strategies"] as { readonly handled: number; readonly errors: number }[]
      expect(strategies.map(({ handled, errors }) => [handled, errors])).toEqual([
        [6, 3],
        [3, 0],
      ])
    },
  )

  test.each(["pause", "stop"] as const)("ends as its policy says, with words for why: %s", async (onThrow) => {
    for (const { handle, words } of WILD_HANDLERS) {
      const one = rig(bot({ name: "a" }).task(tape).strategy({ onTrade: handle }, { name: "wild", onThrow }))
      await one.engine.start()
      one.send(tape, "onTrade", trade(1))
      await settle()
      const [reason = ""] = one.engine.reasons()
      expect(reason).toStartWith(`strategy wild is ${onThrow === "pause" ? "paused" : "stopped"}: onTrade threw: `)
      expect(reason).toContain(words)
    }
  })

  test.each(WILD_HANDLERS)("as its start or its stop, $name: is told by its name", async ({ handle, words }) => {
    const starting = rig(
      bot({ name: "a" })
        .task(tape)
        .strategy({ start: handle, onTrade() {} }, { name: "wild" }),
    )
    const failed = starting.engine.start().catch((error: Error) => error.message)
    await starting.clock.advance(1)
    expect(await failed).toStartWith("strategy wild could not start: ")
    expect(await failed).toContain(words)
    const stopping = rig(
      bot({ name: "a" })
        .task(tape)
        .strategy({ stop: handle, onTrade() {} }, { name: "wild" }),
    )
    await stopping.engine.start()
    const stopped = stopping.engine.stop("asked")
    await stopping.clock.advance(1)
    await stopped
    const why = stopping.logged.find(({ event }) => event === "stop.failed")?.fields
    expect(why).toMatchObject({ what: "strategy wild", why: expect.stringContaining(words) })
  })
})
