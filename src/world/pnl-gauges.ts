import type { Pnl } from "../runtime/domain/callbacks.ts"
import type { Gauge, Metrics } from "../runtime/domain/metrics.ts"
import type { RunningOrders } from "../runtime/tasks/task.ts"

const PARTS = ["realized", "unrealized", "fees", "funding"] as const
const HELP = "Profit and loss of own fills in the quote currency: prices alone, fees paid, funding received"

/** Profit and loss at `/metrics`, brought up to date when it is asked for. */
export class PnlGauges {
  readonly #metrics: Metrics
  readonly #gauges = new Map<string, Gauge>()

  constructor(metrics: Metrics) {
    this.#metrics = metrics
  }

  update(orders: readonly RunningOrders[]): void {
    for (const task of orders) for (const one of task.pnl()) this.#set(task.market, one)
  }

  #set(market: string, pnl: Pnl): void {
    for (const part of PARTS) {
      const amount = pnl[part]
      const labels = { market, inst: pnl.inst, part }
      const key = `${market} ${pnl.inst} ${part}`
      // An open size without a price has no unrealized profit: a gauge of an old one must not go on standing for it.
      if (amount === undefined && !this.#gauges.has(key)) continue
      const gauge = this.#gauges.get(key) ?? this.#metrics.gauge("perigee_pnl", HELP, labels)
      this.#gauges.set(key, gauge)
      gauge.value = amount === undefined ? Number.NaN : Number(amount)
    }
  }
}
