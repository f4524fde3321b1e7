import { expect, test } from "bun:test"
import type { Pnl } from "../../../src/runtime/domain/callbacks.ts"
import { pnlTotals } from "../../../src/runtime/domain/pnl.ts"

const row = (inst: string, realized: string, unrealized?: string): Pnl => ({
  inst,
  realized,
  ...(unrealized === undefined ? {} : { unrealized }),
  fees: "0.5",
  funding: "-0.25",
})

test("profit and loss has one total for each quote currency", () => {
  expect(pnlTotals([row("BTC_USDT_PERP", "2", "-1"), row("ETH_BTC", "0.1", "0"), row("ETH_USDT", "1", "3")])).toEqual([
    { quote: "USDT", realized: "3", unrealized: "2", fees: "1", funding: "-0.5", net: "3.5" },
    { quote: "BTC", realized: "0.1", unrealized: "0", fees: "0.5", funding: "-0.25", net: "-0.65" },
  ])
  expect(pnlTotals([])).toEqual([])
})

test("a total knows neither its open part nor its net while one price is missing", () => {
  expect(pnlTotals([row("BTC_USDT_PERP", "2"), row("ETH_USDT_PERP", "1", "3"), row("ETH_BTC", "0", "1")])).toEqual([
    { quote: "USDT", realized: "3", fees: "1", funding: "-0.5" },
    { quote: "BTC", realized: "0", unrealized: "1", fees: "0.5", funding: "-0.25", net: "0.25" },
  ])
})
