// The past joined to the stream, against the venue's own front on virtual time: every event once and in order, whatever breaks.
import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import type { FeedStateChanged, Trouble } from "../../../src/runtime/domain/callbacks.ts"
import type { Candle, Trade } from "../../../src/runtime/domain/events.ts"
import { BTC, CALM, exchange, MINUTES, TRADES } from "./market.ts"

const RUNS = 15
const PROPERTY_MS_MAX = 120_000

const idsOf = (trades: readonly Trade[]): string[] => trades.map(({ tradeId }) => tradeId)

describe("a feed of trades with a history", () => {
  test("tells the past first, marked, and the stream after it without gap or double", async () => {
    const world = await exchange()
    const task = world.feed(TRADES, { history: 100 })
    task.start()
    expect(task.reasons().join()).toContain("its history is on its way")
    world.clock.advance(10_000)
    const trades = world.told()
    const past = trades.filter(({ isHistory }) => isHistory === true)
    expect(past).toEqual(trades.slice(0, 100))
    expect(trades.length).toBeGreaterThan(150)
    expect(idsOf(trades)).toEqual(world.truth(trades))
    expect([task.reasons(), world.missed()]).toEqual([[], 0])
    expect(task.state()).toMatchObject({ history: { [BTC]: { history: 100, missed: 0 } } })
  })

  test("goes back over several pages, and gets what there is where the past is shorter", async () => {
    const world = await exchange({ ageMs: 200_000 })
    world.feed(TRADES, { history: 1_500 }).start()
    world.clock.advance(5_000)
    expect(world.told().filter(({ isHistory }) => isHistory).length).toBe(1_500)
    expect(idsOf(world.told())).toEqual(world.truth(world.told()))
    const young = await exchange({ ageMs: 3_000 })
    young.feed(TRADES, { history: 1_000 }).start()
    young.clock.advance(5_000)
    const all = young.told()
    expect(all.filter(({ isHistory }) => isHistory).length).toBeWithin(1, 1_000)
    expect(idsOf(all)).toEqual(young.truth(all))
  })

  test("fetches what a lost connection missed, at once and not only with the next trade", async () => {
    const world = await exchange()
    world.feed(TRADES, { history: 0 }).start()
    world.clock.advance(10_000)
    const before = world.told().length
    world.outside.network.setFaults({ ...CALM, refuseRate: 1 })
    world.outside.network.cutAll()
    world.clock.advance(8_000)
    expect(world.told().length).toBe(before)
    world.outside.network.setFaults(CALM)
    world.clock.advance(30_000)
    const trades = world.told()
    expect(trades.filter(({ isHistory }) => isHistory).length).toBeGreaterThan(20)
    expect(idsOf(trades)).toEqual(world.truth(trades))
    expect(world.missed()).toBe(0)
  })

  test("whose history cannot be had says so after half a minute, and goes on with the stream", async () => {
    const world = await exchange({ refuse: ({ path }) => path === "/fapi/v1/aggTrades" })
    const task = world.feed(TRADES, { history: 100 })
    task.start()
    world.clock.advance(29_000)
    expect(world.told()).toEqual([])
    world.clock.advance(3_000)
    const [trouble] = world.data<Trouble>("onError")
    expect(trouble).toMatchObject({ kind: "history", detail: { inst: BTC, count: 100 } })
    expect(trouble!.message).toMatch(
      /^binance-um: the history of trades BTC_USDT_PERP could not be had.*not within 30 s: /,
    )
    world.clock.advance(5_000)
    const trades = world.told()
    expect(trades.length).toBeGreaterThan(50)
    expect(idsOf(trades)).toEqual(world.truth(trades))
    expect(trades.some(({ isHistory }) => isHistory)).toBe(false)
    expect(task.reasons()).toEqual([])
  })

  test("whose gap cannot be filled tells how many are missing, and goes on", async () => {
    let isDown = false
    const world = await exchange({ refuse: ({ path }) => isDown && path === "/fapi/v1/aggTrades" })
    world.feed(TRADES, { history: 10 }).start()
    world.clock.advance(5_000)
    isDown = true
    world.outside.network.setFaults({ ...CALM, refuseRate: 1 })
    world.outside.network.cutAll()
    world.clock.advance(5_000)
    world.outside.network.setFaults(CALM)
    world.clock.advance(40_000)
    const trades = world.told()
    expect(world.missed()).toBeGreaterThan(10)
    expect(world.counters.get("perigee_missed_events_total")?.value).toBe(world.missed())
    expect(trades.length + world.missed()).toBe(world.truth(trades).length)
    expect(world.data<FeedStateChanged>("onFeedState").find(({ state }) => state === "gap")).toMatchObject({
      inst: BTC,
    })
  })

  test("whose first subscription is never answered begins with its history all the same, not with what came before", async () => {
    let isMuted = true
    const world = await exchange({ mute: (text) => isMuted && text.includes('"result"') })
    world.feed(TRADES, { history: 20 }).start()
    world.clock.advance(5_000)
    expect(world.told()).toEqual([])
    isMuted = false
    world.clock.advance(20_000)
    const trades = world.told()
    expect(trades.findIndex(({ isHistory }) => isHistory !== true)).toBe(20)
    expect(idsOf(trades)).toEqual(world.truth(trades))
    expect(world.missed()).toBe(0)
  })

  test("stopped while its history is under way tells nothing more", async () => {
    const world = await exchange({ refuse: () => true })
    const task = world.feed(TRADES, { history: 100 })
    task.start()
    world.clock.advance(1_000)
    const stopped = task.stop()
    world.clock.advance(100)
    await stopped
    world.clock.advance(120_000)
    expect([world.told().length, world.data("onError").length]).toEqual([0, 0])
  })

  test(
    "property: whenever the socket is cut, and whatever REST does, each trade is told once, in order, or counted as missed",
    async () => {
      const cut = fc.record({ afterMs: fc.integer({ min: 0, max: 4_000 }), forMs: fc.integer({ min: 0, max: 6_000 }) })
      const weather = fc.record({
        refuseRate: fc.constantFrom(0, 0.3),
        lostRequestRate: fc.constantFrom(0, 0.2),
        lostReplyRate: fc.constantFrom(0, 0.2),
        dropRate: fc.constantFrom(0, 0.02),
        duplicateRate: fc.constantFrom(0, 0.05),
        latencyMsMin: fc.integer({ min: 1, max: 400 }),
      })
      await fc.assert(
        fc.asyncProperty(fc.nat(1_000), fc.array(cut, { maxLength: 4 }), weather, async (seed, cuts, faults) => {
          const world = await exchange({ seed })
          world.outside.network.setFaults(faults)
          world.feed(TRADES, { history: 50 }).start()
          for (const { afterMs, forMs } of cuts) {
            world.clock.advance(afterMs)
            world.outside.network.setFaults({ ...faults, refuseRate: 1 })
            world.outside.network.cutAll()
            world.clock.advance(forMs)
            world.outside.network.setFaults(faults)
          }
          world.clock.advance(10_000)
          world.outside.network.setFaults(CALM)
          world.clock.advance(70_000)
          const trades = world.told()
          const ids = idsOf(trades).map(BigInt)
          expect(trades.length).toBeGreaterThan(50)
          for (const [at, id] of ids.entries()) if (at > 0) expect(id > ids[at - 1]!).toBe(true)
          expect(trades.length + world.missed()).toBe(world.truth(trades).length)
          // It is the venue that loses nothing here: a gap is told only where REST was out of reach for ten seconds.
          if (faults.refuseRate + faults.lostRequestRate + faults.lostReplyRate === 0) expect(world.missed()).toBe(0)
        }),
        { numRuns: RUNS },
      )
    },
    PROPERTY_MS_MAX,
  )
})

describe("a feed of candles with a history", () => {
  const closed = (candles: readonly Candle[]): number[] =>
    candles.filter(({ isClosed }) => isClosed).map(({ openAt }) => openAt)
  const isWhole = (opened: readonly number[]): boolean =>
    opened.every((at, place) => place === 0 || at === opened[place - 1]! + 60_000_000)

  test("tells closed ones first, and each one's end exactly once, also across a lost connection", async () => {
    const world = await exchange()
    world.feed(MINUTES, { history: 200 }).start()
    world.clock.advance(150_000)
    world.outside.network.setFaults({ ...CALM, refuseRate: 1 })
    world.outside.network.cutAll()
    world.clock.advance(200_000)
    world.outside.network.setFaults(CALM)
    world.clock.advance(200_000)
    const candles = world.data<Candle>("onCandle")
    const past = candles.filter(({ isHistory }) => isHistory)
    expect(candles.slice(0, 200).every(({ isHistory, isClosed }) => isHistory === true && isClosed)).toBe(true)
    expect(past.length).toBeWithin(202, 206)
    expect(past[0]!.timestamp).toBe(past[0]!.openAt + 60_000_000)
    const ends = closed(candles)
    expect(isWhole(ends)).toBe(true)
    expect(ends.length).toBeGreaterThan(207)
    expect(world.missed()).toBe(0)
  })

  test(
    "property: whenever it is cut, every end is told once and in order",
    async () => {
      const cut = fc.record({
        afterMs: fc.integer({ min: 0, max: 90_000 }),
        forMs: fc.integer({ min: 0, max: 150_000 }),
      })
      await fc.assert(
        fc.asyncProperty(fc.nat(100), fc.array(cut, { maxLength: 3 }), async (seed, cuts) => {
          const world = await exchange({ seed, flow: 4 })
          world.feed(MINUTES, { history: 20 }).start()
          for (const { afterMs, forMs } of cuts) {
            world.clock.advance(afterMs)
            world.outside.network.setFaults({ ...CALM, refuseRate: 1 })
            world.outside.network.cutAll()
            world.clock.advance(forMs)
            world.outside.network.setFaults(CALM)
          }
          world.clock.advance(130_000)
          const ends = closed(world.data<Candle>("onCandle"))
          expect(ends.length).toBeGreaterThan(20)
          expect(isWhole(ends)).toBe(true)
          expect(world.missed()).toBe(0)
        }),
        { numRuns: RUNS },
      )
    },
    PROPERTY_MS_MAX,
  )
})

describe("a feed without a history", () => {
  test("tells how many trades a lost connection cost it, once", async () => {
    const world = await exchange()
    world.feed(TRADES).start()
    world.clock.advance(5_000)
    world.outside.network.setFaults({ ...CALM, refuseRate: 1 })
    world.outside.network.cutAll()
    world.clock.advance(5_000)
    world.outside.network.setFaults(CALM)
    world.clock.advance(30_000)
    const trades = world.told()
    expect(world.missed()).toBeGreaterThan(10)
    expect(trades.length + world.missed()).toBe(world.truth(trades).length)
    expect(world.asked.filter(({ path }) => path.includes("aggTrades"))).toEqual([])
  })
})

test("a gap is told although the first trade after it comes before the venue's answer", async () => {
  let isMuted = false
  const world = await exchange({ mute: (text) => isMuted && text.includes('"result"') })
  world.feed(TRADES).start()
  world.clock.advance(5_000)
  world.outside.network.setFaults({ ...CALM, refuseRate: 1 })
  world.outside.network.cutAll()
  world.clock.advance(5_000)
  isMuted = true
  world.outside.network.setFaults(CALM)
  world.clock.advance(5_000)
  isMuted = false
  world.clock.advance(30_000)
  expect(world.missed()).toBeGreaterThan(10)
  expect(world.told().length + world.missed()).toBe(world.truth(world.told()).length)
})

describe("what lies right before an event", () => {
  test("is asked for by that event: trades by id over pages, candles by their opening", async () => {
    const world = await exchange({ ageMs: 300_000 })
    const trades = world.feed(TRADES)
    const candles = world.feed(MINUTES, { id: "2" })
    trades.start()
    candles.start()
    world.clock.advance(5_000)
    const [first] = world.told()
    const [candle] = world.data<Candle>("onCandle")
    const answers = Promise.all([
      trades.history!(first!, 1_200),
      candles.history!(candle!, 30),
      candles.history!(candle!, 1_600),
    ])
    world.clock.advance(2_000)
    const [older, some, many] = await answers
    if (older.kind !== "accepted" || some.kind !== "accepted" || many.kind !== "accepted") throw new Error("refused")
    const joined = [...(older.value as Trade[]), first!]
    expect([joined.length, idsOf(joined)]).toEqual([1_201, world.truth(joined)])
    expect(older.value.every(({ isHistory }) => isHistory)).toBe(true)
    const opened = (some.value as Candle[]).map(({ openAt }) => openAt)
    expect(opened).toEqual(Array.from({ length: 30 }, (_, at) => candle!.openAt - (30 - at) * 60_000_000))
    expect(many.value.length).toBe(1_600)
  })

  test("is refused by name where there is none, and where the event is another's", async () => {
    const world = await exchange()
    const fills = world.feed({ kind: "trades", each: true })
    const trades = world.feed(TRADES, { id: "2" })
    const of = (inst: string): Trade => ({
      kind: "trade",
      market: "binance-um",
      inst,
      price: 1,
      size: 1,
      side: "BUY",
      tradeId: "5",
      timestamp: 0,
      receivedAt: 0,
    })
    expect(await fills.history!(of(BTC), 5)).toEqual({
      kind: "refused",
      reason:
        "binance-um lists the past of single fills for key holders only; leave out `each`: aggregate trades have it",
    })
    expect(() => trades.history!(of("ETH_USDT_PERP"), 5)).toThrow(
      "feed binance-um trades #2: trade of ETH_USDT_PERP is no event of it",
    )
    const { tradeId: _, ...made } = of(BTC)
    expect(() => trades.history!(made as Trade, 5)).toThrow(
      "feed binance-um trades #2: a trade without its tradeId has no past; give the event as it came",
    )
    expect(() => trades.history!(of(BTC), 0)).toThrow("a history of 0 cannot be; write a whole number from 1 to 5000")
  })
})
