/** What the runtime needs from outside. Everything that is not pure stands behind one of these. */
import type { Channel } from "./domain/channel.ts"
import type { Decoded, Frame } from "./domain/events.ts"
import type { Inst } from "./domain/inst.ts"
import type { Market } from "./domain/market.ts"
import type { OperationName, ParamsOf, ResultOf } from "./domain/operation.ts"
import type { Decimal } from "./domain/decimal.ts"
import type { Balance, Fill, FundingPayment, Order, OrderState, Position } from "./domain/order.ts"
import type { Outcome } from "./domain/outcome.ts"
import type { AltTensor } from "./domain/tensor.ts"

// ---- time, chance, surroundings ----

export interface Timer {
  cancel(): void
}

export interface Clock {
  /** Wall time, integer µs since the epoch. */
  now(): number
  /** µs from an arbitrary start; never goes back. */
  monotonic(): number
  /** Calls `fire` once, no earlier than `delayMs` from now. */
  timer(delayMs: number, fire: () => void): Timer
  /** Calls `run` soon, after what is running now has returned to the event loop (sockets are served before it). */
  defer(run: () => void): void
}

export interface Random {
  /** In [0, 1). */
  next(): number
}

export interface Env {
  get(name: string): string | undefined
  /** Of all variables that are set and begin so. */
  names(prefix: string): readonly string[]
  readonly pid: number
  /** Resident memory, bytes. */
  memoryBytes(): number
}

/** JSON lines, one event name each; fields never hold secrets. Rate-limited per name. */
export interface Log {
  debug(event: string, fields?: LogFields): void
  info(event: string, fields?: LogFields): void
  warn(event: string, fields?: LogFields): void
  error(event: string, fields?: LogFields): void
}
export type LogFields = Readonly<Record<string, unknown>>

// ---- network ----

export interface SocketTarget {
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly connectMsMax: number
}

/** Called in order; `closed` exactly once and last, also when connecting failed. */
export interface SocketHandler {
  open(): void
  text(text: string, receivedAt: number): void
  /** Called instead of `text`, where there is such a method and the bytes are at hand: a view that must not be kept. */
  bytes?(bytes: Buffer, receivedAt: number): void
  /** A protocol ping arrived (already answered) or a pong. */
  alive?(): void
  closed(code: number, reason: string): void
}

/** Undefined once the kernel has taken all of a text, else why nobody knows how much of it went. */
export type Departed = (failure: string | undefined) => void

export interface Socket {
  /** False: never sent (not open, or `unsentBytesMax` wait to leave). `departed` hears once, after this, before `closed`. */
  send(text: string, departed?: Departed): boolean
  ping(): void
  /** Bytes accepted by `send` that have not left this process. */
  bufferedBytes(): number
  close(code?: number, reason?: string): void
}

export interface Sockets {
  open(target: SocketTarget, handler: SocketHandler): Socket
}

export interface HttpCall {
  readonly method: "GET" | "POST" | "PUT" | "DELETE"
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

export interface HttpReply {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface Http {
  /** Rejects with NetworkError only; its `wasSent` is false where the peer cannot have seen the request. */
  request(call: HttpCall, timeoutMs: number): Promise<HttpReply>
}

export interface Listener {
  /** Rejects with ConfigError where the address is taken or forbidden. */
  listen(options: ListenOptions): Promise<Listening>
}

export interface ListenOptions {
  readonly host: string
  /** 0 picks a free one. */
  readonly port: number
  request(request: Request, remote: { readonly isLoopback: boolean }): Response | Promise<Response>
  /** Where absent, upgrades are refused with 426. */
  readonly sockets?: InboundSockets
}

export interface InboundSockets {
  /** `path` includes the query. A returned refusal answers the upgrade. */
  open(connection: InboundConnection, path: string, headers: Readonly<Record<string, string>>): FrontRefusal | undefined
  text(connection: InboundConnection, text: string): void
  alive(connection: InboundConnection): void
  closed(connection: InboundConnection): void
  /** What had piled up for this connection has left. */
  drained?(connection: InboundConnection): void
}

export interface InboundConnection {
  readonly id: number
  send(text: string): void
  ping(): void
  bufferedBytes(): number
  close(code: number, reason: string): void
}

export interface Listening {
  readonly host: string
  readonly port: number
  close(): Promise<void>
}

// ---- storage ----

/** One thing to write down. The records of one turn are one transaction. */
export type JournalRecord =
  /** Inserts the order or overwrites its row, and appends to its history when `state` or `filled` changed. */
  | { readonly kind: "order"; readonly order: Order; readonly cause: string; readonly at: number }
  /** A fill of one of the bot's own orders; one already known by (market, inst, tradeId, orderId) is ignored. */
  | { readonly kind: "fill"; readonly fill: Fill; readonly at: number }
  /** A settlement of funding; one already known by (market, inst, id) is ignored. */
  | { readonly kind: "funding"; readonly payment: FundingPayment; readonly at: number }
  /** What the oldest own fills of an inst add up to; overwrites what was written before. */
  | { readonly kind: "books"; readonly books: OwnBooks }
  /** The venue's own word on the account. */
  | { readonly kind: "position"; readonly position: Position }
  | { readonly kind: "balance"; readonly balance: Balance }
  /** `value` is JSON text; undefined deletes. */
  | { readonly kind: "state"; readonly strategy: string; readonly key: string; readonly value: string | undefined }
  | { readonly kind: "mode"; readonly mode: Mode; readonly why: string; readonly at: number }

/** Survives a restart until `resume`. */
export type Mode = "running" | "paused" | "halted"

export interface OwnPosition {
  readonly market: Market
  readonly inst: Inst
  /** Sum of the bot's own fills: signed. */
  readonly size: string
  readonly fills: number
}

/**
 * What the own fills of one inst add up to, from the first to the last at or before `untilAt` (both the venue's time, µs).
 * Fills up to there need not be kept: profit and loss is these books and the later fills.
 */
export interface OwnBooks {
  readonly market: Market
  readonly inst: Inst
  readonly sinceAt: number
  readonly untilAt: number
  /** Signed, native unit. */
  readonly size: Decimal
  /** What the size cost, with its sign. */
  readonly cost: Decimal
  readonly realized: Decimal
  /** Paid, by asset. */
  readonly fees: Readonly<Record<string, Decimal>>
}

/** Funding received (negative: paid) of one inst in one asset. */
export interface OwnFunding {
  readonly market: Market
  readonly inst: Inst
  readonly asset: string
  readonly amount: Decimal
  readonly payments: number
  /** Time of the newest settlement counted, and of the newest whose row is gone: 0 where none is. */
  readonly newestAt: number
  readonly prunedUntil: number
}

/** What a start finds. */
export interface Restored {
  /** This run's number, 1 for a new database. */
  readonly run: number
  /** Not final, oldest first. */
  readonly orders: readonly Order[]
  readonly own: readonly OwnPosition[]
  readonly books: readonly OwnBooks[]
  readonly funding: readonly OwnFunding[]
  readonly state: readonly { readonly strategy: string; readonly key: string; readonly value: string }[]
  readonly mode: Mode
  readonly modeWhy: string
}

/** Synchronous, one writer. */
export interface Journal {
  readonly restored: Restored
  /** All or nothing. Throws JournalError with nothing written. */
  commit(records: readonly JournalRecord[]): void
  order(clientId: string): Order | undefined
  hasFill(market: Market, inst: Inst, tradeId: string, orderId: string): boolean
  /** Newest first. */
  orders(filter: {
    readonly market?: Market
    readonly inst?: Inst
    readonly states?: readonly OrderState[]
    readonly sinceAt?: number
    readonly limit: number
  }): readonly Order[]
  fills(filter: {
    readonly market?: Market
    readonly inst?: Inst
    readonly clientId?: string
    readonly sinceAt?: number
    readonly limit: number
  }): readonly Fill[]
  /** Settlements of funding, newest first. */
  fundings(filter: {
    readonly market?: Market
    readonly inst?: Inst
    readonly sinceAt?: number
    readonly limit: number
  }): readonly FundingPayment[]
  /** Ends this run in the `runs` table and closes. */
  close(why: string): void
}

// ---- venues ----

/** Secrets. Never logged, never in an error. */
export interface Credentials {
  readonly apiKey: string
  readonly secret: string
  /** OKX passphrase, Gate user id, Hyperliquid vault: what else the venue wants, by name. */
  readonly [more: string]: string
}

export interface Auth {
  readonly credentials?: Credentials
  /** µs on the venue's clock. */
  readonly now: number
  /** Strictly rising where the venue wants one. */
  readonly nonce?: number
  /** The session (listen key) of a private stream, where the venue has one. */
  readonly session?: string
}

export interface Subscription {
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  /** To send once the socket is open and logged in, in order. */
  readonly messages: readonly string[]
  /** Ids that control frames will name, in step with `messages`; where the venue names none, absent. */
  readonly ids?: readonly string[]
}

export interface VenueLimits {
  /** REST request weight, by the venue's own count. */
  readonly weightPerMinute: number
  readonly ordersPer10s: number
  readonly ordersPerMinute: number
  readonly subscriptionsPerConnection: number
  readonly instsPerMessage: number
  readonly messagesPerSecond: number
  /** The venue cuts a connection at this age. */
  readonly connectionAgeMsMax: number
  /** Its private session (listen key) wants renewal this often; absent where it has none. */
  readonly sessionRenewMs?: number
  readonly batchPlaceMax: number
  readonly batchCancelMax: number
  /** How long an ended order can still be asked for by its client id. */
  readonly orderRetentionMs: number
}

export interface Heartbeat {
  /** What the client sends after `everyMs` without any frame from the venue: a protocol ping, or this text. */
  readonly text?: string
  readonly everyMs: number
  /** No frame for this long: the connection is dead. */
  readonly silenceMsMax: number
}

/** How diffs follow one another, and where the image they build on comes from. */
export interface BookRule {
  /** `rest`: the `orderbook` operation, bridged by buffered diffs; `stream`: the venue sends it; `images`: every frame is one. */
  readonly image: "rest" | "stream" | "images"
  /** `prev`: each diff names its predecessor's last number; `adjacent`: first = last + 1. */
  readonly chain: "prev" | "adjacent" | "none"
  /** Levels to ask for. */
  readonly depth: number
}

/** What a venue can be asked of the past so that it joins its streams. */
export interface HistoryRule {
  /** `tradeHistory` gives the ids of the `trades` stream, and those are consecutive; this many rows a page. */
  readonly tradesPageMax?: number
  /** Why the stream of every single fill has no such history, and what to do instead. */
  readonly eachTrade?: string
  /** Rows a page of the `candles` operation. */
  readonly candlesPageMax?: number
}

export interface RateUsage {
  /** Weight used in the venue's current window. */
  readonly weight?: number
  readonly orders10s?: number
  readonly orders1m?: number
  readonly retryAfterMs?: number
}

/** Order entry over a WebSocket, where the venue has it. */
export interface OrderEntry {
  readonly url: string
  readonly operations: readonly OperationName[]
  encode<O extends OperationName>(operation: O, params: ParamsOf<O>, auth: Auth, requestId: string): string
  /** The reply in REST's terms, so that `response` reads it; or a control; undefined `reply` and `control` with `unreadable` otherwise. */
  decode(frame: string): EntryFrame
}
export interface EntryFrame {
  readonly reply?: {
    readonly requestId: string
    readonly status: number
    readonly body: string
    readonly usage?: RateUsage
  }
  readonly control?: Decoded["control"]
  readonly unreadable?: string
}

export interface VenueOptions {
  readonly environment?: "production" | "testnet"
  /** `http://host:port` of a simulated exchange or proxy that serves every path of this venue. */
  readonly endpoint?: string
}

/** A venue's adapter for one market: tables and pure functions. Encoders throw WireError or UsageError on a programmer's mistake. */
export interface Venue {
  readonly market: Market
  /** Name of the exchange, the prefix of its environment variables: `binance`. */
  readonly exchange: string
  readonly limits: VenueLimits
  readonly heartbeat: Heartbeat
  readonly book: BookRule
  /** Absent where nothing of the past can be joined to a stream. */
  readonly history?: HistoryRule
  /** Environment variables that make up its credentials: `{ apiKey: "BINANCE_API_KEY", … }`. */
  readonly credentialNames: Readonly<Record<string, string>>
  readonly operations: readonly OperationName[]
  /** The venue refuses a signed request this long after its timestamp. */
  readonly requestLifeMs: number
  decode(frame: Frame, receivedAt: number): Decoded
  encode<O extends OperationName>(operation: O, params: ParamsOf<O>, auth: Auth): HttpCall
  response<O extends OperationName>(
    operation: O,
    params: ParamsOf<O>,
    status: number,
    body: string,
  ): Outcome<ResultOf<O>>
  /** Request weight of one call, by the venue's table. */
  weight<O extends OperationName>(operation: O, params: ParamsOf<O>): number
  usage(headers: Readonly<Record<string, string>>): RateUsage
  /** Throws UsageError where the venue has no such stream. */
  subscribe(channel: Channel, insts: readonly Inst[], auth?: Auth): Subscription
  unsubscribe(channel: Channel, insts: readonly Inst[], auth?: Auth): Subscription
  /** Text to send first on a private socket whose `loggedIn` control must be awaited; absent where none is needed. */
  readonly login?: (auth: Auth) => string
  readonly entry?: OrderEntry
  readonly inst: {
    /** Throws WireError where the name cannot be of this market. */
    toNative(inst: Inst): string
    /** Throws WireError where the symbol is of none of the venue's forms: it is never handed on as it came. */
    fromNative(symbol: string): Inst
  }
}

/** The venue's end of the wire, as a state machine without sockets or timers. Times are µs. */
export interface Front {
  /** Answers one HTTP request. */
  request(request: FrontRequest, now: number): FrontResponse
  /** A WebSocket was opened on `path` (with query). A refusal answers the upgrade. */
  open(
    connection: number,
    path: string,
    headers: Readonly<Record<string, string>>,
    now: number,
  ): FrontRefusal | undefined
  message(connection: number, text: string, now: number): void
  /** A ping or pong frame arrived. */
  pong(connection: number, now: number): void
  closed(connection: number, now: number): void
  /** Advances the venue to `now`: order flow, cadences, expiries. */
  advance(now: number): void
  /** What must be sent, in order; empties the outbox. */
  drain(): readonly FrontOutput[]
  /** When `advance` is wanted next. */
  nextAt(): number
}

export interface FrontRequest {
  readonly method: string
  readonly path: string
  /** Without the question mark, as received. */
  readonly query: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface FrontResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export type FrontRefusal = Pick<FrontResponse, "status" | "body">

export type FrontOutput =
  | { readonly kind: "text"; readonly connection: number; readonly text: string }
  | { readonly kind: "ping"; readonly connection: number }
  | { readonly kind: "close"; readonly connection: number; readonly code: number; readonly reason: string }

// ---- models ----

export interface ModelLoaded {
  readonly name: string
  readonly loadMs: number
  /** Of the runtime's own memory, where it tells. */
  readonly memoryBytes?: number
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
}

/** Hears of a model that was loaded. */
export interface ModelWatcher {
  /** It broke down, and is started again by itself after so long. */
  lost(why: string, restartMs: number): void
  /** It is there again. */
  restored(): void
}

export interface ModelRunner {
  /** Loads once and warms up. Rejects with ModelError naming the file and the remedy. */
  load(): Promise<ModelLoaded>
  /** One request; answered in order. Rejects with ModelError, at the latest at the deadline. */
  predict(input: AltTensor, deadlineMs: number): Promise<AltTensor>
  /** Why no answer is to be had at the moment, though it is loaded; undefined where nothing is known to be wrong. */
  trouble?(): string | undefined
  /** From now on, this one in place of any other. */
  watch?(watcher: ModelWatcher): void
  close(): Promise<void>
}

// ---- the tape ----

/** One recorded crossing: a frame as it arrived. */
export interface TapeEntry {
  readonly receivedAt: number
  readonly channel: string
  readonly text: string
}

export interface Tape {
  append(entry: TapeEntry): void
  close(): Promise<void>
}

/** The real or the simulated outside, as one value. */
export interface Outside {
  readonly clock: Clock
  readonly random: Random
  readonly env: Env
  readonly log: Log
  readonly sockets: Sockets
  readonly http: Http
  readonly listener: Listener
}
