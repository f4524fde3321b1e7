import { expect, test } from "bun:test"
import type { FundingPayment } from "../../../src/runtime/domain/order.ts"
import type { JournalRecord } from "../../../src/runtime/ports.ts"
import { connect } from "../../../src/runtime/storage/driver.ts"
import { clientId, fill, HandClock, open, order, tempDirectory } from "./support.ts"

const at = (count: number): number => order(count).createdAt

const books = (until: number): JournalRecord => ({
  kind: "books",
  books: {
    market: "binance-um",
    inst: "BTC_USDT_PERP",
    sinceAt: at(1),
    untilAt: fill(until).timestamp,
    size: "0",
    cost: "0",
    realized: "0",
    fees: {},
  },
})

const ended = (count: number, state: "filled" | "canceled" = "filled"): JournalRecord[] => [
  { kind: "order", order: order(count), cause: "submit", at: at(count) },
  { kind: "order", order: order(count, { state }), cause: "end", at: at(count) },
]

test("what ended before the given time goes in bounded batches, with its history; what is unfinished or younger stays", () => {
  using place = tempDirectory()
  const journal = open(place.file(), { retention: "forever" })
  for (let count = 1; count <= 25; count++)
    journal.commit([...ended(count), { kind: "fill", fill: fill(count), at: 1 }])
  journal.commit([
    { kind: "order", order: order(0, { state: "open" }), cause: "submit", at: 1 },
    { kind: "order", order: order(9, { state: "filled", updatedAt: at(100) }), cause: "told again", at: 1 },
  ])
  journal.commit([books(25)])
  const batch = { endedBefore: at(22), rowsMax: 10 }
  expect(journal.prune(batch)).toEqual({ orders: 10, fills: 10, isDone: false })
  expect(journal.prune(batch)).toEqual({ orders: 10, fills: 10, isDone: false })
  expect(journal.prune(batch)).toEqual({ orders: 0, fills: 1, isDone: true })
  expect(journal.orders({ limit: 99 }).map((one) => Number(`0x${one.clientId.slice(16)}`))).toEqual([
    25, 24, 23, 22, 9, 0,
  ])
  expect(journal.history(clientId(1))).toEqual([])
  expect(journal.history(clientId(22)).length).toBe(2)
  journal.close("stopped")
  const connection = connect(place.file(), { busyMsMax: 0 })
  expect(connection.prepare("SELECT count(DISTINCT client_id) FROM order_events").pluck().get() as number).toBe(5)
  connection.close()
})

test("a pruned fill that the venue tells again is not counted again, after a restart neither; a new one is", () => {
  using place = tempDirectory()
  const journal = open(place.file(), { retention: "forever" })
  for (let count = 1; count <= 10; count++) journal.commit([{ kind: "fill", fill: fill(count), at: 1 }])
  journal.commit([books(10)])
  journal.prune({ endedBefore: fill(6).timestamp, rowsMax: 100 })
  journal.commit([{ kind: "fill", fill: fill(3), at: 2 }])
  journal.close("stopped")
  const again = open(place.file())
  expect(again.restored.own).toEqual([{ market: "binance-um", inst: "BTC_USDT_PERP", size: "0.01", fills: 10 }])
  again.commit([fill(3), fill(8), fill(11)].map((one) => ({ kind: "fill", fill: one, at: 3 })))
  again.close("stopped")
  const third = open(place.file())
  expect(third.restored.own).toEqual([{ market: "binance-um", inst: "BTC_USDT_PERP", size: "0.011", fills: 11 }])
  third.close("stopped")
})

test("a fill that the books do not hold yet stays, however old it is", () => {
  using place = tempDirectory()
  const journal = open(place.file(), { retention: "forever" })
  for (let count = 1; count <= 10; count++) journal.commit([{ kind: "fill", fill: fill(count), at: 1 }])
  expect(journal.prune({ endedBefore: at(100), rowsMax: 100 }).fills).toBe(0)
  journal.commit([books(7)])
  expect(journal.prune({ endedBefore: at(100), rowsMax: 100 }).fills).toBe(7)
  expect(journal.fills({ limit: 99 }).map(({ tradeId }) => tradeId)).toEqual([10, 9, 8].map((one) => fill(one).tradeId))
  journal.close("stopped")
  const again = open(place.file())
  expect(again.restored.books).toEqual([(books(7) as Extract<JournalRecord, { kind: "books" }>).books])
  again.close("stopped")
})

test("funding is kept once by its id, summed by inst and asset, and pruned without losing its sum or counting again", () => {
  using place = tempDirectory()
  const payment = (count: number, fields: Partial<FundingPayment> = {}): JournalRecord => ({
    kind: "funding",
    payment: {
      market: "binance-um",
      inst: "BTC_USDT_PERP",
      id: `968932239299999999${count}`,
      amount: "-0.375",
      asset: "USDT",
      basis: "paid",
      timestamp: at(count),
      ...fields,
    },
    at: 1,
  })
  const journal = open(place.file(), { retention: "forever" })
  journal.commit([payment(1), payment(2), payment(3, { amount: "1" }), payment(4, { inst: "ETH_USDT_PERP" })])
  journal.commit([payment(2)])
  expect(journal.fundings({ inst: "BTC_USDT_PERP", sinceAt: at(2), limit: 9 }).map(({ amount }) => amount)).toEqual([
    "1",
    "-0.375",
  ])
  journal.prune({ endedBefore: at(3), rowsMax: 100 })
  journal.commit([payment(1), payment(5)])
  journal.close("stopped")
  const again = open(place.file())
  const sum = { market: "binance-um" as const, asset: "USDT" }
  const { length } = again.fundings({ limit: 9 })
  expect(length).toBe(3)
  expect(again.restored.funding).toEqual([
    { ...sum, inst: "BTC_USDT_PERP", amount: "-0.125", payments: 4, newestAt: at(5), prunedUntil: at(2) },
    { ...sum, inst: "ETH_USDT_PERP", amount: "-0.375", payments: 1, newestAt: at(4), prunedUntil: 0 },
  ])
  again.close("stopped")
})

test("it prunes by itself as its retention says, batch after batch while there is more", () => {
  using place = tempDirectory()
  const clock = new HandClock(at(0))
  const journal = open(place.file(), {
    clock,
    checkpoint: "off",
    retention: { keepMs: 3_600_000, everyMs: 60_000, rowsMax: 4 },
  })
  for (let count = 1; count <= 10; count++) journal.commit(ended(count, "canceled"))
  clock.pass(3_590_000)
  expect(journal.orders({ limit: 99 }).length).toBe(10)
  clock.pass(131_000)
  expect(journal.orders({ limit: 99 }).length).toBe(0)
  journal.close("stopped")
})
