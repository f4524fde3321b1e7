import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { WireError } from "../../../src/runtime/domain/errors.ts"
import { Side } from "../../../src/runtime/book/side.ts"
import { NaiveSide } from "./naive.ts"

type Pair = readonly [price: number, size: number]
const flat = (pairs: readonly Pair[]): Float64Array => new Float64Array(pairs.flat())

// Few prices, so that diffs meet levels that are there; half of the sizes delete.
const pair = (prices: number): fc.Arbitrary<Pair> =>
  fc.tuple(fc.integer({ min: 1, max: prices }), fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 9 })))
const inOrder = (pairs: Pair[], descending: boolean): Pair[] => {
  const unique = [...new Map(pairs)]
  return unique.sort(([a], [b]) => (descending ? b - a : a - b))
}
const anyOrder = (prices: number, most: number) =>
  fc
    .tuple(fc.array(pair(prices), { maxLength: most }), fc.constantFrom("as it comes", "rising", "falling"))
    .map(([pairs, order]) => (order === "as it comes" ? pairs : inOrder(pairs, order === "falling")))

describe.each(["bid", "ask"] as const)("the %s side", (name) => {
  test.each([
    ["a few levels", 12, 8, 30],
    ["hundreds of levels", 900, 400, 12],
  ])("of %s holds what a plain map holds, after any diffs in any order", (_what, prices, most, diffs) => {
    fc.assert(
      fc.property(fc.array(anyOrder(prices, most), { maxLength: diffs }), (all) => {
        const side = new Side(name)
        const naive = new NaiveSide(name === "bid")
        for (const pairs of all) {
          side.apply(flat(pairs))
          naive.apply(flat(pairs))
          expect([...side.levels(Number.POSITIVE_INFINITY)]).toEqual(naive.levels())
        }
      }),
      { numRuns: 300 },
    )
  })

  test("bounded, holds the best levels of an unbounded one", () => {
    fc.assert(
      fc.property(anyOrder(5_000, 900), (pairs) => {
        const bounded = new Side(name, 20)
        const whole = new Side(name)
        bounded.apply(flat(pairs))
        whole.apply(flat(pairs))
        expect(bounded.count).toBeLessThanOrEqual(25)
        expect(bounded.levels(20)).toEqual(whole.levels(20))
      }),
    )
  })

  test.each([
    ["a price that is no number", [[Number.NaN, 1]]],
    ["an infinite price", [[Number.POSITIVE_INFINITY, 1]]],
    ["a price below all numbers", [[Number.NEGATIVE_INFINITY, 1]]],
    ["a size that is no number", [[5, Number.NaN]]],
    ["a size below zero", [[5, -1]]],
    ["an infinite size", [[5, Number.POSITIVE_INFINITY]]],
    [
      "a bad size among good ones",
      [
        [9, 1],
        [10, -1],
        [11, 1],
      ],
    ],
  ] as [string, Pair[]][])("refuses %s, and can be filled again", (_what, pairs) => {
    const side = new Side(name)
    side.apply(
      flat([
        [5, 1],
        [10, 2],
      ]),
    )
    expect(() => side.apply(flat(pairs))).toThrow(WireError)
    side.clear()
    side.apply(flat([[7, 3]]))
    expect([...side.levels(9)]).toEqual([7, 3])
  })
})

test("ranks count from the best level, and there is none beyond the last", () => {
  const bids = new Side("bid")
  const asks = new Side("ask")
  for (const side of [bids, asks])
    side.apply(
      flat([
        [1, 10],
        [2, 20],
        [3, 30],
      ]),
    )
  const read = (side: Side): number[] => [0, 1, 2, 3].flatMap((rank) => [side.price(rank), side.size(rank)])
  expect(read(bids)).toEqual([3, 30, 2, 20, 1, 10, Number.NaN, Number.NaN])
  expect(read(asks)).toEqual([1, 10, 2, 20, 3, 30, Number.NaN, Number.NaN])
})
