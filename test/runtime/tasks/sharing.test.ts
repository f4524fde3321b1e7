// Feeds that want the same, or only some of the same: how many sockets and messages that takes, and who is told what.
import { describe, expect, test } from "bun:test"
import type { BookStateChanged, FeedStateChanged, Trouble } from "../../../src/runtime/domain/callbacks.ts"
import type { Channel } from "../../../src/runtime/domain/channel.ts"
import type { Lob, Trade } from "../../../src/runtime/domain/events.ts"
import { BTC, exchange, MINUTES, TRADES } from "./market.ts"

const ETH = "ETH_USDT_PERP"
const SOL = "SOL_USDT_PERP"
const BOOK: Channel = { kind: "lob", form: "incremental" }
const BBO: Channel = { kind: "lob", form: "bbo" }
const IMAGES: Channel = { kind: "lob", form: "snapshot" }
const FIVE_MINUTES: Channel = { kind: "candles", interval: "5m" }
const paced = (everyMs: number): Channel => ({ kind: "lob", form: "incremental", everyMs })

type World = Awaited<ReturnType<typeof exchange>>
type Wish = readonly [channel: Channel, insts: readonly string[]]

/** Names that the front does not list: it takes them as the venue does, and says nothing of them. */
const many = (count: number): string[] => Array.from({ length: count }, (_, at) => `C${at}_USDT_PERP`)

interface Message {
  readonly connection: number
  readonly method: string
  readonly params: readonly string[]
}

const asked = ({ talks }: World): Message[] =>
  talks.map(({ connection, text }) => ({ connection, ...(JSON.parse(text) as Omit<Message, "connection">) }))

/** Streams asked for, message by message. */
const wishes = (world: World): string[] => asked(world).map(({ method, params }) => `${method} ${params.join(" ")}`)

const ids = (trades: readonly Trade[], inst: string): string[] =>
  trades.filter((trade) => trade.inst === inst).map(({ tradeId }) => tradeId)

describe("feeds that overlap", () => {
  const cases: readonly (readonly [string, readonly Wish[], sockets: number, asked: readonly string[]])[] = [
    [
      "on two instruments",
      [
        [TRADES, [BTC]],
        [TRADES, [ETH]],
      ],
      1,
      ["btcusdt@aggTrade ethusdt@aggTrade"],
    ],
    [
      "in one of two",
      [
        [TRADES, [BTC]],
        [TRADES, [BTC, ETH]],
      ],
      1,
      ["btcusdt@aggTrade ethusdt@aggTrade"],
    ],
    [
      "in another order",
      [
        [TRADES, [BTC, ETH]],
        [TRADES, [ETH, BTC]],
      ],
      1,
      ["btcusdt@aggTrade ethusdt@aggTrade"],
    ],
    [
      "as books",
      [
        [BOOK, [BTC]],
        [BOOK, [BTC, ETH]],
      ],
      1,
      ["btcusdt@depth@100ms ethusdt@depth@100ms"],
    ],
    [
      "in what one leaves open",
      [
        [BOOK, [BTC]],
        [paced(100), [BTC]],
      ],
      1,
      ["btcusdt@depth@100ms"],
    ],
    [
      "at two intervals",
      [
        [MINUTES, [BTC]],
        [FIVE_MINUTES, [BTC]],
      ],
      1,
      ["btcusdt@kline_1m", "btcusdt@kline_5m"],
    ],
    [
      "in three forms of one book",
      [
        [BBO, [BTC]],
        [BOOK, [BTC]],
        [IMAGES, [BTC]],
      ],
      1,
      ["btcusdt@bookTicker", "btcusdt@depth@100ms", "btcusdt@depth20"],
    ],
    [
      "at two paces of two books",
      [
        [BOOK, [BTC]],
        [paced(500), [ETH]],
      ],
      1,
      ["btcusdt@depth@100ms", "ethusdt@depth@500ms"],
    ],
    [
      "at two paces of one book, which look alike",
      [
        [BOOK, [BTC]],
        [paced(500), [BTC]],
      ],
      2,
      ["btcusdt@depth@100ms", "btcusdt@depth@500ms"],
    ],
    [
      "at two addresses",
      [
        [TRADES, [BTC]],
        [BOOK, [BTC]],
      ],
      2,
      ["btcusdt@aggTrade", "btcusdt@depth@100ms"],
    ],
  ]

  test.each(cases)("%s share what they can", async (_, wanted, sockets, messages) => {
    const world = await exchange()
    const tasks = wanted.map(([channel, insts]) => world.feed(channel, { insts }))
    for (const task of tasks) task.start()
    world.clock.advance(5_000)
    expect(world.opened()).toBe(sockets)
    expect(wishes(world)).toEqual(messages.map((streams) => `SUBSCRIBE ${streams}`))
    expect(tasks.flatMap((task) => task.reasons())).toEqual([])
  })

  test.each([
    [90, 1, 1],
    [250, 1, 3],
    [1_000, 1, 10],
    [1_025, 2, 12],
  ])(
    "of %d instruments in one take as many sockets and messages as the venue's limits ask",
    async (count, sockets, messages) => {
      const world = await exchange()
      world.feed(TRADES, { insts: many(count) }).start()
      world.clock.advance(5_000)
      expect([world.opened(), world.messages.length]).toEqual([sockets, messages])
      const streams = asked(world).flatMap(({ params }) => params)
      expect([streams.length, new Set(streams).size]).toEqual([count, count])
    },
  )

  test("are a hundred tasks on a hundred instruments on one socket, asked for by one message", async () => {
    const world = await exchange()
    const tasks = many(100).map((inst) => world.feed(TRADES, { insts: [inst] }))
    for (const task of tasks) task.start()
    world.clock.advance(5_000)
    expect([world.opened(), world.messages.length]).toEqual([1, 1])
    expect(tasks.flatMap((task) => task.reasons())).toEqual([])
  })

  test("are split where the venue allows few streams a socket and few instruments a message", async () => {
    const world = await exchange({ limits: { subscriptionsPerConnection: 3, instsPerMessage: 2 } })
    const insts = many(7)
    const tasks = [world.feed(TRADES, { insts: insts.slice(0, 4) }), world.feed(TRADES, { insts: insts.slice(2) })]
    for (const task of tasks) task.start()
    world.clock.advance(5_000)
    expect(world.opened()).toBe(3)
    const bySocket = Map.groupBy(asked(world), ({ connection }) => connection)
    expect([...bySocket.values()].map((sent) => sent.map(({ params }) => params.length))).toEqual([[2, 1], [2, 1], [1]])
    expect(new Set(asked(world).flatMap(({ params }) => params)).size).toBe(7)
  })

  test("are each told everything they declare, once and in order, and nothing else", async () => {
    const world = await exchange()
    const one = world.listening(TRADES, { insts: [BTC] })
    const two = world.listening(TRADES, { insts: [ETH, BTC] })
    const three = world.listening(TRADES, { insts: [SOL] })
    for (const { task } of [one, two, three]) task.start()
    world.clock.advance(20_000)
    const [first, second, third] = [one, two, three].map(({ data }) => data<Trade>("onTrade"))
    expect(first!.length).toBeGreaterThan(20)
    expect(ids(first!, BTC)).toEqual(world.truth(first!))
    expect(ids(second!, BTC)).toEqual(ids(first!, BTC))
    expect(new Set(first!.map(({ inst }) => inst))).toEqual(new Set([BTC]))
    expect(new Set(second!.map(({ inst }) => inst))).toEqual(new Set([BTC, ETH]))
    expect(new Set(third!.map(({ inst }) => inst))).toEqual(new Set([SOL]))
    // Decoded once: both tasks are handed the same object.
    expect(second!.filter(({ inst }) => inst === BTC).every((trade, at) => trade === first![at])).toBe(true)
    expect(one.task.state()["messages"]).toBe(first!.length)
  })

  test("join a history each for itself, and the stream of the other is whole without", async () => {
    const world = await exchange()
    const plain = world.listening(TRADES)
    const joined = world.listening(TRADES, { insts: [ETH, BTC], history: 30 })
    for (const { task } of [plain, joined]) task.start()
    world.clock.advance(10_000)
    const told = joined.data<Trade>("onTrade").filter(({ inst }) => inst === BTC)
    const streamed = plain.data<Trade>("onTrade")
    expect(told.filter(({ isHistory }) => isHistory).length).toBeGreaterThanOrEqual(30)
    expect(ids(told, BTC)).toEqual(world.truth(told))
    expect(streamed.some(({ isHistory }) => isHistory)).toBe(false)
    expect(ids(streamed, BTC)).toEqual(world.truth(streamed))
    expect(world.opened()).toBe(1)
  })
})

describe("one book an instrument", () => {
  test("is read by every task that declares it, and all are told when it is not to be trusted", async () => {
    const world = await exchange()
    const one = world.listening(BOOK, { insts: [BTC] })
    const two = world.listening(BOOK, { insts: [ETH, BTC] })
    for (const { task } of [one, two]) task.start()
    world.clock.advance(5_000)
    expect(one.task.book(BTC)?.state).toBe("live")
    expect(two.task.book(BTC)).toBe(one.task.book(BTC)!)
    world.cut(1)
    world.clock.advance(10_000)
    expect(two.task.book(BTC)).toBe(one.task.book(BTC)!)
    const states = [one, two].map(({ data }) =>
      data<BookStateChanged>("onBookState")
        .filter(({ inst }) => inst === BTC)
        .map(({ state, timestamp }) => `${state} ${timestamp}`),
    )
    expect(states[0]!.map((state) => state.split(" ")[0])).toEqual(["live", "quarantined", "live"])
    expect(states[1]).toEqual(states[0]!)
    const images = world.asked.filter(({ path, query }) => path.endsWith("/depth") && query.includes("BTCUSDT"))
    expect(images.length).toBe(2)
  })

  test("is built from the finest diffs that any task wants, and each task is told its own", async () => {
    const world = await exchange()
    const slow = world.listening(paced(500))
    const fast = world.listening(paced(100))
    for (const { task } of [slow, fast]) task.start()
    world.clock.advance(10_000)
    expect(slow.task.book(BTC)?.state).toBe("live")
    expect(slow.task.book(BTC)).toBe(fast.task.book(BTC)!)
    const [few, more] = [slow, fast].map(({ data }) => data<Lob>("onLob").length)
    expect(few).toBeGreaterThan(10)
    expect(more).toBeGreaterThan(3 * few!)
    expect((fast.task.state() as { books: Record<string, { applied: number }> }).books[BTC]!.applied).toBeLessThan(
      more! + 1,
    )
    expect(world.asked.filter(({ path }) => path.endsWith("/depth")).length).toBe(1)
    expect([slow, fast].map(({ data }) => data<BookStateChanged>("onBookState").map(({ state }) => state))).toEqual([
      ["live"],
      ["live"],
    ])
  })

  test("tells the task whose own diffs have a hole, though its book, built from finer ones, has none", async () => {
    let isMuted = false
    const world = await exchange({ mute: (text) => isMuted && text.includes("btcusdt@depth@500ms") })
    const slow = world.listening(paced(500))
    const fast = world.listening(paced(100))
    for (const { task } of [slow, fast]) task.start()
    world.clock.advance(5_000)
    isMuted = true
    world.clock.advance(1_500)
    isMuted = false
    world.clock.advance(5_000)
    const gaps = [slow, fast].map(({ data }) =>
      data<FeedStateChanged>("onFeedState").filter(({ state }) => state === "gap"),
    )
    expect(gaps[0]!.map(({ inst, why }) => `${inst}: ${why}`)).toEqual([
      expect.stringMatching(
        /^BTC_USDT_PERP: lob incremental 500 ms of BTC_USDT_PERP were missed: update \d+\.\.\d+ does not follow \d+$/,
      ),
    ])
    expect(gaps[1]).toEqual([])
    expect(fast.data<BookStateChanged>("onBookState").map(({ state }) => state)).toEqual(["live"])
  })

  test("goes on for the others when the task whose diffs it is built from leaves", async () => {
    const world = await exchange()
    const slow = world.listening(paced(500))
    const fast = world.listening(paced(100))
    for (const { task } of [slow, fast]) task.start()
    world.clock.advance(5_000)
    void fast.task.stop()
    const told = fast.data("onLob").length
    world.clock.advance(5_000)
    expect(slow.task.book(BTC)).toMatchObject({ state: "live" })
    expect(fast.data("onLob").length).toBe(told)
    expect(fast.data<BookStateChanged>("onBookState").at(-1)).toMatchObject({
      state: "quarantined",
      why: "asked to stop",
    })
    void slow.task.stop()
    world.clock.advance(2_000)
    expect(slow.task.book(BTC)).toMatchObject({ state: "quarantined", why: "asked to stop" })
  })
})

describe("what happens to one stream or socket", () => {
  test("that is cut is asked for again with exactly what it carried; tasks on others hear nothing of it", async () => {
    const world = await exchange({ limits: { subscriptionsPerConnection: 2 } })
    const both = world.listening(TRADES, { insts: [BTC, ETH] })
    const other = world.listening(TRADES, { insts: [SOL] })
    for (const { task } of [both, other]) task.start()
    world.clock.advance(5_000)
    expect(wishes(world)).toEqual(["SUBSCRIBE btcusdt@aggTrade ethusdt@aggTrade", "SUBSCRIBE solusdt@aggTrade"])
    world.cut(1)
    world.clock.advance(5_000)
    expect(wishes(world).slice(2)).toEqual(["SUBSCRIBE btcusdt@aggTrade ethusdt@aggTrade"])
    expect(world.opened()).toBe(3)
    const states = ({ data }: typeof both) => data<FeedStateChanged>("onFeedState").map(({ state }) => state)
    expect(states(both).slice(3)).toEqual(["lost", "connecting", "subscribing", "live"])
    expect(states(other)).toEqual(["connecting", "subscribing", "live"])
    const since = other.data("onTrade").length
    world.clock.advance(5_000)
    expect(other.data("onTrade").length).toBeGreaterThan(since)
  })

  test("that is silent is asked for anew once, by the least bound of its tasks, and every one of them is told", async () => {
    let isMuted = false
    const world = await exchange({ mute: (text) => isMuted && text.includes("btcusdt@aggTrade") })
    const patient = world.listening(TRADES, { insts: [BTC, ETH] })
    const hasty = world.listening(TRADES, { insts: [BTC], silenceMsMax: 10_000 })
    const stranger = world.listening(TRADES, { insts: [ETH] })
    for (const { task } of [patient, hasty, stranger]) task.start()
    world.clock.advance(5_000)
    isMuted = true
    world.clock.advance(16_000)
    expect(wishes(world).slice(1)).toEqual(["UNSUBSCRIBE btcusdt@aggTrade", "SUBSCRIBE btcusdt@aggTrade"])
    const silent = [patient, hasty, stranger].map(({ data }) =>
      data<FeedStateChanged>("onFeedState")
        .filter(({ state }) => state === "silent")
        .map(({ inst }) => inst),
    )
    expect(silent).toEqual([[BTC], [BTC], []])
    expect(world.counters.get("perigee_silences_total")?.value).toBe(1)
  })

  test("that the venue refuses is told to the tasks that declare it, and costs the others nothing", async () => {
    const world = await exchange({ rebuff: (text) => text.includes("nope") })
    const good = world.listening(TRADES, { insts: [BTC] })
    const mixed = world.listening(TRADES, { insts: [ETH, "NOPE_USDT_PERP"] })
    const bad = world.listening(TRADES, { insts: ["NOPE_USDT_PERP"] })
    for (const { task } of [good, mixed, bad]) task.start()
    while (world.messages.length < 2) world.clock.advance(1)
    expect(good.task.reasons()).toEqual(["binance-um trades: BTC_USDT_PERP is being asked for alone"])
    world.clock.advance(10_000)
    expect(good.task.reasons()).toEqual([])
    expect(wishes(world)).toEqual([
      "SUBSCRIBE btcusdt@aggTrade ethusdt@aggTrade nopeusdt@aggTrade",
      "SUBSCRIBE btcusdt@aggTrade",
      "SUBSCRIBE ethusdt@aggTrade",
      "SUBSCRIBE nopeusdt@aggTrade",
    ])
    const told = [good, mixed, bad].map(({ data }) => data<Trouble>("onError").map(({ message }) => message))
    const why = "binance-um refused a subscription to trades NOPE_USDT_PERP (2): Invalid request: no such stream"
    expect(told).toEqual([[], [why], [why]])
    expect(world.counters.get("perigee_refused_subscriptions_total")?.value).toBe(1)
    expect(good.data("onTrade").length).toBeGreaterThan(10)
    expect(mixed.data("onTrade").length).toBeGreaterThan(10)
    // From then on it is asked for by itself.
    world.cut(1)
    world.clock.advance(10_000)
    expect(wishes(world).slice(4)).toEqual([
      "SUBSCRIBE btcusdt@aggTrade ethusdt@aggTrade",
      "SUBSCRIBE nopeusdt@aggTrade",
    ])
    expect(good.data("onError")).toEqual([])
    expect(world.opened()).toBe(2)
  })

  test("whose task leaves goes on for the others, and its socket is closed with the last of them", async () => {
    const world = await exchange()
    const one = world.listening(TRADES, { insts: [BTC, ETH] })
    const two = world.listening(TRADES, { insts: [BTC], history: 5 })
    for (const { task } of [one, two]) task.start()
    world.clock.advance(5_000)
    await one.task.stop()
    const told = one.data("onTrade").length
    const before = two.data("onTrade").length
    world.clock.advance(5_000)
    expect(one.data("onTrade").length).toBe(told)
    expect(two.data("onTrade").length).toBeGreaterThan(before)
    expect(one.data<FeedStateChanged>("onFeedState").at(-1)?.state).toBe("stopped")
    expect(two.data<FeedStateChanged>("onFeedState").at(-1)?.state).toBe("live")
    expect([one.task.reasons(), two.task.reasons()]).toEqual([["binance-um trades: stopped, asked to stop"], []])
    void two.task.stop()
    world.clock.advance(2_000)
    expect(two.data<FeedStateChanged>("onFeedState").at(-1)?.state).toBe("stopped")
    expect(world.opened()).toBe(1)
  })
})

test("the newest price of an instrument is that of its newest event, whichever socket it came over", async () => {
  const world = await exchange()
  const tape = world.listening(TRADES)
  const tops = world.listening(BBO)
  for (const { task } of [tape, tops]) task.start()
  expect(world.gear.hub.price(BTC)).toBeUndefined()
  world.clock.advance(10_000)
  const trade = tape.data<Trade>("onTrade").at(-1)!
  const top = tops.data<Lob>("onLob").at(-1)!
  const middle = (top.bids[0]! + top.asks[0]!) / 2
  expect(world.gear.hub.price(BTC)).toBe(trade.receivedAt > top.receivedAt ? trade.price : middle)
  expect(world.gear.hub.price(ETH)).toBeUndefined()
})

test("a refused stream that a book is built from is told to everyone who reads that book", async () => {
  const world = await exchange({ rebuff: (text) => text.includes("@0ms") })
  const [fine, coarse] = [0, 100].map((everyMs) => world.listening(paced(everyMs), { insts: [BTC] }))
  fine!.task.start()
  coarse!.task.start()
  await world.clock.advance(20_000)
  const why = expect.stringContaining(`binance-um refused a subscription to lob incremental 0 ms ${BTC}`)
  for (const one of [fine!, coarse!]) {
    expect(one.data<Trouble>("onError").map(({ message }) => message)).toEqual([why])
  }
})

test.each([1, 2])(
  "a book whose finest %d diffs are refused is built from the next, in any order of answers",
  async (count) => {
    const refused = ["@0ms", "@100ms"].slice(0, count)
    const world = await exchange({ rebuff: (text) => refused.some((pace) => text.includes(pace)) })
    const tasks = [0, 500, 100].map((everyMs) => world.listening(paced(everyMs)))
    for (const { task } of tasks) task.start()
    world.clock.advance(20_000)
    const [fine, slow, middle] = tasks
    for (const { task, data } of tasks) {
      expect(task.book(BTC)).toBe(slow!.task.book(BTC)!)
      expect(data<BookStateChanged>("onBookState").at(-1)).toMatchObject({ state: "live" })
    }
    const view = slow!.task.book(BTC)
    if (view?.state !== "live") throw new Error("not live")
    const diffs = (count === 1 ? middle : slow)!.data<Lob>("onLob")
    expect(view.seq).toBe(diffs.at(-1)!.sequence!.last)
    expect(slow!.data<Lob>("onLob").length).toBeGreaterThan(20)
    expect(fine!.data("onLob")).toEqual([])
    const instead = count === 1 ? "100 ms" : "500 ms"
    expect(slow!.data<Trouble>("onError").at(-1)?.message).toEndWith(
      `its book is built from lob incremental ${instead} instead`,
    )
    // A hole in what it is built from now is the book's to tell, and costs an image; one told as a gap as well would be two.
    world.cut(count === 1 ? 3 : 2)
    world.clock.advance(20_000)
    expect(tasks.map(({ task }) => task.book(BTC)?.state)).toEqual(["live", "live", "live"])
    expect(slow!.data<FeedStateChanged>("onFeedState").filter(({ state }) => state === "gap")).toEqual([])
  },
)

test("a refusal to end what is being asked for again concerns nobody", async () => {
  let isOn = false
  const world = await exchange({
    mute: (text) => isOn && text.includes("aggTrade"),
    rebuff: (text) => isOn && text.includes("UNSUBSCRIBE"),
  })
  const feed = world.listening(TRADES, { insts: [BTC, ETH] })
  feed.task.start()
  await world.clock.advance(5_000)
  isOn = true
  await world.clock.advance(500_000)
  const methods = asked(world).map(({ method, params }) => [method, params.length])
  expect(methods).toContainEqual(["UNSUBSCRIBE", 2])
  expect(methods).not.toContainEqual(["SUBSCRIBE", 1])
  expect([feed.data("onError"), world.counters.get("perigee_refused_subscriptions_total")?.value ?? 0]).toEqual([[], 0])
})
