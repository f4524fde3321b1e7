import { describe, expect, test } from "bun:test"
import * as fc from "fast-check"
import { minus, plus } from "../../../src/runtime/domain/decimal.ts"
import type { OrderDetail } from "../../../src/runtime/domain/operation.ts"
import type { Fill } from "../../../src/runtime/domain/order.ts"
import { ordersBehind } from "../../../src/runtime/execution/earlier-life.ts"

const INST = "BTC_USDT_PERP"

interface Traded {
  readonly orderId: string
  readonly size: number
}

/** Fills in the order they happened, each of an order: above zero bought, below sold. */
function history(traded: readonly Traded[], open: readonly string[] = []) {
  const fills = traded.map(({ orderId, size }, index): Fill => ({
    market: "binance-um",
    inst: INST,
    tradeId: String(99 + index),
    orderId,
    side: size > 0 ? "BUY" : "SELL",
    price: "100",
    size: String(Math.abs(size)),
    fee: "0",
    feeAsset: "USDT",
    isMaker: false,
    // Some of them in the same millisecond.
    timestamp: 1_000 * Math.floor(index / 3),
  }))
  const orders = new Map<string, OrderDetail>()
  for (const { orderId, side, size } of fills) {
    const filledSize = plus(orders.get(orderId)?.filledSize ?? "0", size)
    const status = open.includes(orderId) ? "open" : "filled"
    orders.set(orderId, {
      ...{ inst: INST, orderId, side, orderType: "limit", timeInForce: "gtc", status },
      ...{ size: "1000", filledSize, createdAt: 0, updatedAt: 0 },
    } as OrderDetail)
  }
  return { fills, orders }
}

const net = (fills: readonly Fill[]): string =>
  fills.reduce((sum, { side, size }) => (side === "BUY" ? plus(sum, size) : minus(sum, size)), "0")

const behind = (position: string, traded: readonly Traded[], open?: readonly string[]) => {
  const { fills, orders } = history(traded, open)
  const found = ordersBehind(position, orders, fills)
  return found === undefined ? undefined : [...found].toSorted((a, b) => a.localeCompare(b)).join("")
}

const of = (text: string): Traded[] => text.split(" ").map((one) => ({ orderId: one[0]!, size: Number(one.slice(1)) }))

describe("the orders behind a position", () => {
  test.each([
    ["nothing, where it is flat", "0", "a+3 b-3", ""],
    ["those since it was last flat", "2", "a+3 b-3 c+1 d+1", "cd"],
    ["both that crossed zero", "-1", "a+3 b-4", "ab"],
    ["an order whole, though zero lies within it", "-2", "a+5 b-5 b-2", "ab"],
    ["one that filled in several, between others", "4", "a+1 b+1 a+1 b+1", "ab"],
    ["nobody, where they do not add up", "9", "a+3 b-3 c+1", undefined],
    ["nobody, where it goes the other way", "-1", "a+1", undefined],
  ])("are %s", (_, position, traded, expected) => {
    expect(behind(position, of(traded))).toBe(expected)
  })

  test("always hold those that are open and filled in part, back to their first fill", () => {
    expect(behind("0", of("a+1 b-1"), ["a"])).toBe("ab")
    expect(behind("2", of("a+1 b-1 c+2"), ["a"])).toBe("abc")
    expect(behind("2", of("a+1 b+2"), ["a"])).toBeUndefined()
  })

  test("are not told by fills of others", () => {
    const { fills, orders } = history(of("a+1 x+5 b+1"))
    orders.delete("x")
    expect(ordersBehind("2", orders, fills)).toEqual(new Set(["b", "a"]))
    expect(ordersBehind("7", orders, fills)).toBeUndefined()
  })

  test("are always found where every fill is shown and the position began at nothing; whole, and they add up to it", () => {
    const trade = fc.record({
      orderId: fc.constantFrom(..."a b c d e f g h i j".split(" ")),
      size: fc.integer({ min: 1, max: 4 }),
    })
    fc.assert(
      fc.property(fc.array(trade, { maxLength: 30 }), (all) => {
        // One order has one side.
        const traded = all.map(({ orderId, size }) => ({ orderId, size: orderId < "f" ? size : -size }))
        const { fills, orders } = history(traded)
        const position = net(fills)
        const found = ordersBehind(position, orders, fills)
        expect(found).toBeDefined()
        expect(net(fills.filter(({ orderId }) => found!.has(orderId)))).toBe(position)
      }),
    )
  })
})
