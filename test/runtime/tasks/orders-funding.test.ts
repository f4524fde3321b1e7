import { describe, expect, test } from "bun:test"
import { INST } from "./scripted/exchange.ts"
import type { Fate } from "./scripted/network.ts"
import { type Life, LIMIT, submit, World } from "./scripted/world.ts"

const MARKET = "binance-um" as const

/** A world in which the bot holds 2, bought at 100. */
async function holding(account: "exclusive" | "shared", fate: (operation: string) => Fate = () => "fine") {
  const world = new World({ deps: { account }, wire: { fate } })
  const life = await world.live()
  submit(life, { ...LIMIT, size: "2" })
  await world.clock.advance(10)
  world.exchange.trade(world.exchange.orders[0]!, "2")
  await world.clock.advance(10)
  return { world, life }
}

let count = 9_007_199_254_740_993n

/** The venue books a payment; `isTold`: and says so on the account's stream. */
function pay(world: World, amount: string, { isTold = true, inst = INST, asset = "USDT" } = {}): void {
  const timestamp = world.clock.now()
  world.exchange.payments.push({ inst, amount, asset, timestamp, id: String(count++) })
  const stamps = { market: MARKET, timestamp, receivedAt: 0 } as const
  const event = { kind: "accBalPos", cause: "FUNDING_FEE", isFunding: true, balances: [], positions: [] } as const
  if (isTold) world.exchange.tell({ ...event, ...stamps })
}

/** A client id of this bot's that its journal does not know. */
const own = (counter: number): string => `00000000a1000001${String(counter).padStart(16, "0")}`

const funding = (life: Life): string | undefined => life.task.pnl().find(({ inst }) => inst === INST)?.funding

describe("funding on an account of the bot's own", () => {
  test("is asked for when the stream tells of it, written down, and counted once however often it is listed", async () => {
    const { world, life } = await holding("exclusive")
    await world.clock.advance(12_000)
    const before = world.exchange.asked("fundingPaid")
    pay(world, "-0.375")
    await world.clock.advance(3_000)
    expect(funding(life)).toBe("-0.375")
    expect(world.exchange.asked("fundingPaid")).toBe(before + 1)
    pay(world, "0.125")
    await world.clock.advance(3_600_000)
    expect(funding(life)).toBe("-0.25")
    expect(life.task.pnl()[0]).toMatchObject({ fundingBasis: "paid" })
    expect([...world.disk.fundings.values()].map(({ amount, basis }) => `${amount} ${basis}`)).toEqual([
      "-0.375 paid",
      "0.125 paid",
    ])
  })

  test("that the venue lists late is asked for again, and one the stream never told of is found all the same", async () => {
    const { world, life } = await holding("exclusive")
    pay(world, "-1")
    const [late] = world.exchange.payments.splice(0)
    await world.clock.advance(10_000)
    world.exchange.payments.push(late!)
    await world.clock.advance(10_000)
    expect(funding(life)).toBe("-1")
    pay(world, "-2", { isTold: false })
    await world.clock.advance(20 * 60_000)
    expect(funding(life)).toBe("-3")
  })

  test("is counted through deaths and lost connections, each payment once", async () => {
    const { world, life } = await holding("exclusive")
    pay(world, "-1")
    await world.clock.advance(3_000)
    world.kill(life)
    pay(world, "-2", { isTold: false })
    await world.clock.advance(60_000)
    const second = await world.live()
    await world.clock.advance(12_000)
    expect(funding(second)).toBe("-3")
    world.network.cut("private")
    pay(world, "-4", { isTold: false })
    await world.clock.advance(30_000)
    expect(funding(second)).toBe("-7")
    world.kill(second)
    const third = world.born()
    expect(funding(third)).toBe("-7")
    await world.clock.advance(12_000)
    expect(funding(third)).toBe("-7")
    expect(world.disk.fundings.size).toBe(3)
  })

  test("of positions that the bot never had is not its own, nor is one from before its first fill", async () => {
    const world = new World({ deps: { account: "exclusive" } })
    const life = await world.live()
    pay(world, "-5")
    await world.clock.advance(1_000)
    submit(life)
    await world.clock.advance(10)
    world.exchange.trade(world.exchange.orders[0]!, "1")
    await world.clock.advance(10)
    pay(world, "-9", { inst: "ETH_USDT_PERP" })
    pay(world, "-1")
    pay(world, "-0.001", { asset: "BNB" })
    await world.clock.advance(600_000)
    expect(funding(life)).toBe("-1")
    expect(life.task.state()["otherFunding"]).toEqual([{ inst: INST, asset: "BNB", received: "-0.001" }])
    expect(life.task.pnl().map(({ inst }) => inst)).toEqual([INST])
  })

  test("more than one answer holds is asked for in parts", async () => {
    const { world, life } = await holding("exclusive")
    for (let each = 0; each < 2_500; each++) {
      pay(world, "0.001", { isTold: false })
      await world.clock.advance(1_000)
    }
    world.network.cut("private")
    await world.clock.advance(60_000)
    expect(funding(life)).toBe("2.5")
    expect(world.disk.fundings.size).toBe(2_500)
  })

  test("is asked for until the venue answers, and trading goes on", async () => {
    const fates: { now: Fate } = { now: "broken" }
    const { world, life } = await holding("exclusive", (operation) =>
      operation === "fundingPaid" ? fates.now : "fine",
    )
    pay(world, "-1")
    await world.clock.advance(60_000)
    expect(funding(life)).toBe("0")
    expect(life.task.reasons()).toEqual([])
    expect(life.task.state()["funding"]).toMatchObject({ basis: "paid", why: expect.stringContaining("503") })
    fates.now = "fine"
    await world.clock.advance(400_000)
    expect(funding(life)).toBe("-1")
  })
})

describe("funding on a shared account", () => {
  const settle = (world: World, rate: number, markPrice: number): void => {
    const at = world.clock.now()
    world.exchange.rates.push({ inst: INST, rate, markPrice, fundingAt: at, timestamp: at })
  }

  test("is the own size at the settlement × mark price × rate, whatever the account was charged", async () => {
    const { world, life } = await holding("shared")
    settle(world, 0.0001, 101)
    pay(world, "-77")
    await world.clock.advance(10)
    submit(life, { ...LIMIT, side: "SELL", size: "3" })
    await world.clock.advance(10)
    world.exchange.trade(world.exchange.orders[1]!, "3")
    await world.clock.advance(70_000)
    expect(funding(life)).toBe("-0.0202")
    settle(world, 0.0002, 99.5)
    await world.clock.advance(20 * 60_000)
    // Short by 1: it receives.
    expect(funding(life)).toBe("-0.0003")
    expect(life.task.pnl()[0]).toMatchObject({ fundingBasis: "share" })
    expect(world.exchange.asked("fundingPaid")).toBe(0)
  })

  test("is reckoned after a restart with the size of then", async () => {
    const { world, life } = await holding("shared")
    settle(world, 0.001, 100)
    world.kill(life)
    await world.clock.advance(10)
    world.exchange.put({ ...LIMIT, side: "SELL", size: "1", clientId: own(9) })
    world.exchange.trade(world.exchange.orders[1]!, "1")
    await world.clock.advance(120_000)
    const second = await world.live()
    await world.clock.advance(12_000)
    expect(second.task.position(INST).own).toBe("1")
    expect(funding(second)).toBe("-0.2")
  })

  test("waits for fills that were missed while the stream was gone", async () => {
    const { world, life } = await holding("shared")
    world.network.wire.isReachable = () => false
    world.network.cut("private")
    await world.clock.advance(1_000)
    world.exchange.trade(world.exchange.put({ ...LIMIT, size: "3", clientId: own(8) }) as never, "3")
    await world.clock.advance(1_000)
    settle(world, 0.001, 100)
    await world.clock.advance(40 * 60_000)
    expect(funding(life)).toBe("0")
    world.network.wire.isReachable = () => true
    await world.clock.advance(120_000)
    expect(life.task.position(INST).own).toBe("5")
    expect(funding(life)).toBe("-0.5")
  })

  test("is not counted again where the account becomes the bot's own", async () => {
    const { world, life } = await holding("shared")
    settle(world, 0.001, 100)
    pay(world, "-0.2")
    await world.clock.advance(70_000)
    expect(funding(life)).toBe("-0.2")
    world.kill(life)
    const owned = new World({ deps: { account: "exclusive" } })
    for (const [key, payment] of world.disk.fundings) owned.disk.fundings.set(key, payment)
    for (const [key, fill] of world.disk.fills) owned.disk.fills.set(key, fill)
    for (const [key, order] of world.disk.orders) owned.disk.orders.set(key, order)
    owned.exchange.payments.push(...world.exchange.payments)
    await owned.clock.advance(120_000)
    const second = owned.born()
    await owned.clock.advance(20_000)
    expect(owned.exchange.asked("fundingPaid")).toBeGreaterThan(0)
    expect(funding(second)).toBe("-0.2")
  })
})
