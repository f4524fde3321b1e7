import { expect, test } from "bun:test"
import type { Pnl } from "../../src/runtime/domain/callbacks.ts"
import type { Engine } from "../../src/runtime/engine/engine.ts"
import { stateImage } from "../../src/world/image.ts"
import { statsOf } from "../../src/world/stats.ts"

/** A bot whose orders tasks of one market each tell this profit and loss. */
function told(...rows: Pnl[][]) {
  const tasks = rows.map((pnl, at) => ({
    spec: { kind: "orders", id: String(at + 1), market: "binance-um" },
    reasons: () => [],
    state: () => ({ market: "binance-um", own: [], positions: [], balances: [] }),
    openOrders: () => [],
    pnl: () => pnl,
  }))
  const engine = { tasks, mode: "running", state: () => ({ latencyUs: {}, events: 0, modeWhy: "" }) }
  const image = stateImage({} as never, engine as unknown as Engine, { orders: () => [] })
  return { image, stats: statsOf(tasks as never, { events: 0, orders: 0, fills: 0 }) }
}

const none = { fees: "0", funding: "0" }

test("what is not known of profit and loss is absent, never a zero", () => {
  const { image, stats } = told([{ inst: "BTC_USDT_PERP", realized: "1", ...none }])
  expect(image.pnl).toEqual([{ asset: "BTC_USDT_PERP", realized: "1", ...none }])
  expect(image.pnlTotals).toEqual([{ quote: "USDT", realized: "1", ...none }])
  expect(stats).toMatchObject({ pnl: null, pnlTotals: image.pnlTotals })
})

test("profit and loss in different currencies is not added up", () => {
  const usdt = { inst: "BTC_USDT_PERP", realized: "100", unrealized: "0", ...none }
  const btc = { inst: "ETH_BTC", realized: "0.5", unrealized: "0.25", ...none, fees: "0.125" }
  const { image, stats } = told([usdt], [btc])
  expect(image.pnlTotals.map(({ quote, net }) => [quote, net])).toEqual([
    ["USDT", "100"],
    ["BTC", "0.625"],
  ])
  expect(stats).toMatchObject({ pnl: null, pnlTotals: image.pnlTotals })
  expect([told([btc]).stats.pnl, told([]).stats.pnl]).toEqual(["0.625", "0"])
})
