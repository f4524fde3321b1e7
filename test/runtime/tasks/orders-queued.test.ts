// What waits for room within the rate limits while the connection it was written for is lost.
import { describe, expect, test } from "bun:test"
import type { Outcome } from "../../../src/runtime/domain/outcome.ts"
import type { Venue } from "../../../src/runtime/ports.ts"
import { INST } from "./scripted/exchange.ts"
import { scriptedVenue } from "./scripted/venue.ts"
import { type Life, LIMIT, submit, World, type WorldOptions } from "./scripted/world.ts"

const FULL = 2_400
/** As the scripted venue names it in its refusals. */
const LOST = expect.stringMatching(
  /^never sent: its connection was lost while it waited for rate-limit room: closed by/,
)

/** A venue at which requests named in `heavy` find no room within the minute. */
function crowded(options: WorldOptions = {}) {
  const heavy = new Set<string>()
  const weight: Venue["weight"] = (operation) => (heavy.has(operation) ? FULL : 1)
  return { heavy, world: new World({ ...options, venue: { weight, ...options.venue } }) }
}

const limiterOf = (life: Life) => life.task.state()["limiter"] as Record<string, number>

/** What an answer was, once it came. */
function heard<T>(answer: Promise<Outcome<T>>): { outcome?: Outcome<T> } {
  const box: { outcome?: Outcome<T> } = {}
  void answer.then((outcome) => (box.outcome = outcome))
  return box
}

describe("an order that waits for room when its connection is lost", () => {
  test("is refused by name at once, and sent over neither the next connection nor REST", async () => {
    const { world, heavy } = crowded()
    const life = await world.live()
    heavy.add("place")
    const submission = life.turn.run(() => life.task.submit("test", LIMIT))
    if (submission.kind === "refused") throw new Error("refused")
    const ack = heard(submission.ack)
    await world.clock.advance(100)
    expect([ack.outcome, limiterOf(life)["waiting"]]).toEqual([undefined, 1])
    world.network.cut("entry")
    await world.clock.advance(1)
    expect(ack.outcome).toEqual({ kind: "refused", reason: LOST, meaning: "not-sent" })
    expect(life.task.order(submission.clientId)).toMatchObject({ state: "rejected", reason: LOST })
    expect(world.disk.orders.get(submission.clientId)).toMatchObject({ state: "rejected" })
    expect(limiterOf(life)["waiting"]).toBe(0)
    heavy.clear()
    await world.clock.advance(120_000)
    expect(world.exchange.asked("place")).toBe(0)
    expect(submit(life)).toBeString()
    await world.clock.advance(10)
    expect(world.exchange.asked("place")).toBe(1)
  })

  test("leaves the queue to those behind it, and all of them are told when all have left", async () => {
    const { world, heavy } = crowded()
    const life = await world.live()
    heavy.add("place")
    for (let count = 0; count < 3; count++) submit(life)
    await world.clock.advance(10)
    heavy.clear()
    const read = heard(life.rest.call("serverTime", {}, { priority: "place" }))
    await world.clock.advance(10)
    expect([read.outcome, limiterOf(life)["waiting"]]).toEqual([undefined, 4])
    world.network.cut("entry")
    await world.clock.advance(10)
    expect(read.outcome).toMatchObject({ kind: "accepted" })
    const states = life.changes.map(({ order }) => order.state)
    expect(states.join()).toBe("pending,pending,pending,rejected,rejected,rejected")
    expect(world.exchange.asked("place")).toBe(0)
  })

  test("is refused, too, when the bot stops", async () => {
    const { world, heavy } = crowded()
    const life = await world.live()
    heavy.add("place")
    const clientId = submit(life)
    await world.clock.advance(10)
    const stopped = life.task.stop()
    await world.clock.advance(5_000)
    await stopped
    expect(life.task.order(clientId)).toMatchObject({ state: "rejected", reason: expect.stringContaining("to stop") })
    expect(world.exchange.asked("place")).toBe(0)
  })

  test("finds room at a socket that has died unnoticed, and is refused then, its room given back", async () => {
    const limits = { ...scriptedVenue().limits, ordersPer10s: 1, ordersPerMinute: 100 }
    const { world } = crowded({ venue: { limits } })
    const life = await world.live()
    // Just before the ten seconds end, so that the second finds room while it may still leave.
    const toEnd = 10_000 - ((world.clock.now() / 1_000) % 10_000)
    await world.clock.advance(toEnd - 1_000)
    submit(life)
    const second = submit(life)
    await world.clock.advance(100)
    world.network.deaden("entry")
    await world.clock.advance(1_000)
    expect(life.task.order(second)).toMatchObject({ state: "rejected", reason: expect.stringContaining("never sent") })
    expect(world.exchange.asked("place")).toBe(1)
    expect(limiterOf(life)["orders10sUsed"]).toBe(0)
  })
})

describe("a cancel or an amend that waits for room when its connection is lost", () => {
  test.each(["cancel", "amend"] as const)(
    "%s: is refused, the order stays as it is, and may be asked again",
    async (what) => {
      const { world, heavy } = crowded()
      const life = await world.live()
      const clientId = submit(life)
      await world.clock.advance(10)
      const ask = () =>
        what === "cancel" ? life.task.cancel(clientId) : life.task.amend({ clientId, price: "99", size: "1" })
      heavy.add(what)
      const first = heard(ask())
      await world.clock.advance(10)
      world.network.cut("entry")
      await world.clock.advance(1)
      expect(first.outcome).toEqual({ kind: "refused", reason: LOST, meaning: "not-sent" })
      expect(life.task.order(clientId)).toMatchObject({ state: "open", price: "100" })
      await world.clock.advance(70_000)
      expect(world.exchange.asked(what)).toBe(0)
      heavy.clear()
      const second = heard(ask())
      await world.clock.advance(10)
      expect(second.outcome).toMatchObject({ kind: "accepted" })
    },
  )
})

describe("getting out", () => {
  test("cancels again what was refused because a connection was lost, until every order has ended", async () => {
    const { world, heavy } = crowded()
    const life = await world.live()
    submit(life)
    submit(life)
    await world.clock.advance(10)
    heavy.add("cancel")
    const done = life.task.cancelAll()
    await world.clock.advance(100)
    world.network.cut("entry")
    await world.clock.advance(1)
    heavy.clear()
    await world.clock.advance(500)
    await done
    expect(world.exchange.orders.map(({ status }) => status)).toEqual(["canceled", "canceled"])
    expect(world.exchange.asked("cancel")).toBe(2)
    expect(life.troubles).toEqual([])
  })

  test("sends another exit for one that was never sent, and flattens exactly", async () => {
    const { world, heavy } = crowded()
    const life = await world.live()
    submit(life, { ...LIMIT, size: "3" })
    await world.clock.advance(10)
    world.exchange.trade(world.exchange.orders[0]!, "3")
    await world.clock.advance(10)
    heavy.add("place")
    const done = life.task.flatten()
    await world.clock.advance(100)
    world.network.cut("entry")
    await world.clock.advance(1)
    heavy.clear()
    await world.clock.advance(1_000)
    await done
    expect([world.exchange.position(), life.task.position(INST).own]).toEqual(["0", "0"])
    expect(life.troubles).toEqual([])
  })

  test("gives up on what is refused for good, at once and by name", async () => {
    const { world } = crowded()
    const life = await world.live()
    submit(life)
    await world.clock.advance(10)
    world.exchange.trade(world.exchange.orders[0]!, "1")
    await world.clock.advance(10)
    const body = JSON.stringify({ kind: "refused", reason: "ReduceOnly Order is rejected", meaning: "reduce-only" })
    world.network.wire.answer = (operation) => (operation === "place" ? { status: 400, headers: {}, body } : undefined)
    const done = life.task.flatten()
    await world.clock.advance(100)
    await done
    expect(life.troubles.map(({ message }) => message)).toEqual([`1 of ${INST} stays: ReduceOnly Order is rejected`])
  })
})

test("a request that goes by REST because its socket took nothing uses its weight once", async () => {
  const { world } = crowded()
  const life = await world.live()
  const before = limiterOf(life)
  world.network.deaden("entry")
  submit(life)
  await world.clock.advance(10)
  expect(world.exchange.asked("place")).toBe(1)
  const after = limiterOf(life)
  const used = (name: string): number => after[name]! - before[name]!
  expect([used("weightUsed"), used("orders10sUsed"), used("orders1mUsed")]).toEqual([1, 1, 1])
})
