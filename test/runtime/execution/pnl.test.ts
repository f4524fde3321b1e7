import { describe, expect, test } from "bun:test"
import * as fc from "fast-check"
import { minus, plus, times } from "../../../src/runtime/domain/decimal.ts"
import type { Side } from "../../../src/runtime/domain/order.ts"
import { Holdings, type InstBooks } from "../../../src/runtime/execution/pnl.ts"
import { fill, INST, instrument } from "./samples.ts"

type Trade = readonly [side: Side, size: string, price: string]

function after(...trades: readonly Trade[]): Holdings {
  const holdings = new Holdings()
  for (const [index, [side, size, price]] of trades.entries()) {
    holdings.fill(fill(`${index}`, size, { side, price }))
  }
  return holdings
}
const pnl = (holdings: Holdings, price?: number) =>
  holdings.pnl(
    () => instrument(),
    () => price,
  )[0]

describe("profit and loss", () => {
  test("of a long is made when it is sold above its average cost", () => {
    const holdings = after(["BUY", "1", "100"], ["BUY", "1", "110"], ["SELL", "1", "120"])
    expect(pnl(holdings, 130)).toEqual({
      inst: INST,
      realized: "15",
      unrealized: "25",
      fees: "0.03",
      funding: "0",
    })
    expect(holdings.own(INST)).toBe("1")
  })

  test("of a short is made when it is bought back below", () => {
    expect(pnl(after(["SELL", "2", "100"], ["BUY", "1", "90"]), 95)).toMatchObject({ realized: "10", unrealized: "5" })
  })

  test("of a turned position closes the old one and opens the rest at the new price", () => {
    const holdings = after(["BUY", "1", "100"], ["SELL", "3", "110"])
    expect(holdings.own(INST)).toBe("-2")
    expect(pnl(holdings, 100)).toMatchObject({ realized: "10", unrealized: "20" })
  })

  test("says nothing of an open position without a price", () => {
    expect(pnl(after(["BUY", "1", "100"]))).not.toHaveProperty("unrealized")
  })

  test("counts contracts in coins", () => {
    const holdings = after(["BUY", "10", "100"], ["SELL", "10", "101"])
    const info = instrument({ sizeUnit: "contract", contractValue: "0.01" })
    expect(
      holdings.pnl(
        () => info,
        () => 100,
      )[0],
    ).toMatchObject({ realized: "0.1" })
  })

  test("of contracts that stand for money is not given as if it were in the quote currency", () => {
    const holdings = after(["BUY", "10", "100"], ["SELL", "10", "101"])
    const info = instrument({ sizeUnit: "contract", contractValue: "100", contractUnit: "quote" })
    expect(
      holdings.pnl(
        () => info,
        () => 100,
      ),
    ).toEqual([])
  })

  test("shows fees in another asset by themselves, and funding where it belongs", () => {
    const holdings = new Holdings()
    holdings.fill(fill("1", "1", { fee: "0.002", feeAsset: "BNB" }))
    holdings.fund(INST, "USDT", "-0.5")
    holdings.fund(INST, "BNB", "0.01")
    expect(pnl(holdings)).toMatchObject({ fees: "0", funding: "-0.5" })
    expect(holdings.otherFees()).toEqual([{ inst: INST, asset: "BNB", paid: "0.002" }])
    expect(holdings.otherFunding()).toEqual([{ inst: INST, asset: "BNB", received: "0.01" }])
  })

  test("is the same whatever the order in which fills come to be known, and after any restart", () => {
    const trade = fc.record({
      side: fc.constantFrom<Side>("BUY", "SELL"),
      size: fc.integer({ min: 1, max: 50 }).map((lots) => (lots / 1_000).toFixed(3)),
      price: fc.integer({ min: 900, max: 1_100 }).map((ticks) => (ticks / 10).toFixed(1)),
      // Several at one time, and gaps of more than a day.
      afterUs: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 5_000_000 }), fc.constant(90_000_000_000)),
      isSwapped: fc.boolean(),
      isRestart: fc.integer({ min: 0, max: 9 }).map((draw) => draw === 0),
    })
    fc.assert(
      fc.property(fc.array(trade, { minLength: 1, maxLength: 40 }), (drawn) => {
        let timestamp = 1_700_000_000_000_000
        const told = drawn.map(({ side, size, price, afterUs }, index) =>
          fill(String(1_000 + index), size, { side, price, timestamp: (timestamp += afterUs) }),
        )
        const inOrder = new Holdings()
        for (const one of told) inOrder.fill(one)
        // The neighbour comes first; those written down before a restart come from the journal.
        const late = told.slice()
        for (const [index, { isSwapped, afterUs }] of drawn.entries()) {
          if (!isSwapped || index === 0 || afterUs > 5_000_000) continue
          ;[late[index - 1], late[index]] = [late[index]!, late[index - 1]!]
        }
        let holdings = new Holdings()
        let books: InstBooks | undefined
        for (const [index, one] of late.entries()) {
          books = holdings.fill(one) ?? books
          if (drawn[index]?.isRestart !== true) continue
          const since = (books?.untilAt ?? 0) + 1
          const kept = late.slice(0, index + 1).filter((each) => each.timestamp >= since)
          holdings = new Holdings()
          books = holdings.restore(INST, books, kept.toReversed()) ?? books
        }
        expect(pnl(holdings, 100)).toEqual(pnl(inOrder, 100)!)
        expect(holdings.own(INST)).toBe(inOrder.own(INST))
        expect(holdings.sinceAt(INST)).toBe(told[0]!.timestamp)
      }),
    )
  })

  test("keeps a bounded number of fills in mind, and hands the others over to be written down", () => {
    const holdings = new Holdings()
    const written: InstBooks[] = []
    for (let count = 0; count < 2_000; count++) {
      const side = count % 3 === 0 ? "SELL" : "BUY"
      const books = holdings.fill(
        fill(String(10_000 + count), "0.001", { side, timestamp: 1_700_000_000_000_000 + count }),
      )
      if (books !== undefined) written.push(books)
    }
    expect(written.length).toBeWithin(3, 10)
    expect(written.at(-1)!.untilAt).toBeGreaterThan(1_700_000_000_001_400)
  })

  test("of a flat book is exactly what was received less what was spent, whatever the trades", () => {
    const trade = fc.record({
      side: fc.constantFrom<Side>("BUY", "SELL"),
      size: fc.integer({ min: 1, max: 50 }).map((lots) => (lots / 1_000).toFixed(3)),
      price: fc.integer({ min: 900, max: 1_100 }).map((ticks) => (ticks / 10).toFixed(1)),
    })
    fc.assert(
      fc.property(fc.array(trade, { minLength: 1, maxLength: 20 }), (drawn) => {
        const holdings = after(...drawn.map(({ side, size, price }) => [side, size, price] as const))
        const open = holdings.own(INST)
        let cash = "0"
        for (const { side, size, price } of drawn) {
          cash = side === "BUY" ? minus(cash, times(size, price)) : plus(cash, times(size, price))
        }
        const { realized = "0", unrealized = "0" } = pnl(holdings, 100) ?? {}
        const exact = plus(cash, times(open, "100"))
        expect(Number(minus(plus(realized, unrealized), exact))).toBeCloseTo(0, 12)
      }),
    )
  })
})
