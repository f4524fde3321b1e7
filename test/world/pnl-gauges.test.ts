import { expect, test } from "bun:test"
import type { Pnl } from "../../src/runtime/domain/callbacks.ts"
import { Metrics } from "../../src/runtime/domain/metrics.ts"
import { render } from "../../src/runtime/http/prometheus.ts"
import type { RunningOrders } from "../../src/runtime/tasks/task.ts"
import { PnlGauges } from "../../src/world/pnl-gauges.ts"

test("the metrics show profit and loss by part as it is when they are asked for, and no number where there is no price", () => {
  const metrics = new Metrics()
  const gauges = new PnlGauges(metrics)
  const told: Pnl[] = [{ inst: "BTC_USDT_PERP", realized: "1.5", unrealized: "-2", fees: "0.25", funding: "-0.125" }]
  const task = { market: "binance-um", pnl: () => told } as unknown as RunningOrders
  const lines = (): string[] =>
    render(metrics)
      .split("\n")
      .filter((line) => line.startsWith("perigee_pnl{"))
      .map((line) => line.replace('market="binance-um",inst="BTC_USDT_PERP",', ""))
  const totals = (): string[] =>
    render(metrics)
      .split("\n")
      .filter((line) => line.startsWith("perigee_pnl_by_quote{"))
      .map((line) => line.replace("perigee_pnl_by_quote", ""))
  gauges.update([task])
  expect(totals()).toEqual([
    '{quote="USDT",part="realized"} 1.5',
    '{quote="USDT",part="unrealized"} -2',
    '{quote="USDT",part="fees"} 0.25',
    '{quote="USDT",part="funding"} -0.125',
    '{quote="USDT",part="net"} -0.875',
  ])
  expect(lines()).toEqual([
    'perigee_pnl{part="realized"} 1.5',
    'perigee_pnl{part="unrealized"} -2',
    'perigee_pnl{part="fees"} 0.25',
    'perigee_pnl{part="funding"} -0.125',
  ])
  const [{ unrealized: _, ...unpriced }] = told as [Pnl]
  told[0] = { ...unpriced, realized: "2" }
  told.push({ inst: "ETH_BTC", realized: "0.5", unrealized: "0", fees: "0", funding: "0" })
  gauges.update([task])
  expect(lines().slice(0, 2)).toEqual(['perigee_pnl{part="realized"} 2', 'perigee_pnl{part="unrealized"} NaN'])
  expect(totals().filter((line) => /unrealized|net/.test(line))).toEqual([
    '{quote="USDT",part="unrealized"} NaN',
    '{quote="USDT",part="net"} NaN',
    '{quote="BTC",part="unrealized"} 0',
    '{quote="BTC",part="net"} 0.5',
  ])
})
