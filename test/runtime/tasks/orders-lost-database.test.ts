// The database is gone, the account is not: what the next start makes of the orders it finds there.
import { describe, expect, test } from "bun:test"
import { INST } from "./scripted/exchange.ts"
import { IDENTITY, type Life, LIMIT, submit, World } from "./scripted/world.ts"

const HOUR_MS = 3_600_000

const placed = (world: World): string[] =>
  world.exchange.requests
    .filter(({ operation }) => operation === "place")
    .map(({ params }) => (params as { clientId: string }).clientId)

const kinds = (life: Life): string[] => life.troubles.map(({ kind }) => kind)

/** Buys this much at once. */
async function buy(world: World, life: Life, size: string): Promise<string> {
  const clientId = submit(life, { ...LIMIT, size })
  await world.clock.advance(10)
  world.exchange.trade(world.exchange.orders.at(-1)!, size)
  await world.clock.advance(10)
  return clientId
}

describe("a start without the database of an earlier life", () => {
  test("takes up every order of the bot, resting, half filled and ended, and repeats no client id", async () => {
    const world = new World()
    const first = await world.live()
    const resting = submit(first)
    const half = submit(first, { ...LIMIT, size: "2" })
    await world.clock.advance(10)
    world.exchange.trade(world.exchange.orders[1]!, "0.5")
    const filled = await buy(world, first, "3")
    world.exchange.put({ ...LIMIT, clientId: "someone" })
    world.loseDatabase(first)
    const second = await world.live()
    expect(second.task.order(resting)).toMatchObject({ state: "open", filled: "0" })
    expect(second.task.order(half)).toMatchObject({ state: "open", filled: "0.5" })
    expect(second.task.order(filled)).toMatchObject({ state: "filled", filled: "3" })
    expect(second.task.openOrders().map(({ clientId }) => clientId)).toEqual([resting, half])
    expect(second.task.position(INST).own).toBe("3.5")
    expect(world.disk.fills.size).toBe(2)
    expect(kinds(second)).toEqual(["order adopted", "order adopted", "earlier life"])
    expect(second.troubles.at(-1)!.message).toBe(
      `the database is new, and the venue shows 3 orders of this bot in ${INST} of the last 24 hours: ` +
        "they count with their fills, what is older does not; compare the position",
    )
    for (let count = 0; count < 5; count++) submit(second)
    await world.clock.advance(10)
    const ids = placed(world)
    expect(new Set(ids).size).toBe(8)
    expect(ids.every((id) => id.startsWith(`${IDENTITY}000001`))).toBe(true)
    expect(world.exchange.orders.filter(({ clientId }) => ids.includes(clientId ?? ""))).toHaveLength(8)
    const done = second.task.cancelAll()
    await world.clock.advance(500)
    await done
    expect(world.exchange.orders.filter(({ status }) => status === "open").map(({ clientId }) => clientId)).toEqual([
      "someone",
    ])
  })

  test("reports once, also when it must reconcile again", async () => {
    const world = new World()
    const first = await world.live()
    await buy(world, first, "1")
    world.loseDatabase(first)
    const second = await world.live()
    world.network.cut("private")
    await world.clock.advance(5_000)
    expect(second.task.reasons()).toEqual([])
    expect(kinds(second)).toEqual(["earlier life"])
    expect(second.task.position(INST).own).toBe("1")
  })

  test("goes back day by day as long as the bot had orders, and says since when it counts", async () => {
    const world = new World()
    const oldest = await world.live()
    await buy(world, oldest, "1")
    world.kill(oldest)
    await world.clock.advance(60 * HOUR_MS)
    for (const size of ["2", "3"]) {
      const life = await world.live()
      await buy(world, life, size)
      world.kill(life)
      await world.clock.advance(20 * HOUR_MS)
    }
    const life = await world.live()
    world.loseDatabase(life)
    const last = await world.live()
    // Two days and an empty one before them: the first purchase is out of sight.
    expect(last.task.position(INST).own).toBe("5")
    expect(last.troubles.map(({ kind, detail }) => [kind, detail?.["orders"]])).toEqual([["earlier life", 2]])
    expect(last.troubles[0]!.message).toContain("of the last 48 hours")
  })

  test("is a first start where the venue knows nothing of the bot: one question an instrument, and no word", async () => {
    const world = new World({ deps: { insts: [INST] } })
    world.exchange.put({ ...LIMIT, clientId: "someone" })
    const life = await world.live()
    expect([world.exchange.asked("orderHistory"), world.exchange.asked("fills")]).toEqual([1, 0])
    expect(kinds(life)).toEqual([])
  })

  test("that dies while it looks back has written nothing of it down, and the next one looks again", async () => {
    const world = new World({ deps: { insts: [INST] } })
    const first = await world.live()
    submit(first)
    await buy(world, first, "1")
    world.loseDatabase(first)
    world.network.wire.fate = (operation) => (operation === "fills" ? "lost" : "fine")
    const second = world.born()
    await world.clock.advance(2_000)
    expect([world.disk.orders.size, world.disk.fills.size]).toEqual([0, 0])
    world.kill(second)
    world.network.wire.fate = () => "fine"
    const third = await world.live()
    expect(third.task.position(INST).own).toBe("1")
    expect(third.task.openOrders()).toHaveLength(1)
    expect(kinds(third)).toEqual(["order adopted", "earlier life"])
  })

  test("does not trade before the venue has told", async () => {
    const world = new World()
    const first = await world.live()
    await buy(world, first, "1")
    world.loseDatabase(first)
    world.network.wire.fate = (operation) => (operation === "orderHistory" ? "broken" : "fine")
    const second = world.born()
    await world.clock.advance(5_000)
    expect(second.task.reasons()).toEqual([expect.stringContaining(`orderHistory of ${INST}`)])
    world.network.wire.fate = () => "fine"
    await world.clock.advance(30_000)
    expect(second.task.reasons()).toEqual([])
    expect(second.task.position(INST).own).toBe("1")
  })
})
