import { describe, expect, test } from "bun:test"
import * as fc from "fast-check"
import { Matching } from "../../../src/exchanges/matching/engine.ts"
import { instrument, moneyOf } from "../../../src/exchanges/matching/instrument.ts"
import { Mirror } from "../../../src/exchanges/matching/mirror.ts"
import type { Order, Side } from "../../../src/exchanges/matching/order.ts"

const BTC = instrument({ symbol: "BTC", tick: "0.10", lot: "0.001", quote: "USDT", makerFeePpm: 200, takerFeePpm: 500 })

function venue() {
  const fills: string[] = []
  const engine = new Matching({
    instruments: [BTC],
    listener: {
      order: (_order, change, fill) => {
        if (change === "traded") fills.push(`${fill?.trade.lots}@${fill?.trade.ticks}`)
      },
    },
  })
  engine.open("ann", new Map([["USDT", moneyOf("1000000")]]))
  const mirror = new Mirror(engine, "BTC")
  let names = 0
  const order = (side: Side, ticks: number | undefined, lots: number): Order => {
    const price = ticks === undefined ? {} : { ticks }
    const keep = ticks === undefined ? ("drop" as const) : ("rest" as const)
    const clientId = `c${names++}`
    const placed = engine.place(
      { account: "ann", symbol: "BTC", side, lots, keep, reduceOnly: false, clientId, ...price },
      1,
    )
    if (placed.kind === "refused") throw new Error(placed.reason)
    return placed.order
  }
  const book = engine.books.get("BTC")!
  const levels = (side: Side) =>
    book
      .half(side)
      .prices.map((ticks) => [ticks, book.lotsAt(side, ticks)])
      .toReversed()
  return { mirror, order, fills, book, bids: () => levels(1), asks: () => levels(-1) }
}

describe("a market shown in the engine", () => {
  test("has the displayed levels, and a taker walks them", () => {
    const { mirror, order, fills, bids, asks } = venue()
    mirror.replace([99, 5, 98, 7], [101, 3, 102, 9], 1)
    expect([bids(), asks()]).toEqual([
      [
        [99, 5],
        [98, 7],
      ],
      [
        [101, 3],
        [102, 9],
      ],
    ])
    order(1, undefined, 5)
    expect(fills).toEqual(["3@101", "2@102"])
    // What was taken stays taken until the market tells that level anew.
    mirror.show([99, 6], [], 1)
    expect([bids()[0], asks()]).toEqual([[99, 6], [[102, 7]]])
    mirror.show([], [102, 9], 1)
    expect(asks()).toEqual([[102, 9]])
    mirror.replace([98, 7], [102, 9], 1)
    expect([bids(), asks()]).toEqual([[[98, 7]], [[102, 9]]])
  })

  test("lets an order wait behind what was displayed, and fills it by trades there, never by a touch", () => {
    const { mirror, order, fills } = venue()
    mirror.replace([99, 10], [101, 5], 1)
    const own = order(1, 99, 4)
    mirror.show([99, 30], [], 1)
    mirror.trade(-1, 99, 8, 1)
    expect(own.filledLots).toBe(0)
    mirror.trade(-1, 99, 3, 1)
    mirror.trade(-1, 99, 50, 1)
    expect([own.status, fills]).toEqual(["filled", ["1@99", "3@99"]])
  })

  test("moves an order up by its share of what is canceled at its price", () => {
    const { mirror, order } = venue()
    mirror.replace([99, 10], [101, 5], 1)
    const own = order(1, 99, 4)
    mirror.show([99, 30], [], 1)
    // Ten before it, twenty behind it: half of each goes.
    mirror.show([99, 15], [], 1)
    mirror.trade(-1, 99, 5, 1)
    expect(own.filledLots).toBe(0)
    mirror.trade(-1, 99, 1, 1)
    expect(own.filledLots).toBe(1)
  })

  test("fills an order that is traded through, and one that the other side is displayed across", () => {
    const { mirror, order, fills, asks } = venue()
    mirror.replace([99, 10], [101, 5], 1)
    const through = order(1, 99, 4)
    mirror.trade(-1, 98, 1, 1)
    expect([through.status, fills]).toEqual(["filled", ["4@99"]])
    const across = order(1, 99, 6)
    mirror.show([99, 0], [98, 2], 1)
    expect([across.filledLots, asks()]).toEqual([2, [[101, 5]]])
  })

  test("moves on to prices where the other side stood, whatever the order of the levels", () => {
    const { mirror, bids, asks } = venue()
    mirror.replace([99, 1, 98, 1], [101, 1, 102, 1], 1)
    mirror.show([102, 4], [101, 0, 102, 0, 103, 2], 1)
    expect([bids()[0], asks()]).toEqual([[102, 4], [[103, 2]]])
    // A side that was not told yet gives way to what is told.
    mirror.show([], [100, 3], 1)
    expect([bids(), asks()[0]]).toEqual([
      [
        [99, 1],
        [98, 1],
      ],
      [100, 3],
    ])
  })

  test("shows any list of levels as it is told, in no longer a row of orders than accounts make it", () => {
    const level = fc.tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 0, max: 9 }))
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom<Side>(1, -1), level), { maxLength: 60 }), (told) => {
        const { mirror, order, book } = venue()
        for (const [at, [side, [away, lots]]] of told.entries()) {
          const ticks = 100 - side * away
          if (at % 7 === 3) order(side, ticks, 1)
          mirror.show(side === 1 ? [ticks, lots] : [], side === 1 ? [] : [ticks, lots], 1)
          let own = 0
          let anonymous = 0
          for (let one = book.half(side).levels.get(ticks)?.first; one !== undefined; one = one.behind) {
            if (one.account === undefined) anonymous += one.lots - one.filledLots
            else own += one.lots - one.filledLots
            expect(one.account === undefined && one.behind !== undefined && one.behind.account === undefined).toBe(
              false,
            )
          }
          expect(anonymous).toBe(lots)
          expect(book.lotsAt(side, ticks)).toBe(own + lots)
        }
      }),
    )
  })
})
