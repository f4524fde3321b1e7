/** What the engine gives a task, and what it gets from each kind. */
import type { BookView } from "../book/view.ts"
import type { CallbackData, CallbackName, Pnl } from "../domain/callbacks.ts"
import type { Decimal } from "../domain/decimal.ts"
import type { Candle, Trade } from "../domain/events.ts"
import type { Inst } from "../domain/inst.ts"
import type { InstrumentInfo } from "../domain/instrument.ts"
import type { Market } from "../domain/market.ts"
import type { OrderAck, ParamsOf, Question, ResultOf } from "../domain/operation.ts"
import type { AmendRequest, Balance, Order, OrderRequest, Position } from "../domain/order.ts"
import type { Outcome } from "../domain/outcome.ts"
import type { AltTensor } from "../domain/tensor.ts"
import type { TaskSpec } from "../domain/task.ts"
import type { Outside } from "../ports.ts"
import type { Turn } from "./turn.ts"

/** Puts one event on the task's ring and serves whoever is idle; inside a turn. */
export type Publish<C extends CallbackName> = (data: CallbackData[C], receivedAt: number) => void

export interface TaskHost {
  readonly outside: Outside
  readonly turn: Turn
  /** Bound once, at start: no name is looked up per event. `unless` leaves out strategies by the tasks they are bound to. */
  publisher<C extends CallbackName>(callback: C, unless?: (bound: readonly TaskSpec[]) => boolean): Publish<C>
  /** Why nobody can be told more of this for now: all who listen for it are far behind. Undefined where somebody can. */
  refusal?(callback: CallbackName): string | undefined
  /** Stops trading until `resume`, survives a restart. */
  halt(why: string): void
  /** A counter of this name and labels; bound once, incremented by field. */
  counter(name: string, help: string, labels?: Readonly<Record<string, string>>): { value: number }
}

export interface RunningTask {
  readonly spec: TaskSpec
  start(): void
  /** Lets go of sockets and timers; resolves when nothing is left. */
  stop(): Promise<void>
  /** Why it is not safe to trade now; empty when it is. */
  reasons(): readonly string[]
  /** For `/state`: plain JSON, no secrets. */
  state(): Readonly<Record<string, unknown>>
}

/** How long a question may take: then its answer is `unknown`. */
export const ASK_MS_MAX = 30_000
/** Asks the task's market over REST, within its rate limits; `refused` where it cannot be asked so. */
export type Ask = <Q extends Question>(question: Q, params: ParamsOf<Q>) => Promise<Outcome<ResultOf<Q>>>

/** Commands to a feed whose strategy drives it. `refused` where the connection is dead: nothing waits for the next one. */
export interface ManualFeed {
  /** Accepted once the handshake is through. */
  connect(url: string, headers?: Readonly<Record<string, string>>): Promise<Outcome<undefined>>
  /**
   * Accepted once the bytes have left this process; never a word of the venue's. `unknown` where the connection ends, or
   * 4.5 s pass, while they wait; refused, too, while more than 16 MB of earlier texts wait.
   */
  send(text: string): Promise<Outcome<undefined>>
  /** Closes and stays closed until the next `connect`. */
  shutdown(): Promise<Outcome<undefined>>
}

export interface RunningFeed extends RunningTask {
  /** Undefined where this feed keeps no book of that inst. */
  book(inst: Inst): BookView | undefined
  /** The `count` events right before one of this feed's, oldest first. Throws UsageError where it is none of its own. */
  history?(before: Trade | Candle, count: number): Promise<Outcome<readonly (Trade | Candle)[]>>
  /** What the venue says of any instrument of this market; undefined where it lists none such, or has not answered yet. */
  instrument?(inst: Inst): InstrumentInfo | undefined
  readonly ask?: Ask
  /** Present where the feed was declared `manual`. */
  readonly manual?: ManualFeed
}

export interface RunningPredict extends RunningTask {
  /** The answer comes by `onPreds`, a failure by `onError` with the request's metadata. */
  predict(input: AltTensor): void
}

/** Passes on what one strategy says to those bound to the task: intents, or orders for another to carry out. */
export interface RunningRelay<T> extends RunningTask {
  /** Refused, and told to nobody, where all it is meant for are far behind, or orders are none: the reason names them. */
  publish(data: T): Outcome<undefined>
}

/** The first answer to `submit`; the rest comes by `onOrder`. */
export type Submission =
  | { readonly kind: "submitted"; readonly clientId: string; readonly ack: Promise<Outcome<OrderAck>> }
  /** Not written down, not sent: risk limits, instrument rules or the bot's mode say no. */
  | { readonly kind: "refused"; readonly reasons: readonly string[] }

export interface OwnAndAccount {
  /** Sum of the bot's own fills, signed native size. */
  readonly own: Decimal
  /** The venue's word, where it has spoken. */
  readonly account: Position | undefined
}

export interface RunningOrders extends RunningTask {
  readonly market: Market
  submit(strategy: string, request: OrderRequest): Submission
  amend(request: AmendRequest): Promise<Outcome<OrderAck>>
  cancel(clientId: string): Promise<Outcome<OrderAck>>
  order(clientId: string): Order | undefined
  openOrders(inst?: Inst): readonly Order[]
  position(inst: Inst): OwnAndAccount
  /** Why there can be neither orders nor a position of this inst here, where the venue has said what it lists. */
  stranger?(inst: Inst): string | undefined
  balance(asset: string): Balance | undefined
  instrument(inst: Inst): InstrumentInfo | undefined
  readonly ask?: Ask
  pnl(): readonly Pnl[]
  /** Venue-wide where the account is the bot's alone, else one by one over its own orders. */
  cancelAll(): Promise<void>
  /** Trades the bot's own net position away with reduce-only market orders. */
  flatten(): Promise<void>
}
