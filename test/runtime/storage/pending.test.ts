// Orders of which nothing was heard yet: where they are, how they move, and that no commit, failed or not, loses or doubles one.
import { expect, test } from "bun:test"
import fc from "fast-check"
import type { Order, OrderState } from "../../../src/runtime/domain/order.ts"
import type { JournalRecord } from "../../../src/runtime/ports.ts"
import { connect } from "../../../src/runtime/storage/driver.ts"
import { memoryDisk } from "../../../src/runtime/storage/journal.ts"
import { clientId, HandClock, open, order, tempDirectory } from "./support.ts"

/** As `ctx.submit` writes an order down: made, changed and recorded at one moment. */
function submitted(count: number, fields: Partial<Order> = {}): JournalRecord {
  const one = order(count, fields)
  return { kind: "order", order: one, cause: "submit", at: one.createdAt }
}

const heard = (count: number, state: OrderState, filled: string, at: number): JournalRecord => ({
  kind: "order",
  order: order(count, { state, filled, orderId: `${count}`, updatedAt: at }),
  cause: state,
  at,
})

/** What whoever opens the file sees while the bot runs. */
function rows(file: string, table: string): readonly string[] {
  const connection = connect(file, { busyMsMax: 0 })
  try {
    return connection.prepare(`SELECT client_id FROM ${table} ORDER BY client_id`).pluck().all() as string[]
  } finally {
    connection.close()
  }
}

const BAD = { kind: "state", strategy: "a", key: "b", value: {} as string } as const satisfies JournalRecord

test("a new order waits apart, alone in its turn or with a state, and moves with the first word of it", () => {
  using place = tempDirectory()
  const journal = open(place.file())
  const { price: _, ...market } = order(2, { type: "market", timeInForce: "ioc", reduceOnly: true, side: "SELL" })
  journal.commit([submitted(1)])
  journal.commit([
    { kind: "order", order: market, cause: "submit", at: market.createdAt },
    { kind: "state", strategy: "a", key: "b", value: "1" },
  ])
  expect([rows(place.file(), "pending_orders"), rows(place.file(), "orders")]).toEqual([[clientId(1), clientId(2)], []])
  expect(journal.history(clientId(2))).toEqual([
    { number: 0, state: "pending", filled: "0", cause: "submit", reason: null, at: market.createdAt },
  ])
  journal.commit([heard(1, "open", "0", 1_700_000_000_000_500)])
  expect([rows(place.file(), "pending_orders"), rows(place.file(), "orders")]).toEqual([[clientId(2)], [clientId(1)]])
  expect(rows(place.file(), "all_orders")).toEqual([clientId(1), clientId(2)])
  expect(journal.history(clientId(1)).map(({ number, state, cause, at }) => [number, state, cause, at])).toEqual([
    [0, "pending", "submit", 1_700_000_000_000_001],
    [1, "open", "open", 1_700_000_000_000_500],
  ])
  journal.close("stopped")
  const again = open(place.file())
  expect(again.restored.orders).toEqual([
    order(1, { state: "open", orderId: "1", updatedAt: 1_700_000_000_000_500 }),
    market,
  ])
  expect([rows(place.file(), "pending_orders"), again.order(clientId(2))]).toEqual([[], market])
  again.close("stopped")
})

test("a run that dies leaves its orders to the next, which hears of them as if it had sent them", () => {
  const disk = memoryDisk()
  const options = { file: ":memory:", clock: new HandClock(), bot: "sample", version: "0.1.0", pid: 1 } as const
  disk.open(options).commit([submitted(1, { price: "64999.9" })])
  const next = disk.open(options)
  expect(next.restored.orders).toEqual([order(1, { price: "64999.9" })])
  next.commit([heard(1, "filled", "0.003", 1_700_000_000_000_900)])
  expect(next.history(clientId(1)).map(({ state, filled }) => [state, filled])).toEqual([
    ["pending", "0"],
    ["filled", "0.003"],
  ])
  disk.close()
})

test("a run that goes on after the next has begun moves nothing of it", () => {
  const disk = memoryDisk()
  const options = { file: ":memory:", clock: new HandClock(), bot: "sample", version: "0.1.0", pid: 1 } as const
  const old = disk.open(options)
  old.commit([submitted(1)])
  const next = disk.open(options)
  next.commit([submitted(2)])
  expect(() => old.commit([heard(1, "open", "0", 1_700_000_000_000_500)])).toThrow("another writes here")
  next.commit([heard(2, "open", "0", 1_700_000_000_000_600)])
  expect(disk.open(options).restored.orders.map((one) => [one.clientId, one.state])).toEqual([
    [clientId(1), "pending"],
    [clientId(2), "open"],
  ])
  disk.close()
})

test("a commit that fails leaves an order where it was, and the next one moves it", () => {
  using place = tempDirectory()
  const journal = open(place.file())
  expect(() => journal.commit([submitted(1), BAD])).toThrow("cannot write to")
  expect(rows(place.file(), "all_orders")).toEqual([])
  journal.commit([submitted(1)])
  expect(() => journal.commit([heard(1, "open", "0", 1_700_000_000_000_500), BAD])).toThrow("cannot write to")
  expect([rows(place.file(), "pending_orders"), rows(place.file(), "orders")]).toEqual([[clientId(1)], []])
  journal.commit([heard(1, "open", "0", 1_700_000_000_000_600)])
  expect([rows(place.file(), "pending_orders"), rows(place.file(), "orders")]).toEqual([[], [clientId(1)]])
  expect(journal.history(clientId(1)).length).toBe(2)
  journal.close("stopped")
})

test("however turns are cut, fail or are followed by a new start, each order has each of its steps once", () => {
  const STEPS = [
    ["open", "0"],
    ["open", "0.001"],
    ["unknown", "0.001"],
    ["filled", "0.003"],
  ] as const satisfies readonly (readonly [OrderState, string])[]
  const turn = fc.record({
    orders: fc.uniqueArray(fc.integer({ min: 1, max: 4 }), { minLength: 1 }),
    end: fc.constantFrom("commits", "fails", "is followed by a start"),
  })
  fc.assert(
    fc.property(fc.array(turn, { maxLength: 15 }), (turns) => {
      const disk = memoryDisk()
      const options = { file: ":memory:", clock: new HandClock(), bot: "sample", version: "0.1.0", pid: 1 } as const
      let journal = disk.open(options)
      const steps = new Map<number, number>()
      for (const [at, { orders, end }] of turns.entries()) {
        const records = orders
          .filter((count) => (steps.get(count) ?? 0) <= STEPS.length)
          .map((count) => {
            const step = STEPS[(steps.get(count) ?? 0) - 1]
            if (step === undefined) return submitted(count)
            return heard(count, step[0], step[1], 1_700_000_001_000_000 + at)
          })
        if (end === "fails") expect(() => journal.commit([...records, BAD])).toThrow("cannot write to")
        else {
          journal.commit(records)
          for (const count of orders) steps.set(count, (steps.get(count) ?? 0) + 1)
        }
        if (end === "is followed by a start") journal = disk.open(options)
      }
      for (const [count, taken] of steps) {
        const told = journal.history(clientId(count)).map(({ number, state, filled }) => [number, state, filled])
        const wanted = [["pending", "0"], ...STEPS].slice(0, taken).map((step, number) => [number, ...step])
        expect(told).toEqual(wanted)
        expect(journal.order(clientId(count))?.state).toBe(wanted.at(-1)?.[1] as OrderState)
      }
      const unfinished = [...steps].filter(([, taken]) => taken > 0 && taken <= STEPS.length).map(([count]) => count)
      expect(disk.open(options).restored.orders.map((one) => one.clientId)).toEqual(
        unfinished.sort((a, b) => a - b).map(clientId),
      )
      disk.close()
    }),
    { numRuns: 60 },
  )
})
