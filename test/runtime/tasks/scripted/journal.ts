import { minus, plus } from "../../../../src/runtime/domain/decimal.ts"
import { JournalError } from "../../../../src/runtime/domain/errors.ts"
import { type Fill, isFinal, type Order } from "../../../../src/runtime/domain/order.ts"
import type { Journal, JournalRecord, OwnPosition, Restored } from "../../../../src/runtime/ports.ts"

/** What survives: the rows of a database without a database. */
export class Disk {
  readonly orders = new Map<string, Order>()
  readonly fills = new Map<string, Fill>()
  commits: (readonly JournalRecord[])[] = []
  runs = 0
  isFull = false

  open(): Journal {
    const run = ++this.runs
    const orders = [...this.orders.values()].filter(({ state }) => !isFinal(state))
    const restored: Restored = { run, orders, own: this.#own(), state: [], mode: "running", modeWhy: "" }
    return {
      restored,
      commit: (records) => this.#commit(records),
      order: (clientId) => this.orders.get(clientId),
      hasFill: (_market, inst, tradeId, orderId) => this.fills.has(`${inst} ${tradeId} ${orderId}`),
      orders: ({ sinceAt = 0, limit }) =>
        [...this.orders.values()]
          .filter(({ updatedAt }) => updatedAt >= sinceAt)
          .toReversed()
          .slice(0, limit),
      fills: ({ clientId, limit }) =>
        [...this.fills.values()]
          .filter((fill) => clientId === undefined || fill.clientId === clientId)
          .toReversed()
          .slice(0, limit),
      close: () => undefined,
    }
  }

  #commit(records: readonly JournalRecord[]): void {
    if (this.isFull) throw new JournalError("the disk is full")
    this.commits.push(records)
    for (const record of records) {
      if (record.kind === "order") this.orders.set(record.order.clientId, record.order)
      if (record.kind !== "fill") continue
      const key = `${record.fill.inst} ${record.fill.tradeId} ${record.fill.orderId}`
      if (this.fills.has(key)) throw new JournalError(`fill ${key} is written twice`)
      this.fills.set(key, record.fill)
    }
  }

  #own(): OwnPosition[] {
    const sizes = new Map<string, { size: string; fills: number }>()
    for (const { inst, side, size } of this.fills.values()) {
      const known = sizes.get(inst) ?? { size: "0", fills: 0 }
      sizes.set(inst, {
        size: side === "BUY" ? plus(known.size, size) : minus(known.size, size),
        fills: known.fills + 1,
      })
    }
    return Array.from(sizes, ([inst, { size, fills }]) => ({ market: "binance-um" as const, inst, size, fills }))
  }
}
