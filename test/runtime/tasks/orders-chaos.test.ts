// A failure prints its seed and path: run it again with WEATHER_SEED=… WEATHER_PATH=…, and look for more with WEATHER_RUNS=3000.
import { describe, expect, test } from "bun:test"
import * as fc from "fast-check"
import { compare, plus } from "../../../src/runtime/domain/decimal.ts"
import { isFinal } from "../../../src/runtime/domain/order.ts"
import { seeded } from "./scripted/clock.ts"
import type { Fate } from "./scripted/network.ts"
import { scriptedVenue } from "./scripted/venue.ts"
import { type Life, LIMIT, World } from "./scripted/world.ts"

interface Weather {
  readonly seed: number
  /** Shares of requests that meet each fate. */
  readonly lost: number
  readonly unanswered: number
  readonly broken: number
  readonly unsent: number
  readonly latencyMsMax: number
  readonly duplicated: number
  readonly dropped: number
  /** Connection losses and deaths of the whole process, a step. */
  readonly cut: number
  readonly killed: number
  readonly entry: "socket" | "rest"
  /** Orders often wait for room within the rate limits, and their connection may be lost meanwhile. */
  readonly isCrowded: boolean
}

const share = (most: number) => fc.double({ min: 0, max: most, noNaN: true })

const weather: fc.Arbitrary<Weather> = fc.record({
  seed: fc.integer(),
  lost: share(0.15),
  unanswered: share(0.15),
  broken: share(0.1),
  unsent: share(0.1),
  latencyMsMax: fc.integer({ min: 1, max: 400 }),
  duplicated: share(0.4),
  dropped: share(0.1),
  cut: share(0.05),
  killed: share(0.03),
  entry: fc.constantFrom("socket" as const, "rest" as const),
  isCrowded: fc.boolean(),
})

const STEPS = 60

const { WEATHER_SEED, WEATHER_PATH, WEATHER_RUNS } = process.env
const asked = {
  ...(WEATHER_SEED === undefined ? {} : { seed: Number(WEATHER_SEED) }),
  ...(WEATHER_PATH === undefined ? {} : { path: WEATHER_PATH }),
}
const runs =
  WEATHER_RUNS === undefined ? { numRuns: 150, interruptAfterTimeLimit: 12_000 } : { numRuns: Number(WEATHER_RUNS) }

/** A bot that places, amends and cancels at random against an exchange that fills at random, in bad weather. */
async function storm(given: Weather): Promise<{ world: World; life: Life; sizes: Map<string, string[]> }> {
  const random = seeded(given.seed)
  const bounds: [Fate, number][] = [
    ["lost", given.lost],
    ["unanswered", given.unanswered],
    ["broken", given.broken],
    ["unsent", given.unsent],
  ]
  const fate = (): Fate => {
    let draw = random.next()
    for (const [one, rate] of bounds) {
      if (draw < rate) return one
      draw -= rate
    }
    return "fine"
  }
  const world = new World({
    seed: given.seed,
    deps: { entry: given.entry },
    ...(given.isCrowded ? { venue: { limits: { ...scriptedVenue().limits, ordersPer10s: 6 } } } : {}),
    wire: { latencyMs: () => 1 + Math.floor(random.next() * given.latencyMsMax) },
  })
  const sizes = new Map<string, string[]>()
  let life = world.born()
  await world.clock.advance(5_000)
  Object.assign(world.network.wire, {
    fate,
    copies: () => (random.next() < given.dropped ? 0 : random.next() < given.duplicated ? 2 : 1),
  })
  for (let step = 0; step < STEPS; step++) {
    act(world, life, random.next, sizes)
    if (random.next() < given.cut) world.network.cut(random.next() < 0.5 ? "entry" : "private")
    if (random.next() < given.killed) {
      world.kill(life)
      life = world.born()
    }
    await world.clock.advance(random.next() * 300)
  }
  // The sky clears: from now on everything arrives, and time passes until nothing is open.
  Object.assign(world.network.wire, { fate: () => "fine", copies: () => 1, latencyMs: () => 1 })
  for (let minute = 0; minute < 5; minute++) await world.clock.advance(60_000)
  return { world, life, sizes }
}

function act(world: World, life: Life, next: () => number, sizes: Map<string, string[]>): void {
  const draw = next()
  const open = life.task.openOrders()
  const mine = open[Math.floor(next() * open.length)]
  const theirs = world.exchange.orders.filter(({ status }) => status === "open")
  const resting = theirs[Math.floor(next() * theirs.length)]
  if (draw < 0.35) {
    const submission = life.turn.run(() => life.task.submit("storm", { ...LIMIT, size: "1" }))
    if (submission.kind === "submitted") sizes.set(submission.clientId, ["1"])
  } else if (draw < 0.5 && mine !== undefined) void life.task.cancel(mine.clientId)
  else if (draw < 0.6 && mine !== undefined) {
    const size = (1 + Math.floor(next() * 3)).toString()
    if (compare(size, mine.filled) < 0) return
    sizes.get(mine.clientId)?.push(size)
    void life.task.amend({ clientId: mine.clientId, size })
  } else if (resting !== undefined) world.exchange.trade(resting, ((1 + Math.floor(next() * 700)) / 1_000).toFixed(3))
}

function check({ world, life, sizes }: Awaited<ReturnType<typeof storm>>): void {
  expect(life.task.reasons()).toEqual([])
  expect(life.failures).toEqual([])
  const placed = world.exchange.requests.filter(({ operation }) => operation === "place")
  const ids = placed.map(({ params }) => (params as { clientId: string }).clientId)
  expect(ids.length).toBe(new Set(ids).size)
  for (const order of world.disk.orders.values()) {
    const there = world.exchange.byClientId(order.clientId)
    if (there === undefined) {
      expect(order).toMatchObject({ state: "rejected", filled: "0" })
      continue
    }
    const { orderId, status, size, filledSize } = there
    const { state, filled } = order
    expect({ orderId: order.orderId, state, size: Number(order.size), filled: Number(filled) }).toEqual({
      orderId,
      state: status,
      size: Number(size),
      filled: Number(filledSize),
    })
    const fills = [...world.disk.fills.values()].filter((fill) => fill.clientId === order.clientId)
    expect(Number(fills.reduce((sum, fill) => plus(sum, fill.size), "0"))).toBe(Number(filledSize))
    expect(compare(filled, size) <= 0 || !isFinal(state)).toBe(true)
  }
  for (const { clientId = "" } of world.exchange.orders) expect(world.disk.orders.has(clientId)).toBe(true)
  expect(world.disk.fills.size).toBe(world.exchange.trades.length)
  expect(Number(life.task.position("BTC_USDT_PERP").own)).toBe(Number(world.exchange.position()))
  expect(life.troubles.filter(({ kind }) => kind !== "order adopted")).toEqual([])
  for (const clientId of sizes.keys()) expect(world.disk.orders.has(clientId)).toBe(true)
}

/** As long as it takes where more than the usual runs are asked for. */
const LONG_MS = WEATHER_RUNS === undefined ? 20_000 : 86_400_000

describe("in any weather", () => {
  test(
    "no order is placed twice, every fill counts once, and the journal ends as the venue",
    async () => {
      await fc.assert(
        fc.asyncProperty(weather, async (given) => check(await storm(given))),
        { ...runs, ...asked },
      )
    },
    LONG_MS,
  )
})
