import { describe, expect, test } from "bun:test"
import { UsageError } from "../../../src/runtime/domain/errors.ts"
import { Limiter } from "../../../src/runtime/tasks/limiter.ts"
import { Offset } from "../../../src/runtime/tasks/offset.ts"
import { asking, restClient } from "../../../src/runtime/tasks/rest.ts"
import { INST } from "./scripted/exchange.ts"
import type { Fate } from "./scripted/network.ts"
import { scriptedVenue } from "./scripted/venue.ts"
import { World } from "./scripted/world.ts"

const CANCEL = { inst: INST, clientId: "x" }

async function calling(fates: Fate[]) {
  const world = new World()
  const life = await world.live()
  world.exchange.requests.length = 0
  world.network.wire.fate = () => fates.shift() ?? "fine"
  return { world, life }
}

describe("a read", () => {
  test("is asked again until it is answered", async () => {
    const { world, life } = await calling(["broken", "unsent", "unanswered"])
    const outcome = life.rest.call("openOrders", {}, { timeoutMs: 100 })
    await world.clock.advance(10_000)
    expect(await outcome).toEqual({ kind: "accepted", value: [] })
    expect(world.exchange.asked("openOrders")).toBe(3)
  })

  test("that is never answered is unknown after four attempts", async () => {
    const { world, life } = await calling(Array.from({ length: 9 }, () => "lost"))
    const outcome = life.rest.call("openOrders", {}, { timeoutMs: 100 })
    await world.clock.advance(10_000)
    expect(await outcome).toEqual({ kind: "unknown", why: "no answer" })
  })

  test("that the venue refuses is refused at once", async () => {
    const { world, life } = await calling([])
    const outcome = life.rest.call("order", CANCEL)
    await world.clock.advance(10)
    expect(await outcome).toMatchObject({ kind: "refused", meaning: "not-found" })
    expect(world.exchange.asked("order")).toBe(1)
  })

  test("waits out a silence that the venue asks for", async () => {
    const { world, life } = await calling([])
    const tooMany = { status: 429, headers: { "retry-after": "20" }, body: '{"kind":"refused","reason":"too many"}' }
    world.network.wire.answer = () => tooMany
    const outcome = life.rest.call("openOrders", {})
    await world.clock.advance(10)
    world.network.wire.answer = () => undefined
    await world.clock.advance(19_000)
    expect(world.exchange.asked("openOrders")).toBe(0)
    await world.clock.advance(5_000)
    expect(world.exchange.asked("openOrders")).toBe(1)
    expect(await outcome).toEqual({ kind: "accepted", value: [] })
  })

  test("that cannot be put into words takes no room within the limits", async () => {
    const { clock, network, outside } = new World()
    const venue = scriptedVenue({
      weight: () => 10,
      encode: () => {
        throw new UsageError("no such instrument")
      },
    })
    const { random, log } = outside
    const limiter = new Limiter(clock, venue.limits)
    const offset = new Offset({ venue, http: network, clock, random, log })
    const rest = restClient({ venue, http: network, clock, random, log, limiter, offset })
    const before = limiter.state()
    await expect(rest.call("openOrders", {})).rejects.toThrow("no such instrument")
    expect(await asking(rest, clock, 1_000)("openOrders", {})).toEqual({
      kind: "refused",
      reason: "no such instrument",
    })
    expect(limiter.state()).toEqual(before)
  })

  test("of a strategy is over when its time is up, however often it would be asked again", async () => {
    const fates = Array.from({ length: 9 }, (): Fate => "lost")
    const { world, life } = await calling(fates)
    const outcome = asking(life.rest, world.clock, 1_000)("openOrders", {})
    await world.clock.advance(8_000)
    expect(await outcome).toMatchObject({ kind: "unknown" })
    expect(fates).toHaveLength(8)
  })

  test("of an operation the venue lacks is a mistake by name", async () => {
    const { life } = await calling([])
    await expect(life.rest.call("premiumIndex", {})).rejects.toThrow('binance-um has no operation "premiumIndex"')
  })
})

describe("a request that changes something", () => {
  const cases: [string, Fate, object][] = [
    [
      "that never left was refused",
      "unsent",
      { kind: "refused", reason: "never sent: nobody there", meaning: "not-sent" },
    ],
    ["that may have arrived is unknown", "lost", { kind: "unknown", why: "no answer" }],
    ["whose answer was lost is unknown", "unanswered", { kind: "unknown", why: "no answer" }],
    ["answered with 503 is unknown", "broken", { kind: "unknown", why: "HTTP 503" }],
  ]
  test.each(cases)("%s, and is sent once", async (_, fate, expected) => {
    const { world, life } = await calling([fate])
    const outcome = life.rest.call("cancel", CANCEL, { timeoutMs: 100 })
    await world.clock.advance(10_000)
    expect(await outcome).toEqual(expected as never)
    expect(world.exchange.asked("cancel")).toBe(fate === "unanswered" || fate === "broken" ? 1 : 0)
  })

  test("is refused while the venue wants silence for longer than it can wait", async () => {
    const { world, life } = await calling([])
    world.network.wire.answer = () => ({ status: 418, headers: {}, body: '{"kind":"refused","reason":"banned"}' })
    const first = life.rest.call("cancel", CANCEL)
    await world.clock.advance(10)
    expect(await first).toMatchObject({ kind: "refused", retryAfterMs: 60_000 })
    const second = life.rest.call("cancel", CANCEL, { leaveBy: world.clock.now() + 2_000_000 })
    expect(await second).toMatchObject({ kind: "refused", meaning: "rate-limited" })
  })
})

describe("the venue's clock", () => {
  const measured = async (behindMs: number, latencies: number[]) => {
    const world = new World({ wire: { latencyMs: () => latencies.shift() ?? 5 } })
    const { clock, venue, network, outside } = world
    const body = (): string =>
      JSON.stringify({ kind: "accepted", value: { timestamp: Math.floor(clock.now() / 1_000 + behindMs) * 1_000 } })
    network.wire.answer = () => ({ status: 200, headers: {}, body: body() })
    const offset = new Offset({ venue, http: network, clock, random: outside.random, log: outside.log })
    return { world, offset, clock }
  }

  test("is not known before it is measured, and signatures wait for it", async () => {
    const { offset, clock } = await measured(1_270, [])
    expect(offset.reasons()).toEqual(["binance-um: the venue's clock is not measured yet"])
    offset.start()
    await clock.advance(100)
    expect(offset.reasons()).toEqual([])
    expect(Math.abs(offset.offsetUs() - 1_270_000)).toBeLessThanOrEqual(offset.boundUs())
    expect(offset.boundUs()).toBeLessThan(6_000)
    offset.stop()
  })

  test("is taken from the shortest round trip", async () => {
    const { offset, clock } = await measured(-300, [400, 5, 5, 5, 200, 5])
    offset.start()
    await clock.advance(2_000)
    expect(offset.boundUs()).toBeLessThan(6_000)
    expect(Math.abs(offset.offsetUs() + 300_000)).toBeLessThanOrEqual(offset.boundUs())
    offset.stop()
  })

  test("known too loosely is a reason not to trade", async () => {
    const { offset, clock } = await measured(0, [600, 600, 600, 600, 600, 600])
    offset.start()
    await clock.advance(5_000)
    expect(offset.reasons()).toEqual([expect.stringMatching(/known only to ±60[01] ms/)])
    offset.stop()
  })

  test("that was set is followed at the next measurement", async () => {
    const { world, offset, clock } = await measured(0, [])
    void offset.measure()
    await clock.advance(100)
    world.network.wire.answer = () => ({
      status: 200,
      headers: {},
      body: JSON.stringify({ kind: "accepted", value: { timestamp: Math.floor(clock.now() / 1_000 + 9_000) * 1_000 } }),
    })
    void offset.measure()
    await clock.advance(100)
    expect(Math.abs(offset.offsetUs() - 9_000_000)).toBeLessThan(7_000)
    expect(world.logged.map(({ event }) => event)).toContain("clock.stepped")
  })

  test("that cannot be asked stays unknown, and is asked again", async () => {
    const { world, offset, clock } = await measured(0, [])
    world.network.wire.fate = () => "unsent"
    offset.start()
    await clock.advance(100)
    expect(offset.reasons()).toEqual(["binance-um: the venue's clock is not known: nobody there"])
    world.network.wire.fate = () => "fine"
    await clock.advance(5_000)
    expect(offset.reasons()).toEqual([])
    offset.stop()
  })
})
