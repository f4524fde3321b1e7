// Feeds of the account's own events, on virtual time against the venue's own front.
import { describe, expect, test } from "bun:test"
import { front } from "../../../src/exchanges/binance/front.ts"
import { market } from "../../../src/exchanges/index.ts"
import type { FeedStateChanged } from "../../../src/runtime/domain/callbacks.ts"
import type { FeedSpec } from "../../../src/runtime/domain/task.ts"
import { serveFront } from "../../../src/runtime/simulation/serve.ts"
import { accountFeed } from "../../../src/runtime/tasks/feed/account.ts"
import { MarketGear } from "../../../src/world/market-gear.ts"
import { START_AT, virtualHost } from "./host.ts"

const KEYS = { apiKey: "key", secret: "secret" }
const MINUTE_MS = 60_000

async function account(silenceMsMax?: number) {
  const world = virtualHost({ latencyMsMin: 2 })
  const { outside, clock } = world
  const real = front({ seed: 1, startedAt: START_AT, accounts: [{ ...KEYS, balances: { USDT: "1000" } }], flow: false })
  await serveFront({ front: real, listener: outside.listener, clock, host: "10.0.0.1", port: 8080 })
  const venue = market("binance-um", { endpoint: "http://10.0.0.1:8080" })
  const gear = new MarketGear(venue, world.host, KEYS)
  const bound = silenceMsMax === undefined ? {} : { silenceMsMax }
  const spec: FeedSpec = {
    kind: "feed",
    id: "1",
    market: "binance-um",
    channel: { kind: "accOrders" },
    insts: [],
    isManual: false,
    ...bound,
  }
  const feed = accountFeed(spec, world.host, gear.stream)
  gear.start()
  feed.start()
  clock.advance(2_000)
  const states = () => world.of("onFeedState").map(({ data }) => (data as FeedStateChanged).state)
  return { ...world, gear, feed, states }
}

describe("a feed of an account", () => {
  test("that is quiet for hours is left alone: pings and renewals of its session prove it", async () => {
    const world = await account()
    world.clock.advance(180 * MINUTE_MS)
    expect([world.states(), world.feed.reasons()]).toEqual([["live"], []])
  })

  test("that names a bound of silence is told and opened anew when it is passed, at doubling pauses", async () => {
    const world = await account(10 * MINUTE_MS)
    world.clock.advance(15 * MINUTE_MS)
    expect(world.states()).toEqual(["live", "silent", "lost", "live"])
    world.clock.advance(165 * MINUTE_MS)
    expect(world.states().filter((state) => state === "silent").length).toBe(4)
    expect(world.feed.reasons()).toEqual([])
  })

  test("stops with nothing of its own left to run", async () => {
    const world = await account(10 * MINUTE_MS)
    const stopped = Promise.all([world.feed.stop(), world.gear.stop()])
    world.clock.advance(100)
    await stopped
    const told = world.states().length
    world.clock.advance(60 * MINUTE_MS)
    expect(world.states().length).toBe(told)
  })
})
