import type { Summary } from "./session.ts"

/** A run in four lines. */
export function words(summary: Summary): string {
  const { events, orders, fills, pnl, bookGaps, unknownOrders, predictions, predictionFailures } = summary
  const { readyMs, rssMb, peakRssMb, why } = summary
  return [
    "",
    `ended: ${why}`,
    `${events} events, ${orders} orders, ${fills} fills, PnL ${Number(pnl).toFixed(2)} after fees`,
    `${predictions} predictions, ${predictionFailures} failed, ${bookGaps} book gaps, ${unknownOrders} unknown orders`,
    `${readyMs === null ? "never ready" : `ready after ${readyMs} ms`}, ${rssMb} MB resident, ${peakRssMb} MB at its peak`,
    "",
  ].join("\n")
}
