import { describe, expect, test } from "bun:test"
import * as fc from "fast-check"
import { compare, plus } from "../../../src/runtime/domain/decimal.ts"
import type { AccOrder, VenueOrderStatus } from "../../../src/runtime/domain/events.ts"
import type { Order } from "../../../src/runtime/domain/order.ts"
import { accepted } from "../../../src/runtime/domain/outcome.ts"
import { type Applied, Ledger, toChange, toRecords } from "../../../src/runtime/execution/ledger.ts"
import { ack, CLIENT_ID, detail, EXPIRES_AT, event, fill, IDENTITY, INST, order, SIGNED_AT } from "./samples.ts"

const AT = SIGNED_AT + 9_000

function ledger(): Ledger {
  const made = new Ledger({ market: "binance-um", identity: IDENTITY, recall: () => undefined, hasFill: () => false })
  made.place(order())
  return made
}

const summary = (applied: Applied | undefined) =>
  applied && { from: applied.from, to: applied.order.state, filled: applied.order.filled, surprise: applied.surprise }

describe("an order in the ledger", () => {
  test("opens with the venue's answer and takes its id", () => {
    const applied = ledger().placed(CLIENT_ID, accepted(ack()), AT)
    expect(applied?.order).toEqual(order({ state: "open", orderId: "77", updatedAt: AT }))
    expect(toRecords(applied as Applied)).toEqual([
      { kind: "order", order: (applied as Applied).order, cause: "place accepted", at: AT },
    ])
    expect(toChange(applied as Applied)).toMatchObject({ from: "pending", cause: "place accepted", timestamp: AT })
  })

  test("that is filled by the stream before its answer comes stays filled, and says so once", () => {
    const book = ledger()
    const first = event({ status: "open", filledSize: "0.4", fill: fill("1", "0.4") })
    const last = event({ status: "filled", filledSize: "1", fill: fill("2", "0.6"), avgPrice: "100" })
    expect(summary(book.event(first, AT))).toEqual({ from: "pending", to: "open", filled: "0.4", surprise: undefined })
    expect(summary(book.event(last, AT))).toEqual({ from: "open", to: "filled", filled: "1", surprise: undefined })
    expect(book.placed(CLIENT_ID, accepted(ack()), AT)).toBeUndefined()
    expect(book.event(first, AT)).toBeUndefined()
    expect(book.event(last, AT)).toBeUndefined()
    expect(book.live()).toEqual([])
    expect(book.gaps()).toEqual([])
  })

  test("keeps its end when an older word comes late, but counts the late fill", () => {
    const book = ledger()
    book.placed(CLIENT_ID, accepted(ack()), AT)
    book.canceled(CLIENT_ID, accepted(ack({ status: "canceled", filledSize: "0.4" })), AT)
    expect(book.gaps().map(({ clientId }) => clientId)).toEqual([CLIENT_ID])
    expect([book.missing(INST), book.openSize(INST, "BUY"), book.openSizeNumber(INST, "BUY")]).toEqual([
      "0.4",
      "0.4",
      0.4,
    ])
    const late = book.event(event({ status: "open", filledSize: "0.4", fill: fill("1", "0.4") }), AT)
    expect(late?.order).toMatchObject({ state: "canceled", filled: "0.4" })
    expect(late?.fill).toMatchObject({ tradeId: "1", clientId: CLIENT_ID })
    expect(book.gaps()).toEqual([])
    expect([book.missing(INST), book.openSize(INST, "BUY"), book.openSizeNumber(INST, "BUY")]).toEqual(["0", "0", 0])
  })

  test("is unknown when its answer is lost, whatever the stream has not told yet", () => {
    const book = ledger()
    expect(summary(book.placed(CLIENT_ID, { kind: "unknown", why: "timeout" }, AT))).toMatchObject({ to: "unknown" })
    expect(summary(book.event(event(), AT))).toMatchObject({ from: "unknown", to: "open" })
    expect(book.order(CLIENT_ID)?.reason).toBeUndefined()
  })

  test("does not become unknown again by a lost answer after its end", () => {
    const book = ledger()
    book.event(event({ status: "canceled" }), AT)
    expect(book.placed(CLIENT_ID, { kind: "unknown", why: "timeout" }, AT)).toBeUndefined()
    expect(book.canceled(CLIENT_ID, { kind: "unknown", why: "timeout" }, AT)).toBeUndefined()
  })

  test("is rejected by a refusal, but not when the stream has shown it alive", () => {
    const refused = { kind: "refused", reason: "margin is insufficient" } as const
    expect(ledger().placed(CLIENT_ID, refused, AT)?.order).toMatchObject({
      state: "rejected",
      reason: "margin is insufficient",
    })
    const book = ledger()
    book.event(event(), AT)
    expect(book.placed(CLIENT_ID, refused, AT)).toBeUndefined()
  })

  test("refused as a duplicate is unknown: the venue has an order of that name", () => {
    const outcome = { kind: "refused", reason: "duplicate", meaning: "duplicate-client-id" } as const
    expect(ledger().placed(CLIENT_ID, outcome, AT)?.order.state).toBe("unknown")
  })

  test("believed never arrived is corrected by evidence, with a surprise", () => {
    const book = ledger()
    book.reject(CLIENT_ID, "never arrived", "query", AT)
    const applied = book.event(event({ filledSize: "0.5", fill: fill("1", "0.5") }), AT)
    expect(summary(applied)).toEqual({
      from: "rejected",
      to: "open",
      filled: "0.5",
      surprise: `order ${CLIENT_ID} was rejected (never arrived) and is open`,
    })
  })

  test("amended takes the new price and size, and keeps them against an older event", () => {
    const book = ledger()
    book.placed(CLIENT_ID, accepted(ack()), AT)
    const asked = { price: "101", size: "2" }
    const applied = book.amended(CLIENT_ID, asked, accepted(ack({ timestamp: SIGNED_AT + 5_000 })), AT)
    expect(applied?.order).toMatchObject({ price: "101", size: "2", state: "open" })
    const older = event({ timestamp: SIGNED_AT + 4_000, filledSize: "0.1", fill: fill("1", "0.1") })
    expect(book.event(older, AT)?.order).toMatchObject({ price: "101", size: "2", filled: "0.1" })
    expect(book.amended(CLIENT_ID, { price: "102", size: "2" }, { kind: "refused", reason: "no" }, AT)).toBeUndefined()
  })

  test("written with other zeros is the same order", () => {
    const book = ledger()
    book.placed(CLIENT_ID, accepted(ack()), AT)
    const same = event({ price: "100.00", size: "1.000", filledSize: "0.000", timestamp: SIGNED_AT + 5_000 })
    expect(book.event(same, AT)).toBeUndefined()
  })

  test("filled beyond the sum of its fills is a gap until they are asked for", () => {
    const book = ledger()
    book.placed(CLIENT_ID, accepted(ack({ filledSize: "0.7" })), AT)
    expect(book.gaps()).toHaveLength(1)
    const filled = book.fill(fill("9", "0.7", { price: "99" }), "back-filled", AT)
    expect(filled?.fill?.clientId).toBe(CLIENT_ID)
    expect(filled?.order).toMatchObject({ state: "open", filled: "0.7", avgPrice: "99" })
    expect(book.gaps()).toEqual([])
    expect(book.fill(fill("9", "0.7"), "back-filled", AT)).toBeUndefined()
  })

  test("of another bot is not in this ledger", () => {
    const book = ledger()
    expect(book.event(event({ clientId: "b".repeat(32), orderId: "78" }), AT)).toBeUndefined()
    expect(book.fill(fill("1", "1", { orderId: "78" }), "back-filled", AT)).toBeUndefined()
  })

  test("found at the venue and not in the journal is adopted as it stands there", () => {
    const book = ledger()
    const other = `${IDENTITY}000001${"0".repeat(15)}2`
    const found = { ...detail({ orderId: "80", filledSize: "0.2" }), clientId: other }
    const applied = book.adopt(found, EXPIRES_AT, "adopted", AT)
    expect(applied).toMatchObject({ from: undefined, isOrderChanged: true })
    expect(applied.order).toMatchObject({ clientId: other, orderId: "80", state: "open", filled: "0.2" })
    expect(book.byOrderId(INST, "80")?.clientId).toBe(other)
  })

  test("restored with its fills counts none of them again", () => {
    const written = new Set(["1"])
    const book = new Ledger({
      market: "binance-um",
      identity: IDENTITY,
      recall: () => undefined,
      hasFill: ({ tradeId }) => written.has(tradeId),
    })
    book.restore(order({ state: "open", orderId: "77", filled: "0.4", avgPrice: "100" }), [fill("1", "0.4")])
    expect(book.gaps()).toEqual([])
    expect(book.event(event({ filledSize: "0.4", fill: fill("1", "0.4") }), AT)).toBeUndefined()
    expect(book.event(event({ filledSize: "0.5", fill: fill("2", "0.1") }), AT)?.fill?.tradeId).toBe("2")
  })

  test("that trades with another of the same bot counts its own side of the trade", () => {
    const book = ledger()
    const other = `${IDENTITY}000001${"0".repeat(15)}2`
    book.place(order({ clientId: other, side: "SELL" }))
    const buy = event({ status: "filled", filledSize: "1", fill: fill("5", "1") })
    const sold = fill("5", "1", { side: "SELL", orderId: "78", clientId: other })
    const sell = event({ clientId: other, orderId: "78", side: "SELL", status: "filled", filledSize: "1", fill: sold })
    expect(book.event(buy, AT)?.fill?.tradeId).toBe("5")
    expect(book.event(sell, AT)?.fill?.orderId).toBe("78")
    expect(book.gaps()).toEqual([])
  })

  test("long ended is recalled from the journal for a late event", () => {
    const ended = order({ state: "canceled", orderId: "77" })
    const book = new Ledger({
      market: "binance-um",
      identity: IDENTITY,
      recall: (clientId) => (clientId === CLIENT_ID ? ended : undefined),
      hasFill: () => false,
    })
    const applied = book.event(event({ status: "canceled", filledSize: "0.3", fill: fill("5", "0.3") }), AT)
    expect(applied?.order).toMatchObject({ state: "canceled", filled: "0.3" })
    expect(applied?.fill?.tradeId).toBe("5")
  })

  test("leaves memory to those that ended later, and a late fill counts once whether it has or not", () => {
    const written = new Map<string, Order>()
    const fills = new Set<string>()
    let recalls = 0
    const book = new Ledger({
      market: "binance-um",
      identity: IDENTITY,
      recall: (clientId) => (recalls++, written.get(clientId)),
      hasFill: ({ tradeId }) => fills.has(tradeId),
    })
    const take = (applied: Applied | undefined): Applied | undefined => {
      if (applied !== undefined) written.set(applied.order.clientId, applied.order)
      if (applied?.fill !== undefined) fills.add(applied.fill.tradeId)
      return applied
    }
    const count = 1_200
    const names = Array.from({ length: count }, (_, at) => ({
      clientId: `${IDENTITY}${String(at).padStart(22, "0")}`,
      orderId: `${1_000 + at}`,
    }))
    // The first half is what an earlier run left.
    for (const [at, name] of names.entries()) {
      const ended = order({ ...name, state: "canceled" })
      if (at < count / 2) {
        written.set(name.clientId, ended)
        book.restore(ended, [])
      } else {
        book.place(order({ clientId: name.clientId }))
        take(book.event(event({ ...name, status: "canceled" }), AT))
      }
    }
    const kept = names.filter(({ clientId }) => {
      const before = recalls
      book.order(clientId)
      return recalls === before
    })
    expect(kept).toEqual(names.slice(-kept.length))
    expect(kept.length).toBeGreaterThanOrEqual(250)
    expect(kept.length).toBeLessThan(500)
    const late = (name: (typeof names)[number]): Applied | undefined => {
      const one = fill(name.orderId, "0.3", { orderId: name.orderId })
      return take(book.event(event({ ...name, status: "canceled", filledSize: "0.3", fill: one }), AT))
    }
    for (const name of names) expect(late(name)?.fill?.clientId).toBe(name.clientId)
    for (const name of names) expect(late(name)).toBeUndefined()
    expect(book.gaps()).toEqual([])
  })
})

// ---- any order of news, any number of times ----

/** What the venue does to one order, step by step, and the words it says on the way. */
const story = fc
  .record({
    fills: fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 4 }),
    end: fc.constantFrom<VenueOrderStatus>("open", "canceled", "expired"),
  })
  .map(({ fills, end }) => {
    const words: AccOrder[] = [event({ size: "10", timestamp: SIGNED_AT })]
    let filled = 0
    for (const [index, size] of fills.entries()) {
      const taken = Math.min(size, 10 - filled)
      if (taken === 0) break
      filled += taken
      const status = filled === 10 ? "filled" : "open"
      const one = fill(`${index + 1}`, String(taken))
      words.push(event({ size: "10", filledSize: String(filled), status, fill: one, timestamp: SIGNED_AT + index + 1 }))
    }
    const last = filled === 10 ? "filled" : end
    if (last !== "open" && last !== "filled") {
      words.push(event({ size: "10", filledSize: String(filled), status: last, timestamp: SIGNED_AT + 100 }))
    }
    return { words, filled: String(filled), last }
  })

describe("whatever the order and repetition of the venue's words", () => {
  test("the order ends as the venue has it, its amounts only grow, each fill counts once", () => {
    const shuffled = story.chain((told) =>
      fc.record({
        told: fc.constant(told),
        heard: fc
          .tuple(
            fc.shuffledSubarray(told.words, { minLength: told.words.length }),
            fc.array(fc.constantFrom(...told.words), { maxLength: 6 }),
            fc.array(fc.constantFrom("lost", "accepted", "refused cancel"), { maxLength: 3 }),
          )
          .chain(([once, again, answers]) => {
            const all = [...once, ...again, ...answers]
            return fc.shuffledSubarray(all, { minLength: all.length })
          }),
      }),
    )
    fc.assert(
      fc.property(shuffled, ({ told, heard }) => {
        const book = new Ledger({
          market: "binance-um",
          identity: IDENTITY,
          recall: () => undefined,
          hasFill: () => false,
        })
        book.place(order({ size: "10" }))
        let before = "0"
        let counted = "0"
        const apply = (word: (typeof heard)[number]): Applied | undefined => {
          if (typeof word !== "string") return book.event(word, AT)
          if (word === "lost") return book.placed(CLIENT_ID, { kind: "unknown", why: "timeout" }, AT)
          if (word === "accepted") return book.placed(CLIENT_ID, accepted(ack({ timestamp: SIGNED_AT })), AT)
          return book.canceled(CLIENT_ID, { kind: "refused", reason: "unknown order" }, AT)
        }
        // A lost answer may come last; then the venue is asked, and says how it stands.
        const asked = told.words.at(-1) as AccOrder
        for (const word of [...heard, asked]) {
          const applied = apply(word)
          const now = book.order(CLIENT_ID)?.filled ?? "0"
          expect(compare(now, before)).toBeGreaterThanOrEqual(0)
          expect(compare(now, "10")).toBeLessThanOrEqual(0)
          expect(applied?.surprise).toBeUndefined()
          if (applied?.fill !== undefined) counted = plus(counted, applied.fill.size)
          before = now
        }
        expect(book.order(CLIENT_ID)).toMatchObject({ state: told.last, filled: told.filled })
        expect(counted).toBe(told.filled)
        expect(book.gaps()).toEqual([])
      }),
    )
  })
})
