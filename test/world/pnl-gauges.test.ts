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
  gauges.update([task])
  expect(lines()).toEqual([
    'perigee_pnl{part="realized"} 1.5',
    'perigee_pnl{part="unrealized"} -2',
    'perigee_pnl{part="fees"} 0.25',
    'perigee_pnl{part="funding"} -0.125',
  ])
  const [{ unrealized: _, ...unpriced }] = told as [Pnl]
  told[0] = { ...unpriced, realized: "2" }
  gauges.update([task])
  expect(lines().slice(0, 2)).toEqual(['perigee_pnl{part="realized"} 2', 'perigee_pnl{part="unrealized"} NaN'])
})
