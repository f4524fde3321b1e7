import { expect, test } from "bun:test"
import { stateText } from "../../../src/runtime/cli/status-text.ts"
import type { Order } from "../../../src/runtime/domain/order.ts"
import type { StateImage } from "../../../src/runtime/http/deps.ts"

const empty: StateImage = {
  bot: "echo",
  version: "0.1.0",
  mode: "live",
  status: "running",
  statusWhy: "",
  run: { number: 1, startedAt: 0, uptimeMs: 61_500 },
  parameters: {},
  tasks: [],
  feeds: [],
  books: [],
  orders: [],
  positions: [],
  balances: [],
  pnl: [],
  pnlTotals: [],
  latencies: [],
}
const market = "binance-um"
const order: Order = {
  clientId: "c1",
  market,
  inst: "BTC_USDT_PERP",
  side: "BUY",
  type: "limit",
  timeInForce: "gtc",
  size: "2",
  price: "100",
  reduceOnly: false,
  state: "open",
  filled: "0.5",
  createdAt: 1,
  updatedAt: 1,
  expiresAt: 1,
}

test("a bot's state is told in a few lines: what is amiss, what it holds, which orders are not over", () => {
  const text = stateText({
    ...empty,
    status: "paused",
    statusWhy: "by hand",
    run: { ...empty.run, uptimeMs: 7_300_000 },
    tasks: [
      { name: "feed binance-um lob #1", kind: "feed", state: "not ready", why: "book: syncing" },
      { name: "orders binance-um #1", kind: "orders", state: "ready" },
    ],
    books: [
      { market, inst: "BTC_USDT_PERP", state: "live", bid: [100, 1], ask: [101, 2], applied: 1, gaps: 0 },
      { market, inst: "ETH_USDT_PERP", state: "syncing", why: "no image yet", applied: 0, gaps: 0 },
    ],
    positions: [
      { market, inst: "BTC_USDT_PERP", own: "1", account: "1" },
      { market, inst: "ETH_USDT_PERP", own: "0", account: "3" },
    ],
    pnlTotals: [
      { quote: "USDT", realized: "-1", unrealized: "0.5", fees: "0.2", funding: "0", net: "-0.7" },
      { quote: "USDC", realized: "3", fees: "0.2", funding: "-1" },
    ],
    orders: [order, { ...order, clientId: "c2", state: "filled" }, { ...order, clientId: "c3", state: "canceled" }],
    latencies: [{ name: "frame to handler", count: 1, p50Us: 25.77, p99Us: 1_250, p999Us: 9 }],
  })
  expect(text.split("\n")).toEqual([
    "bot        echo 0.1.0, live, paused (by hand), up 2 h",
    "tasks      feed binance-um lob #1: not ready (book: syncing)",
    "           orders binance-um #1: ready",
    "books      BTC_USDT_PERP: live, 100 | 101",
    "           ETH_USDT_PERP: syncing (no image yet)",
    "positions  BTC_USDT_PERP 1",
    "           ETH_USDT_PERP 0, the account 3",
    "PnL        -0.7 USDT: realized -1  unrealized 0.5  fees 0.2  funding 0",
    "           unknown USDC: realized 3  unrealized unknown  fees 0.2  funding -1",
    "orders     BUY 2 BTC_USDT_PERP at 100: open, 0.5 filled, c1",
    "           1 open, 2 ended of late (--json lists them)",
    "latency    frame to handler p50 25.8 µs  p99 1.3 ms",
    "",
  ])
  expect(stateText(empty)).toContain("up 61 s\ntasks      none\nbooks      none\npositions  none\nPnL        none\n")
})

test("what is no state of a bot is told as it came", () => {
  expect(stateText({ hello: 1 })).toBe('{\n  "hello": 1\n}\n')
  expect(stateText("hello")).toBe('"hello"\n')
})
