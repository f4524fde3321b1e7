import { describe, expect, test } from "bun:test"
import { INST } from "./scripted/exchange.ts"
import type { Fate } from "./scripted/network.ts"
import { IDENTITY, type Life, LIMIT, submit, World } from "./scripted/world.ts"

const own = (counter: number, run = 1): string =>
  IDENTITY + run.toString(16).padStart(6, "0") + counter.toString(16).padStart(16, "0")
const kinds = (life: Life): string[] => life.troubles.map(({ kind }) => kind)

describe("a restart", () => {
  test("picks up open orders and the fills that happened meanwhile", async () => {
    const world = new World()
    const first = await world.live()
    const resting = submit(first)
    const filled = submit(first)
    const canceled = submit(first)
    await world.clock.advance(10)
    world.exchange.trade(world.exchange.orders[0]!, "0.1")
    await world.clock.advance(10)
    world.kill(first)
    world.exchange.trade(world.exchange.orders[0]!, "0.2")
    world.exchange.trade(world.exchange.orders[1]!, "1")
    world.exchange.end(world.exchange.orders[2]!, "canceled")
    await world.clock.advance(60_000)
    const second = await world.live()
    expect(second.task.order(resting)).toMatchObject({ state: "open", filled: "0.3" })
    expect(second.task.order(filled)).toMatchObject({ state: "filled", filled: "1" })
    expect(second.task.order(canceled)).toMatchObject({ state: "canceled", filled: "0" })
    expect(second.task.position(INST)).toMatchObject({ own: "1.3", account: { size: "1.3" } })
    expect(world.disk.fills.size).toBe(3)
    expect(kinds(second)).toEqual([])
    expect(world.exchange.asked("place")).toBe(3)
  })

  test("in the middle of sending asks for the order and never sends it again", async () => {
    for (const fate of ["fine", "lost"] as const) {
      const fates: Fate[] = []
      const world = new World({ wire: { fate: () => fates.pop() ?? "fine" } })
      const first = await world.live()
      fates.push(fate)
      const clientId = submit(first)
      world.kill(first)
      await world.clock.advance(5)
      const second = world.born()
      expect(second.task.order(clientId)).toMatchObject({ state: "unknown" })
      await world.clock.advance(10_000)
      expect(second.task.reasons()).toEqual([])
      expect(second.task.order(clientId)?.state).toBe(fate === "fine" ? "open" : "rejected")
      expect(world.exchange.asked("place")).toBe(fate === "fine" ? 1 : 0)
    }
  })

  test("does not trade before everything is compared", async () => {
    const world = new World()
    const life = world.born()
    const refused = life.turn.run(() => life.task.submit("test", LIMIT))
    expect(refused).toMatchObject({ kind: "refused" })
    expect(life.task.reasons().join()).toContain("private stream")
    const fate = (operation: string): Fate => (operation === "openOrders" ? "broken" : "fine")
    world.network.wire.fate = fate
    await world.clock.advance(5_000)
    expect(life.task.reasons()).toEqual([expect.stringContaining("is reconciling: openOrders: HTTP 503")])
    world.network.wire.fate = () => "fine"
    await world.clock.advance(30_000)
    expect(life.task.reasons()).toEqual([])
    expect(submit(life)).toBeString()
  })

  test("adopts orders with the bot's identity that the journal lacks, open and ended ones with their fills", async () => {
    const world = new World()
    const first = await world.live()
    submit(first)
    await world.clock.advance(10)
    world.kill(first)
    const open = world.exchange.put({ ...LIMIT, clientId: own(2) })
    world.exchange.put({ ...LIMIT, clientId: own(3) })
    world.exchange.trade(world.exchange.orders[2]!, "1")
    world.exchange.put({ ...LIMIT, clientId: `${"f".repeat(10)}${own(4).slice(10)}` })
    await world.clock.advance(1_000)
    const second = await world.live()
    expect(second.task.order(own(2))).toMatchObject({ state: "open", orderId: open.orderId })
    expect(second.task.order(own(3))).toMatchObject({ state: "filled", filled: "1" })
    expect(world.disk.orders.get(own(3))).toMatchObject({ state: "filled" })
    expect(world.disk.fills.size).toBe(1)
    expect(second.task.position(INST).own).toBe("1")
    expect(second.task.openOrders()).toHaveLength(2)
    expect(kinds(second)).toEqual(["order adopted", "order adopted"])
  })

  test("counts more missed fills than one page holds", async () => {
    const world = new World()
    const first = await world.live()
    const clientId = submit(first, { ...LIMIT, size: "2" })
    await world.clock.advance(10)
    world.kill(first)
    for (let count = 0; count < 1_234; count++) world.exchange.trade(world.exchange.orders[0]!, "0.001")
    const second = await world.live()
    expect(second.task.order(clientId)).toMatchObject({ state: "open", filled: "1.234" })
    expect(world.disk.fills.size).toBe(1_234)
    expect(second.task.position(INST).own).toBe("1.234")
  })
})

describe("a lost private stream", () => {
  test("stops trading until what was missed is back-filled", async () => {
    const world = new World()
    const life = await world.live()
    const clientId = submit(life)
    const ended = submit(life)
    await world.clock.advance(10)
    world.network.cut("private")
    await world.clock.advance(1)
    expect(life.turn.run(() => life.task.submit("test", LIMIT))).toMatchObject({
      kind: "refused",
      reasons: [expect.stringContaining("private stream: lost")],
    })
    world.exchange.trade(world.exchange.orders[0]!, "0.5")
    world.exchange.end(world.exchange.orders[1]!, "expired")
    await world.clock.advance(5_000)
    expect(life.task.reasons()).toEqual([])
    expect(life.task.order(clientId)).toMatchObject({ state: "open", filled: "0.5" })
    expect(life.task.order(ended)).toMatchObject({ state: "expired" })
    expect(world.disk.fills.size).toBe(1)
    expect(submit(life)).toBeString()
  })

  test("that dies without a word is noticed by its silence", async () => {
    const world = new World()
    const life = await world.live()
    world.network.deaden("private")
    await world.clock.advance(6_000)
    expect(world.logged.map(({ event }) => event)).toContain("orders.reconciled")
    expect(life.stream.isLive).toBe(true)
    const clientId = submit(life)
    world.exchange.requests.length = 0
    await world.clock.advance(20)
    world.exchange.trade(world.exchange.orders[0]!, "1")
    await world.clock.advance(20)
    expect(life.task.order(clientId)?.state).toBe("filled")
    expect(world.exchange.asked("order")).toBe(0)
  })

  test("keeps its session renewed, and takes a new one when the venue ends it", async () => {
    const world = new World()
    const life = await world.live()
    expect(world.exchange.asked("createSession")).toBe(1)
    await world.clock.advance(4_000_000)
    expect(world.exchange.asked("renewSession")).toBe(2)
    const line = [...world.network.lines].find(({ kind }) => kind === "private")
    line!.handler.text(JSON.stringify({ control: { kind: "sessionEnded", why: "it expired" } }), world.clock.now())
    await world.clock.advance(5_000)
    expect(world.exchange.asked("createSession")).toBe(2)
    expect(life.stream.isLive).toBe(true)
    expect(life.task.reasons()).toEqual([])
  })

  test("whose session cannot be renewed is opened anew", async () => {
    const world = new World()
    await world.live()
    const body = JSON.stringify({ kind: "refused", reason: "no such key" })
    world.network.wire.answer = (operation) =>
      operation === "renewSession" ? { status: 400, headers: {}, body } : undefined
    await world.clock.advance(1_900_000)
    expect(world.exchange.asked("createSession")).toBe(2)
  })
})

describe("slow reconciliation", () => {
  test("finds and heals what the stream did not tell", async () => {
    const world = new World()
    const life = await world.live()
    const clientId = submit(life)
    await world.clock.advance(10)
    world.network.wire.copies = () => 0
    world.exchange.trade(world.exchange.orders[0]!, "0.5")
    await world.clock.advance(45_000)
    expect(life.task.order(clientId)).toMatchObject({ state: "open", filled: "0.5" })
    expect(world.disk.fills.size).toBe(1)
    expect(life.task.position(INST)).toMatchObject({ own: "0.5", account: { size: "0.5" } })
    world.exchange.end(world.exchange.orders[0]!, "expired")
    await world.clock.advance(45_000)
    expect(life.task.order(clientId)).toMatchObject({ state: "expired", filled: "0.5" })
    expect(world.logged.filter(({ event }) => event === "orders.discrepancy")).toHaveLength(2)
  })

  test("asks about nothing when everything agrees", async () => {
    const world = new World()
    const life = await world.live()
    submit(life)
    await world.clock.advance(120_000)
    expect(world.exchange.asked("order")).toBe(0)
    expect(kinds(life)).toEqual([])
  })

  test("reports a position that own fills do not explain, once, where the account is the bot's alone", async () => {
    const world = new World({ deps: { account: "exclusive" } })
    const life = await world.live()
    submit(life)
    await world.clock.advance(10)
    world.network.wire.copies = () => 0
    world.exchange.trades.push({
      market: "binance-um",
      inst: INST,
      tradeId: "1",
      orderId: "2",
      side: "SELL",
      price: "100",
      size: "3",
      fee: "0",
      feeAsset: "USDT",
      isMaker: true,
      timestamp: world.clock.now(),
    })
    await world.clock.advance(200_000)
    expect(kinds(life)).toEqual(["position mismatch"])
  })
})

describe("orders of others", () => {
  test("are nobody's business on a shared account, and reported on an exclusive one", async () => {
    for (const account of ["shared", "exclusive"] as const) {
      const world = new World({ deps: { account } })
      const life = await world.live()
      world.exchange.put({ ...LIMIT, clientId: "someone" })
      await world.clock.advance(10)
      expect(life.task.openOrders()).toEqual([])
      expect(kinds(life)).toEqual(account === "shared" ? [] : ["foreign order"])
    }
  })

  test("under this bot's own identity betray a second bot, and are adopted", async () => {
    const world = new World()
    const life = await world.live()
    world.exchange.put({ ...LIMIT, clientId: own(1, 9) })
    await world.clock.advance(10)
    expect(life.task.order(own(1, 9))).toMatchObject({ state: "open" })
    expect(kinds(life)).toEqual(["order adopted", "second bot"])
  })
})
