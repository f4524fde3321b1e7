import { describe, expect, test } from "bun:test"
import { bot, orders, trades } from "../../../src/index.ts"
import type { News } from "../../../src/runtime/engine/news.ts"
import { gate, rig, settle, trade } from "./rig.ts"

const tape = trades("binance-um", ["BTC_USDT_PERP"])
const router = orders("binance-um")
const buy = { inst: "BTC_USDT_PERP", side: "BUY", size: "1", type: "market" } as const

/** One strategy whose start waits for the gate, one that has none. */
function starting(onThrow: "continue" | "pause" | "stop", startMsMax?: number) {
  const seen: string[] = []
  const hold = gate()
  const one = rig(
    bot({ name: "a" })
      .tasks([tape, router])
      .strategy(
        {
          start: () => hold.promise,
          onTrade: ({ data }, ctx) => void seen.push(`slow ${data.tradeId} ${ctx.submit(router, buy).kind}`),
          onError: ({ data }) => void seen.push(`${data.kind}: ${data.message}`),
        },
        { on: [tape], name: "slow", onThrow, ...(startMsMax === undefined ? {} : { startMsMax }) },
      )
      .strategy({ onTrade: ({ data }) => void seen.push(`quick ${data.tradeId}`) }, { on: [tape], name: "quick" }),
  )
  const news: News[] = []
  one.engine.subscribe((item) => void news.push(item))
  const started = one.engine.start()
  return { one, seen, hold, news, started, send: (id: number) => one.send(tape, "onTrade", trade(id)) }
}

const WHY = "has not settled for 30000 ms"

describe("a start that does not settle", () => {
  test("is reported by name after half a minute and holds up nobody else; its strategy begins when it settles after all", async () => {
    const { one, seen, hold, news, started, send } = starting("continue")
    await one.clock.advance(29_999)
    expect(one.engine.phase).toBe("starting")
    await one.clock.advance(1)
    await started
    expect(one.engine.phase).toBe("running")
    send(1)
    expect(seen).toEqual(["quick 1"])
    expect(one.engine.reasons()).toEqual([`strategy slow has not started: its start ${WHY}`])
    expect(one.logged).toContainEqual({
      level: "error",
      event: "strategy.start",
      fields: { strategy: "slow", why: WHY },
    })
    expect(news).toMatchObject([{ kind: "error", data: { kind: "start", message: `strategy slow: start ${WHY}` } }])
    hold.resolve()
    await settle()
    expect(seen).toEqual(["quick 1", `start: strategy slow: start ${WHY}`, "slow 1 submitted"])
    expect(one.engine.reasons()).toEqual([])
  })

  test("pauses its strategy until the operator resumes it, where its policy says so", async () => {
    const { one, seen, started, send } = starting("pause", 100)
    await one.clock.advance(100)
    await started
    send(1)
    expect(seen).toEqual(["quick 1"])
    expect(one.engine.reasons()).toEqual(["strategy slow is paused: start has not settled for 100 ms"])
    one.engine.resume()
    send(2)
    await settle()
    expect(seen).toContain("slow 2 submitted")
  })

  test("ends its strategy, where its policy says so, also when it settles later", async () => {
    const { one, seen, hold, started, send } = starting("stop", 100)
    await one.clock.advance(100)
    await started
    hold.resolve()
    await settle()
    send(1)
    expect(seen).toEqual(["quick 1"])
    expect(one.engine.reasons()).toEqual(["strategy slow is stopped: start has not settled for 100 ms"])
  })

  test("and fails in the end is reported again, and its strategy does not begin", async () => {
    const { one, hold, started, news } = starting("continue", 100)
    await one.clock.advance(100)
    await started
    hold.reject(new Error("no model"))
    await settle()
    expect(one.engine.reasons()).toEqual(["strategy slow is stopped: start failed: no model"])
    expect(news.map((item) => (item.kind === "error" ? item.data.message : ""))).toEqual([
      "strategy slow: start has not settled for 100 ms",
      "strategy slow: start failed: no model",
    ])
  })

  test("does not hold up a stop, and leaves no timer", async () => {
    const { one, started } = starting("continue")
    const stopped = one.engine.stop("asked")
    await one.clock.advance(1)
    await Promise.all([started, stopped])
    expect(one.engine.phase).toBe("stopped")
    await one.clock.advance(60_000)
    expect(one.logged.filter(({ event }) => event === "strategy.start")).toEqual([])
  })
})

test("what spins while starts are pending is named by a watchdog, also after an await", async () => {
  const names: string[] = []
  const now: string[] = []
  const watch = {
    label: (name: string) => names.push(name),
    enter: (label: number) => {
      now.push(names[label - 1] ?? "nobody")
      return 0
    },
    leave: (label: number) => void now.push(names[label - 1] ?? "nobody"),
  }
  const [one, two] = [gate(), gate()]
  const { engine, clock } = rig(
    bot({ name: "a" })
      .task(tape)
      .strategy({ name: "one", onTrade() {}, start: () => one.promise })
      .strategy({ name: "two", onTrade() {}, start: () => two.promise }),
    { watch },
  )
  const started = engine.start()
  expect(now.at(-1)).toBe("one.start or two.start")
  one.resolve()
  await settle()
  expect(now.at(-1)).toBe("two.start")
  await clock.advance(30_000)
  await started
  expect(now.at(-1)).toBe("nobody")
})

test("a bound of a start that is no number of milliseconds is a mistake by name", () => {
  const wrong = bot({ name: "a" })
    .task(tape)
    .strategy({ onTrade() {} }, { name: "s", startMsMax: 0 })
  expect(() => rig(wrong)).toThrow("strategy s: startMsMax is 0; write milliseconds above 0")
})
