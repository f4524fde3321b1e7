import { expect, test } from "bun:test"
import type { JournalRecord } from "../../../src/runtime/ports.ts"
import { connect } from "../../../src/runtime/storage/driver.ts"
import { clientId, fill, HandClock, open, order, tempDirectory } from "./support.ts"

const at = (count: number): number => order(count).createdAt

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
