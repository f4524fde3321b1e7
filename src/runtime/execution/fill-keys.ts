import type { Fill } from "../domain/order.ts"

/** Beyond this many the journal is asked: it has them by then. */
const KEYS_MAX = 1_000

/**
 * Which fills are counted: by inst, trade id and order id, in memory for the newest, in the journal for all. The order is
 * part of it because both sides of a trade with oneself carry one trade id.
 */
export class FillKeys {
  readonly #written: (fill: Fill) => boolean
  #newer = new Set<string>()
  #older = new Set<string>()

  constructor(written: (fill: Fill) => boolean) {
    this.#written = written
  }

  /** `again`: this run has counted it; `written`: an earlier one has. Remembers it either way. */
  add(fill: Fill): "new" | "again" | "written" {
    const key = `${fill.inst} ${fill.tradeId} ${fill.orderId}`
    if (this.#newer.has(key) || this.#older.has(key)) return "again"
    if (this.#newer.size >= KEYS_MAX) {
      this.#older = this.#newer
      this.#newer = new Set()
    }
    this.#newer.add(key)
    return this.#written(fill) ? "written" : "new"
  }
}
