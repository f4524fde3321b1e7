import { expect, test } from "bun:test"
import type { OrderDetail } from "../../../src/runtime/domain/operation.ts"
import type { Fill, Order } from "../../../src/runtime/domain/order.ts"
import { type Belief, type Truth, violations } from "../../../src/runtime/simulation/invariants.ts"

const inst = "BTC_USDT_PERP"
const market = "binance-um"
const common = { inst, side: "BUY", timeInForce: "gtc", price: "100", size: "2", reduceOnly: false } as const
const detail: OrderDetail = {
  ...common,
  orderId: "1",
  clientId: "a",
  orderType: "limit",
  status: "filled",
  filledSize: "2",
  createdAt: 1,
  updatedAt: 2,
}
const order: Order = {
  ...common,
  clientId: "a",
  market,
  type: "limit",
  state: "filled",
  orderId: "1",
  filled: "2.0",
  createdAt: 1,
  updatedAt: 2,
  expiresAt: 3,
}
const fill: Fill = {
  market,
  inst,
  tradeId: "7",
  orderId: "1",
  side: "BUY",
  price: "100",
  size: "2",
  fee: "0",
  feeAsset: "USDT",
  isMaker: false,
  timestamp: 2,
}
const truth: Truth = { orders: [detail], fills: [fill], position: () => "2" }
const belief: Belief = { orders: [order], fills: [fill], own: () => "2", account: () => "2" }

test("two accounts that tell the same are right, however their numbers are written", () => {
  expect(violations(truth, belief, [inst])).toEqual([])
})

const open = { ...detail, status: "open", filledSize: "0" } as const
const wrong: [what: string, there: Partial<Truth>, here: Partial<Belief>, word: string][] = [
  ["an order placed twice", { orders: [detail, { ...detail, orderId: "2" }] }, {}, "order a was placed twice: 1 and 2"],
  ["an order nobody wrote down", {}, { orders: [] }, "the exchange has order a (1), which was never written down"],
  ["an order in doubt", {}, { orders: [{ ...order, state: "unknown" }] }, "order a is still unknown"],
  ["an order without an answer", {}, { orders: [{ ...order, state: "pending" }] }, "order a is still pending"],
  ["an order that never was", { orders: [] }, {}, "order a is filled and nowhere else"],
  ["another state", { orders: [{ ...detail, status: "canceled" }] }, {}, "order a (1): state filled, there canceled"],
  ["another amount", { orders: [{ ...detail, filledSize: "1" }] }, {}, "order a (1): filled 2.0, there 1"],
  [
    "a price it does not have",
    { orders: [{ ...open, price: "101" }] },
    { orders: [{ ...order, state: "open", filled: "0" }] },
    "order a (1): price 100, there 101",
  ],
  ["a missed fill", {}, { fills: [] }, "fill BTC_USDT_PERP 7 of order 1 (BUY) was missed"],
  ["a fill counted twice", {}, { fills: [fill, fill] }, "is counted twice or was never made"],
  ["a fill of another size", {}, { fills: [{ ...fill, size: "1" }] }, "is 1 at 100, there 2 at 100"],
  ["an own position", {}, { own: () => "4" }, "own position in BTC_USDT_PERP is 4, at the exchange 2"],
  [
    "the account's position",
    {},
    { account: () => "0" },
    "position in BTC_USDT_PERP is believed 0 at the exchange, it is 2",
  ],
]

test.each(wrong)("%s is found", (_, there, here, word) => {
  expect(violations({ ...truth, ...there }, { ...belief, ...here }, [inst]).join("\n")).toContain(word)
})

test("an order that was refused need not be anywhere", () => {
  const refused: Order = { ...order, clientId: "b", state: "rejected", filled: "0" }
  expect(violations(truth, { ...belief, orders: [order, refused] }, [inst])).toEqual([])
})
