// The limits that a live start wants must bind what is traded.
import { describe, expect, test } from "bun:test"
import { bot, orders, trades } from "../../src/index.ts"
import type { RiskLimits } from "../../src/runtime/domain/limits.ts"
import { SIM_ACCOUNT } from "../../src/world/sim-account.ts"
import { openSimulation, type SimulationOptions } from "../../src/world/simulation.ts"
import { openRig } from "./rig.ts"

const INST = "BTC_USDT_PERP"

/** Buys once, and keeps what it was told. */
function buyer(limits: RiskLimits | undefined, told: unknown[] = []) {
  const tape = trades("binance-um", [INST])
  const router = orders("binance-um")
  let isDone = false
  return bot({ name: "buyer", ...(limits === undefined ? {} : { limits }) })
    .tasks([tape, router])
    .strategy({
      onTrade(_, ctx) {
        if (isDone || ctx.instrument(INST) === undefined) return
        isDone = true
        const sent = ctx.submit(router, { inst: INST, side: "BUY", size: "5", type: "market" })
        told.push(sent.kind === "refused" ? sent.reasons : sent.kind)
      },
      onOrder: ({ data }) => void told.push(data.order.state),
    })
}

async function run(limits: RiskLimits, more: Partial<SimulationOptions> = {}): Promise<unknown[]> {
  const told: unknown[] = []
  const simulation = await openSimulation({ bot: () => buyer(limits, told), seed: 1, ...more })
  simulation.advance(5_000)
  simulation.stop("enough")
  return told
}

describe("a name in orderSizeMax", () => {
  test("that the venue does not list ends the start, and says what it lists", async () => {
    await expect(run({ orderSizeMax: { BTCC_USDT_PERP: "1" } })).rejects.toThrow(
      "bot buyer cannot start: limit orderSizeMax: binance-um does not list BTCC_USDT_PERP",
    )
    await expect(run({ orderSizeMax: { [INST]: "5", BTC_USD1_PERP: "1" }, orderNotionalMax: "1000" })).rejects.toThrow(
      /limit orderSizeMax: binance-um does not list BTC_USD1_PERP; of BTC it lists BTC_USDT_PERP/,
    )
  })

  test("that is another instrument's leaves the one that is traded without a bound: its orders are refused by name", async () => {
    expect(await run({ orderSizeMax: { ETH_USDT_PERP: "1" } })).toEqual([
      [
        `limit orderSizeMax does not name ${INST} (it names ETH_USDT_PERP), and no other limit bounds the size of its orders`,
      ],
    ])
    const bounded = await run({ orderSizeMax: { ETH_USDT_PERP: "1" }, orderNotionalMax: "5000000" })
    expect(bounded[0]).toBe("submitted")
    expect(await run({ orderSizeMax: { [INST]: "4" } })).toEqual([["size 5 is above the limit 4"]])
  })
})

describe("a live start", () => {
  const live = (limits: RiskLimits | undefined) =>
    openRig({ bot: buyer(limits), world: { mode: "live", credentials: SIM_ACCOUNT } })

  test("wants a limit that limits something", async () => {
    const unlimited = "it would send live orders without a risk limit"
    await expect(live(undefined)).rejects.toThrow(unlimited)
    await expect(live({})).rejects.toThrow(unlimited)
    await expect(live({ orderSizeMax: {} })).rejects.toThrow("limit orderSizeMax names no instrument")
    await expect(live({ orderSizeMax: { BTCC_USDT_PERP: "1" } })).rejects.toThrow("does not list BTCC_USDT_PERP")
  })

  test.each([
    ["only the number of orders", "says so", { openOrdersMax: 5 }, 1],
    ["their value, too,", "says nothing", { openOrdersMax: 5, orderNotionalMax: "1000" }, 0],
    ["their size", "says nothing", { orderSizeMax: { [INST]: "1" } }, 0],
  ] as const)("that bounds %s %s", async (_what, _does, limits, times) => {
    const rig = await live(limits)
    await rig.close()
    expect(rig.lines.filter((line) => line.includes("limits.unsized"))).toHaveLength(times)
  })
})
