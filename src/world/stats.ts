import { type PnlTotal, pnlTotals } from "../runtime/domain/pnl.ts"
import type { RunningOrders, RunningTask } from "../runtime/tasks/task.ts"

export interface Stats {
  readonly events: number
  readonly orders: number
  readonly fills: number
  readonly bookGaps: number
  readonly unknownOrders: number
  /** Delivered by models, and requests that failed. */
  readonly predictions: number
  readonly predictionFailures: number
  /** The net of all instruments; null where they have several quote currencies, or the price of an open size is not known. */
  readonly pnl: string | null
  readonly pnlTotals: readonly PnlTotal[]
}

/** A run in numbers. */
export function statsOf(tasks: readonly RunningTask[], counts: Pick<Stats, "events" | "orders" | "fills">): Stats {
  const orders = tasks.filter((task): task is RunningOrders => task.spec.kind === "orders")
  const models = tasks.filter((task) => task.spec.kind === "predict").map((task) => task.state())
  const books = tasks.flatMap((task) => {
    const { books: kept = {} } = task.state() as { books?: Record<string, { gaps: number; crossed: number }> }
    return Object.values(kept)
  })
  const totals = pnlTotals(orders.flatMap((task) => task.pnl()))
  return {
    ...counts,
    bookGaps: books.reduce((sum, { gaps, crossed }) => sum + gaps + crossed, 0),
    unknownOrders: orders.flatMap((task) => task.openOrders()).filter(({ state }) => state === "unknown").length,
    predictions: models.reduce((sum, { predictions }) => sum + Number(predictions), 0),
    predictionFailures: models.reduce((sum, { failures }) => sum + Number(failures), 0),
    pnl: netOf(totals),
    pnlTotals: totals,
  }
}

function netOf([only, ...others]: readonly PnlTotal[]): string | null {
  if (only === undefined) return "0"
  return others.length === 0 ? (only.net ?? null) : null
}
