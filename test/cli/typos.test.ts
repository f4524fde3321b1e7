// What a slip of the pen in a name costs: a plain message before anything trades.
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, test } from "bun:test"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { EXIT } from "../../src/runtime/cli/command.ts"
import { folder, keysOf, run, type Simulator, startSimulator } from "../world/program.ts"

let sim: Simulator
let home: ReturnType<typeof folder>

beforeAll(async () => {
  sim = await startSimulator()
})
afterAll(async () => {
  sim.program.signal("SIGTERM")
  await sim.program.ended
})
beforeEach(() => {
  home = folder()
})
afterEach(() => home.remove())

/** Buys once at the first trade, whatever `order` says, and logs what it is told. */
const source = (options: string, order = `size: "5", type: "market"`): string => `
import { bot, number, orders, trades } from "perigee"
const INST = "BTC_USDT_PERP"
const tape = trades("binance-um", [INST])
const router = orders("binance-um")
let isDone = false
export default bot({ name: "slip", ${options} }).tasks([tape, router]).strategy({
  onTrade({ data }, ctx) {
    if (isDone || ctx.instrument(INST) === undefined) return
    isDone = true
    const sent = ctx.submit(router, { inst: INST, side: "BUY", ${order} } as any)
    ctx.log.warn("answer", sent.kind === "refused" ? { reasons: sent.reasons } : { kind: sent.kind })
  },
  onOrder({ data }, ctx) {
    ctx.log.warn("order", { state: data.order.state })
  },
})
`

function trade(text: string, words: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
  writeFileSync(join(home.path, "slip.ts"), text)
  const fixed = ["run", "slip.ts", "--live", "--endpoint", sim.url, "--http-port", "0", "--seconds", "2"]
  return run([...fixed, ...words], { cwd: home.path, env: { ...keysOf(sim), ...env } })
}

describe("a live bot", () => {
  test.each([
    [`limits: { orderSizeMax: {} }`, "limit orderSizeMax names no instrument"],
    [`limits: { orderSizeMax: { BTC_USDT_PREP: "1" } }`, "limit orderSizeMax names BTC_USDT_PREP, which no market"],
    [`limits: { orderSizeMax: { BTCC_USDT_PERP: "1" } }`, "binance-um does not list BTCC_USDT_PERP"],
  ])("with %s does not start", async (options, message) => {
    const { status, out, err } = await trade(source(options))
    expect({ status, isTold: err.includes(message) }).toEqual({ status: EXIT.usage, isTold: true })
    expect(out).not.toContain('"order"')
  })

  test("sends no order of an unknown type, and none of an instrument that no limit bounds", async () => {
    const wild = await trade(source(`limits: { orderSizeMax: { ETH_USDT_PERP: "1" } }`))
    expect([wild.status, wild.out.includes("limit orderSizeMax does not name BTC_USDT_PERP")]).toEqual([EXIT.ok, true])
    const price = `size: "0.002", type: "stop-market", price: String(Math.round(data.price + 100))`
    const stop = await trade(source(`limits: { orderNotionalMax: "1000" }`, price), ["--db", "stop.db"])
    expect([stop.status, stop.out.includes('type \\"stop-market\\" is not known')]).toEqual([EXIT.ok, true])
    expect([wild, stop].map(({ out }) => out.includes('"state"'))).toEqual([false, false])
  })

  test("takes no variable for a parameter that it does not have", async () => {
    const text = source(`limits: { openOrdersMax: 1 }, params: { threshold: number(0.5) }`)
    const { status, err } = await trade(text, [], { PERIGEE_PARAM_TRESHOLD: "0.7" })
    expect(status).toBe(EXIT.usage)
    expect(err).toContain("no parameter is read from PERIGEE_PARAM_TRESHOLD; there is PERIGEE_PARAM_THRESHOLD")
  })
})
