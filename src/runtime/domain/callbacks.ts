import type { Decimal } from "./decimal.ts"
import type { AccBalPos, AccOrder, AccPos, Candle, Lob, LobMbo, Trade } from "./events.ts"
import type { Inst } from "./inst.ts"
import type { InstrumentInfo } from "./instrument.ts"
import type { Market } from "./market.ts"
import type { Fill, FundingBasis, Order, OrderRequest, OrderState } from "./order.ts"
import type { TaskKind, TaskSpec } from "./task.ts"
import type { AltTensor } from "./tensor.ts"

/** A tick of a schedule task. Missed ticks are not caught up; `missed` counts them. */
export interface ScheduleTick {
  /** When it was due, µs. */
  readonly timestamp: number
  readonly everyMs: number
  readonly missed: number
}

/** A task that is not a feed started or started again. */
export interface TaskStarted {
  readonly spec: TaskSpec
  readonly starts: number
}

/** A manual feed wants to be driven: connect it, log in, subscribe. Repeated before each connection. */
export interface FeedWanted {
  readonly spec: TaskSpec
  readonly starts: number
}

export interface BookStateChanged {
  readonly market: Market
  readonly inst: Inst
  readonly state: "syncing" | "live" | "quarantined"
  readonly why: string
  readonly timestamp: number
}

export interface FeedStateChanged {
  readonly market: Market
  /**
   * `silent`: nothing came for longer than is usual, and it is being asked for anew. `gap`: events were missed and will
   * not come. `ageing`: the venue is about to end a connection that a strategy drives itself.
   */
  readonly state: "connecting" | "subscribing" | "live" | "lost" | "stopped" | "silent" | "gap" | "ageing"
  readonly why: string
  /** The one instrument that it is about; absent: all of the feed. */
  readonly inst?: Inst
  /** How many events, on `gap`. */
  readonly missed?: number
  /** How long until the next try, on `lost`. */
  readonly retryMs?: number
  readonly timestamp: number
}

/** One of the bot's own orders changed. */
export interface OrderChanged {
  readonly order: Order
  readonly from: OrderState | undefined
  /** What brought the news: an answer, the private stream, a query, the start's reconciliation. */
  readonly cause: string
  /** The execution that changed it, if one did. */
  readonly fill?: Fill
  readonly timestamp: number
}

/** The venue changed an instrument that the bot names, holds or trades: its tick, lot, bounds or status. */
export interface InstrumentChanged {
  readonly market: Market
  readonly inst: Inst
  /** Undefined where it was not listed before. */
  readonly before: InstrumentInfo | undefined
  /** What `ctx.instrument` gives from now on. `closed` where the venue no longer lists it. */
  readonly now: InstrumentInfo
  /** Names of the fields that differ: `status`, `tickSize`, …; or `listed`. */
  readonly fields: readonly string[]
  readonly timestamp: number
}

/** The strategy was not told everything, or not in time. */
export type Lag =
  /** A market ring overflowed: `dropped` events were lost to this strategy. */
  | { readonly kind: "dropped"; readonly dropped: number; readonly timestamp: number }
  /** Data arrive late: staleness above its bound. */
  | { readonly kind: "stall"; readonly staleMs: number; readonly timestamp: number }
  /** A private ring was at its bound: the strategy was paused and resumes with this image of its open orders. */
  | {
      readonly kind: "resumed"
      readonly openOrders: readonly Order[]
      /**
       * Private events that were not told because later ones, which were told, say all of it again: an older state of the
       * same order, balance or feed. Above 0 only after a backlog that passed its bound several times over.
       */
      readonly missed?: number
      readonly timestamp: number
    }

export interface Trouble {
  /** `unreadable frame`, `prediction`, `handler`, `subscription`, … */
  readonly kind: string
  readonly message: string
  /** Raw bytes (secrets masked), a request's metadata, a stack: what helps. */
  readonly detail?: Readonly<Record<string, unknown>>
  readonly timestamp: number
}

/** An instrument with where it trades: the key of an intent. */
export interface IntentTarget {
  readonly market: Market
  readonly inst: Inst
  readonly value: number
}

export interface AltIntent {
  readonly timestamp: number
  readonly type: "weight" | "price"
  readonly targets: readonly IntentTarget[]
  readonly metadata: Readonly<Record<string, string>>
}

export interface AltOrder {
  readonly timestamp: number
  readonly market: Market
  readonly request: OrderRequest
  readonly metadata: Readonly<Record<string, string>>
}

/** Every callback a strategy can have, with the data it gets. */
export interface CallbackData {
  onAltEvent: TaskStarted
  onWsEvent: FeedWanted
  onSchedule: ScheduleTick
  onOrderExecution: readonly AltOrder[]
  onInstIntent: AltIntent
  onPreds: AltTensor
  onTrade: Trade
  onLob: Lob
  onLobMbo: LobMbo
  onCandle: Candle
  onAccOrder: AccOrder
  onAccBalPos: AccBalPos
  onAccPos: AccPos
  onBookState: BookStateChanged
  onFeedState: FeedStateChanged
  onOrder: OrderChanged
  onInstrument: InstrumentChanged
  onLag: Lag
  onError: Trouble
}

export type CallbackName = keyof CallbackData

/** Market rings drop their oldest events when a reader falls behind; private rings pause its strategy instead. */
export const IS_PRIVATE: Readonly<Record<CallbackName, boolean>> = {
  onAltEvent: true,
  onWsEvent: true,
  onSchedule: false,
  onOrderExecution: true,
  onInstIntent: true,
  onPreds: true,
  onTrade: false,
  onLob: false,
  onLobMbo: false,
  onCandle: false,
  onAccOrder: true,
  onAccBalPos: true,
  onAccPos: true,
  onBookState: true,
  onFeedState: true,
  onOrder: true,
  onInstrument: true,
  onLag: true,
  onError: true,
}

/** The task an event came from; `engine` for word of the runtime's own. */
export interface TaskRef {
  readonly kind: TaskKind | "engine"
  readonly id: string
  readonly market?: Market
}

/** What a handler gets. `data` is immutable and never reused. */
export interface Message<T> {
  readonly data: T
  readonly task: TaskRef
  /** Local receive time, µs. The exchange's own is `data.timestamp`. */
  readonly receivedAt: number
  /** Publish order, one count for the whole process. */
  readonly sequence: number
}

/** Profit and loss of one inst in its quote or settlement currency. */
export interface Pnl {
  readonly inst: Inst
  readonly realized: Decimal
  readonly unrealized?: Decimal
  /** Positive: paid. */
  readonly fees: Decimal
  /** Received; negative: paid. */
  readonly funding: Decimal
  /** How funding is known, see FundingPayment; absent where the venue does not tell. */
  readonly fundingBasis?: FundingBasis
}
