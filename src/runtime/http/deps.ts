import type { Market } from "../domain/market.ts"
import type { Metrics } from "../domain/metrics.ts"
import type { Balance, Order } from "../domain/order.ts"
import type { PnlTotal } from "../domain/pnl.ts"
import type { Clock, Mode } from "../ports.ts"

/** What the endpoint must be told. It reads; only `control` changes anything. */
export interface EndpointDeps {
  readonly clock: Clock
  /** The bearer token; without one nothing is told off loopback and nothing can be controlled from anywhere. */
  readonly token?: string
  /** Everything that must not be told: API keys, secrets, passphrases. The token is added to them. */
  readonly secrets?: readonly string[]
  health(): Health
  ready(): Readiness
  state(): StateImage
  metrics(): Metrics
  readonly control: Control
  /** Calls `listener` with every event from now on until the returned function is called. */
  subscribe(listener: (event: BotEvent) => void): () => void
}

export interface Health {
  readonly uptimeMs: number
  /** How late the event loop served its last timer. */
  readonly loopLagMs: number
}

export type TradingMode = "live" | "paper" | "demo"

export interface Readiness {
  readonly mode: TradingMode
  /** Why it is not safe to trade, in words without amounts; empty where it is. */
  readonly reasons: readonly string[]
  /** Conditions that this mode does not have to meet, by name: `private stream`, `reconciled`. */
  readonly skipped: readonly string[]
}

export interface StateImage {
  readonly bot: string
  readonly version: string
  readonly mode: TradingMode
  readonly status: Mode
  readonly statusWhy: string
  readonly run: { readonly number: number; /** µs. */ readonly startedAt: number; readonly uptimeMs: number }
  readonly parameters: Readonly<Record<string, unknown>>
  readonly tasks: readonly {
    readonly name: string
    readonly kind: string
    readonly state: string
    readonly why?: string
  }[]
  readonly feeds: readonly FeedImage[]
  readonly books: readonly BookImage[]
  /** Unfinished ones first, then the last ended. */
  readonly orders: readonly Order[]
  readonly positions: readonly PositionImage[]
  readonly balances: readonly Balance[]
  readonly pnl: readonly PnlImage[]
  /** One for each quote currency. */
  readonly pnlTotals: readonly PnlTotal[]
  readonly latencies: readonly LatencyImage[]
}

export interface FeedImage {
  readonly name: string
  readonly market: Market
  readonly state: string
  readonly why?: string
  readonly messages: number
  /** µs; absent while nothing came. */
  readonly receivedAt?: number
}

export interface BookImage {
  readonly market: Market
  readonly inst: string
  readonly state: "syncing" | "live" | "quarantined"
  readonly why?: string
  /** Price and size. */
  readonly bid?: readonly [number, number]
  readonly ask?: readonly [number, number]
  readonly applied: number
  readonly gaps: number
}

export interface PositionImage {
  readonly market: Market
  readonly inst: string
  /** Sum of the bot's own fills. */
  readonly own: string
  /** The venue's word, where it gave one. */
  readonly account?: string
  readonly avgPrice?: string
}

export interface PnlImage {
  readonly asset: string
  readonly realized: string
  /** Absent while no price is known. */
  readonly unrealized?: string
  /** Positive: paid. */
  readonly fees: string
  /** Received; negative: paid. */
  readonly funding?: string
  /** `paid`: as the venue booked it; `share`: reckoned from the own size, on a shared account. */
  readonly fundingBasis?: string
}

export interface LatencyImage {
  readonly name: string
  readonly count: number
  readonly p50Us: number
  readonly p99Us: number
  readonly p999Us: number
}

/** `isDone` false: it was understood, but not done, and `message` says why. */
export interface ControlResult {
  readonly isDone: boolean
  readonly message: string
  readonly details?: Readonly<Record<string, unknown>>
}

export interface Control {
  pause(why: string): Promise<ControlResult>
  resume(): Promise<ControlResult>
  cancelAll(): Promise<ControlResult>
  flatten(): Promise<ControlResult>
  /** The operator has looked at the venue: this order, long unknown, is over. */
  settle(clientId: string): Promise<ControlResult>
  stop(): Promise<ControlResult>
}

/** `name` is one word: `order`, `fill`, `feed`, `mode`. */
export interface BotEvent {
  readonly name: string
  readonly data: unknown
}
