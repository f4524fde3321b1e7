// A feed whose strategy drives it, on virtual time against the venue's own front: the runtime keeps its pulse.
import { describe, expect, test } from "bun:test"
import { market } from "../../../src/exchanges/index.ts"
import type { FeedStateChanged, Trouble } from "../../../src/runtime/domain/callbacks.ts"
import type { FeedSpec } from "../../../src/runtime/domain/task.ts"
import { unsentBytesMax } from "../../../src/runtime/domain/backlog.ts"
import type { SocketHandler, Sockets, VenueLimits } from "../../../src/runtime/ports.ts"
import type { Outcome } from "../../../src/runtime/domain/outcome.ts"
import { COMMAND_MS_MAX } from "../../../src/runtime/engine/context.ts"
import { withDeadline } from "../../../src/runtime/engine/deadline.ts"
import { manualFeed } from "../../../src/runtime/tasks/feed/manual.ts"
import type { TaskHost } from "../../../src/runtime/tasks/task.ts"
import { virtualHost } from "./host.ts"
import { BTC, CALM, exchange, TRADES } from "./market.ts"

type World = Awaited<ReturnType<typeof exchange>>

/** What a strategy would do on `onWsEvent`. */
async function driven(world: World, limits: Partial<VenueLimits> = {}) {
  const feed = world.manual(TRADES, limits)
  const { url, messages } = world.subscription(TRADES)
  const drive = async (): Promise<Outcome<undefined>> => {
    const answer = feed.manual!.connect(url)
    world.clock.advance(100)
    const connected = await answer
    if (connected.kind === "accepted") for (const message of messages) await feed.manual!.send(message)
    return connected
  }
  feed.start()
  const connected = await drive()
  return { feed, drive, connected }
}

const words = (world: World): string[] => world.states().map(({ state }) => state)

describe("a manual feed", () => {
  test("asks for its strategy, is connected and subscribed by it, and tells each step", async () => {
    const world = await exchange()
    const { feed, connected } = await driven(world)
    world.clock.advance(3_000)
    expect(connected).toEqual({ kind: "accepted", value: undefined })
    expect(world.of("onWsEvent").length).toBe(1)
    expect(words(world)).toEqual(["connecting", "live"])
    expect(world.told().length).toBeGreaterThan(10)
    expect(feed.reasons()).toEqual([])
  })

  test("tells the price that orders are valued at, as long as any other feed would", async () => {
    const world = await exchange()
    await driven(world)
    expect(world.gear.hub.price(BTC)).toBeUndefined()
    world.clock.advance(3_000)
    expect(world.gear.hub.price(BTC)).toBe(world.told().at(-1)!.price)
    world.outside.network.setFaults({ ...CALM, dropRate: 1 })
    world.clock.advance(61_000)
    expect(world.gear.hub.price(BTC)).toBeUndefined()
    expect(world.gear.hub.priceAgeUs(BTC)).toBeGreaterThan(60_000_000)
  })

  test("pings what is quiet, so that a quiet market costs nothing", async () => {
    const world = await exchange({ flow: false })
    await driven(world)
    world.clock.advance(1_200_000)
    expect([words(world), world.opened()]).toEqual([["connecting", "live"], 1])
  })

  test("that is half open is found dead within the venue's bound, says so and asks for its strategy again", async () => {
    const world = await exchange()
    const { feed } = await driven(world)
    world.clock.advance(3_000)
    world.outside.network.setFaults({ ...CALM, dropRate: 1 })
    world.clock.advance(55_000)
    expect(words(world)).toEqual(["connecting", "live"])
    world.clock.advance(30_000)
    const lost = world.states().at(-1)
    expect(lost).toMatchObject({ state: "lost", retryMs: expect.any(Number) })
    expect(lost!.why).toMatch(/^no frame for \d+ ms$/)
    expect(world.of("onWsEvent").length).toBe(2)
    expect(await feed.manual!.send("hello")).toMatchObject({ kind: "refused" })
  })

  test("whose connection grows old is told before the venue ends it", async () => {
    const world = await exchange({ flow: false })
    await driven(world, { connectionAgeMsMax: 600_000 })
    world.clock.advance(530_000)
    expect(words(world)).toEqual(["connecting", "live"])
    world.clock.advance(20_000)
    expect(words(world)).toEqual(["connecting", "live", "ageing"])
    expect(world.states().at(-1)!.why).toBe(
      "binance-um ends this connection in about 60000 ms; shut it down and connect again",
    )
  })

  test("shut down by its strategy stays so, and leaves nothing running; a new connect is a new life", async () => {
    const world = await exchange()
    const { feed, drive } = await driven(world)
    const answer = feed.manual!.shutdown()
    world.clock.advance(100)
    expect(await answer).toEqual({ kind: "accepted", value: undefined })
    world.clock.advance(200_000)
    expect(words(world)).toEqual(["connecting", "live", "stopped"])
    expect(world.of("onWsEvent").length).toBe(1)
    expect((await drive()).kind).toBe("accepted")
    expect(words(world)).toEqual(["connecting", "live", "stopped", "connecting", "live"])
  })

  test("tells a refused subscription and what it cannot read", async () => {
    const world = await exchange()
    const { feed } = await driven(world)
    await feed.manual!.send('{"method":"SUBSCRIBE","params":[1],"id":7}')
    world.clock.advance(100)
    expect(world.data<Trouble>("onError").map(({ message }) => message)).toEqual([
      expect.stringContaining("refused (2)"),
    ])
  })
})

describe("the ack of a text that a strategy sends", () => {
  const PING = '{"method":"LIST_SUBSCRIPTIONS","id":9}'

  test("is accepted once the venue's reading lets it leave, not before", async () => {
    const world = await exchange({ flow: false })
    const { feed } = await driven(world)
    world.outside.network.setFaults({ ...CALM, stallRate: 1, lateMsMax: 2_000 })
    let ack: Outcome<undefined> | undefined
    void feed.manual!.send(PING).then((outcome) => (ack = outcome))
    world.clock.advance(1)
    expect(ack).toBeUndefined()
    world.clock.advance(2_000)
    expect(ack).toEqual({ kind: "accepted", value: undefined })
    expect(world.messages.at(-1)).toBe(PING)
  })

  test("is unknown where the connection ends while it waits, and it is not sent over the next one", async () => {
    const world = await exchange({ flow: false })
    const { feed, drive } = await driven(world)
    world.outside.network.setFaults({ ...CALM, stallRate: 1, lateMsMax: 60_000 })
    const first = feed.manual!.send(PING)
    const second = feed.manual!.send(PING)
    world.clock.advance(10)
    world.outside.network.setFaults(CALM)
    world.outside.network.cutAll()
    for (const answer of [first, second]) {
      expect(await answer).toEqual({
        kind: "unknown",
        why: "binance-um trades: it could not be written (the connection ended first)",
      })
    }
    expect((await drive()).kind).toBe("accepted")
    world.clock.advance(100_000)
    expect(world.messages).not.toContain(PING)
  })

  test("is unknown where the connection is cut by its own writing", async () => {
    const world = await exchange({ flow: false })
    const { feed } = await driven(world)
    world.outside.network.setFaults({ ...CALM, cutRate: 1 })
    const ack = feed.manual!.send(PING)
    world.clock.advance(1)
    expect(await ack).toMatchObject({ kind: "unknown" })
    expect(words(world).at(-1)).toBe("lost")
  })

  test("is unknown by name when its time is up, before the command's own deadline", async () => {
    const world = await exchange({ flow: false })
    const { feed } = await driven(world)
    world.outside.network.setFaults({ ...CALM, stallRate: 1, lateMsMax: 1e9 })
    const ack = withDeadline(world.clock, COMMAND_MS_MAX, "send", feed.manual!.send(PING))
    world.clock.advance(COMMAND_MS_MAX - 1)
    expect(await ack).toEqual({
      kind: "unknown",
      why: `binance-um trades: ${PING.length} bytes still wait to leave after 4500 ms`,
    })
  })

  test("is a refusal by name while too much waits already", async () => {
    const world = await exchange({ flow: false })
    const { feed } = await driven(world)
    world.outside.network.setFaults({ ...CALM, stallRate: 1, lateMsMax: 1e9 })
    void feed.manual!.send("x".repeat(unsentBytesMax + 1))
    expect(await feed.manual!.send(PING)).toEqual({
      kind: "refused",
      reason: `binance-um trades: ${unsentBytesMax + 1} bytes wait to leave already, its peer takes nothing; connect it anew`,
    })
  })
})

/** The venue is the test: sockets open when it says so, or within their bound not at all. */
function scripted() {
  const world = virtualHost()
  const sockets: { handler: SocketHandler; closed: boolean }[] = []
  const open: Sockets["open"] = ({ connectMsMax }, handler) => {
    const one = { handler, closed: false }
    sockets.push(one)
    world.clock.timer(connectMsMax, () => handler.closed(1006, `no connection within ${connectMsMax} ms`))
    return { send: () => true, ping() {}, bufferedBytes: () => 0, close: () => void (one.closed = true) }
  }
  let hear: (word: FeedStateChanged) => void = () => undefined
  const host: TaskHost = {
    ...world.host,
    outside: { ...world.outside, sockets: { open } },
    publisher: (callback) => (data, receivedAt) => {
      world.host.publisher(callback)(data, receivedAt)
      if (callback === "onFeedState") hear(data as FeedStateChanged)
    },
  }
  const spec: FeedSpec = { kind: "feed", id: "1", market: "binance-um", channel: TRADES, insts: [BTC], isManual: true }
  const feed = manualFeed(spec, host, market("binance-um"))
  const told = () => world.of("onFeedState").map(({ data }) => (data as FeedStateChanged).state)
  return {
    feed,
    manual: feed.manual!,
    sockets,
    told,
    clock: world.clock,
    onState: (does: typeof hear) => (hear = does),
  }
}

describe("a manual feed that the runtime stops", () => {
  test("opens no other socket, though its strategy asks for one as soon as it hears of it", async () => {
    const { feed, manual, sockets, told, onState } = scripted()
    feed.start()
    const connected = manual.connect("ws://venue")
    sockets[0]!.handler.open()
    await connected
    let again: Promise<Outcome<undefined>> | undefined
    onState(({ state }) => {
      if (state === "stopped") again = manual.connect("ws://venue")
    })
    const stopped = feed.stop()
    expect(sockets[0]!.closed).toBe(true)
    sockets[0]!.handler.closed(1000, "")
    await stopped
    expect(await again).toEqual({ kind: "refused", reason: "binance-um trades is stopping" })
    expect([told(), sockets.length]).toEqual([["connecting", "live", "stopped"], 1])
  })

  test("is not live again when the socket it is closing opens after all", async () => {
    const { feed, manual, sockets, told } = scripted()
    feed.start()
    const connected = manual.connect("ws://venue")
    const stopped = feed.stop()
    sockets[0]!.handler.open()
    sockets[0]!.handler.closed(1006, "closed before it was open")
    await stopped
    expect(await connected).toMatchObject({ kind: "refused" })
    expect(told()).toEqual(["connecting", "stopped"])
  })
})

test("a connection that does not come is refused by name, before its ack is overdue", async () => {
  const { feed, manual, told, clock } = scripted()
  feed.start()
  // As the context bounds it.
  const answer = withDeadline(clock, COMMAND_MS_MAX, "connect", manual.connect("ws://venue"))
  clock.advance(COMMAND_MS_MAX - 1)
  expect(await answer).toEqual({
    kind: "refused",
    reason: "binance-um trades could not connect (1006 no connection within 4500 ms)",
  })
  expect(told().slice(0, 2)).toEqual(["connecting", "lost"])
})
