// What one event costs on its way from a task to its strategies.
import type { Trade } from "../src/runtime/domain/events.ts"
import { Metrics } from "../src/runtime/domain/metrics.ts"
import type { FeedSpec } from "../src/runtime/domain/task.ts"
import type { Context } from "../src/runtime/engine/declaration/context.ts"
import { Delivery } from "../src/runtime/engine/delivery.ts"
import { Meters } from "../src/runtime/engine/meters.ts"
import type { Journal, Log } from "../src/runtime/ports.ts"
import { Turn } from "../src/runtime/tasks/turn.ts"
import { type Bench, medians, ratioRow, type Row } from "./measure.ts"

const EVENTS = 100_000

const now = () => performance.now() * 1_000
const nothing = () => undefined
const silent: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing }
const noJournal = { commit: nothing } as unknown as Journal

const trade: Trade = {
  kind: "trade",
  market: "binance-um",
  inst: "BTC_USDT_PERP",
  price: 100,
  size: 1,
  side: "BUY",
  tradeId: "1",
  timestamp: 0,
  receivedAt: 0,
}

type Handle = (message: { readonly data: Trade }, ctx: unknown) => void

/** Handlers as in a real bot, each a function of its own: a call site that sees many. */
function strategies(count: number): { readonly sum: number; readonly onTrade: Handle }[] {
  return Array.from({ length: count }, (_, at) =>
    made<{ readonly sum: number; readonly onTrade: Handle }>(
      `return { sum: 0, onTrade(message, ctx) { this.sum += message.data.price + ${at} } }`,
    ),
  )
}

/** The same as functions that need no object to be called on. */
function functions(count: number): Handle[] {
  return Array.from({ length: count }, (_, at) =>
    made<Handle>(`let sum = 0; return (message, ctx) => { sum += message.data.price + ${at} }`),
  )
}

// oxlint-disable-next-line typescript/no-implied-eval -- closures of one function would share one optimized body
const made = <T>(body: string): T => (new Function(body) as () => T)()

function delivery(count: number, unrelated: number): (data: Trade, at: number) => void {
  const clock = { now, monotonic: now, timer: () => ({ cancel: nothing }), defer: nothing }
  const turn = new Turn(noJournal, nothing)
  const metrics = new Metrics()
  const carrier = new Delivery({
    clock,
    turn,
    log: silent,
    metrics,
    meters: new Meters(metrics),
    ringBytesMax: 2 ** 22,
    ringsBytesMax: 2 ** 24,
    openOrders: () => [],
    tapped: [],
    tap: nothing,
  })
  const runners = strategies(count).map((strategy, at) =>
    carrier.addStrategy({ name: `s${at}`, strategy, onThrow: "continue", handlerMsMax: 50, settleMsMax: 5_000 }),
  )
  for (const runner of runners) {
    runner.ctx = {} as Context
    runner.run()
  }
  const spec = (id: number): FeedSpec => ({
    kind: "feed",
    id: String(id),
    market: "binance-um",
    channel: { kind: "trades" },
    insts: [trade.inst],
    isManual: false,
  })
  for (let id = 2; id <= unrelated; id++) carrier.publisher(carrier.source(spec(id)), "onTrade", runners)
  const publish = carrier.publisher(carrier.source(spec(1)), "onTrade", runners)
  return (data, at) => {
    turn.enter()
    publish(data, at)
    turn.leave()
  }
}

function plainLoop(count: number): (data: Trade) => void {
  const calls = functions(count)
  const ctx = {}
  return (data) => {
    const message = { data }
    for (const call of calls) call(message, ctx)
  }
}

/** ns per event of each. */
const race = (rounds: number, candidates: readonly ((data: Trade, at: number) => void)[]): Promise<number[]> =>
  medians(
    rounds,
    2,
    candidates.map((publish) => () => {
      const startedAt = performance.now()
      for (let i = 0; i < EVENTS; i++) publish(trade, startedAt * 1_000)
      return ((performance.now() - startedAt) * 1e6) / EVENTS
    }),
  )

export const bench: Bench = {
  name: "fanout",
  async run({ isQuick }) {
    const rounds = isQuick ? 5 : 9
    const rows: Row[] = []
    for (const count of [1, 5, 20, 100]) {
      const [ours = 0, plain = 0] = await race(rounds, [delivery(count, 1), plainLoop(count)])
      const name = `fan-out to ${count}, per handler call`
      // With fewer than 20 strategies there are too few to share what an event costs once.
      const budget = count >= 20 ? 3 : null
      rows.push(ratioRow(name, "ns", ours / count, plain / count, `${count} functions in an array`, budget))
    }
    const [one = 0, ten = 0, hundred = 0] = await race(rounds, [delivery(1, 1), delivery(1, 10), delivery(1, 100)])
    rows.push(ratioRow("one event among 10 unrelated tasks", "ns", ten, one, "the same with 1 task"))
    rows.push(ratioRow("one event among 100 unrelated tasks", "ns", hundred, one, "the same with 1 task", 1.1))
    return rows
  },
}
