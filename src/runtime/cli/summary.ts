import type { PnlTotal } from "../domain/pnl.ts"
import type { Summary } from "./session.ts"

/** A run in four lines. */
export function words(summary: Summary): string {
  const { events, orders, fills, pnlTotals, bookGaps, unknownOrders, predictions, predictionFailures } = summary
  const { readyMs, rssMb, peakRssMb, why } = summary
  return [
    "",
    `ended: ${why}`,
    `${events} events, ${orders} orders, ${fills} fills, PnL ${netWords(pnlTotals)} after fees`,
    `${predictions} predictions, ${predictionFailures} failed, ${bookGaps} book gaps, ${unknownOrders} unknown orders`,
    `${readyMs === null ? "never ready" : `ready after ${readyMs} ms`}, ${rssMb} MB resident, ${peakRssMb} MB at its peak`,
    "",
  ].join("\n")
}

/** One amount a quote currency. */
export const netWords = (totals: readonly PnlTotal[]): string =>
  totals.length === 0
    ? "0.00"
    : totals.map(({ quote, net }) => `${net === undefined ? "unknown" : Number(net).toFixed(2)} ${quote}`).join(", ")
