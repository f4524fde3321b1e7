import { describe, expect, test } from "bun:test"
import type { Order } from "../../../src/runtime/domain/order.ts"
import { INST } from "./scripted/exchange.ts"
import type { Fate } from "./scripted/network.ts"
import { IDENTITY, type Life, LIMIT, submit, World } from "./scripted/world.ts"

const state = (life: Life, clientId: string): string | undefined => life.task.order(clientId)?.state
const steps = (life: Life, clientId: string): string[] =>
  life.changes.filter(({ order }) => order.clientId === clientId).map(({ order, cause }) => `${order.state}: ${cause}`)

/** Every request of `operation` meets `fate` until it is changed. */
function fated(): { fates: Record<string, Fate>; fate: (operation: string) => Fate } {
  const fates: Record<string, Fate> = {}
  return { fates, fate: (operation) => fates[operation] ?? "fine" }
}

describe("an order", () => {
  test("is on disk before it is on the wire, and lives from its answer to its last fill", async () => {
    const world = new World()
    const life = await world.live()
    let texts = world.network.sentTexts
    const submission = life.turn.run(() => {
      const given = life.task.submit("test", LIMIT)
      expect(world.network.sentTexts).toBe(texts)
      return given
    })
    if (submission.kind === "refused") throw new Error("refused")
    texts++
    expect(world.network.sentTexts).toBe(texts)
    const { clientId } = submission
    expect(world.disk.orders.get(clientId)).toMatchObject({ state: "pending", size: "1", price: "100" })
    await world.clock.advance(10)
    expect(await submission.ack).toMatchObject({ kind: "accepted" })
    world.exchange.trade(world.exchange.orders[0]!, "0.4")
    world.exchange.trade(world.exchange.orders[0]!, "0.6")
    await world.clock.advance(10)
    expect(steps(life, clientId)).toEqual([
      "pending: submit",
      expect.stringContaining("open: "),
      "open: private stream",
      "filled: private stream",
    ])
    expect(life.task.order(clientId)).toMatchObject({ state: "filled", filled: "1", avgPrice: "100" })
    expect(life.task.position(INST).own).toBe("1")
    expect([...world.disk.fills.values()].map(({ size }) => size)).toEqual(["0.4", "0.6"])
    expect(world.exchange.asked("order")).toBe(0)
  })

  test("carries the identity of the bot, the run and a counter, and expires at the venue", async () => {
    const world = new World()
    const startAt = world.clock.now()
    const life = await world.live()
    const clientId = submit(life)
    expect(clientId).toBe(`${IDENTITY}000001${startAt.toString(16).padStart(16, "0")}`)
    const order = life.task.order(clientId) as Order
    expect(order.expiresAt - order.createdAt).toBeWithin(4_990_000, 5_010_000)
  })

  test("can be sent once the task has said that it has started", async () => {
    const world = new World()
    const life = await world.live()
    expect(life.starts).toEqual([{ spec: life.task.spec, starts: 1 }])
  })

  test("that is refused by the risk limits writes nothing, sends nothing and is not counted", async () => {
    const world = new World({ deps: { limits: { orderNotionalMax: "50" } } })
    const life = await world.live()
    const commits = world.disk.commits.length
    const submission = life.turn.run(() => life.task.submit("test", LIMIT))
    await world.clock.advance(100)
    expect(submission).toEqual({ kind: "refused", reasons: ["notional 100 is above the limit 50"] })
    expect(world.disk.commits.length).toBe(commits)
    expect(world.exchange.asked("place")).toBe(0)
    expect(life.changes).toEqual([])
  })

  test("whose turn cannot be written down is never sent, and says so", async () => {
    const world = new World()
    const life = await world.live()
    world.disk.isFull = true
    const submission = life.turn.run(() => life.task.submit("test", LIMIT))
    if (submission.kind === "refused") throw new Error("refused")
    await world.clock.advance(10_000)
    expect(await submission.ack).toMatchObject({ kind: "refused", reason: expect.stringContaining("never sent") })
    expect(life.failures).toEqual(["the disk is full"])
    expect(world.exchange.asked("place")).toBe(0)
    expect(life.task.openOrders()).toEqual([])
  })

  test("that is filled before its answer arrives is filled", async () => {
    const slow = { ms: 1 }
    const world = new World({ wire: { latencyMs: () => slow.ms } })
    const life = await world.live()
    slow.ms = 20
    const clientId = submit(life)
    await world.clock.advance(10)
    slow.ms = 1
    world.clock.timer(11, () => world.exchange.trade(world.exchange.orders[0]!, "1"))
    await world.clock.advance(200)
    expect(state(life, clientId)).toBe("filled")
    expect(life.task.position(INST).own).toBe("1")
  })

  test("counts a fill once, however often the stream tells of it", async () => {
    const world = new World({ wire: { copies: () => 3 } })
    const life = await world.live()
    const clientId = submit(life)
    await world.clock.advance(10)
    world.exchange.trade(world.exchange.orders[0]!, "0.3")
    await world.clock.advance(10)
    expect(life.task.order(clientId)).toMatchObject({ state: "open", filled: "0.3" })
    expect(life.changes.filter(({ fill }) => fill !== undefined)).toHaveLength(1)
    expect(world.disk.fills.size).toBe(1)
  })

  test("is amended and canceled over the socket, and by REST where there is none", async () => {
    for (const entry of ["socket", "rest"] as const) {
      const world = new World({ deps: { entry } })
      const life = await world.live()
      const clientId = submit(life)
      await world.clock.advance(10)
      const amended = life.task.amend({ clientId, price: "101" })
      await world.clock.advance(10)
      expect(await amended).toMatchObject({ kind: "accepted" })
      expect(life.task.order(clientId)).toMatchObject({ price: "101", size: "1", state: "open" })
      const canceled = life.task.cancel(clientId)
      await world.clock.advance(10)
      expect(await canceled).toMatchObject({ kind: "accepted", value: { status: "canceled" } })
      expect(state(life, clientId)).toBe("canceled")
      expect(await life.task.cancel(clientId)).toMatchObject({ kind: "refused" })
      expect(world.network.sentTexts > 0).toBe(entry === "socket")
    }
  })

  test("amended beyond the limits stays as it is", async () => {
    const world = new World({ deps: { limits: { orderNotionalMax: "100" } } })
    const life = await world.live()
    const clientId = submit(life)
    await world.clock.advance(10)
    expect(await life.task.amend({ clientId, size: "2" })).toMatchObject({ kind: "refused" })
    expect(world.exchange.asked("amend")).toBe(0)
  })
})

describe("a lost answer", () => {
  test("makes the order unknown; asked for, it is found, and was placed once", async () => {
    const { fates, fate } = fated()
    const world = new World({ wire: { fate } })
    const life = await world.live()
    fates["place"] = "unanswered"
    world.network.wire.copies = () => 0
    const clientId = submit(life)
    await world.clock.advance(3_050)
    expect(state(life, clientId)).toBe("unknown")
    await world.clock.advance(1_000)
    expect(state(life, clientId)).toBe("open")
    expect(steps(life, clientId).at(-1)).toBe("open: query")
    expect(world.exchange.asked("place")).toBe(1)
  })

  test("of a request that never arrived stays unknown until its expiry, then the order is rejected", async () => {
    const { fates, fate } = fated()
    const world = new World({ wire: { fate } })
    const life = await world.live()
    fates["place"] = "lost"
    const clientId = submit(life)
    await world.clock.advance(4_900)
    expect(state(life, clientId)).toBe("unknown")
    expect(world.exchange.asked("order")).toBeGreaterThan(0)
    await world.clock.advance(600)
    expect(life.task.order(clientId)).toMatchObject({ state: "rejected", reason: "never arrived" })
    const { requests } = world.exchange
    const asked = requests.slice(requests.findLastIndex(({ operation }) => operation === "order"))
    expect(asked.map(({ operation }) => operation)).toEqual(["order", "openOrders", "orderHistory", "fills"])
    expect(world.exchange.asked("place")).toBe(0)
  })

  test("is not concluded from while the venue's lists do not answer", async () => {
    const { fates, fate } = fated()
    const world = new World({ wire: { fate } })
    const life = await world.live()
    Object.assign(fates, { place: "lost", orderHistory: "broken" })
    const clientId = submit(life)
    await world.clock.advance(60_000)
    expect(state(life, clientId)).toBe("unknown")
    expect(life.task.reasons()).toEqual([expect.stringContaining("is unknown for over")])
    delete fates["orderHistory"]
    await world.clock.advance(60_000)
    expect(state(life, clientId)).toBe("rejected")
    expect(life.task.reasons()).toEqual([])
  })

  test("because the socket died makes the order unknown, and nothing is sent again", async () => {
    const { fates, fate } = fated()
    const world = new World({ wire: { fate } })
    const life = await world.live()
    fates["place"] = "unanswered"
    const clientId = submit(life)
    world.network.cut("entry")
    await world.clock.advance(1)
    expect(state(life, clientId)).toBe("unknown")
    await world.clock.advance(10_000)
    expect(state(life, clientId)).toBe("open")
    expect(world.exchange.asked("place")).toBe(1)
  })

  test("with status 503 is unknown, whether or not the order was made", async () => {
    const { fates, fate } = fated()
    const world = new World({ wire: { fate }, deps: { entry: "rest" } })
    const life = await world.live()
    fates["place"] = "broken"
    const submission = life.turn.run(() => life.task.submit("test", LIMIT))
    await world.clock.advance(20)
    expect(submission.kind === "submitted" && (await submission.ack)).toMatchObject({ kind: "unknown" })
    await world.clock.advance(1_000)
    expect(life.task.openOrders()).toMatchObject([{ state: "open" }])
    expect(world.exchange.asked("place")).toBe(1)
  })

  test("that comes late after all is taken", async () => {
    const slow = { ms: 1 }
    const { fates, fate } = fated()
    const world = new World({ wire: { latencyMs: () => slow.ms, fate } })
    const life = await world.live()
    fates["order"] = "lost"
    slow.ms = 1_900
    world.network.wire.copies = () => 0
    const clientId = submit(life)
    await world.clock.advance(3_100)
    expect(state(life, clientId)).toBe("unknown")
    slow.ms = 1
    await world.clock.advance(1_000)
    expect(steps(life, clientId)).toContain("open: place accepted")
  })

  test("to a cancel leaves the order unknown until the venue is asked", async () => {
    const { fates, fate } = fated()
    const world = new World({ wire: { fate } })
    const life = await world.live()
    const clientId = submit(life)
    await world.clock.advance(10)
    fates["cancel"] = "lost"
    const canceled = life.task.cancel(clientId)
    await world.clock.advance(3_050)
    expect(await canceled).toMatchObject({ kind: "unknown" })
    expect(state(life, clientId)).toBe("unknown")
    await world.clock.advance(1_000)
    expect(state(life, clientId)).toBe("open")
    const before = world.exchange.asked("order")
    await world.clock.advance(5_000)
    expect(world.exchange.asked("order")).toBe(before + 1)
    expect(state(life, clientId)).toBe("open")
  })

  test("past the venue's memory blocks the inst until the operator settles it", async () => {
    const { fates, fate } = fated()
    const world = new World({
      wire: { fate },
      venue: { limits: { ...new World().venue.limits, orderRetentionMs: 4_000 } },
    })
    const life = await world.live()
    fates["place"] = "lost"
    const clientId = submit(life)
    await world.clock.advance(20_000)
    expect(state(life, clientId)).toBe("unknown")
    const again = life.turn.run(() => life.task.submit("test", LIMIT))
    expect(again).toMatchObject({ kind: "refused", reasons: [expect.stringContaining(`blocked by order ${clientId}`)] })
    expect(life.task.reasons()).toEqual([`binance-um: ${INST} is blocked by unknown order ${clientId}`])
    expect(life.troubles.map(({ kind }) => kind)).toEqual(["order stuck"])
    expect(life.task.settle(clientId)).toBe(true)
    delete fates["place"]
    expect(submit(life)).toBeString()
  })
})

describe("a request that did not leave", () => {
  test("falls back to REST when the socket is dead before it took anything", async () => {
    const world = new World()
    const life = await world.live()
    world.network.deaden("entry")
    const clientId = submit(life)
    await world.clock.advance(10)
    expect(state(life, clientId)).toBe("open")
    expect(world.exchange.asked("place")).toBe(1)
  })

  test("by REST either is rejected as never sent", async () => {
    const { fates, fate } = fated()
    const world = new World({ wire: { fate }, deps: { entry: "rest" } })
    const life = await world.live()
    fates["place"] = "unsent"
    const clientId = submit(life)
    await world.clock.advance(10)
    expect(life.task.order(clientId)).toMatchObject({ state: "rejected", reason: "never sent: nobody there" })
  })

  test("within the time its expiry leaves is refused, never sent late", async () => {
    const world = new World({ venue: { limits: { ...new World().venue.limits, ordersPer10s: 2, ordersPerMinute: 2 } } })
    const life = await world.live()
    submit(life)
    submit(life)
    const third = submit(life)
    await world.clock.advance(2_600)
    expect(life.task.order(third)).toMatchObject({ state: "rejected", reason: expect.stringContaining("rate limit") })
    await world.clock.advance(120_000)
    expect(world.exchange.asked("place")).toBe(2)
  })
})

describe("a refusal", () => {
  test("of a cancel, because the order is not found, is resolved by asking", async () => {
    const world = new World()
    const life = await world.live()
    const clientId = submit(life)
    await world.clock.advance(10)
    world.network.wire.copies = () => 0
    world.exchange.trade(world.exchange.orders[0]!, "1")
    const canceled = life.task.cancel(clientId)
    await world.clock.advance(10)
    expect(await canceled).toMatchObject({ kind: "refused", meaning: "not-found" })
    await world.clock.advance(3_000)
    expect(life.task.order(clientId)).toMatchObject({ state: "filled", filled: "1" })
    expect(world.disk.fills.size).toBe(1)
    expect(life.task.position(INST).own).toBe("1")
  })

  test("of a place rejects the order with the venue's words", async () => {
    const world = new World()
    const life = await world.live()
    const body = JSON.stringify({ kind: "refused", reason: "margin is insufficient" })
    world.network.wire.answer = (operation) => (operation === "place" ? { status: 400, headers: {}, body } : undefined)
    const clientId = submit(life)
    await world.clock.advance(10)
    expect(life.task.order(clientId)).toMatchObject({ state: "rejected", reason: "margin is insufficient" })
  })

  test("for the timestamp measures the venue's clock anew", async () => {
    const world = new World()
    const life = await world.live()
    const body = JSON.stringify({ kind: "refused", reason: "timestamp", meaning: "clock" })
    world.network.wire.answer = (operation) => (operation === "place" ? { status: 400, headers: {}, body } : undefined)
    const before = world.exchange.asked("serverTime")
    submit(life)
    await world.clock.advance(10)
    expect(world.exchange.asked("serverTime")).toBe(before + 1)
  })
})
