import { describe, expect, test } from "bun:test"
import type { InstrumentInfo } from "../../../src/runtime/domain/instrument.ts"
import type { OrderRequest } from "../../../src/runtime/domain/order.ts"
import { INST, INSTRUMENT } from "./scripted/exchange.ts"
import type { Fate } from "./scripted/network.ts"
import { type Life, LIMIT, submit, World } from "./scripted/world.ts"

const QUARTER_HOUR_MS = 15 * 60_000
const other: InstrumentInfo = { ...INSTRUMENT, inst: "ETH_USDT_PERP", symbol: "ETHUSDT" }

const reasons = (life: Life, request: OrderRequest): readonly string[] => {
  const submission = life.turn.run(() => life.task.submit("test", request))
  return submission.kind === "refused" ? submission.reasons : []
}

const world = (fate: (operation: string) => Fate = () => "fine"): World =>
  new World({ deps: { insts: [INST] }, wire: { fate } })

describe("an instrument that the venue changes", () => {
  test("is known with its new tick and lot within a quarter of an hour: orders follow them, the strategy is told", async () => {
    const one = world()
    const life = await one.live()
    expect(reasons(life, { ...LIMIT, price: "100.1", size: "0.001" })).toEqual([])
    const changed = { ...INSTRUMENT, tickSize: "0.5", lotSize: "0.01", limitSizeMin: "0.01" }
    one.exchange.instruments = [changed, other]
    await one.clock.advance(QUARTER_HOUR_MS)
    expect(life.task.instrument(INST)).toEqual(changed)
    expect(reasons(life, { ...LIMIT, price: "100.1", size: "0.001" }).join()).toMatch(/lot 0\.01.+tick 0\.5/)
    expect(reasons(life, { ...LIMIT, price: "100.5", size: "0.01" })).toEqual([])
    expect(life.instruments).toEqual([
      {
        market: "binance-um",
        inst: INST,
        before: INSTRUMENT,
        now: changed,
        fields: ["limitSizeMin", "lotSize", "tickSize"],
        timestamp: expect.any(Number),
      },
    ])
    await one.clock.advance(QUARTER_HOUR_MS)
    expect(life.instruments).toHaveLength(1)
  })

  test.each(["suspended", "delisting"] as const)(
    "and %s takes no order but to reduce, refused by name",
    async (status) => {
      const one = world()
      const life = await one.live()
      submit(life, { ...LIMIT, type: "market", price: undefined } as never)
      await one.clock.advance(10)
      one.exchange.instruments = [{ ...INSTRUMENT, status }]
      await one.clock.advance(QUARTER_HOUR_MS)
      expect(reasons(life, LIMIT)).toEqual([`${INST} is ${status}`])
      expect(reasons(life, { inst: INST, side: "SELL", size: "1", price: "100", reduceOnly: true })).toEqual([])
      expect(life.instruments.map(({ fields, now }) => [fields, now.status])).toEqual([[["status"], status]])
    },
  )

  test("and lists no more is closed; when it comes back, orders go again", async () => {
    const one = world()
    const life = await one.live()
    one.exchange.instruments = [other]
    await one.clock.advance(QUARTER_HOUR_MS)
    expect(reasons(life, LIMIT)).toEqual([`${INST} is closed`])
    one.exchange.instruments = [INSTRUMENT, other]
    await one.clock.advance(QUARTER_HOUR_MS)
    expect(reasons(life, LIMIT)).toEqual([])
    expect(life.instruments.map(({ now }) => now.status)).toEqual(["closed", "live"])
  })

  test("and nobody here names or trades is told of to nobody", async () => {
    const one = new World()
    one.exchange.instruments = [INSTRUMENT, other]
    const life = await one.live()
    one.exchange.instruments = [INSTRUMENT, { ...other, tickSize: "5" }]
    await one.clock.advance(QUARTER_HOUR_MS)
    expect(life.instruments).toEqual([])
    expect(life.task.instrument("ETH_USDT_PERP")?.tickSize).toBe("5")
  })
})

test("a listing that does not come leaves the last one standing, and is asked for again", async () => {
  const fates: { now: Fate } = { now: "fine" }
  const one = world((operation) => (operation === "instruments" ? fates.now : "fine"))
  const life = await one.live()
  fates.now = "broken"
  one.exchange.instruments = [{ ...INSTRUMENT, status: "suspended" }]
  await one.clock.advance(60 * 60_000)
  expect(reasons(life, LIMIT)).toEqual([])
  expect(one.logged.some(({ event }) => event === "instruments.unanswered")).toBe(true)
  fates.now = "fine"
  await one.clock.advance(QUARTER_HOUR_MS)
  expect(reasons(life, LIMIT)).toEqual([`${INST} is suspended`])
})

describe("an instrument that the venue does not list", () => {
  test("is a stranger once the venue has said what it lists, and not before", async () => {
    const one = world()
    one.exchange.instruments = [INSTRUMENT]
    const life = await one.live()
    expect(life.task.stranger?.(INST)).toBeUndefined()
    expect(life.task.stranger?.(other.inst)).toBe("binance-um does not list ETH_USDT_PERP")
    const unheard = new World().born()
    expect(unheard.task.stranger?.(other.inst)).toBeUndefined()
  })

  test("is none while the bot has something of it", async () => {
    const one = world()
    const first = await one.live()
    submit(first, { inst: INST, side: "BUY", size: "1", type: "market" })
    await one.clock.advance(10)
    one.kill(first)
    one.exchange.instruments = [other]
    const second = await one.live()
    expect(second.task.instrument(INST)).toBeUndefined()
    expect(second.task.stranger?.(INST)).toBeUndefined()
    expect(second.task.position(INST)).toMatchObject({ own: "1", account: { size: "1" } })
    expect(second.task.stranger?.("BTCC_USDT_PERP")).toBe("binance-um does not list BTCC_USDT_PERP")
  })
})
