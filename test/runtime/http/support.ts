import { Metrics } from "../../../src/runtime/domain/metrics.ts"
import type { BotEvent, ControlResult, EndpointDeps, StateImage } from "../../../src/runtime/http/deps.ts"
import { HandClock } from "../storage/support.ts"

export const TOKEN = "a-token-of-some-length"

export const image: StateImage = {
  bot: "sample",
  version: "0.1.0",
  mode: "demo",
  status: "running",
  statusWhy: "",
  run: { number: 3, startedAt: 1_700_000_000_000_000, uptimeMs: 12_345 },
  parameters: { threshold: 0.6 },
  tasks: [{ name: "trades", kind: "feed", state: "live" }],
  feeds: [{ name: "trades", market: "binance-um", state: "live", messages: 12, receivedAt: 1_700_000_000_000_000 }],
  books: [
    {
      market: "binance-um",
      inst: "BTC_USDT_PERP",
      state: "live",
      bid: [65000.1, 2],
      ask: [65000.2, 1],
      applied: 10,
      gaps: 0,
    },
  ],
  orders: [],
  positions: [{ market: "binance-um", inst: "BTC_USDT_PERP", own: "0.003", account: "0.003" }],
  balances: [{ market: "binance-um", asset: "USDT", total: "1000", timestamp: 1 }],
  pnl: [{ asset: "USDT", realized: "1.5", unrealized: "-0.25", fees: "0.1" }],
  pnlTotals: [{ quote: "USDT", realized: "1.5", unrealized: "-0.25", fees: "0.1", funding: "0", net: "1.15" }],
  latencies: [{ name: "tick to order", count: 5, p50Us: 20, p99Us: 45, p999Us: 80 }],
}

export interface TestBot {
  readonly deps: EndpointDeps
  readonly clock: HandClock
  readonly called: string[]
  /** Sends an event to whoever listens. */
  emit(event: BotEvent): void
  listeners(): number
}

export function testBot(fields: Partial<EndpointDeps> = {}): TestBot {
  const clock = new HandClock()
  const called: string[] = []
  const listeners = new Set<(event: BotEvent) => void>()
  const done = (name: string): Promise<ControlResult> => {
    called.push(name)
    return Promise.resolve({ isDone: true, message: `${name} done` })
  }
  const deps: EndpointDeps = {
    clock,
    token: TOKEN,
    health: () => ({ uptimeMs: 1000, loopLagMs: 0.4 }),
    ready: () => ({ mode: "demo", reasons: [], skipped: ["private stream", "reconciled"] }),
    state: () => image,
    metrics: () => new Metrics(),
    control: {
      pause: (why) => done(`pause (${why})`),
      resume: () => done("resume"),
      cancelAll: () => done("cancel-all"),
      flatten: () => done("flatten"),
      settle: (clientId) => done(`settle (${clientId})`),
      stop: () => done("stop"),
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    ...fields,
  }
  return {
    deps,
    clock,
    called,
    emit: (event) => {
      for (const listener of listeners) listener(event)
    },
    listeners: () => listeners.size,
  }
}

/** The bot without a configured token. */
export function withoutToken(bot: TestBot): EndpointDeps {
  const { token: _, ...deps } = bot.deps
  return deps
}

export const here = { isLoopback: true }
export const elsewhere = { isLoopback: false }
export const bearer = (token = TOKEN): Record<string, string> => ({ authorization: `Bearer ${token}` })
