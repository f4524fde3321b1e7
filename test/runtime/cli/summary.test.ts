import { expect, test } from "bun:test"
import { words } from "../../../src/runtime/cli/summary.ts"

test("a run is told in four lines, and one of anything as one", () => {
  const counts = {
    events: 2,
    orders: 1,
    fills: 0,
    bookGaps: 1,
    unknownOrders: 0,
    predictions: 1,
    predictionFailures: 0,
  }
  const pnlTotals = [{ quote: "USDT", realized: "0", fees: "0.005", funding: "0", net: "-0.005" }]
  const rest = { pnl: "-0.005", pnlTotals, readyMs: 5, rssMb: 100, peakRssMb: 120, seconds: 1, why: "SIGINT" }
  expect(words({ ...counts, ...rest })).toBe(
    `
ended: SIGINT
2 events, 1 order, 0 fills, PnL -0.01 USDT after fees
1 prediction, 0 failed, 1 book gap, 0 unknown orders
ready after 5 ms, 100 MB resident, 120 MB at its peak
`,
  )
  expect(words({ ...counts, ...rest, readyMs: null })).toContain("never ready")
})
