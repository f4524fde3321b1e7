// What says nothing while its socket lives: told, asked for anew, and no storm where a market is only quiet.
import { describe, expect, test } from "bun:test"
import type { Channel } from "../../../src/runtime/domain/channel.ts"
import type { BookStateChanged } from "../../../src/runtime/domain/callbacks.ts"
import { BTC, CALM, exchange, MINUTES, TRADES } from "./market.ts"

const ETH = "ETH_USDT_PERP"
const HOURS_MS = 4 * 3_600_000

describe("a subscription that says nothing", () => {
  test("is told as silent after its bound, asked for anew on the same socket, and told again once it is heard", async () => {
    let isMuted = false
    const world = await exchange({ mute: (text) => isMuted && text.includes("btcusdt@aggTrade") })
    const task = world.feed(TRADES, { insts: [BTC, ETH], silenceMsMax: 10_000 })
    task.start()
    world.clock.advance(5_000)
    isMuted = true
    world.clock.advance(16_000)
    isMuted = false
    world.clock.advance(20_000)
    const states = world.states().filter(({ inst }) => inst !== undefined)
    expect(states.map(({ state, inst }) => `${state} ${inst}`)).toEqual([`silent ${BTC}`, `live ${BTC}`])
    expect(states[0]!.why).toBe("no event for 10000 ms")
    expect(world.counters.get("perigee_silences_total")?.value).toBe(1)
    expect(world.opened()).toBe(1)
    const [, ...renewal] = world.messages.map((text) => JSON.parse(text) as { method: string; params: string[] })
    expect(renewal.map(({ method, params }) => `${method} ${params.join()}`)).toEqual([
      "UNSUBSCRIBE btcusdt@aggTrade",
      "SUBSCRIBE btcusdt@aggTrade",
    ])
    expect(task.reasons()).toEqual([])
  })

  test.each([-4 * 3_600_000, 4 * 3_600_000])(
    "is told in time, and told again, though the wall clock is set by %d ms; what speaks is not silent for that",
    async (byMs) => {
      let isMuted = false
      const world = await exchange({ mute: (text) => isMuted && text.includes("btcusdt@aggTrade") })
      world.feed(TRADES, { insts: [BTC, ETH], silenceMsMax: 10_000 }).start()
      world.clock.advance(5_000)
      world.local.aheadUs = byMs * 1_000
      world.clock.advance(30_000)
      const states = () => world.states().filter(({ inst }) => inst !== undefined)
      expect(states()).toEqual([])
      isMuted = true
      world.clock.advance(3_000)
      world.local.aheadUs = 0
      world.clock.advance(14_000)
      isMuted = false
      world.clock.advance(20_000)
      expect(states().map(({ state, inst }) => `${state} ${inst}`)).toEqual([`silent ${BTC}`, `live ${BTC}`])
      expect(world.opened()).toBe(1)
    },
  )

  test("because the venue has forgotten it comes back when it is asked for anew", async () => {
    let isForgotten = false
    const world = await exchange({ mute: (text) => isForgotten && text.includes("aggTrade") })
    world.feed(TRADES, { silenceMsMax: 10_000 }).start()
    world.clock.advance(5_000)
    isForgotten = true
    for (let waited = 0; waited < 30_000 && isForgotten; waited += 100) {
      world.clock.advance(100)
      if (world.messages.some((text) => text.includes("UNSUBSCRIBE"))) isForgotten = false
    }
    const before = world.told().length
    world.clock.advance(3_000)
    expect(world.told().length).toBeGreaterThan(before)
  })

  test("although asked for anew costs the connection, where nothing else comes over it", async () => {
    let isMuted = false
    const world = await exchange({ mute: (text) => isMuted && text.includes('"stream"') })
    world.feed(TRADES, { silenceMsMax: 10_000 }).start()
    world.clock.advance(5_000)
    isMuted = true
    world.clock.advance(50_000)
    expect(world.opened()).toBe(2)
    expect(world.states().find(({ state }) => state === "lost")?.why).toBe(`${BTC}: no event, though asked for anew`)
  })

  test("and whose renewal nobody answers is a dead connection", async () => {
    let isMuted = false
    const world = await exchange({ mute: () => isMuted })
    const task = world.feed(TRADES, { silenceMsMax: 10_000 })
    task.start()
    world.clock.advance(5_000)
    isMuted = true
    world.clock.advance(16_000)
    expect(task.reasons()).toEqual([`binance-um trades: ${BTC} is silent and being asked for anew`])
    world.clock.advance(10_000)
    expect(world.states().some(({ why }) => why === "the venue did not answer a subscription")).toBe(true)
    isMuted = false
    world.clock.advance(40_000)
    expect(task.reasons()).toEqual([])
  })

  test.each([
    ["trades", TRADES, 300_000],
    ["candles", MINUTES, 120_000],
    ["best prices", { kind: "lob", form: "bbo" } satisfies Channel, 60_000],
  ] as const)("has a bound by its channel where the bot names none: %s", async (_, channel, boundMs) => {
    const world = await exchange({ mute: (text) => text.includes('"stream"') })
    world.feed(channel).start()
    world.clock.advance(boundMs - 1_000)
    expect(world.states().filter(({ state }) => state === "silent")).toEqual([])
    world.clock.advance(boundMs / 2 + 2_000)
    expect(world.states().filter(({ state }) => state === "silent").length).toBe(1)
  })

  test("of a book quarantines it, and another of the same connection stays as it is", async () => {
    let isMuted = false
    const world = await exchange({ mute: (text) => isMuted && text.includes("btcusdt@depth") })
    const book: Channel = { kind: "lob", form: "incremental", everyMs: 100 }
    const task = world.feed(book, { insts: [BTC, ETH] })
    task.start()
    world.clock.advance(5_000)
    isMuted = true
    world.clock.advance(50_000)
    expect([task.book(BTC)?.state, task.book(ETH)?.state]).toEqual(["quarantined", "live"])
    isMuted = false
    world.clock.advance(20_000)
    expect([task.book(BTC)?.state, task.book(ETH)?.state]).toEqual(["live", "live"])
    const states = world.data<BookStateChanged>("onBookState").filter(({ inst }) => inst === ETH)
    expect(states.map(({ state }) => state)).toEqual(["live"])
  })
})

test("a market that is quiet for hours costs a handful of renewals and reconnections, and stays ready", async () => {
  const world = await exchange({ flow: false })
  const task = world.feed(TRADES, { insts: [BTC, ETH] })
  task.start()
  world.clock.advance(HOURS_MS)
  expect(task.reasons()).toEqual([])
  expect(world.opened()).toBeLessThan(4)
  expect(world.messages.length).toBeLessThan(16)
  expect(world.states().filter(({ state }) => state === "silent").length).toBeLessThan(15)
  world.outside.network.setFaults(CALM)
})
