import { describe, expect, test } from "bun:test"
import {
  bot,
  type Context,
  intents,
  type LagMsg,
  type OrderMsg,
  orders,
  trades,
  type TradeMsg,
} from "../../../src/index.ts"
import type { Lag } from "../../../src/runtime/domain/callbacks.ts"
import { changed, gate, order, rig, settle, trade } from "./rig.ts"

const tape = trades("binance-um", ["BTC_USDT_PERP"])
const router = orders("binance-um")

/** Holds its first event until it is let go, then takes the rest at once. */
function held(seen: string[]) {
  const hold = gate()
  let isFirst = true
  return {
    hold,
    take(what: string): Promise<void> | undefined {
      seen.push(what)
      if (!isFirst) return undefined
      isFirst = false
      return hold.promise
    },
  }
}

describe("delivery to an idle strategy", () => {
  test("calls the handler before publishing returns, with task, receive time and publish order", async () => {
    const seen: TradeMsg[] = []
    const one = rig(
      bot({ name: "a" })
        .task(tape)
        .strategy({ onTrade: (message) => void seen.push(message) }),
    )
    await one.engine.start()
    one.send(tape, "onTrade", trade(1))
    one.send(tape, "onTrade", trade(2))
    expect(seen).toEqual([
      {
        data: trade(1),
        task: { kind: "feed", id: "1", market: "binance-um" },
        receivedAt: one.clock.now(),
        sequence: 1,
      },
      {
        data: trade(2),
        task: { kind: "feed", id: "1", market: "binance-um" },
        receivedAt: one.clock.now(),
        sequence: 2,
      },
    ])
  })

  test("holds nothing while every strategy keeps up", async () => {
    const one = rig(
      bot({ name: "a" })
        .task(tape)
        .strategy({ onTrade() {} }),
    )
    await one.engine.start()
    for (let i = 0; i < 1_000; i++) one.send(tape, "onTrade", trade(i))
    expect(one.engine.state()["waiting"]).toEqual({ events: 0, bytes: 0 })
  })

  test("puts what a handler writes and what it sends in one transaction, sent after it", async () => {
    const one = rig(
      bot({ name: "a" })
        .task(tape)
        .task(router)
        .strategy(
          {
            onTrade(_, ctx) {
              ctx.state.set("seen", 1)
              ctx.submit(router, { inst: "BTC_USDT_PERP", side: "BUY", size: "1", type: "market" })
              expect(one.task(router).calls).toEqual(["start", "submit a1 BTC_USDT_PERP"])
            },
          },
          { on: [tape], name: "a1" },
        ),
    )
    await one.engine.start()
    one.send(tape, "onTrade", trade(1))
    expect(one.journal.commits).toEqual([[{ kind: "state", strategy: "a1", key: "seen", value: "1" }]])
    expect(one.task(router).calls).toEqual(["start", "submit a1 BTC_USDT_PERP", "sent"])
  })

  test("leaves strategies alone that have no handler, or are not bound", async () => {
    const seen: string[] = []
    const other = trades("okx", ["BTC_USDT"])
    const one = rig(
      bot({ name: "a" })
        .tasks([tape, other])
        .strategy({ onTrade: ({ task }) => void seen.push(`first ${task.market}`) }, { on: [other] })
        .strategy({ onTrade: ({ task }) => void seen.push(`second ${task.market}`) }),
    )
    await one.engine.start()
    one.send(tape, "onTrade", trade(1))
    one.send(other, "onTrade", trade(1))
    expect(seen).toEqual(["second binance-um", "first okx", "second okx"])
  })
})

describe("a strategy that is busy", () => {
  test("sees one event at a time and misses none", async () => {
    const seen: string[] = []
    let running = 0
    const one = rig(
      bot({ name: "a" })
        .task(tape)
        .strategy({
          async onTrade({ data }) {
            expect(++running).toBe(1)
            seen.push(data.tradeId)
            await settle()
            running--
          },
        }),
    )
    await one.engine.start()
    for (let i = 1; i <= 20; i++) one.send(tape, "onTrade", trade(i))
    expect(seen).toEqual(["1"])
    for (let i = 0; i < 100; i++) await settle()
    expect(seen).toEqual(Array.from({ length: 20 }, (_, i) => String(i + 1)))
    expect(one.engine.state()["waiting"]).toEqual({ events: 0, bytes: 0 })
  })

  test("holds back no other strategy, even if its promise never settles", async () => {
    const seen: string[] = []
    const one = rig(
      bot({ name: "a" })
        .task(tape)
        .strategy({ onTrade: () => new Promise<void>(() => undefined) })
        .strategy({ onTrade: ({ data }) => void seen.push(data.tradeId) }),
    )
    await one.engine.start()
    for (let i = 1; i <= 3; i++) one.send(tape, "onTrade", trade(i))
    expect(seen).toEqual(["1", "2", "3"])
  })

  test("gets the events of ten lanes in the order they were published", async () => {
    const lanes = Array.from({ length: 10 }, () => trades("binance-um", ["BTC_USDT_PERP"]))
    const seen: string[] = []
    const busy = held(seen)
    const one = rig(
      bot({ name: "a" })
        .tasks(lanes)
        .strategy({ onTrade: ({ task, data }) => busy.take(`${task.id}:${data.tradeId}`) }),
    )
    await one.engine.start()
    const published: string[] = []
    let random = 7
    for (let i = 0; i < 200; i++) {
      random = (random * 1_103_515_245 + 12_345) % 2 ** 31
      const lane = Math.floor(random / 65_536) % 10
      published.push(`${lane + 1}:${i}`)
      one.send(lanes[lane] as typeof tape, "onTrade", trade(i))
    }
    busy.hold.resolve()
    await settle()
    expect(seen).toEqual(published)
  })

  test("gets private events before market events that were published earlier", async () => {
    const seen: string[] = []
    const busy = held(seen)
    const one = rig(
      bot({ name: "a" })
        .tasks([tape, router])
        .strategy({
          onTrade: ({ data }) => busy.take(`trade ${data.tradeId}`),
          onOrder: ({ data }) => void seen.push(`order ${data.order.clientId}`),
        }),
    )
    await one.engine.start()
    for (let i = 1; i <= 3; i++) one.send(tape, "onTrade", trade(i))
    one.send(router, "onOrder", changed("x"))
    one.send(router, "onOrder", changed("y"))
    busy.hold.resolve()
    await settle()
    expect(seen).toEqual(["trade 1", "order x", "order y", "trade 2", "trade 3"])
  })

  test("gives the loop back after 256 events, and after 1 ms", async () => {
    let seen = 0
    const hold = gate()
    const one = rig(
      bot({ name: "a" })
        .task(tape)
        .strategy({ onTrade: () => (seen++ === 0 ? hold.promise : seen > 1_000 ? one.clock.hold(0.4) : undefined) }),
    )
    await one.engine.start()
    for (let i = 0; i < 1_010; i++) one.send(tape, "onTrade", trade(i))
    hold.resolve()
    await settle()
    expect(seen).toBe(1 + 256)
    await one.clock.turnLoop()
    expect(seen).toBe(1 + 512)
    await one.clock.turnLoop()
    await one.clock.turnLoop()
    expect(seen).toBe(1_003)
    await one.clock.turnLoop()
    expect(seen).toBe(1_006)
  })

  test("gives the loop back although each of its promises settles at once", async () => {
    let seen = 0
    const hold = gate()
    const one = rig(
      bot({ name: "a" })
        .task(tape)
        .strategy({ onTrade: async () => (seen++ === 0 ? hold.promise : undefined) }),
    )
    await one.engine.start()
    for (let i = 0; i < 1_000; i++) one.send(tape, "onTrade", trade(i))
    hold.resolve()
    for (let i = 0; i < 100; i++) await settle()
    expect(seen).toBe(1 + 256)
  })
})

describe("a handler that publishes", () => {
  const ideas = intents()
  const intent = (timestamp: number) => ({ timestamp, type: "weight", targets: [], metadata: {} }) as const

  test("is never called from within itself, and others still see the first event first", async () => {
    const seen: string[] = []
    const talker = {
      onTrade({ data }: TradeMsg, ctx: Context) {
        seen.push(`talker ${data.tradeId} in`)
        ctx.publishIntent(ideas, intent(Number(data.tradeId)))
        seen.push(`talker ${data.tradeId} out`)
      },
      onInstIntent: ({ data }: { data: { timestamp: number } }) => void seen.push(`talker intent ${data.timestamp}`),
    }
    const listener = {
      onTrade: ({ data }: TradeMsg) => void seen.push(`listener ${data.tradeId}`),
      onInstIntent: ({ data }: { data: { timestamp: number } }) => void seen.push(`listener intent ${data.timestamp}`),
    }
    const one = rig(bot({ name: "a" }).tasks([tape, ideas]).strategy(talker).strategy(listener))
    await one.engine.start()
    one.send(tape, "onTrade", trade(1))
    one.send(tape, "onTrade", trade(2))
    const each = (id: number) => [
      `talker ${id} in`,
      `talker ${id} out`,
      `listener ${id}`,
      `talker intent ${id}`,
      `listener intent ${id}`,
    ]
    expect(seen.toSorted()).toEqual([...each(1), ...each(2)].toSorted())
    expect(seen.slice(0, 3)).toEqual(each(1).slice(0, 3))
    expect(seen.indexOf("listener intent 1")).toBeLessThan(seen.indexOf("listener 2"))
  })

  test("for ever does not keep the loop", async () => {
    let seen = 0
    const one = rig(
      bot({ name: "a" })
        .task(ideas)
        .strategy({
          onInstIntent(_, ctx) {
            seen++
            ctx.publishIntent(ideas, intent(seen))
          },
        }),
    )
    await one.engine.start()
    one.send(ideas, "onInstIntent", intent(0))
    expect(seen).toBe(1 + 256)
  })
})

describe("a market ring that overflows", () => {
  const small = trades("binance-um", ["BTC_USDT_PERP"], { ringSlots: 8 })

  test("loses the oldest, and says how many before the next", async () => {
    const seen: string[] = []
    const busy = held(seen)
    const one = rig(
      bot({ name: "a" })
        .task(small)
        .strategy({
          onTrade: ({ data }) => busy.take(data.tradeId),
          onLag: ({ data, task }) =>
            void seen.push(`${data.kind} ${data.kind === "dropped" ? data.dropped : ""} ${task.id}`),
        }),
    )
    await one.engine.start()
    for (let i = 0; i <= 20; i++) one.send(small, "onTrade", trade(i))
    busy.hold.resolve()
    await settle()
    expect(seen).toEqual(["0", "dropped 12 1", "13", "14", "15", "16", "17", "18", "19", "20"])
    expect(one.engine.state()["waiting"]).toEqual({ events: 0, bytes: 0 })
    const family = one.metrics.families.get("perigee_dropped_events_total")
    expect(family?.samples.map(({ metric }) => (metric as { value: number }).value)).toEqual([12])
  })

  test("takes nothing from a strategy that keeps up", async () => {
    const seen: string[] = []
    const one = rig(
      bot({ name: "a" })
        .task(small)
        .strategy({ onTrade: () => new Promise<void>(() => undefined) })
        .strategy({ onTrade: ({ data }) => void seen.push(data.tradeId), onLag: () => void seen.push("lag") }),
    )
    await one.engine.start()
    for (let i = 0; i < 50; i++) one.send(small, "onTrade", trade(i))
    expect(seen).toEqual(Array.from({ length: 50 }, (_, i) => String(i)))
  })

  test("is bounded in bytes, each ring and all together", async () => {
    const lanes = Array.from({ length: 4 }, () => trades("binance-um", ["BTC_USDT_PERP"]))
    const declared = bot({ name: "a", ringBytesMax: 40_000, ringsBytesMax: 100_000 }).tasks(lanes)
    const one = rig(declared.strategy({ onTrade: () => new Promise<void>(() => undefined) }))
    await one.engine.start()
    for (const lane of lanes) for (let i = 0; i < 500; i++) one.send(lane, "onTrade", trade(i))
    expect(one.engine.state()["waiting"]).toEqual({ events: 250, bytes: 100_000 })
  })

  test("delays any event of another lane by at most N - 1 of its own", async () => {
    const lanes = Array.from({ length: 10 }, () => trades("binance-um", ["BTC_USDT_PERP"], { ringSlots: 64 }))
    const [flood, ...calm] = lanes
    const seen: string[] = []
    const busy = held(seen)
    const one = rig(
      bot({ name: "a" })
        .tasks(lanes)
        .strategy({
          onTrade({ task, data }) {
            if (task.id === "1") one.send(flood as typeof tape, "onTrade", trade(0))
            return busy.take(`${task.id}:${data.tradeId}`)
          },
        }),
    )
    await one.engine.start()
    for (let i = 0; i < 1_000; i++) one.send(flood as typeof tape, "onTrade", trade(0))
    const expected: string[] = []
    for (let i = 0; i < 5; i++) {
      for (const lane of calm.toReversed()) {
        one.send(lane, "onTrade", trade(i))
        expected.push(`${lanes.indexOf(lane) + 1}:${i}`)
      }
    }
    busy.hold.resolve()
    await settle()
    const others = seen.filter((what) => !what.startsWith("1:"))
    expect(others).toEqual(expected)
    for (const what of others) {
      const floodedBefore = seen.slice(1, seen.indexOf(what)).filter((other) => other.startsWith("1:")).length
      expect(floodedBefore).toBeLessThanOrEqual(lanes.length - 1)
    }
  })

  test("of several flooded lanes serves each, and the calm ones in order among them", async () => {
    const lanes = Array.from({ length: 4 }, () => trades("binance-um", ["BTC_USDT_PERP"], { ringSlots: 4 }))
    const seen: string[] = []
    const busy = held(seen)
    const one = rig(
      bot({ name: "a" })
        .tasks(lanes)
        .strategy({ onTrade: ({ task }) => busy.take(task.id) }),
    )
    await one.engine.start()
    const send = (lane: number, times: number) => {
      for (let i = 0; i < times; i++) one.send(lanes[lane - 1] as typeof tape, "onTrade", trade(i))
    }
    send(1, 1)
    send(1, 10)
    send(2, 10)
    send(4, 2)
    send(3, 2)
    busy.hold.resolve()
    await settle()
    expect(seen.join("")).toBe("1124433121212")
  })
})

describe("a private ring at its bound", () => {
  const small = orders("binance-um", { ringSlots: 8 })

  async function behind(events: number) {
    const seen: string[] = []
    const lags: Lag[] = []
    const hold = gate()
    const submissions: unknown[] = []
    const one = rig(
      bot({ name: "a" })
        .tasks([tape, small])
        .strategy(
          {
            async onTrade({ data }: TradeMsg, ctx: Context) {
              seen.push(`trade ${data.tradeId}`)
              if (data.tradeId === "0") await hold.promise
              submissions.push(
                ctx.submit(small, { inst: "BTC_USDT_PERP", side: "BUY", size: "1", type: "market" }).kind,
              )
            },
            onOrder: ({ data }: OrderMsg) => void seen.push(data.order.clientId),
            onLag: ({ data }: LagMsg) => void lags.push(data),
          },
          { name: "slow" },
        ),
    )
    await one.engine.start()
    one.task(small).openNow = [order("open")]
    one.send(tape, "onTrade", trade(0))
    one.send(tape, "onTrade", trade(1))
    for (let i = 0; i < events; i++) one.send(small, "onOrder", changed(`o${i}`))
    return { one, seen, lags, hold, submissions }
  }

  test("pauses the strategy, loses nothing, and resumes it with an image of its open orders", async () => {
    const { one, seen, lags, hold, submissions } = await behind(20)
    expect(one.engine.reasons()).toEqual([
      "strategy slow is paused: it has not kept up with the private events of orders binance-um #1",
    ])
    hold.resolve()
    await settle()
    const all = Array.from({ length: 20 }, (_, i) => `o${i}`)
    expect(seen).toEqual(["trade 0", ...all, "trade 1"])
    expect(submissions).toEqual(["refused", "submitted"])
    expect(lags).toEqual([{ kind: "resumed", openOrders: [order("open")], missed: 0, timestamp: one.clock.now() }])
    expect(one.engine.reasons()).toEqual([])
  })

  test("below it pauses nobody", async () => {
    const { one, seen, lags, hold } = await behind(8)
    expect(one.engine.reasons()).toEqual([])
    hold.resolve()
    await settle()
    expect(seen).toHaveLength(10)
    expect(lags).toEqual([])
  })
})
