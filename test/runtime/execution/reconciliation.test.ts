import { describe, expect, test } from "bun:test"
import type { Order } from "../../../src/runtime/domain/order.ts"
import {
  type Evidence,
  judgeSilence,
  silenceCountsAt,
  suspects,
  type Terms,
} from "../../../src/runtime/execution/reconciliation.ts"
import { detail, EXPIRES_AT, fill, INST, order, SIGNED_AT } from "./samples.ts"

const terms: Terms = {
  clockBoundUs: 50_000,
  requestLifeMs: 5_000,
  orderRetentionMs: 3_600_000,
  isExclusive: false,
}
const lost = order({ state: "unknown" })
const LATE = EXPIRES_AT + 50_001
const evidence = (changes: Partial<Evidence> = {}): Evidence => ({
  askedAt: LATE,
  openOrders: [],
  history: [],
  fills: [],
  isTaken: () => false,
  ...changes,
})
const judge = (changes: Partial<Evidence>, of: Order = lost, under: Terms = terms) =>
  judgeSilence(of, evidence(changes), under)

describe("an order that the venue does not find", () => {
  test("may still arrive before its expiry plus the clock bound", () => {
    expect(silenceCountsAt(lost, terms)).toBe(LATE)
    expect(judge({ askedAt: LATE - 1 })).toEqual({ kind: "wait", untilAt: LATE })
  })

  test("never arrived when nothing else shows it either", () => {
    expect(judge({})).toEqual({ kind: "never arrived" })
  })

  test("is found where open orders or history name it", () => {
    expect(judge({ openOrders: [detail()] })).toEqual({ kind: "found", detail: detail() })
    expect(judge({ history: [detail()], askedAt: 0 })).toEqual({ kind: "found", detail: detail() })
  })

  test("is not told any more when it was acknowledged once", () => {
    expect(judge({}, order({ state: "unknown", orderId: "77" })).kind).toBe("stuck")
  })

  test("stays unknown past the time the venue remembers", () => {
    expect(judge({ askedAt: SIGNED_AT + 3_600_000_000 }).kind).toBe("stuck")
  })

  test("is the one of equal side, price, size and time where the account is the bot's alone", () => {
    const { clientId: _, ...nameless } = detail()
    expect(judge({ history: [nameless] }, lost, { ...terms, isExclusive: true }).kind).toBe("found")
    expect(judge({ history: [nameless] }).kind).toBe("stuck")
    expect(judge({ history: [nameless], isTaken: () => true }).kind).toBe("never arrived")
    for (const other of [{ price: "101" }, { size: "2" }, { side: "SELL" as const }, { createdAt: LATE + 1 }]) {
      expect(judge({ history: [{ ...nameless, ...other }] }).kind).toBe("never arrived")
    }
  })

  test("may be behind an execution that no order explains", () => {
    expect(judge({ fills: [fill("1", "1")] })).toEqual({ kind: "look", orderIds: ["77"] })
    expect(judge({ fills: [fill("1", "1")], isTaken: (id) => id === "77" }).kind).toBe("never arrived")
    expect(judge({ fills: [fill("1", "1", { side: "SELL" })] }).kind).toBe("never arrived")
    expect(judge({ fills: [fill("1", "1")], history: [detail({ clientId: "other" })] }).kind).toBe("never arrived")
  })
})

describe("the slow comparison", () => {
  const open = order({ state: "open", orderId: "77" })

  test("suspects an open order that the venue does not list, and one filled differently", () => {
    expect(suspects([open], [], LATE)).toMatchObject([{ order: open }])
    expect(suspects([open], [detail({ filledSize: "0.2" })], LATE)).toMatchObject([{ order: open }])
    expect(suspects([open], [detail({ filledSize: "0.000" })], LATE)).toEqual([])
  })

  test("leaves alone what changed while the venue was asked, and what is being asked for anyway", () => {
    expect(suspects([{ ...open, updatedAt: LATE }], [], LATE)).toEqual([])
    expect(suspects([order(), lost], [], LATE)).toEqual([])
    expect(suspects([], [detail({ inst: INST })], LATE)).toEqual([])
  })
})
