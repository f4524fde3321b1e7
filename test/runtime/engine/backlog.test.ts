// What becomes of private events that wait for a strategy that does not take them.
import { describe, expect, test } from "bun:test"
import { bot, intents, orders, relay, trades } from "../../../src/index.ts"
import type { CallbackData, CallbackName, Lag, Message } from "../../../src/runtime/domain/callbacks.ts"
import type { AccBalPos, AccOrder, AccPos } from "../../../src/runtime/domain/events.ts"
import type { Balance, Fill, Position } from "../../../src/runtime/domain/order.ts"
import type { Inst } from "../../../src/runtime/domain/inst.ts"
import { MARKETS } from "../../../src/runtime/domain/market.ts"
import type { Outcome } from "../../../src/runtime/domain/outcome.ts"
import type { News } from "../../../src/runtime/engine/news.ts"
import { chance, changed, gate, order, rig, type Rig, settle, trade } from "./rig.ts"

const SLOTS = 32
const tape = trades("binance-um", ["BTC_USDT_PERP"])
const router = orders("binance-um")
const desk = orders("binance-um", { ringSlots: SLOTS })

const OVERRUN = /it has not taken its private events of .*: \d+ waited, and none may be dropped/.source

const count = (upTo: number) => Array.from({ length: upTo }, (_, at) => at)
const MARKET = { market: "binance-um", timestamp: 0 } as const
const stamped = { ...MARKET, receivedAt: 0 }
const INSTS = ["BTC_USDT_PERP", "ETH_USDT_PERP", "SOL_USDT_PERP"] as readonly Inst[]

const fill = (tradeId: string): Fill => ({
  ...MARKET,
  inst: "BTC_USDT_PERP",
  tradeId,
  orderId: "1",
  side: "BUY",
  price: "100",
  size: "1",
  fee: "0",
  feeAsset: "USDT",
  isMaker: true,
})
const balance = (asset: string, total: number): Balance => ({ ...MARKET, asset, total: String(total) })
const position = (inst: Inst, size: number): Position => ({
  ...MARKET,
  inst,
  size: String(size),
  avgPrice: "1",
  side: "both",
})
const accOrder = (orderId: string, version: number, execution?: Fill): AccOrder => ({
  ...stamped,
  kind: "accOrder",
  inst: "BTC_USDT_PERP",
  type: "perpetual" as AccOrder["type"],
  orderId,
  side: "BUY",
  orderType: "limit",
  timeInForce: "gtc",
  status: "open",
  size: "10",
  filledSize: String(version),
  ...(execution === undefined ? {} : { fill: execution }),
})
const balPos = (assets: readonly string[], insts: readonly Inst[], version: number): AccBalPos => ({
  ...stamped,
  kind: "accBalPos",
  cause: "ORDER",
  balances: assets.map((asset) => balance(asset, version)),
  positions: insts.map((inst) => position(inst, version)),
})
const accPos = (insts: readonly Inst[], version: number, isImage: boolean): AccPos => ({
  ...stamped,
  kind: "accPos",
  positions: insts.map((inst) => position(inst, version)),
  isImage,
})

type Told = readonly [CallbackName, unknown]

/** A random private event; `once`: one that nothing may stand for. */
function something(random: () => number, at: number, once: boolean): Told {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T
  const some = <T>(from: readonly T[]): T[] => from.filter(() => random() < 0.5)
  if (once) {
    return pick<Told>([
      ["onOrder", { order: order(`c${at % 5}`), from: "open", cause: `${at}`, fill: fill(`${at}`), timestamp: at }],
      ["onAccOrder", accOrder(`${at % 5}`, at, fill(`${at}`))],
      ["onAccBalPos", { ...balPos(["USDT"], [], at), isFunding: true }],
      ["onPreds", { timestamp: at, data: Float32Array.of(at), shape: [1], metadata: {} }],
      ["onInstIntent", { timestamp: at, type: "weight", targets: [], metadata: {} }],
      ["onOrderExecution", [{ ...MARKET, request: { inst: INSTS[0], side: "BUY", size: `${at}` }, metadata: {} }]],
      ["onError", { kind: "prediction", message: "late", detail: { request: at }, timestamp: at }],
    ])
  }
  const version = { timestamp: at }
  return pick<Told>([
    ["onOrder", { order: { ...order(`c${at % 5}`), updatedAt: at }, from: "open", cause: "amend", ...version }],
    ["onAccOrder", accOrder(`${at % 5}`, at)],
    ["onAccBalPos", balPos(some(["USDT", "BTC", "ETH"]), some(INSTS), at)],
    ["onAccPos", accPos(some(INSTS), at, random() < 0.2)],
    ["onBookState", { ...MARKET, inst: pick(INSTS), state: "live", why: `${at}`, ...version }],
    ["onFeedState", { ...MARKET, state: pick(["lost", "live"]), why: `${at}`, ...version }],
    ["onFeedState", { ...MARKET, inst: pick(INSTS), state: pick(["silent", "live"]), why: `${at}`, ...version }],
    ["onError", { kind: "odd", message: pick(["this", "that"]), ...version }],
  ])
}

/** What somebody knows who was told these, in this order. */
function known(told: readonly Told[]): ReadonlyMap<string, unknown> {
  const state = new Map<string, unknown>()
  const isOnce = ([callback, data]: Told) =>
    ["onPreds", "onInstIntent", "onOrderExecution"].includes(callback) ||
    (data as { kind?: string }).kind === "prediction"
  for (const [at, one] of told.entries()) {
    const [callback, event] = one
    const data = event as CallbackData["onOrder"] &
      AccOrder &
      CallbackData["onFeedState"] & { balances?: Balance[]; positions?: Position[]; isImage?: boolean }
    if (isOnce(one)) state.set(`${callback} ${at}`, data)
    else if (callback === "onOrder") state.set(`order ${data.order.clientId}`, data.order)
    else if (callback === "onAccOrder") state.set(`venue ${data.orderId}`, data.filledSize)
    else if (callback === "onBookState" || callback === "onFeedState") state.set(`${callback} ${data.inst}`, data)
    else if (callback === "onError") state.set((event as CallbackData["onError"]).message, data)
    else {
      if (data.isImage) for (const key of [...state.keys()]) if (key.startsWith(`${callback} inst`)) state.delete(key)
      for (const one of data.balances ?? []) state.set(`${callback} asset ${one.asset}`, one)
      for (const one of data.positions ?? []) state.set(`${callback} inst ${one.inst}`, one)
    }
  }
  // Where an answer stood among others is no part of what is known.
  return new Map(
    [...state].map(([key, value]) => [isNaN(Number(key.split(" ")[1])) ? key : JSON.stringify(value), value]),
  )
}

const CALLBACKS = [
  "onOrder",
  "onAccOrder",
  "onAccBalPos",
  "onAccPos",
  "onBookState",
  "onFeedState",
  "onError",
  "onPreds",
  "onInstIntent",
  "onOrderExecution",
] as const

/** A strategy that writes down what it is told; `work` says how long each takes. */
function listener(work: () => Promise<void> | undefined, callbacks: readonly CallbackName[] = CALLBACKS) {
  const told: { readonly sequence: number; readonly told: Told }[] = []
  const lags: Lag[] = []
  const handler = (callback: CallbackName) => (message: Message<unknown>) => {
    told.push({ sequence: message.sequence, told: [callback, message.data] })
    return work()
  }
  const strategy = {
    ...Object.fromEntries(callbacks.map((callback) => [callback, handler(callback)])),
    onOrder: handler("onOrder"),
    onLag: ({ data }: Message<Lag>) => void lags.push(data),
  }
  return { told, lags, strategy }
}

const waiting = (one: Rig) => one.engine.state()["waiting"] as { events: number; bytes: number }
const strategies = (one: Rig) =>
  one.engine.state()["strategies"] as { readonly state: string; readonly waiting: number }[]

describe("a backlog of private events far past its bound", () => {
  test.each(count(30))("seed %d: loses nothing that happened, and nobody else's events", async (seed) => {
    const random = chance(seed * 7_919 + 1)
    const hold = gate()
    let isHeld = true
    const stuck = listener(() => (isHeld ? hold.promise : undefined))
    const quick = listener(() => undefined)
    const slow = listener(() => (random() < 0.7 ? Promise.resolve() : undefined))
    // Wants little: what the others leave in between is not its concern.
    const picky = listener(() => Promise.resolve(), ["onOrder", "onBookState"])
    const one = rig(
      bot({ name: "a" })
        .task(desk)
        .strategy(stuck.strategy, { name: "stuck" })
        .strategy(quick.strategy)
        .strategy(slow.strategy)
        .strategy(picky.strategy),
    )
    await one.engine.start()
    const once = new Set<number>()
    const published: Told[] = []
    for (const at of count(2_000)) {
      const isOnce = once.size < 60 && random() < 0.05
      const [callback, data] = something(random, at, isOnce)
      if (isOnce) once.add(at)
      published.push([callback, data])
      one.send(desk, callback, data as never)
      expect(waiting(one).events).toBeLessThanOrEqual(6 * SLOTS)
      if (random() < 0.1) await one.clock.advance(1)
      if (at % 16 === 0) await one.clock.advance(1)
    }
    expect(one.engine.reasons()).toHaveLength(1)
    isHeld = false
    hold.resolve()
    await one.clock.advance(10)

    expect(quick.told.map(({ told }) => told)).toEqual(published)
    expect(slow.told.map(({ told }) => told)).toEqual(published)
    expect(picky.told.map(({ told }) => told)).toEqual(
      published.filter(([callback]) => callback === "onOrder" || callback === "onBookState"),
    )
    expect([quick.lags, slow.lags, picky.lags]).toEqual([[], [], []])

    const sequences = stuck.told.map(({ sequence }) => sequence)
    expect(sequences).toEqual([...new Set(sequences)].toSorted((a, b) => a - b))
    const got = stuck.told.map(({ told }) => told)
    const happened = (told: readonly Told[]) => told.filter(([, data]) => once.has(idOf(data)))
    expect(happened(got)).toEqual(happened(published))
    expect(known(got)).toEqual(known(published))
    expect(stuck.lags).toMatchObject([{ kind: "resumed", missed: published.length - got.length }])
    expect(published.length - got.length).toBeGreaterThan(1_000)
    expect(waiting(one)).toEqual({ events: 0, bytes: 0 })
    expect(strategies(one).map(({ waiting }) => waiting)).toEqual([0, 0, 0, 0])
    expect(one.engine.reasons()).toEqual([])
  })

  test("keeps every call of a timer: each fires, and the regular ones go on", async () => {
    const fired: string[] = []
    const hold = gate()
    const one = rig(
      bot({ name: "a" })
        .tasks([tape, desk])
        .strategy({
          start(ctx) {
            ctx.every(10, () => void fired.push("every"))
            ctx.after(10, () => void fired.push("after"))
          },
          onTrade: () => hold.promise,
          onOrder() {},
        }),
    )
    await one.engine.start()
    one.send(tape, "onTrade", trade(0))
    await one.clock.advance(10)
    for (const at of count(2_000)) one.send(desk, "onOrder", changed(`o${at % 4}`))
    hold.resolve()
    await settle()
    expect(fired).toEqual(["every", "after"])
    await one.clock.advance(20)
    expect(fired).toEqual(["every", "after", "every", "every"])
  })

  test("of a strategy's own errors ends with the latest of each handler's", async () => {
    const errors: string[] = []
    const lags: Lag[] = []
    const hold = gate()
    const one = rig(
      bot({ name: "a" })
        .tasks([tape, router])
        .strategy({
          onTrade: () => hold.promise,
          onOrder({ data }) {
            throw new Error(`wrong ${data.order.clientId}`)
          },
          onError: ({ data }) => void errors.push(data.message),
          onLag: ({ data }) => void lags.push(data),
        }),
    )
    await one.engine.start()
    one.send(tape, "onTrade", trade(0))
    for (const at of count(12_000)) one.send(router, "onOrder", changed(`o${at}`))
    hold.resolve()
    await one.clock.advance(1)
    expect(strategies(one)).toMatchObject([{ state: "running", errors: 12_000, dropped: 0, waiting: 0 }])
    expect(errors.length).toBeLessThan(12_000)
    expect(errors.at(-1)).toBe("wrong o11999")
    expect(lags).toMatchObject([{ kind: "resumed", missed: 12_000 - errors.length }])
    expect(waiting(one)).toEqual({ events: 0, bytes: 0 })
  })
})

describe("a strategy that is far behind", () => {
  /** One whose first event never ends, and one that keeps up. */
  function pair(options: Parameters<typeof bot>[0], tasks: Parameters<ReturnType<typeof bot>["tasks"]>[0]) {
    const news: News[] = []
    const stuck = listener(() => new Promise<void>(() => undefined))
    const quick = listener(() => undefined)
    const declared = bot(options).tasks(tasks)
    const one = rig(
      declared
        .strategy(stuck.strategy as never, { name: "stuck" })
        .strategy(quick.strategy as never, { name: "quick" }),
    )
    one.engine.subscribe((word) => void news.push(word))
    return { one, stuck, quick, news }
  }

  const once = (at: number): CallbackData["onOrder"] => ({ ...changed("same"), fill: fill(`${at}`) })

  test("and whose events cannot be bounded is ended by name: the log, an event and /ready say so", async () => {
    const { one, stuck, quick, news } = pair({ name: "a" }, [desk])
    await one.engine.start()
    for (const at of count(1_000)) {
      one.send(desk, "onOrder", once(at))
      expect(waiting(one).events).toBeLessThanOrEqual(6 * SLOTS)
    }
    const [is] = strategies(one)
    expect(is).toMatchObject({ state: "stopped", waiting: 0 })
    const why = new RegExp(`^strategy stuck is stopped: ${OVERRUN}$`)
    expect(one.engine.reasons()).toEqual([expect.stringMatching(why)])
    expect(one.logged.filter(({ level }) => level === "error").map(({ event, fields }) => [event, fields])).toEqual([
      ["strategy.behind", expect.objectContaining({ strategy: "stuck" })],
      ["strategy.overran", { strategy: "stuck", task: "orders binance-um #1", waiting: expect.any(Number) }],
    ])
    expect(news.filter(({ kind }) => kind === "error")).toMatchObject([
      { data: { kind: "overrun", message: expect.stringMatching(why), detail: { strategy: "stuck" } } },
    ])
    expect(stuck.told).toHaveLength(1)
    expect(quick.told).toHaveLength(1_000)
    expect(waiting(one)).toEqual({ events: 0, bytes: 0 })
  })

  test("is ended by bytes as well, also of all rings together", async () => {
    const desks = count(6).map((at) => orders(MARKETS[at]!))
    for (const options of [
      { name: "a", ringBytesMax: 50_000 },
      { name: "a", ringsBytesMax: 300_000 },
    ]) {
      const { one, quick } = pair(options, desks)
      await one.engine.start()
      let most = 0
      for (const at of count(2_000)) {
        one.send(desks[at % desks.length] as typeof desk, "onOrder", once(at))
        most = Math.max(most, waiting(one).bytes)
      }
      expect(most).toBeGreaterThan(200_000)
      expect(most).toBeLessThanOrEqual("ringBytesMax" in options ? 6 * 6 * 50_000 : 2.25 * 300_000)
      expect(strategies(one)).toMatchObject([{ state: "stopped" }, { state: "running" }])
      expect(quick.told).toHaveLength(2_000)
      expect(waiting(one)).toEqual({ events: 0, bytes: 0 })
    }
  })

  test("where private events fill all rings together is paused, and they are compacted, as at a ring's own bound", async () => {
    const desks = count(4).map((at) => orders(MARKETS[at]!))
    const hold = gate()
    let isHeld = true
    const stuck = listener(() => (isHeld ? hold.promise : undefined))
    const one = rig(bot({ name: "a", ringsBytesMax: 100_000 }).tasks(desks).strategy(stuck.strategy, { name: "stuck" }))
    await one.engine.start()
    const send = (at: number) => one.send(desks[at % 4] as typeof desk, "onOrder", changed(`${at % 10}`))
    for (const at of count(90)) send(at)
    expect(one.engine.reasons()).toEqual([])
    for (const at of count(5_000)) {
      send(at)
      expect(waiting(one).bytes).toBeLessThanOrEqual(1.25 * 100_000)
    }
    expect(one.engine.reasons()).toEqual([expect.stringContaining("strategy stuck is paused: it has not kept up")])
    isHeld = false
    hold.resolve()
    await one.clock.advance(1)
    expect(new Set(stuck.told.map(({ told }) => (told[1] as CallbackData["onOrder"]).order.clientId)).size).toBe(10)
    expect(stuck.lags).toMatchObject([{ kind: "resumed", missed: 5_090 - stuck.told.length }])
    expect(waiting(one)).toEqual({ events: 0, bytes: 0 })
  })

  test("is sent no more intents or orders to carry out when nobody else is there to take them: the ack names it", async () => {
    const ideas = intents({ ringSlots: SLOTS })
    const chores = relay({ ringSlots: SLOTS })
    const hold = gate()
    const acks: Outcome<undefined>[] = []
    const told = { intents: 0, orders: 0 }
    const one = rig(
      bot({ name: "a" })
        .tasks([tape, ideas, chores])
        .strategy(
          {
            onTrade({ data: { tradeId, timestamp } }, ctx) {
              if (Number(tradeId) % 2 === 0) {
                acks.push(ctx.publishIntent(ideas, { timestamp, type: "weight", targets: [], metadata: {} }))
              } else acks.push(ctx.publishOrders(chores, []))
            },
          },
          { on: [tape], name: "talker" },
        )
        .strategy(
          {
            onInstIntent: () => (told.intents++ === 0 ? hold.promise : undefined),
            onOrderExecution: () => void told.orders++,
          },
          { on: [ideas, chores], name: "slow" },
        ),
    )
    await one.engine.start()
    for (const at of count(1_000)) one.send(tape, "onTrade", trade(at))
    const accepted = acks.filter(({ kind }) => kind === "accepted")
    const refused = acks.filter(({ kind }) => kind === "refused")
    expect(accepted.length).toBeGreaterThanOrEqual(2 * 4 * SLOTS)
    expect(accepted.length + refused.length).toBe(1_000)
    expect(refused[0]).toEqual({
      kind: "refused",
      reason: "strategy slow is paused: it has not kept up with the private events of relay #1",
    })
    hold.resolve()
    await one.clock.advance(1)
    expect(told.intents + told.orders).toBe(accepted.length)
    one.send(tape, "onTrade", trade(0))
    expect(acks.at(-1)).toEqual({ kind: "accepted", value: undefined })
  })

  test("is sent no more although another listens that has been stopped: that one takes none", async () => {
    const ideas = intents({ ringSlots: SLOTS })
    const acks: Outcome<undefined>[] = []
    const fail = (): never => {
      throw new Error("of no use")
    }
    const one = rig(
      bot({ name: "a" })
        .tasks([tape, ideas])
        .strategy(
          {
            onTrade: ({ data: { timestamp } }, ctx) =>
              void acks.push(ctx.publishIntent(ideas, { timestamp, type: "weight", targets: [], metadata: {} })),
          },
          { on: [tape] },
        )
        .strategy({ onInstIntent: fail }, { on: [ideas], name: "over", onThrow: "stop" })
        .strategy({ onInstIntent: () => gate().promise }, { on: [ideas], name: "slow" }),
    )
    await one.engine.start()
    for (const at of count(1_000)) one.send(tape, "onTrade", trade(at))
    expect(acks.at(-1)).toEqual({
      kind: "refused",
      reason: "strategy slow is paused: it has not kept up with the private events of intents #1",
    })
    expect(strategies(one).map(({ state }) => state)).toEqual(["running", "stopped", "running"])
  })

  test("does not keep intents from others: it is ended when its own cannot be kept any more", async () => {
    const ideas = intents({ ringSlots: SLOTS })
    const { one, stuck, quick } = pair({ name: "a" }, [ideas])
    await one.engine.start()
    for (const timestamp of count(1_000)) {
      one.send(ideas, "onInstIntent", { timestamp, type: "weight", targets: [], metadata: {} })
    }
    expect([stuck.told.length, quick.told.length]).toEqual([1, 1_000])
    expect(strategies(one)).toMatchObject([{ state: "stopped" }, { state: "running" }])
  })
})

/** Which of the published ones it is. */
function idOf(data: unknown): number {
  const one = data as { timestamp?: number; fill?: Fill; cause?: string; positions?: unknown; balances?: Balance[] }
  if (Array.isArray(data)) return Number((data[0] as { request: { size: string } }).request.size)
  if (one.fill !== undefined) return Number(one.fill.tradeId)
  const [first] = one.balances ?? []
  if ((data as AccBalPos).isFunding === true) return Number(first?.total)
  return one.timestamp === undefined || one.timestamp === 0 ? -1 : one.timestamp
}
