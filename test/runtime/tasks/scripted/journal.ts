import { minus, plus } from "../../../../src/runtime/domain/decimal.ts"
import { JournalError } from "../../../../src/runtime/domain/errors.ts"
import { type Fill, type FundingPayment, isFinal, type Order } from "../../../../src/runtime/domain/order.ts"
import type {
  Journal,
  JournalRecord,
  OwnBooks,
  OwnFunding,
  OwnPosition,
  Restored,
} from "../../../../src/runtime/ports.ts"

/** What survives: the rows of a database without a database. */
export class Disk {
  readonly orders = new Map<string, Order>()
  readonly fills = new Map<string, Fill>()
  readonly books = new Map<string, OwnBooks>()
  readonly fundings = new Map<string, FundingPayment>()
  commits: (readonly JournalRecord[])[] = []
  runs = 0
  isFull = false

  open(): Journal {
    const run = ++this.runs
    const orders = [...this.orders.values()].filter(({ state }) => !isFinal(state))
    const kept = { books: [...this.books.values()], funding: this.#funding() }
    const restored: Restored = { run, orders, own: this.#own(), ...kept, state: [], mode: "running", modeWhy: "" }
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
      fills: ({ clientId, inst, sinceAt = 0, limit }) =>
        [...this.fills.values()]
          .filter((fill) => clientId === undefined || fill.clientId === clientId)
          .filter((fill) => fill.timestamp >= sinceAt && (inst === undefined || fill.inst === inst))
          .toReversed()
          .slice(0, limit),
      fundings: ({ limit }) => [...this.fundings.values()].toReversed().slice(0, limit),
      close: () => undefined,
    }
  }

  #commit(records: readonly JournalRecord[]): void {
    if (this.isFull) throw new JournalError("the disk is full")
    this.commits.push(records)
    for (const record of records) {
      if (record.kind === "order") this.orders.set(record.order.clientId, record.order)
      if (record.kind === "books") this.books.set(record.books.inst, record.books)
      if (record.kind === "funding") {
        const { inst, id } = record.payment
        if (this.fundings.has(`${inst} ${id}`)) throw new JournalError(`funding ${inst} ${id} is written twice`)
        this.fundings.set(`${inst} ${id}`, record.payment)
      }
      if (record.kind !== "fill") continue
      const key = `${record.fill.inst} ${record.fill.tradeId} ${record.fill.orderId}`
      if (this.fills.has(key)) throw new JournalError(`fill ${key} is written twice`)
      this.fills.set(key, record.fill)
    }
  }

  #funding(): OwnFunding[] {
    const sums = new Map<string, OwnFunding>()
    for (const { market, inst, asset, amount, timestamp } of this.fundings.values()) {
      const known = sums.get(`${inst} ${asset}`)
      const sum = { amount: plus(known?.amount ?? "0", amount), payments: (known?.payments ?? 0) + 1 }
      sums.set(`${inst} ${asset}`, { market, inst, asset, ...sum, newestAt: timestamp, prunedUntil: 0 })
    }
    return [...sums.values()]
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
