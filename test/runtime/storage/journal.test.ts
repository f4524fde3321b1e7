import { expect, test } from "bun:test"
import { getTableConfig } from "drizzle-orm/sqlite-core"
import { is, getTableName } from "drizzle-orm"
import { SQLiteTable } from "drizzle-orm/sqlite-core"
import type { JournalRecord } from "../../../src/runtime/ports.ts"
import { connect } from "../../../src/runtime/storage/driver.ts"
import * as schema from "../../../src/runtime/storage/schema.ts"
import { clientId, complaint, fill, HandClock, open, order, tempDirectory } from "./support.ts"

const placed = (count: number, fields = {}, cause = "submit", at = 10): JournalRecord => ({
  kind: "order",
  order: order(count, fields),
  cause,
  at,
})
const filled = (count: number, fields = {}): JournalRecord => ({ kind: "fill", fill: fill(count, fields), at: 20 })

test("a new journal is running, empty, and in its first run; the next start is the second", () => {
  using place = tempDirectory()
  const first = open(place.file())
  expect(first.restored).toEqual({
    run: 1,
    orders: [],
    own: [],
    books: [],
    funding: [],
    state: [],
    mode: "running",
    modeWhy: "",
  })
  first.close("stopped")
  const second = open(place.file())
  expect(second.restored.run).toBe(2)
  second.close("stopped")
})

test("a new file has pages of 2 KiB, which no order overflows; an older file keeps its own and all that is in it", () => {
  using place = tempDirectory()
  const pages = (file: string) => {
    const database = connect(file, { busyMsMax: 0 })
    const bytes = database.pragma("page_size", { simple: true })
    const overflowing = database
      .prepare("SELECT count(*) FROM dbstat WHERE name IN ('orders', 'pending_orders') AND pagetype = 'overflow'")
      .pluck()
      .get()
    database.close()
    return { bytes, overflowing }
  }
  const fresh = open(place.file("new.db"))
  fresh.commit(
    Array.from({ length: 50 }, (_, at) =>
      placed(at, { state: "canceled", orderId: "8389765590000000001", avgPrice: "65000.5", reason: "r".repeat(120) }),
    ),
  )
  fresh.close("stopped")
  expect(pages(place.file("new.db"))).toEqual({ bytes: 2_048, overflowing: 0 })

  const older = connect(place.file("old.db"), { busyMsMax: 0 })
  older.pragma("page_size = 4096")
  older.pragma("journal_mode = WAL")
  older.close()
  const first = open(place.file("old.db"))
  first.commit([placed(1)])
  first.close("stopped")
  const second = open(place.file("old.db"))
  expect(second.restored.orders.map(({ clientId }) => clientId)).toEqual([clientId(1)])
  second.close("stopped")
  expect(pages(place.file("old.db")).bytes).toBe(4_096)
})

test("a start finds what is unfinished, oldest first, with every field as it was, and the bot's own positions, state and mode", () => {
  using place = tempDirectory()
  const journal = open(place.file())
  const whole = order(3, {
    state: "open",
    orderId: "8389765590000000001",
    filled: "0.001",
    avgPrice: "65000",
    reason: "because",
    reduceOnly: true,
    side: "SELL",
  })
  const { price: _, ...market } = order(2, { type: "market", timeInForce: "ioc", state: "unknown" })
  journal.commit([
    { kind: "order", order: whole, cause: "place", at: 1 },
    { kind: "order", order: market, cause: "place", at: 1 },
    placed(1),
    placed(4, { state: "filled" }),
    filled(1),
    filled(2, { side: "SELL", size: "0.0035" }),
    { kind: "state", strategy: "momentum", key: "window", value: "[1,2]" },
    { kind: "state", strategy: "momentum", key: "gone", value: "1" },
    { kind: "state", strategy: "momentum", key: "gone", value: undefined },
    { kind: "mode", mode: "halted", why: "daily loss", at: 5 },
  ])
  journal.close("stopped")
  const again = open(place.file())
  expect(again.restored).toEqual({
    run: 2,
    orders: [order(1), market, whole],
    own: [{ market: "binance-um", inst: "BTC_USDT_PERP", size: "-0.0025", fills: 2 }],
    books: [],
    funding: [],
    state: [{ strategy: "momentum", key: "window", value: "[1,2]" }],
    mode: "halted",
    modeWhy: "daily loss",
  })
  again.close("stopped")
})

test("an order's history holds each change of state or filled once, and nothing for a record that changes neither", () => {
  using place = tempDirectory()
  const journal = open(place.file())
  journal.commit([placed(1)])
  journal.commit([placed(1, { orderId: "7", updatedAt: 11 }, "told id", 11)])
  journal.commit([placed(1, { state: "open", orderId: "7" }, "accepted", 12)])
  journal.commit([placed(1, { state: "open", orderId: "7", filled: "0.001" }, "fill", 13)])
  expect(
    journal.history(clientId(1)).map(({ number, state, filled, cause, at }) => [number, state, filled, cause, at]),
  ).toEqual([
    [0, "pending", "0", "submit", 10],
    [1, "open", "0", "accepted", 12],
    [2, "open", "0.001", "fill", 13],
  ])
  journal.commit([placed(1, { state: "canceled", filled: "0.001", reason: "by user" }, "canceled", 14)])
  journal.commit([placed(1, { state: "filled", filled: "0.003" }, "late fill", 15)])
  journal.close("stopped")
  const connection = connect(place.file(), { busyMsMax: 0 })
  const events = connection
    .prepare("SELECT number, state, filled, cause, reason, at FROM order_events ORDER BY number")
    .raw()
    .all()
  connection.close()
  expect(events as unknown).toEqual([
    [0, "pending", "0", "submit", null, 10],
    [1, "open", "0", "accepted", null, 12],
    [2, "open", "0.001", "fill", null, 13],
    [3, "canceled", "0.001", "canceled", "by user", 14],
    [4, "filled", "0.003", "late fill", null, 15],
  ])
})

test("an order that was final when first heard of has its one step in the table", () => {
  using place = tempDirectory()
  const journal = open(place.file())
  journal.commit([placed(1, { state: "rejected" }, "refused")])
  expect(journal.history(clientId(1)).map((step) => [step.number, step.state, step.cause])).toEqual([
    [0, "rejected", "refused"],
  ])
  expect(journal.order(clientId(1))).toEqual(order(1, { state: "rejected" }))
  expect(journal.order(clientId(2))).toBeUndefined()
  journal.close("stopped")
})

test("a fill told twice is counted once, in one turn, in two, and after a restart", () => {
  using place = tempDirectory()
  const journal = open(place.file())
  journal.commit([filled(1), filled(1), filled(2)])
  journal.commit([filled(1, { size: "9" }), filled(1, { inst: "ETH_USDT_PERP" })])
  journal.close("stopped")
  const again = open(place.file())
  again.commit([filled(2)])
  expect(again.hasFill("binance-um", "BTC_USDT_PERP", fill(2).tradeId, fill(2).orderId)).toBe(true)
  expect(again.hasFill("okx", "BTC_USDT_PERP", fill(2).tradeId, fill(2).orderId)).toBe(false)
  expect(again.fills({ limit: 10 }).length).toBe(3)
  again.close("stopped")
  const third = open(place.file())
  expect(third.restored.own).toEqual([
    { market: "binance-um", inst: "BTC_USDT_PERP", size: "0.002", fills: 2 },
    { market: "binance-um", inst: "ETH_USDT_PERP", size: "0.001", fills: 1 },
  ])
  third.close("stopped")
})

test("both sides of a trade of the bot with itself are counted, though they carry one trade id", () => {
  using place = tempDirectory()
  const journal = open(place.file())
  journal.commit([filled(1, { side: "BUY", orderId: "1" }), filled(1, { side: "SELL", orderId: "2" })])
  expect(
    journal
      .fills({ limit: 10 })
      .map(({ side }) => side)
      .toSorted(),
  ).toEqual(["BUY", "SELL"])
  journal.close("stopped")
  const again = open(place.file())
  expect(again.restored.own).toEqual([{ market: "binance-um", inst: "BTC_USDT_PERP", size: "0", fills: 2 }])
  again.close("stopped")
})

test("a turn is all or nothing: a record that cannot be written takes the others with it, in the file and in the image", () => {
  using place = tempDirectory()
  const journal = open(place.file())
  journal.commit([placed(1, { state: "open" })])
  const broken = { kind: "state", strategy: "s", key: "k", value: null } as unknown as JournalRecord
  const turn = [placed(1, { state: "filled", filled: "0.003" }), placed(2), filled(1), broken]
  expect(complaint(() => journal.commit(turn))).toStartWith(`JournalError: cannot write to ${place.file()}: `)
  expect(journal.status().failure).toContain("cannot write to")
  expect(journal.order(clientId(1))).toEqual(order(1, { state: "open" }))
  expect(journal.order(clientId(2))).toBeUndefined()
  expect(journal.hasFill("binance-um", "BTC_USDT_PERP", fill(1).tradeId, fill(1).orderId)).toBe(false)
  journal.commit([filled(1)])
  expect(journal.status().failure).toBeUndefined()
  journal.close("stopped")
  const again = open(place.file())
  expect(again.restored.orders).toEqual([order(1, { state: "open" })])
  expect(again.restored.own).toEqual([{ market: "binance-um", inst: "BTC_USDT_PERP", size: "0.001", fills: 1 }])
  again.close("stopped")
})

test("orders and fills are listed newest first within their filter and limit, unfinished and ended alike", () => {
  using place = tempDirectory()
  const journal = open(place.file())
  const ids = (orders: readonly { clientId: string }[]): number[] =>
    orders.map((one) => Number(`0x${one.clientId.slice(16)}`))
  journal.commit([
    placed(1, { state: "filled" }),
    placed(2, { state: "open" }),
    placed(3, { state: "canceled", inst: "ETH_USDT_PERP" }),
    placed(4, { state: "unknown", market: "okx" }),
    placed(5, { state: "rejected" }),
    filled(1),
    filled(2, { clientId: clientId(2) }),
    filled(3, { inst: "ETH_USDT_PERP" }),
  ])
  expect(ids(journal.orders({ limit: 10 }))).toEqual([5, 4, 3, 2, 1])
  expect(ids(journal.orders({ limit: 2 }))).toEqual([5, 4])
  expect(ids(journal.orders({ states: ["open", "filled"], limit: 10 }))).toEqual([2, 1])
  expect(ids(journal.orders({ states: ["open", "pending"], limit: 10 }))).toEqual([2])
  expect(ids(journal.orders({ market: "okx", limit: 10 }))).toEqual([4])
  expect(ids(journal.orders({ inst: "ETH_USDT_PERP", limit: 10 }))).toEqual([3])
  expect(ids(journal.orders({ sinceAt: order(4).createdAt, limit: 10 }))).toEqual([5, 4])
  const trades = (fills: readonly { tradeId: string }[]): number[] => fills.map((one) => Number(one.tradeId.slice(-5)))
  expect(trades(journal.fills({ limit: 2 }))).toEqual([3, 2])
  expect(trades(journal.fills({ clientId: clientId(2), limit: 9 }))).toEqual([2])
  expect(
    trades(journal.fills({ market: "binance-um", inst: "BTC_USDT_PERP", sinceAt: fill(2).timestamp, limit: 9 })),
  ).toEqual([2])
  expect(journal.fills({ limit: 1 })).toEqual([fill(3, { inst: "ETH_USDT_PERP" })])
  journal.close("stopped")
})

test("the venue's word on positions and balances overwrites the one before", () => {
  using place = tempDirectory()
  const journal = open(place.file())
  const position = {
    market: "binance-um",
    inst: "BTC_USDT_PERP",
    size: "0.1",
    avgPrice: "65000",
    side: "both",
    leverage: 2.5,
    timestamp: 1,
  } as const
  const balance = { market: "binance-um", asset: "USDT", total: "100.00000001", timestamp: 1 } as const
  journal.commit([
    { kind: "position", position },
    { kind: "balance", balance },
  ])
  journal.commit([{ kind: "position", position: { ...position, size: "0", markPrice: "64000.5" } }])
  journal.commit([{ kind: "balance", balance: { ...balance, total: "99.5", available: "90" } }])
  journal.close("stopped")
  const connection = connect(place.file(), { busyMsMax: 0 })
  const rows = [
    connection.prepare("SELECT * FROM positions").all(),
    connection.prepare("SELECT * FROM balances").all(),
  ] as unknown
  connection.close()
  expect(rows).toEqual([
    [
      {
        market: "binance-um",
        inst: "BTC_USDT_PERP",
        side: "both",
        size: "0",
        avg_price: "65000",
        margin_mode: null,
        mark_price: "64000.5",
        margin: null,
        leverage: 2.5,
        unrealized_pnl: null,
        timestamp: 1,
      },
    ],
    [
      {
        market: "binance-um",
        asset: "USDT",
        total: "99.5",
        available: "90",
        frozen: null,
        borrowed: null,
        timestamp: 1,
      },
    ],
  ])
})

test("a run says when and why it ended; one that died does not", () => {
  using place = tempDirectory()
  const clock = new HandClock(1_000_000)
  const journal = open(place.file(), { clock, pid: 41 })
  clock.pass(2000)
  journal.close("SIGTERM")
  journal.close("twice is once")
  open(place.file(), { clock, pid: 42, version: "0.2.0" }).close("x")
  const connection = connect(place.file(), { busyMsMax: 0 })
  const runs = connection
    .prepare("SELECT run, version, pid, started_at, ended_at, why FROM runs")
    .raw()
    .all() as unknown
  connection.close()
  expect(runs).toEqual([
    [1, "0.1.0", 41, 1_000_000, 3_000_000, "SIGTERM"],
    [2, "0.2.0", 42, 3_000_000, 3_000_000, "x"],
  ])
})

test("a closed journal refuses to commit, and an empty turn is nothing at all", () => {
  using place = tempDirectory()
  const journal = open(place.file())
  journal.commit([])
  journal.close("stopped")
  expect(complaint(() => journal.commit([placed(1)]))).toContain("JournalError: cannot write to")
})

test("a journal in memory behaves the same and leaves no file", () => {
  const journal = open(":memory:")
  journal.commit([placed(1), filled(1), filled(1)])
  expect(journal.orders({ limit: 5 })).toEqual([order(1)])
  expect(journal.fills({ limit: 5 })).toEqual([fill(1)])
  journal.close("stopped")
})

test.each(["process", "power"] as const)("durability %p sets how far a commit is synced", (durability) => {
  using place = tempDirectory()
  const journal = open(place.file(), { durability })
  const inner = (journal as unknown as { connection: { pragma(text: string, options: object): unknown } }).connection
  const read = (name: string): unknown => inner.pragma(name, { simple: true })
  expect([read("journal_mode"), read("synchronous"), read("wal_autocheckpoint")]).toEqual([
    "wal",
    durability === "power" ? 2 : 1,
    0,
  ])
  journal.close("stopped")
})

test("Drizzle's tables and the migrations' tables are the same, column by column", () => {
  using place = tempDirectory()
  open(place.file()).close("stopped")
  const connection = connect(place.file(), { busyMsMax: 0 })
  const tables = Object.values(schema).filter((table) => is(table, SQLiteTable)) as SQLiteTable[]
  const ours = tables.map((table) => ({
    name: getTableName(table),
    columns: getTableConfig(table).columns.map((column) => [column.name, column.getSQLType(), column.notNull]),
  }))
  const theirs = ours.map(({ name }) => ({
    name,
    columns: (
      connection.pragma(`table_info(${name})`) as { name: string; type: string; notnull: number; pk: number }[]
    ).map((column) => [column.name, column.type.toLowerCase(), column.notnull === 1 || column.pk > 0]),
  }))
  const all = connection
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    .pluck()
    .all()
  connection.close()
  expect(ours).toEqual(theirs as typeof ours)
  expect(ours.map(({ name }) => name).sort()).toEqual((all as string[]).filter((name) => name !== "migrations").sort())
})
