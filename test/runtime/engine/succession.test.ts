import { expect, test } from "bun:test"
import type { CallbackData, CallbackName } from "../../../src/runtime/domain/callbacks.ts"
import { codeOf, TIMER } from "../../../src/runtime/engine/event.ts"
import { Succession } from "../../../src/runtime/engine/succession.ts"

type Event = readonly [callback: CallbackName, data: unknown]

const MARKET = { market: "okx", timestamp: 0, receivedAt: 0 } as const
const positions = (...insts: readonly string[]) => insts.map((inst) => ({ ...MARKET, inst, size: "1", side: "both" }))
const balances = (...assets: readonly string[]) => assets.map((asset) => ({ ...MARKET, asset, total: "1" }))

const order = (clientId: string, more: object = {}): Event => ["onOrder", { order: { clientId }, cause: "x", ...more }]
const venue = (inst: string, orderId: string, more: object = {}): Event => ["onAccOrder", { inst, orderId, ...more }]
const held = (...insts: readonly string[]): Event => ["onAccPos", { positions: positions(...insts), isImage: false }]
const image = (...insts: readonly string[]): Event => ["onAccPos", { positions: positions(...insts), isImage: true }]
const account = (assets: readonly string[], insts: readonly string[] = [], more: object = {}): Event => [
  "onAccBalPos",
  { cause: "fee", balances: balances(...assets), positions: positions(...insts), ...more },
]
const feed = (state: string, inst?: string): Event => [
  "onFeedState",
  { state, ...(inst === undefined ? {} : { inst }) },
]
const trouble = (kind: string, message: string, detail: object = {}): Event => ["onError", { kind, message, detail }]
const fill = { fill: { tradeId: "1" } }

/** Which of these, oldest first, later ones stand for: by place. */
function superseded(events: readonly Event[]): readonly number[] {
  const succession = new Succession()
  const told = (callback: CallbackName, data: unknown) =>
    succession.isSuperseded(codeOf(callback), {
      data: data as CallbackData[CallbackName],
      task: { kind: "orders", id: "1" },
      receivedAt: 0,
      sequence: 0,
    })
  return events
    .map((event, at) => [event, at] as const)
    .toReversed()
    .filter(([[callback, data]]) => told(callback, data))
    .map(([, at]) => at)
    .toReversed()
}

test.each<readonly [what: string, events: readonly Event[], gone: readonly number[]]>([
  ["an order's older states, by the order", [order("a"), order("b"), order("a"), order("a")], [0, 2]],
  ["no execution, but the states before it", [order("a"), order("a", fill), order("a", fill), order("a")], [0]],
  ["the venue's word by inst and order id", [venue("A", "1"), venue("B", "1"), venue("A", "1")], [0]],
  ["no execution at the venue", [venue("A", "1", fill), venue("A", "1")], []],
  ["no word of another kind", [order("a"), venue("A", "a"), held("A"), account([], ["A"])], []],
  [
    "balances and positions once later ones cover each",
    [account(["X"], ["A"]), account(["X"]), account([], ["A"])],
    [0],
  ],
  ["no balance that is not told again", [account(["X", "Y"]), account(["X"]), account(["Z"])], []],
  ["no settlement of funding", [account(["X"], [], { isFunding: true }), account(["X"])], []],
  ["what an account event without rows says by its cause", [account([]), account(["X"]), account([])], [0]],
  ["positions once told again", [held("A", "B"), held("A"), held("B")], [0]],
  ["every position before an image, which says that the others are flat", [held("A", "B"), image("C"), held("C")], [0]],
  ["no image, but for a later one", [image("A"), held("A"), image("B"), held("B")], [0, 1]],
  ["a feed's states, the whole feed's and an inst's apart", [feed("lost"), feed("silent", "A"), feed("live")], [0]],
  ["no gap, and nothing by one", [feed("live"), feed("gap"), feed("ageing"), feed("gap")], []],
  [
    "books by inst",
    [
      ["onBookState", { inst: "A" }],
      ["onBookState", { inst: "B" }],
      ["onBookState", { inst: "A" }],
    ],
    [0],
  ],
  [
    "starts",
    [
      ["onAltEvent", { starts: 1 }],
      ["onAltEvent", { starts: 2 }],
      ["onWsEvent", {}],
      ["onWsEvent", {}],
    ],
    [0, 2],
  ],
  [
    "stalls",
    [
      ["onLag", { kind: "stall" }],
      ["onLag", { kind: "stall" }],
    ],
    [0],
  ],
  ["the same trouble", [trouble("odd", "x"), trouble("odd", "y"), trouble("odd", "x"), trouble("even", "x")], [0]],
  ["not the same words about another order", [trouble("odd", "x", { clientId: "a" }), trouble("odd", "x")], []],
  [
    "a handler's older errors, whatever their words",
    [
      trouble("handler", "x", { strategy: "s", callback: "onTrade" }),
      trouble("handler", "x", { strategy: "s", callback: "onLob" }),
      trouble("handler", "y", { strategy: "s", callback: "onTrade" }),
    ],
    [0],
  ],
  ["no prediction that failed", [trouble("prediction", "late", { id: 1 }), trouble("prediction", "late")], []],
  [
    "nothing that happened",
    (["onPreds", "onInstIntent", "onOrderExecution", "onInstrument"] as const).flatMap((callback): Event[] => [
      [callback, {}],
      [callback, {}],
    ]),
    [],
  ],
])("later events stand for %s", (_, events, gone) => {
  expect(superseded(events)).toEqual(gone)
})

test("no later call of a timer stands for another", () => {
  const succession = new Succession()
  const call = { data: () => 0, task: { kind: "engine", id: "1" }, receivedAt: 0, sequence: 0 } as const
  expect([succession.isSuperseded(TIMER, call), succession.isSuperseded(TIMER, call)]).toEqual([false, false])
})
