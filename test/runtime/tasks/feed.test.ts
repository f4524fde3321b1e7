// Declared feeds on virtual time, against the venue's own front: what they share, and what they say when it goes wrong.
import { describe, expect, test } from "bun:test"
import { market } from "../../../src/exchanges/index.ts"
import { front } from "../../../src/exchanges/binance/front.ts"
import type { Channel } from "../../../src/runtime/domain/channel.ts"
import type { BookStateChanged, FeedStateChanged, Lag } from "../../../src/runtime/domain/callbacks.ts"
import type { Lob, Trade } from "../../../src/runtime/domain/events.ts"
import type { Listener } from "../../../src/runtime/ports.ts"
import type { Faults } from "../../../src/runtime/simulation/faults.ts"
import { serveFront } from "../../../src/runtime/simulation/serve.ts"
import { feedTask } from "../../../src/runtime/tasks/feed/feed.ts"
import { MarketGear } from "../../../src/world/market-gear.ts"
import { seenFrom, START_AT, virtualHost } from "./host.ts"

const BTC = "BTC_USDT_PERP"
const ETH = "ETH_USDT_PERP"
const BOOK: Channel = { kind: "lob", form: "incremental", everyMs: 100 }
const TRADES: Channel = { kind: "trades", each: true }

type Fed = Awaited<ReturnType<typeof fed>>

async function fed(faults: Faults = { latencyMsMin: 2 }) {
  const virtual = virtualHost(faults)
  const { outside, clock } = virtual
  const local = { aheadUs: 0 }
  const world = { ...virtual, host: { ...virtual.host, outside: seenFrom(outside, local) } }
  const heard = { asked: [] as string[], opened: 0 }
  const listener: Listener = {
    listen: (options) =>
      outside.listener.listen({
        ...options,
        sockets: {
          ...options.sockets!,
          open(connection, path, headers) {
            heard.opened++
            return options.sockets!.open(connection, path, headers)
          },
          text(connection, text) {
            heard.asked.push(text)
            options.sockets!.text(connection, text)
          },
          alive: (connection) => options.sockets!.alive(connection),
          closed: (connection) => options.sockets!.closed(connection),
        },
      }),
  }
  const venueFront = front({ seed: 1, startedAt: START_AT, accounts: [], flow: 50 })
  const where = { host: "10.0.0.1", port: 8080 }
  const serve = () => serveFront({ front: venueFront, listener, clock, ...where })
  let served = await serve()
  const venue = market("binance-um", { endpoint: "http://10.0.0.1:8080" })
  const gear = new MarketGear(venue, world.host, undefined)
  let ids = 0
  const feed = (channel: Channel, insts: readonly string[] = [BTC]) =>
    feedTask({ kind: "feed", id: String(++ids), market: "binance-um", channel, insts, isManual: false }, world.host, {
      hub: gear.hub,
      venue,
      rest: gear.rest,
      keeper: (inst) => gear.keeper(inst),
    })
  const data = <T>(callback: Parameters<typeof world.of>[0]) => world.of(callback).map((one) => one.data as T)
  return {
    ...world,
    local,
    heard,
    gear,
    feed,
    data,
    down: () => served.close(),
    up: async () => void (served = await serve()),
    /** Streams asked for, by message. */
    wanted: () => heard.asked.map((text) => (JSON.parse(text) as { params: string[] }).params),
  }
}

const bookStates = ({ data }: Fed): string[] => data<BookStateChanged>("onBookState").map(({ state }) => state)
const feedStates = ({ data }: Fed): string[] => data<FeedStateChanged>("onFeedState").map(({ state }) => state)

describe("declared feeds", () => {
  test("share one socket, and one subscription where they want the same", async () => {
    const world = await fed()
    const tasks = [world.feed(TRADES), world.feed(TRADES), world.feed(BOOK)]
    for (const task of tasks) task.start()
    world.clock.advance(5_000)
    expect(world.heard.opened).toBe(1)
    expect(world.wanted().flat().sort()).toEqual(["btcusdt@depth@100ms", "btcusdt@trade"])
    const trades = world.data<Trade>("onTrade")
    expect(trades.length).toBeGreaterThan(10)
    // Both tasks of the same stream are told each trade.
    const ids = trades.map(({ tradeId }) => tradeId)
    expect(ids.length).toBe(2 * new Set(ids).size)
    expect(tasks.map((task) => task.reasons())).toEqual([[], [], []])
  })

  test("keep one book for all who want it, live before its first diff is told", async () => {
    const world = await fed()
    const [one, two] = [world.feed(BOOK), world.feed(BOOK)]
    one.start()
    two.start()
    world.clock.advance(3_000)
    const [first, second] = [one.book(BTC), two.book(BTC)]
    expect(first?.state).toBe("live")
    expect(second).toBe(first!)
    expect(world.data<Lob>("onLob").length).toBeGreaterThan(20)
    expect(bookStates(world)).toEqual(["live", "live"])
    expect(one.book("ETH_USDT_PERP")).toBeUndefined()
  })

  test("that are lost say so with their pause, quarantine their books, and resume both", async () => {
    const world = await fed()
    const task = world.feed(BOOK)
    task.start()
    world.clock.advance(8_000)
    await world.down()
    world.clock.advance(100)
    expect(task.book(BTC)?.state).toBe("quarantined")
    expect(task.reasons().join("; ")).toMatch(
      /binance-um lob incremental 100 ms: lost, closed by the peer \(1001.*book BTC_USDT_PERP: quarantined/,
    )
    world.clock.advance(3_000)
    await world.up()
    world.clock.advance(10_000)
    expect([task.book(BTC)?.state, task.reasons()]).toEqual(["live", []])
    expect(bookStates(world)).toEqual(["live", "quarantined", "live"])
    const lost = world.data<FeedStateChanged>("onFeedState").find(({ state }) => state === "lost")
    expect(lost?.retryMs).toBeWithin(100, 201)
    expect(feedStates(world).slice(0, 4)).toEqual(["connecting", "subscribing", "live", "lost"])
    expect(feedStates(world).at(-1)).toBe("live")
    expect(world.wanted().length).toBe(2)
  })

  test("ask anew for the one stream that is wished for again: the others on its socket stay as they are", async () => {
    const world = await fed()
    const task = world.feed(BOOK, [BTC, ETH])
    task.start()
    world.clock.advance(3_000)
    world.gear.hub.resubscribe(BTC)
    expect(task.book(BTC)?.state).toBe("quarantined")
    world.clock.advance(3_000)
    expect(world.heard.opened).toBe(1)
    expect(world.heard.asked.map((text) => JSON.parse(text) as unknown)).toMatchObject([
      { method: "SUBSCRIBE", params: ["btcusdt@depth@100ms", "ethusdt@depth@100ms"] },
      { method: "UNSUBSCRIBE", params: ["btcusdt@depth@100ms"] },
      { method: "SUBSCRIBE", params: ["btcusdt@depth@100ms"] },
    ])
    const states = world.data<BookStateChanged>("onBookState").map(({ inst, state }) => `${inst} ${state}`)
    expect(states.sort()).toEqual([`${BTC} live`, `${BTC} live`, `${BTC} quarantined`, `${ETH} live`])
  })

  test("whose frames get lost on the way find the gap and mend the book", async () => {
    const world = await fed()
    const task = world.feed(BOOK)
    task.start()
    world.clock.advance(3_000)
    world.outside.network.setFaults({ latencyMsMin: 2, dropRate: 0.2 })
    world.clock.advance(5_000)
    world.outside.network.setFaults({ latencyMsMin: 2 })
    world.clock.advance(10_000)
    expect(task.book(BTC)?.state).toBe("live")
    expect(bookStates(world).filter((state) => state === "quarantined").length).toBeGreaterThan(1)
    expect(task.state()).toMatchObject({ books: { [BTC]: { state: "live", gaps: expect.any(Number) } } })
  })

  test("whose data arrive late are a stall: told, quarantined, and trusted again once they are fresh", async () => {
    const world = await fed()
    const task = world.feed(BOOK)
    task.start()
    world.clock.advance(3_000)
    world.outside.network.setFaults({ latencyMsMin: 5_000 })
    world.clock.advance(8_000)
    expect(world.data<Lag>("onLag").map(({ kind }) => kind)).toEqual(["stall"])
    expect([task.book(BTC)?.state, task.reasons()[0]]).toEqual([
      "quarantined",
      "binance-um lob incremental 100 ms: data arrive late",
    ])
    world.outside.network.setFaults({ latencyMsMin: 2 })
    world.clock.advance(15_000)
    expect([task.book(BTC)?.state, task.reasons()]).toEqual(["live", []])
  })

  test.each([3_000, -3_000])(
    "are not late because the local clock is set by %d ms, and are where they are",
    async (byMs) => {
      const world = await fed()
      const task = world.feed(BOOK)
      task.start()
      world.clock.advance(3_000)
      world.local.aheadUs = byMs * 1_000
      world.clock.advance(8_000)
      expect([task.book(BTC)?.state, task.reasons(), world.of("onLag")]).toEqual(["live", [], []])
      world.local.aheadUs = 0
      world.outside.network.setFaults({ latencyMsMin: 5_000 })
      world.clock.advance(8_000)
      expect([task.book(BTC)?.state, world.of("onLag").length]).toEqual(["quarantined", 1])
    },
  )

  test("stop with nothing left to run, and nothing more is told", async () => {
    const world = await fed()
    const [one, two] = [world.feed(BOOK), world.feed(TRADES)]
    one.start()
    two.start()
    world.clock.advance(3_000)
    const stopped = Promise.all([one.stop(), two.stop()])
    world.clock.advance(100)
    await stopped
    const told = world.published.length
    expect(feedStates(world).slice(-2)).toEqual(["stopped", "stopped"])
    await world.down()
    world.clock.advance(10)
    expect([world.published.length, world.clock.pending]).toEqual([told, 0])
  })
})
