import type { Pnl } from "./callbacks.ts"
import { type Decimal, minus, plus } from "./decimal.ts"
import { parseInst } from "./inst.ts"

/** Profit and loss of all instruments of one quote currency. */
export interface PnlTotal {
  readonly quote: string
  readonly realized: Decimal
  /** Absent while the price of an open size is not known, as `net` is then. */
  readonly unrealized?: Decimal
  /** Positive: paid. */
  readonly fees: Decimal
  /** Received; negative: paid. */
  readonly funding: Decimal
  /** realized + unrealized − fees + funding. */
  readonly net?: Decimal
}

/** Adds up what `ctx.pnl()` tells: one total for each quote currency, since amounts of different ones have no sum. */
export const pnlTotals = (rows: readonly Pnl[]): PnlTotal[] =>
  [...Map.groupBy(rows, ({ inst }) => parseInst(inst)?.quote ?? "")].map(([quote, some]) => {
    const sum = (part: "realized" | "fees" | "funding"): Decimal =>
      some.reduce((total, row) => plus(total, row[part]), "0")
    const known = { quote, realized: sum("realized"), fees: sum("fees"), funding: sum("funding") }
    const unrealized = some.reduce<Decimal | undefined>(
      (total, row) => (total === undefined || row.unrealized === undefined ? undefined : plus(total, row.unrealized)),
      "0",
    )
    if (unrealized === undefined) return known
    return { ...known, unrealized, net: minus(plus(plus(known.realized, unrealized), known.funding), known.fees) }
  })
