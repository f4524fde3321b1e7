import type { Pnl } from "../runtime/domain/callbacks.ts"
import type { Gauge, Labels, Metrics } from "../runtime/domain/metrics.ts"
import { pnlTotals } from "../runtime/domain/pnl.ts"
import type { RunningOrders } from "../runtime/tasks/task.ts"

const PARTS = ["realized", "unrealized", "fees", "funding"] as const
const HELP = "Profit and loss of own fills in the quote currency: prices alone, fees paid, funding received"
const TOTAL_PARTS = [...PARTS, "net"] as const
const TOTAL_HELP = "The same of all instruments of one quote currency; net: realized + unrealized - fees + funding"

/** Profit and loss at `/metrics`, brought up to date when it is asked for. */
export class PnlGauges {
  readonly #metrics: Metrics
  readonly #gauges = new Map<string, Gauge>()

  constructor(metrics: Metrics) {
    this.#metrics = metrics
  }

  update(orders: readonly RunningOrders[]): void {
    const rows = orders.map((task) => ({ market: task.market, pnl: task.pnl() }))
    for (const { market, pnl } of rows) for (const one of pnl) this.#rows(market, one)
    for (const total of pnlTotals(rows.flatMap(({ pnl }) => pnl))) {
      for (const part of TOTAL_PARTS) {
        this.#set("perigee_pnl_by_quote", TOTAL_HELP, { quote: total.quote, part }, total[part])
      }
    }
  }

  #rows(market: string, pnl: Pnl): void {
    for (const part of PARTS) this.#set("perigee_pnl", HELP, { market, inst: pnl.inst, part }, pnl[part])
  }

  #set(name: string, help: string, labels: Labels, amount: string | undefined): void {
    const key = [name, ...Object.values(labels)].join(" ")
    // An open size without a price has no unrealized profit: a gauge of an old one must not go on standing for it.
    if (amount === undefined && !this.#gauges.has(key)) return
    const gauge = this.#gauges.get(key) ?? this.#metrics.gauge(name, help, labels)
    this.#gauges.set(key, gauge)
    gauge.value = amount === undefined ? Number.NaN : Number(amount)
  }
}
