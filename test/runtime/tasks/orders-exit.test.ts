import { describe, expect, test } from "bun:test"
import type { RiskLimits } from "../../../src/runtime/domain/limits.ts"
import { INST } from "./scripted/exchange.ts"
import { type Life, LIMIT, submit, World } from "./scripted/world.ts"

/** Two own orders open, 3 bought with a third, and one order of somebody else's. */
async function busy(world: World): Promise<Life> {
  const life = await world.live()
  const bought = submit(life, { ...LIMIT, size: "3" })
  submit(life)
  submit(life, { ...LIMIT, side: "SELL", price: "110" })
  await world.clock.advance(10)
  world.exchange.trade(world.exchange.orders[0]!, "3")
  world.exchange.put({ ...LIMIT, clientId: "someone" })
  await world.clock.advance(10)
  expect(life.task.order(bought)).toMatchObject({ state: "filled" })
  return life
}

const states = (world: World): string[] => world.exchange.orders.map(({ status }) => status)

describe("cancel-all", () => {
  test("on a shared account touches the bot's own orders alone, one by one", async () => {
    const world = new World()
    const life = await busy(world)
    const done = life.task.cancelAll()
    await world.clock.advance(200)
    await done
    expect(states(world)).toEqual(["filled", "canceled", "canceled", "open"])
    expect(world.exchange.asked("cancel")).toBe(2)
    expect(world.exchange.asked("cancelAll")).toBe(0)
    expect(life.task.openOrders()).toEqual([])
  })

  test("on an exclusive account uses the venue's own, by inst", async () => {
    const world = new World({ deps: { account: "exclusive" } })
    const life = await busy(world)
    const done = life.task.cancelAll()
    await world.clock.advance(200)
    await done
    expect(states(world)).toEqual(["filled", "canceled", "canceled", "canceled"])
    expect(world.exchange.asked("cancelAll")).toBe(1)
    expect(world.exchange.asked("cancel")).toBe(0)
  })

  test("that cannot end everything says so, in bounded time", async () => {
    const world = new World()
    const life = await busy(world)
    world.network.wire.fate = (operation) => (operation === "cancel" ? "lost" : "fine")
    const done = life.task.cancelAll()
    await world.clock.advance(20_000)
    await done
    expect(life.troubles.map(({ kind }) => kind)).toContain("exit incomplete")
  })
})

describe("flatten", () => {
  test("trades the bot's own net away with reduce-only market orders within the venue's largest", async () => {
    const world = new World({ deps: { limits: { orderNotionalMax: "1000", openOrdersMax: 3 } } })
    const life = await busy(world)
    const done = life.task.flatten()
    await world.clock.advance(500)
    await done
    const sent = world.exchange.orders.slice(4)
    expect(sent.map(({ side, size, orderType, reduceOnly }) => [side, size, orderType, reduceOnly])).toEqual([
      ["SELL", "2", "market", true],
      ["SELL", "1", "market", true],
    ])
    expect(life.task.position(INST).own).toBe("0")
    expect(life.task.openOrders()).toEqual([])
  })

  test("works while the bot is halted", async () => {
    const mode = { mode: "running" as "running" | "halted", why: "" }
    const world = new World({ deps: { mode: () => mode } })
    const life = await busy(world)
    mode.mode = "halted"
    expect(life.turn.run(() => life.task.submit("test", LIMIT))).toMatchObject({ kind: "refused" })
    const done = life.task.flatten()
    await world.clock.advance(500)
    await done
    expect(life.task.position(INST).own).toBe("0")
  })

  test("on an exclusive account closes what the venue says is there", async () => {
    const world = new World({ deps: { account: "exclusive" } })
    const life = await busy(world)
    await world.clock.advance(60_000)
    const done = life.task.flatten()
    await world.clock.advance(500)
    await done
    expect(world.exchange.position()).toBe("0")
  })

  const limits: [string, RiskLimits][] = [
    ["positionNotionalMax", { positionNotionalMax: "100" }],
    ["orderNotionalMax", { orderNotionalMax: "100" }],
    ["orderSizeMax", { orderSizeMax: { ETH_USDT_PERP: "1" } }],
    ["ordersPerMinuteMax", { ordersPerMinuteMax: 0 }],
    ["openOrdersMax", { openOrdersMax: 0 }],
  ]
  test.each(limits)("is not held up by %s, with a price or without", async (_name, given) => {
    for (const price of [100, undefined]) {
      const deps = { account: "exclusive" as const, limits: given, referencePrice: () => price }
      const world = new World({ deps })
      // Not this bot's own: an operator, or a life whose fills the venue has forgotten.
      world.exchange.trade(world.exchange.put({ ...LIMIT, size: "5", clientId: "someone" }), "5")
      const life = await world.live()
      expect(life.task.position(INST)).toMatchObject({ own: "0", account: { size: "5" } })
      const done = life.task.flatten()
      await world.clock.advance(30_000)
      await done
      expect(world.exchange.position()).toBe("0")
      expect(life.troubles).toEqual([])
    }
  })

  test("asked for twice at once trades the position away once", async () => {
    const world = new World()
    const life = await world.live()
    submit(life, { ...LIMIT, size: "3" })
    await world.clock.advance(10)
    world.exchange.trade(world.exchange.orders[0]!, "3")
    await world.clock.advance(10)
    const done = [life.task.flatten(), life.task.flatten()]
    await world.clock.advance(500)
    await Promise.all(done)
    expect(world.exchange.orders.slice(1).map(({ side, size }) => [side, size])).toEqual([
      ["SELL", "2"],
      ["SELL", "1"],
    ])
  })
})

test("a flatten on a shared account trades away what is filled, also where its fills are not known yet", async () => {
  const world = new World()
  const life = await world.live()
  world.network.wire.copies = () => 0
  submit(life, { inst: INST, side: "BUY", size: "1", type: "market" })
  await world.clock.advance(10)
  world.network.wire.copies = () => 1
  expect([world.exchange.position(), life.task.position(INST).own]).toEqual(["1", "0"])
  const done = life.task.flatten()
  await world.clock.advance(5_000)
  await done
  expect([world.exchange.position(), life.task.position(INST).own]).toEqual(["0", "0"])
})

test("a flatten that is asked for while another waits takes away what was bought meanwhile", async () => {
  const world = new World()
  const life = await world.live()
  const buy = async (): Promise<void> => {
    submit(life)
    await world.clock.advance(10)
    world.exchange.trade(world.exchange.orders.at(-1)!, "1")
    await world.clock.advance(10)
  }
  await buy()
  // The exit is filled, and nobody hears of it for a while.
  world.network.wire.fate = (operation) => (operation === "place" || operation === "order" ? "unanswered" : "fine")
  world.network.wire.copies = () => 0
  const first = life.task.flatten()
  await world.clock.advance(100)
  Object.assign(world.network.wire, { fate: () => "fine", copies: () => 1 })
  await buy()
  const second = life.task.flatten()
  await world.clock.advance(30_000)
  await Promise.all([first, second])
  expect([world.exchange.position(), life.task.position(INST).own]).toEqual(["0", "0"])
})

describe("cancel-on-disconnect", () => {
  test("is renewed while orders are open, and only on an exclusive account that asks for it", async () => {
    for (const account of ["exclusive", "shared"] as const) {
      const world = new World({ deps: { account, countdownMs: 30_000 } })
      const life = await busy(world)
      await world.clock.advance(25_000)
      expect(world.exchange.asked("countdownCancelAll")).toBe(account === "exclusive" ? 2 : 0)
      expect(life.task.state()["cancelOnDisconnect"]).toBe(
        account === "exclusive" ? "on, after 30000 ms" : "off: the account is shared",
      )
      const stopped = life.task.stop()
      await world.clock.advance(3_000)
      await stopped
      const last = world.exchange.requests.findLast(({ operation }) => operation === "countdownCancelAll")
      if (account === "exclusive") expect(last?.params).toEqual({ inst: INST, countdownMs: 0 })
    }
  })
})

describe("a stopped orders task", () => {
  test("waits for the answers under way, and leaves no timer and no socket", async () => {
    const world = new World()
    const life = await world.live()
    const submission = life.turn.run(() => life.task.submit("test", LIMIT))
    const stopped = life.task.stop()
    await world.clock.advance(5_000)
    await stopped
    expect(submission.kind === "submitted" && (await submission.ack)).toMatchObject({ kind: "accepted" })
    expect(world.network.lines.size).toBe(0)
    const requests = world.exchange.requests.length
    await world.clock.advance(600_000)
    expect(world.exchange.requests.length).toBe(requests)
  })

  test("shows no secret in its state", async () => {
    const world = new World()
    const life = await world.live()
    submit(life)
    await world.clock.advance(10)
    const shown = JSON.stringify(life.task.state())
    expect(shown).not.toContain('"s"')
    expect(shown).toContain('"phase":"done"')
  })
})
