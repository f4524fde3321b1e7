// The database is gone, the account is not: what the next start makes of the orders it finds there.
import { describe, expect, test } from "bun:test"
import { INST } from "./scripted/exchange.ts"
import { Disk } from "./scripted/journal.ts"
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

/** Somebody else sells. */
async function sell(world: World, size: string): Promise<void> {
  world.exchange.put({ ...LIMIT, side: "SELL", size, clientId: `someone ${world.exchange.orders.length}` })
  world.exchange.trade(world.exchange.orders.at(-1)!, size)
  await world.clock.advance(10)
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
    expect(new Set(second.task.openOrders().map(({ clientId }) => clientId))).toEqual(new Set([resting, half]))
    expect(second.task.position(INST).own).toBe("3.5")
    expect(world.disk.fills.size).toBe(2)
    expect(kinds(second)).toEqual(["order adopted", "earlier life", "order adopted"])
    expect(second.troubles[1]!.message).toBe(
      `the database is new: 3.5 of ${INST} is this bot's own by its 2 orders of the last 24 hours, which count`,
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

  test("goes back day by day until its orders make up the position, over days without any", async () => {
    const world = new World()
    for (const [size, hours] of [
      ["7", 20],
      ["1", 60],
      ["2", 20],
      ["3", 20],
    ] as const) {
      const life = await world.live()
      await buy(world, life, size)
      // The first is sold again: what led to it concerns nobody any more.
      if (size === "7") await sell(world, size)
      world.kill(life)
      await world.clock.advance(hours * HOUR_MS)
    }
    world.disk = new Disk()
    const last = await world.live()
    expect(last.task.position(INST).own).toBe("6")
    expect(world.disk.orders.size).toBe(3)
    expect(last.troubles.map(({ message }) => message)).toEqual([
      `the database is new: 6 of ${INST} is this bot's own by its 3 orders of the last 120 hours, which count`,
    ])
  })

  test("counts nothing of what its own orders do not explain, and says so", async () => {
    const world = new World()
    const first = await world.live()
    await buy(world, first, "3")
    world.loseDatabase(first)
    await sell(world, "1")
    const second = await world.live()
    expect(second.task.position(INST)).toMatchObject({ own: "0", account: { size: "2" } })
    expect([world.disk.orders.size, world.disk.fills.size]).toEqual([0, 0])
    expect(second.troubles.map(({ message }) => message)).toEqual([
      `the database is new: 2 of ${INST} is not explained by this bot's 1 orders of the last 96 hours, ` +
        "which do not count, save what was filled of those still open: look whose it is",
    ])
  })

  test("counts of what is not explained the fills of orders still open alone, so that position and order agree", async () => {
    const world = new World()
    const first = await world.live()
    const half = submit(first, { ...LIMIT, size: "2" })
    await world.clock.advance(10)
    world.exchange.trade(world.exchange.orders[0]!, "0.5")
    await buy(world, first, "3")
    world.loseDatabase(first)
    await sell(world, "1")
    const second = await world.live()
    expect(second.task.position(INST)).toMatchObject({ own: "0.5", account: { size: "2.5" } })
    expect(second.task.order(half)).toMatchObject({ state: "open", filled: "0.5" })
    expect(kinds(second)).toEqual(["earlier life", "order adopted"])
  })

  test("is flat where somebody has closed its position meanwhile, and has nothing to say", async () => {
    const world = new World()
    const first = await world.live()
    await buy(world, first, "3")
    world.loseDatabase(first)
    await sell(world, "3")
    const second = await world.live()
    expect([second.task.position(INST).own, kinds(second), world.exchange.asked("orderHistory")]).toEqual(["0", [], 0])
  })

  test("is a first start where the venue knows nothing of the bot: no question where it is flat, and no word", async () => {
    const world = new World({ deps: { insts: [INST] } })
    world.exchange.put({ ...LIMIT, clientId: "someone" })
    const life = await world.live()
    expect([world.exchange.asked("orderHistory"), kinds(life)]).toEqual([0, []])
  })

  test("asks for three days where somebody else holds a position, and leaves it alone", async () => {
    const world = new World()
    await sell(world, "2")
    const life = await world.live()
    expect([world.exchange.asked("orderHistory"), world.exchange.asked("fills")]).toEqual([3, 3])
    expect([life.task.position(INST).own, kinds(life)]).toEqual(["0", []])
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
    expect(kinds(third)).toEqual(["earlier life", "order adopted"])
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

const moments = ["positions", "openOrders", "orderHistory"].flatMap((asked) =>
  [-1, 0, 1, 5].map((delayMs) => [asked, delayMs] as const),
)

test.each(moments)("a fill around the question of %s (%d ms) leaves no position uncounted", async (asked, delayMs) => {
  const world = new World({ deps: { insts: [INST] } })
  const first = await world.live()
  submit(first, { ...LIMIT, size: "2" })
  await world.clock.advance(10)
  submit(first, { ...LIMIT, size: "3" })
  await world.clock.advance(10)
  world.exchange.trade(world.exchange.orders[1]!, "3")
  await world.clock.advance(10)
  world.loseDatabase(first)
  let isDone = false
  const fill = () => world.exchange.trade(world.exchange.orders[0]!, "2")
  world.network.wire.fate = (operation: string) => {
    if (operation !== asked || isDone) return "fine"
    isDone = true
    if (delayMs < 0) fill()
    else world.clock.timer(delayMs, fill)
    return "fine"
  }
  const second = await world.live()
  await world.clock.advance(5_000)
  expect(isDone).toBe(true)
  expect(second.task.position(INST).own).toBe("5")
})
