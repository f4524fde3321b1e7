import { describe, expect, test } from "bun:test"
import { Desk, type Json, startedAt } from "./front-desk.ts"

const second = 1_000_000

/** Trades that somebody heard of. */
const trades = (frames: readonly Json[]): number => frames.filter(({ e }) => e === "trade").length

describe("order flow", () => {
  test("is as busy as was asked for where somebody listens, and no busier than by default where nobody does", () => {
    const desk = new Desk({ flow: 5_000 })
    const tradesWithin = (symbol: string, ms: number): number => {
      const sinceMs = desk.now / 1_000 - ms
      const recent = desk.get("/fapi/v1/trades", `symbol=${symbol}&limit=1000`) as unknown as Json[]
      return recent.filter(({ time }) => time >= sinceMs).length
    }
    const socket = desk.open("/market/ws/btcusdt@trade")
    desk.pass(3_000)
    // A list holds a thousand at most.
    expect(tradesWithin("BTCUSDT", 2_000)).toBe(1_000)
    expect(tradesWithin("ETHUSDT", 2_000)).toBeGreaterThan(0)
    expect(tradesWithin("ETHUSDT", 2_000)).toBeLessThan(300)
    socket.send({ method: "UNSUBSCRIBE", params: ["btcusdt@trade"], id: 1 })
    desk.pass(3_000)
    expect(tradesWithin("BTCUSDT", 2_000)).toBeLessThan(300)
  })

  test("that is late on a clock that does not wait is left out and counted, and what comes is neither late nor gapped", () => {
    const desk = new Desk({ flow: 10_000, flowLateMsMax: 20 })
    const socket = desk.open("/public/stream?streams=btcusdt@depth@100ms/btcusdt@trade")
    desk.pass(500)
    const before = { trades: trades(socket.frames.map(({ data }) => data as Json)), skipped: desk.front.skipped }
    expect(before.skipped).toBe(0)
    // The machine was busy elsewhere for a second.
    desk.now += second
    desk.front.advance(desk.now)
    desk.deliver()
    expect(desk.front.skipped).toBeGreaterThan(9_000)
    expect(desk.front.skipped).toBeLessThan(10_500)
    desk.pass(200)
    const data = socket.frames.map((frame) => frame["data"] as Json)
    // 700 ms of flow and the last 20 of the lost second, instead of 1,700: a sixth of events are trades.
    expect(trades(data)).toBeLessThan(before.trades * 2)
    const diffs = data.filter(({ e }) => e === "depthUpdate")
    for (const [at, diff] of diffs.entries()) if (at > 0) expect(diff["pu"]).toBe(diffs[at - 1]!["u"])
  })

  test("is left out nowhere by default, whatever the steps time goes in", () => {
    const events = (stepMs: number): number => {
      const desk = new Desk({ flow: 5_000 })
      const socket = desk.open("/market/ws/btcusdt@trade")
      for (let ms = 0; ms < 2_000; ms += stepMs) {
        desk.now = startedAt + ms * 1_000 + stepMs * 1_000
        desk.front.advance(desk.now)
        desk.deliver()
      }
      expect(desk.front.skipped).toBe(0)
      return trades(socket.frames)
    }
    expect(events(2_000)).toBe(events(1))
  })
})
