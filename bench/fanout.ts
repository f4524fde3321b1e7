import type { Trade } from "../src/runtime/domain/events.ts"
import { Metrics } from "../src/runtime/domain/metrics.ts"
import type { FeedSpec } from "../src/runtime/domain/task.ts"
import type { Context } from "../src/runtime/engine/declaration/context.ts"
import { Delivery } from "../src/runtime/engine/delivery.ts"
import { Meters } from "../src/runtime/engine/meters.ts"
import type { Journal, Log } from "../src/runtime/ports.ts"
import { Turn } from "../src/runtime/tasks/turn.ts"

/** One line of the table. `ratio` is to the baseline named, measured in the same process. */
export interface Row {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly baseline: string
  readonly ratio: number
  readonly budget: number
  readonly held: boolean
}

const EVENTS = 100_000
const ROUNDS = 9

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

/** Each handler is a function of its own, as in a real bot: the call site sees many. */
function handlers(count: number): { onTrade(message: { readonly data: Trade }, ctx: unknown): void; sum: number }[] {
  return Array.from({ length: count }, (_, at) => {
    // oxlint-disable-next-line typescript/no-implied-eval -- closures of one function would share one optimized body
    const make = new Function(
      `return { sum: 0, onTrade(message, ctx) { this.sum += message.data.price + ${at} } }`,
    ) as () => ReturnType<typeof handlers>[number]
    return make()
  })
}

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
  const runners = handlers(count).map((strategy, at) =>
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
  const calls = handlers(count).map((one) => one.onTrade.bind(one))
  const ctx = {}
  return (data) => {
    const message = { data }
    for (let at = 0; at < calls.length; at++) calls[at]?.(message, ctx)
  }
}

/** ns per event, median of the rounds; the candidates take turns so that the machine's moods hit all alike. */
function race(candidates: readonly ((data: Trade, at: number) => void)[]): number[] {
  const times: number[][] = candidates.map(() => [])
  for (let round = -2; round < ROUNDS; round++) {
    for (const [which, run] of candidates.entries()) {
      const startedAt = performance.now()
      for (let i = 0; i < EVENTS; i++) run(trade, startedAt * 1_000)
      if (round >= 0) times[which]?.push(((performance.now() - startedAt) * 1e6) / EVENTS)
    }
  }
  return times.map((all) => all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0)
}

const row = (name: string, value: number, base: number, baseline: string, budget: number): Row => {
  const ratio = value / base
  return { name, value, unit: "ns", baseline, ratio, budget, held: ratio <= budget }
}

/** What one event costs on its way from a task to its strategies. */
export function fanout(counts: readonly number[] = [1, 5, 20, 100]): Row[] {
  const rows = counts.map((count) => {
    const [ours = 0, plain = 0] = race([delivery(count, 1), plainLoop(count)])
    // One strategy has nothing to share the event's fixed cost with: only from 20 on is the ratio a budget.
    const budget = count >= 20 ? 3 : Infinity
    return row(
      `fan-out to ${count}, per handler call`,
      ours / count,
      plain / count,
      `${count} functions in an array`,
      budget,
    )
  })
  const [many = 0, one = 0] = race([delivery(1, 100), delivery(1, 1)])
  return [...rows, row("one event among 100 unrelated tasks", many, one, "the same with 1 task", 1.1)]
}

if (import.meta.main) {
  for (const { name, value, unit, baseline, ratio, budget, held } of fanout()) {
    const verdict = budget === Infinity ? "" : held ? `≤ ${budget}` : `> ${budget} MISSED`
    console.log(
      `${name.padEnd(42)} ${value.toFixed(1).padStart(8)} ${unit}  ${ratio.toFixed(2)} × ${baseline} ${verdict}`,
    )
  }
}
