// The limit of a position holds for what may become of it: whatever is filled, in whatever order, whatever answer is lost.
import { describe, expect, test } from "bun:test"
import * as fc from "fast-check"
import { absolute, compare } from "../../../src/runtime/domain/decimal.ts"
import type { OrderRequest } from "../../../src/runtime/domain/order.ts"
import { seeded } from "./scripted/clock.ts"
import { INST } from "./scripted/exchange.ts"
import type { Fate } from "./scripted/network.ts"
import { type Life, LIMIT, submit, World } from "./scripted/world.ts"

const ONE = { limits: { positionNotionalMax: "100" } }
const SELL: OrderRequest = { ...LIMIT, side: "SELL", price: "101", reduceOnly: true }

const outcomeOf = (life: Life, request: OrderRequest): string => {
  const submission = life.turn.run(() => life.task.submit("test", request))
  return submission.kind === "submitted" ? "submitted" : submission.reasons.join("; ")
}

/** One bought, at a limit of one. */
async function holding(world: World): Promise<Life> {
  const life = await world.live()
  submit(life)
  await world.clock.advance(50)
  world.exchange.trade(world.exchange.orders[0]!, "1")
  await world.clock.advance(50)
  return life
}

describe("reduce-only orders on a shared account", () => {
  test("count as reducing while all of them together are no more than the own position", async () => {
    const world = new World({ deps: ONE })
    const life = await holding(world)
    const half = { ...SELL, size: "0.5" }
    const refused = "position would be worth 101, above the limit 100"
    expect([half, half, SELL, SELL].map((request) => outcomeOf(life, request))).toEqual([
      "submitted",
      "submitted",
      "position would be worth 101, above the limit 100",
      refused,
    ])
    await world.clock.advance(50)
    for (const order of world.exchange.orders.slice(1)) world.exchange.trade(order, "1")
    await world.clock.advance(50)
    expect(life.task.position(INST).own).toBe("0")
  })

  test("count with those of unknown fate", async () => {
    const world = new World({ deps: ONE })
    const life = await holding(world)
    world.network.wire.fate = (operation) => (operation === "place" || operation === "order" ? "unanswered" : "fine")
    world.network.wire.copies = () => 0
    submit(life, SELL)
    await world.clock.advance(4_000)
    expect(life.task.openOrders().map(({ state }) => state)).toEqual(["unknown"])
    expect(outcomeOf(life, SELL)).toBe("position would be worth 101, above the limit 100")
  })
})

describe("an amend", () => {
  test("of an order that is filled in part adds only what is not filled", async () => {
    const world = new World({ deps: ONE })
    const life = await world.live()
    const clientId = submit(life)
    await world.clock.advance(50)
    world.exchange.trade(world.exchange.orders[0]!, "0.5")
    await world.clock.advance(50)
    const answers = [
      life.task.amend({ clientId, price: "99" }),
      life.task.amend({ clientId, price: "100", size: "1.001" }),
      life.task.amend({ clientId, size: "0.5" }),
    ]
    await world.clock.advance(50)
    expect(await Promise.all(answers)).toMatchObject([
      { kind: "accepted" },
      { kind: "refused", reason: "position would be worth 100.1, above the limit 100" },
      { kind: "accepted" },
    ])
  })

  test("counts with its size from the moment it is sent until it is certain that it did nothing", async () => {
    const world = new World({ deps: { limits: { positionNotionalMax: "300" } } })
    const life = await world.live()
    const clientId = submit(life)
    await world.clock.advance(50)
    world.network.wire.fate = (operation) => (operation === "amend" ? "lost" : "fine")
    void life.turn.run(() => life.task.amend({ clientId, size: "3" }))
    const full = "position would be worth 400, above the limit 300"
    expect(outcomeOf(life, LIMIT)).toBe(full)
    await world.clock.advance(3_500)
    expect(outcomeOf(life, LIMIT)).toBe(full)
    await world.clock.advance(10_000)
    expect(outcomeOf(life, LIMIT)).toBe("submitted")
  })
})

test("what is filled without its fills being known counts as if it were open", async () => {
  const world = new World({ deps: ONE })
  const life = await world.live()
  world.network.wire.copies = () => 0
  const { price: _, ...market } = { ...LIMIT, type: "market" as const }
  submit(life, market)
  await world.clock.advance(50)
  expect(life.task.openOrders()).toEqual([])
  expect(life.task.position(INST).own).toBe("0")
  expect(outcomeOf(life, market)).toBe("position would be worth 200, above the limit 100")
  await world.clock.advance(3_000)
  expect(life.task.position(INST).own).toBe("1")
})

test("a market order whose price is too old is refused by name, and so is a sell that may fill at the market's", async () => {
  const world = new World({ deps: { ...ONE, referencePrice: () => undefined, priceAgeUs: () => 90_500_000 } })
  const life = await world.live()
  const old = `the newest price to value it at is 90 s old, which is too long ago`
  const remedy = `declare a book or bbo feed of ${INST} on binance-um, or wait for its next event`
  expect(outcomeOf(life, { inst: INST, side: "BUY", size: "1", type: "market" })).toBe(`${old}: ${remedy}`)
  const sell = { ...SELL, reduceOnly: false, price: "100" }
  expect(outcomeOf(life, sell)).toBe(`${old}, since a sell may fill above its own: ${remedy}, or make it post-only`)
  expect(outcomeOf(life, { ...sell, timeInForce: "post-only" })).toBe("submitted")
  expect(outcomeOf(life, LIMIT)).toBe("submitted")
})

// ---- whatever happens ----

interface Weather {
  readonly seed: number
  readonly lost: number
  readonly unanswered: number
  readonly latencyMsMax: number
  readonly dropped: number
}

const share = (most: number) => fc.double({ min: 0, max: most, noNaN: true })
const weather: fc.Arbitrary<Weather> = fc.record({
  seed: fc.integer(),
  lost: share(0.2),
  unanswered: share(0.2),
  latencyMsMax: fc.integer({ min: 1, max: 300 }),
  dropped: share(0.2),
})

const MOST = "5"
const sizes = ["0.5", "1", "2", "5"]

/** Everything at a price of 100, so that the limit is one of size. Tells how many orders were accepted and refused. */
async function storm(given: Weather): Promise<{ accepted: number; refused: number }> {
  const random = seeded(given.seed)
  const draw = (): number => random.next()
  const oneOf = <T>(from: readonly T[]): T => from[Math.floor(draw() * from.length)]!
  const world = new World({
    seed: given.seed,
    deps: { limits: { positionNotionalMax: "500" } },
    wire: { latencyMs: () => 1 + Math.floor(draw() * given.latencyMsMax) },
  })
  const life = world.born()
  await world.clock.advance(5_000)
  Object.assign(world.network.wire, {
    fate: (): Fate => {
      const one = draw()
      return one < given.lost ? "lost" : one < given.lost + given.unanswered ? "unanswered" : "fine"
    },
    copies: () => (draw() < given.dropped ? 0 : 1),
  })
  const seen = { accepted: 0, refused: 0 }
  for (let step = 0; step < 80; step++) {
    const what = draw()
    const [mine] = life.task.openOrders().toSorted(() => draw() - 0.5)
    if (what < 0.45) {
      const isMarket = draw() < 0.3
      const [side, size, reduceOnly] = [oneOf(["BUY", "SELL"] as const), oneOf(sizes), draw() < 0.4]
      const request = { inst: INST, side, size, reduceOnly }
      const asked = isMarket ? { ...request, type: "market" as const } : { ...request, price: "100" }
      if (outcomeOf(life, asked) === "submitted") seen.accepted++
      else seen.refused++
    } else if (what < 0.6 && mine !== undefined)
      void life.turn.run(() => life.task.amend({ clientId: mine.clientId, size: oneOf(sizes) }))
    else if (what < 0.65 && mine !== undefined) void life.turn.run(() => life.task.cancel(mine.clientId))
    else {
      const resting = world.exchange.orders.filter(({ status }) => status === "open")
      if (resting.length > 0) world.exchange.trade(oneOf(resting), oneOf(["0.1", "0.5", "5"]))
    }
    await world.clock.advance(draw() * 200)
    const position = world.exchange.position()
    if (compare(absolute(position), MOST) > 0) throw new Error(`position ${position} at step ${step}`)
  }
  return seen
}

test("no orders that are accepted, filled in any order, take the own position past its limit", async () => {
  const seen = { accepted: 0, refused: 0 }
  await fc.assert(
    fc.asyncProperty(weather, async (given) => {
      const { accepted, refused } = await storm(given)
      seen.accepted += accepted
      seen.refused += refused
    }),
    { numRuns: 80, interruptAfterTimeLimit: 8_000 },
  )
  expect(seen.accepted).toBeGreaterThan(200)
  expect(seen.refused).toBeGreaterThan(200)
}, 20_000)
