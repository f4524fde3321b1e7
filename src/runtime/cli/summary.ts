import type { PnlTotal } from "../domain/pnl.ts"
import type { Summary } from "./session.ts"

/** `1 order`, `2 orders`. */
export const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`

/** A run in four lines. */
export function words(summary: Summary): string {
  const { events, orders, fills, pnlTotals, bookGaps, unknownOrders, predictions, predictionFailures } = summary
  const { readyMs, rssMb, peakRssMb, why } = summary
  return [
    "",
    `ended: ${why}`,
    `${counted(events, "event")}, ${counted(orders, "order")}, ${counted(fills, "fill")}, PnL ${netWords(pnlTotals)} after fees`,
    `${counted(predictions, "prediction")}, ${predictionFailures} failed, ${counted(bookGaps, "book gap")}, ${counted(unknownOrders, "unknown order")}`,
    `${readyMs === null ? "never ready" : `ready after ${readyMs} ms`}, ${rssMb} MB resident, ${peakRssMb} MB at its peak`,
    "",
  ].join("\n")
}

/** One amount a quote currency. */
export const netWords = (totals: readonly PnlTotal[]): string =>
  totals.length === 0
    ? "0.00"
    : totals.map(({ quote, net }) => `${net === undefined ? "unknown" : Number(net).toFixed(2)} ${quote}`).join(", ")
