import { describe, expect, test } from "bun:test"
import { entryText } from "../../../src/exchanges/matching/account.ts"
import { Matching, type MatchingListener } from "../../../src/exchanges/matching/engine.ts"
import { instrument, moneyOf, moneyText } from "../../../src/exchanges/matching/instrument.ts"
import type { Order, OrderRequest, Side } from "../../../src/exchanges/matching/order.ts"
import { pick, seeded } from "../../../src/exchanges/matching/random.ts"

const BTC = instrument({ symbol: "BTC", tick: "0.10", lot: "0.001", quote: "USDT", makerFeePpm: 200, takerFeePpm: 500 })

/** An engine with three accounts of 100,000 USDT, and a log of what it told. */
function venue() {
  const log: string[] = []
  const listener: MatchingListener = {
    trade: (trade) => log.push(`trade ${trade.lots}@${trade.ticks} ${trade.side}`),
    order: (order, change) =>
      log.push(`${order.account} ${order.clientId} ${change} ${order.filledLots}/${order.lots}`),
  }
  const engine = new Matching({ instruments: [BTC], listener })
  for (const id of ["ann", "bob", "cid"]) engine.open(id, new Map([["USDT", moneyOf("100000")]]))
  let names = 0
  const place = (
    account: string,
    side: Side,
    ticks: number | undefined,
    lots: number,
    more: Partial<OrderRequest> = {},
  ) => {
    const name = { account, clientId: more.clientId ?? `c${names++}` }
    const size = ticks === undefined ? { lots } : { ticks, lots }
    const keep = ticks === undefined ? ("drop" as const) : ("rest" as const)
    return engine.place({ symbol: "BTC", side, keep, reduceOnly: false, ...size, ...more, ...name }, 1)
  }
  const order = (...args: Parameters<typeof place>): Order => {
    const placed = place(...args)
    if (placed.kind === "refused") throw new Error(placed.reason)
    return placed.order
  }
  const book = engine.books.get("BTC")!
  const side = (of: Side) =>
    book
      .half(of)
      .prices.map((ticks) => `${book.lotsAt(of, ticks)}@${ticks}`)
      .reverse()
  return { engine, log, place, order, bids: () => side(1), asks: () => side(-1) }
}

describe("matching", () => {
  test("the better price trades first, then the earlier order, at the resting order's price", () => {
    const { order, log, asks } = venue()
    order("ann", -1, 101, 5, { clientId: "late" })
    order("ann", -1, 100, 5, { clientId: "first" })
    order("bob", -1, 100, 5, { clientId: "second" })
    log.length = 0
    const taker = order("cid", 1, 101, 12, { clientId: "taker" })
    expect(log.filter((line) => line.startsWith("trade"))).toEqual(["trade 5@100 1", "trade 5@100 1", "trade 2@101 1"])
    expect(taker).toMatchObject({ status: "filled", filledLots: 12, filledValue: 5 * 100 + 5 * 100 + 2 * 101 })
    expect(asks()).toEqual(["3@101"])
    expect(log.filter((line) => line.includes("traded"))).toEqual([
      "ann first traded 5/5",
      "cid taker traded 5/12",
      "bob second traded 5/5",
      "cid taker traded 10/12",
      "ann late traded 2/5",
      "cid taker traded 12/12",
    ])
  })

  test("what a limit order cannot match rests; what an immediate or a market order cannot match expires", () => {
    const { order, bids } = venue()
    order("ann", -1, 100, 5)
    expect(order("bob", 1, 100, 8, { keep: "drop" })).toMatchObject({ status: "expired", filledLots: 5 })
    expect(order("bob", 1, undefined, 8)).toMatchObject({ status: "expired", filledLots: 0 })
    expect(order("bob", 1, 100, 8)).toMatchObject({ status: "open", filledLots: 0 })
    expect(bids()).toEqual(["8@100"])
  })

  test("all-or-none fills whole or is refused, and leaves no trace when refused", () => {
    const { place, log, asks } = venue()
    place("ann", -1, 100, 5)
    place("ann", -1, 101, 5)
    log.length = 0
    expect(place("bob", 1, 100, 6, { keep: "all-or-none" })).toEqual({ kind: "refused", reason: "cannot fill at once" })
    expect(log).toEqual([])
    expect(place("bob", 1, 101, 6, { keep: "all-or-none" })).toMatchObject({ order: { status: "filled" } })
    expect(asks()).toEqual(["4@101"])
  })

  test("post-only never takes: it is refused on placing and canceled on amending", () => {
    const { place, order, engine, bids } = venue()
    order("ann", -1, 100, 5)
    expect(place("bob", 1, 100, 1, { keep: "post-only" })).toEqual({ kind: "refused", reason: "post-only would take" })
    const resting = order("bob", 1, 99, 1, { keep: "post-only" })
    engine.amend(resting, 100, 1, 2)
    expect(resting).toMatchObject({ status: "canceled", filledLots: 0 })
    expect(bids()).toEqual([])
  })

  test("an amendment keeps its place when it only shrinks, and loses it when it grows or moves", () => {
    const { order, engine, log } = venue()
    const first = order("ann", 1, 100, 9, { clientId: "first" })
    order("bob", 1, 100, 9, { clientId: "second" })
    engine.amend(first, 100, 4, 2)
    log.length = 0
    order("cid", -1, 100, 1)
    expect(log.find((line) => line.includes("traded"))).toBe("ann first traded 1/4")
    engine.amend(first, 100, 5, 3)
    log.length = 0
    order("cid", -1, 100, 1)
    expect(log.find((line) => line.includes("traded"))).toBe("bob second traded 1/9")
  })

  test("an amendment that shrinks and moves is at its new price, and only there", () => {
    const { order, engine, bids } = venue()
    const moved = order("ann", 1, 100, 9)
    order("bob", 1, 99, 2)
    engine.amend(moved, 99, 4, 2)
    expect(bids()).toEqual(["6@99"])
    expect(moved).toMatchObject({ ticks: 99, lots: 4, status: "open" })
  })

  test("an amendment that crosses trades at once; one below what is filled cancels; the same again is refused", () => {
    const { order, engine, bids, asks } = venue()
    const bid = order("ann", 1, 99, 5)
    order("bob", -1, 100, 3)
    expect(engine.amend(bid, 99, 5, 2)).toEqual({ kind: "refused", reason: "unchanged" })
    engine.amend(bid, 100, 5, 3)
    expect(bid).toMatchObject({ status: "open", filledLots: 3, ticks: 100 })
    expect([bids(), asks()]).toEqual([["2@100"], []])
    engine.amend(bid, 100, 3, 4)
    expect(bid.status).toBe("canceled")
    expect(bids()).toEqual([])
  })

  test("reduce-only never turns a position around, neither taking nor resting", () => {
    const { order, place, engine } = venue()
    expect(place("ann", -1, 100, 1, { reduceOnly: true })).toEqual({ kind: "refused", reason: "nothing to reduce" })
    order("bob", -1, 100, 10)
    order("ann", 1, 100, 4)
    expect(place("ann", 1, 100, 1, { reduceOnly: true })).toEqual({ kind: "refused", reason: "nothing to reduce" })
    const resting = order("ann", -1, 110, 9, { reduceOnly: true })
    order("cid", 1, 110, 20)
    // 6 were left of bob's at 100, then ann's 4 at 110; the rest of her order may not sell short.
    expect(resting).toMatchObject({ status: "expired", filledLots: 4 })
    expect(engine.accounts.get("ann")!.positions.get("BTC")!.lots).toBe(0)
  })

  test("an order expires at its time, and not before", () => {
    const { order, engine, bids } = venue()
    const timed = order("ann", 1, 100, 1, { expiresAt: 50 })
    expect(engine.nextExpiry()).toBe(50)
    engine.expire(49)
    expect(timed.status).toBe("open")
    engine.expire(50)
    expect(timed.status).toBe("expired")
    expect(bids()).toEqual([])
    expect(engine.nextExpiry()).toBe(Number.POSITIVE_INFINITY)
  })

  test("a client id is free again once its order has ended", () => {
    const { order, place, engine } = venue()
    const first = order("ann", 1, 100, 1, { clientId: "x" })
    expect(place("ann", 1, 100, 1, { clientId: "x" })).toEqual({ kind: "refused", reason: "client id in use" })
    expect(place("bob", 1, 100, 1, { clientId: "x" }).kind).toBe("placed")
    engine.cancel(first, 2)
    expect(place("ann", 1, 100, 1, { clientId: "x" }).kind).toBe("placed")
  })

  test("ids pass 2^53, rise by one and stay exact", () => {
    const { order } = venue()
    const [a, b] = [order("ann", 1, 1, 1), order("ann", 1, 1, 1)]
    expect(a.id > BigInt(Number.MAX_SAFE_INTEGER)).toBe(true)
    expect(b.id - a.id).toBe(1n)
    expect(a.id.toString()).toHaveLength(19)
  })
})

describe("books of account", () => {
  test("fees, profit and entry price are exact through opening, adding, closing and turning around", () => {
    const { order, engine } = venue()
    const ann = engine.accounts.get("ann")!
    const position = () => ann.positions.get("BTC")!
    const wallet = () => moneyText(ann.wallet.get("USDT")!)
    order("bob", -1, 600_000, 1)
    order("bob", -1, 600_010, 2)
    order("ann", 1, 600_010, 3)
    // 0.001 at 60000.0 and 0.002 at 60001.0; taker 5 bp: 0.030000 + 0.060001.
    expect(entryText(position(), BTC, 8)).toBe("60000.66666667")
    expect(wallet()).toBe("99999.90999900")
    order("bob", 1, 600_100, 5)
    order("ann", -1, 600_100, 5)
    // Closes 0.003 with 0.003 × 60010 − 180.002 = 0.028; turns 0.002 short at 60010; fee 0.150025.
    expect(moneyText(position().realized)).toBe("0.02800000")
    expect(entryText(position(), BTC, 2)).toBe("60010.00")
    expect(position().lots).toBe(-2)
    expect(wallet()).toBe("99999.78797400")
  })

  test("an order that its margin does not cover is refused; one that shrinks the position never is", () => {
    const { order, place, engine } = venue()
    engine.accounts.get("ann")!.leverage.set("BTC", 1)
    engine.marks.set("BTC", 600_000)
    // 100,000 USDT at 1× and 60,000: 1.666 BTC.
    expect(place("ann", 1, 600_000, 1_667)).toEqual({ kind: "refused", reason: "margin" })
    order("bob", -1, 600_000, 1_600)
    order("ann", 1, 600_000, 1_600)
    expect(place("ann", 1, 600_000, 100)).toEqual({ kind: "refused", reason: "margin" })
    expect(place("ann", -1, 600_000, 1_600).kind).toBe("placed")
  })

  test.each(Array.from({ length: 40 }, (_, seed) => seed))(
    "seed %d: random trading keeps every account and the book consistent",
    (seed) => {
      const random = seeded(seed)
      const { engine, place, bids, asks } = venue()
      const names = ["ann", "bob", "cid"]
      let fees = 0n
      const orders: Order[] = []
      for (let step = 0; step < 300; step++) {
        const account = names[pick(random, 3)]!
        const side: Side = random.next() < 0.5 ? 1 : -1
        const keep = (["rest", "rest", "drop", "all-or-none", "post-only"] as const)[pick(random, 5)]!
        const old = orders[pick(random, orders.length + 1)]
        const chance = random.next()
        if (chance < 0.15 && old !== undefined) engine.cancel(old, step)
        else if (chance < 0.3 && old !== undefined)
          engine.amend(old, 1_000 + pick(random, 20), 1 + pick(random, 9), step)
        else {
          const more = { keep, reduceOnly: random.next() < 0.2 }
          const placed = place(account, side, 1_000 + pick(random, 20), 1 + pick(random, 9), more)
          if (placed.kind === "placed") orders.push(placed.order)
        }
        const book = engine.books.get("BTC")!
        const [bid, ask] = [book.bids.best?.ticks ?? 0, book.asks.best?.ticks ?? Number.POSITIVE_INFINITY]
        expect(bid).toBeLessThan(ask)
      }
      const open = orders.filter((order) => order.status === "open")
      const shown = [...bids(), ...asks()].reduce((sum, text) => sum + Number(text.split("@")[0]), 0)
      expect(shown).toBe(open.reduce((sum, order) => sum + order.lots - order.filledLots, 0))
      let lots = 0
      let money = 0n
      for (const account of engine.accounts.values()) {
        for (const fill of account.fills) fees += fill.fee
        const position = account.positions.get("BTC")
        lots += position?.lots ?? 0
        // Wallet less the cost of what is still open: what was paid in cash.
        money += account.wallet.get("USDT")! - (position?.cost ?? 0n)
      }
      expect(lots).toBe(0)
      expect(money + fees).toBe(3n * moneyOf("100000"))
    },
  )
})
