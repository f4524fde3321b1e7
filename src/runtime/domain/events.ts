import type { Decimal } from "./decimal.ts"
import type { Inst } from "./inst.ts"
import type { InstrumentType, Market } from "./market.ts"
import type { ReadonlyFloat64s, ReadonlyInt32s } from "./numbers.ts"
import type { Balance, Fill, OrderType, Position, Side, TimeInForce } from "./order.ts"

/** Fields of every event from a venue. Points in time are µs since the epoch. */
interface Stamped {
  readonly market: Market
  /** The exchange's time. */
  readonly timestamp: number
  /** The local time at which the frame arrived. */
  readonly receivedAt: number
}

export interface Trade extends Stamped {
  readonly kind: "trade"
  readonly inst: Inst
  readonly price: number
  /** Native unit, above zero. */
  readonly size: number
  /** The aggressor's side. */
  readonly side: Side
  readonly tradeId: string
  /** It was fetched, not streamed: of the time before the feed began, or of a gap. Nothing to trade on. */
  readonly isHistory?: true
}

/**
 * Book levels as flat pairs: price, size, price, size, … in the venue's order, best first. At run time a Float64Array that
 * every strategy is told of: to be read.
 */
export type Levels = ReadonlyFloat64s

/**
 * A venue's update number, exact at any length: a number while it is a safe integer (every book today, so comparing
 * costs one compare of numbers), its decimal digits as text past 2^53. The form is canonical: equal values are `===`.
 */
export type SequenceNumber = number | string

export interface Sequence {
  readonly prev?: SequenceNumber
  readonly first?: SequenceNumber
  readonly last?: SequenceNumber
}

/** The canonical form of an integer's digits; undefined where the text is no integer. */
export function sequenceNumber(digits: string): SequenceNumber | undefined {
  if (!/^(0|-?[1-9]\d*)$/.test(digits)) return undefined
  const value = Number(digits)
  return Number.isSafeInteger(value) ? value : digits
}

export const isSame = (a: SequenceNumber, b: SequenceNumber): boolean => a === b

/** Whether `a` is the smaller number. */
export function isBefore(a: SequenceNumber, b: SequenceNumber): boolean {
  return typeof a === "number" && typeof b === "number" ? a < b : BigInt(a) < BigInt(b)
}

/** Whether `b` follows `a` with nothing between: b = a + 1. */
export function isAdjacent(a: SequenceNumber, b: SequenceNumber): boolean {
  return typeof a === "number" && typeof b === "number" ? a + 1 === b : BigInt(a) + 1n === BigInt(b)
}

/**
 * A book event. `bbo` is the best level of each side, `snapshot` a whole (perhaps depth-limited) image, `incremental` a
 * list of levels in which size 0 deletes; `heartbeat` an incremental with both sides empty.
 */
export interface Lob extends Stamped {
  readonly kind: "lob"
  readonly form: "bbo" | "snapshot" | "incremental" | "heartbeat"
  readonly inst: Inst
  readonly bids: Levels
  readonly asks: Levels
  readonly sequence?: Sequence
  /** Orders at each level, in step with `bids` and `asks`, where the venue tells. */
  readonly bidCounts?: ReadonlyInt32s
  readonly askCounts?: ReadonlyInt32s
  /** OKX only. */
  readonly checksum?: string
}

export interface MboUpdate {
  readonly timestamp: number
  readonly price: number
  readonly size: number
  readonly side: Side
  readonly action: "add" | "modify" | "delete"
  readonly orderId?: string
  readonly priority?: string
  readonly updateId?: string
}

/** Market by order. */
export interface LobMbo extends Stamped {
  readonly kind: "lobMbo"
  readonly inst: Inst
  readonly orders: readonly MboUpdate[]
  readonly sequence?: Sequence
  readonly checksum?: string
}

export const INTERVALS = [
  "1s",
  "1m",
  "3m",
  "5m",
  "15m",
  "30m",
  "1h",
  "2h",
  "4h",
  "6h",
  "8h",
  "12h",
  "1d",
  "3d",
  "1w",
  "1M",
] as const
export type Interval = (typeof INTERVALS)[number]

export interface Candle extends Stamped {
  readonly kind: "candle"
  readonly inst: Inst
  readonly interval: Interval
  /** Candle open time, µs. `timestamp` is when the venue sent it. */
  readonly openAt: number
  readonly open: number
  readonly high: number
  readonly low: number
  readonly close: number
  /** Native size unit. */
  readonly volume: number
  readonly isClosed: boolean
  /** It was fetched, not streamed: always closed, and `timestamp` is its end. Nothing to trade on. */
  readonly isHistory?: true
}

/** What the venue says of an order, the same meaning on every venue. */
export interface AccOrder extends Stamped {
  readonly kind: "accOrder"
  readonly inst: Inst
  readonly type: InstrumentType
  readonly orderId: string
  /** Ours, where it is of our alphabet. */
  readonly clientId?: string
  readonly side: Side
  readonly orderType: OrderType
  readonly timeInForce: TimeInForce
  readonly status: VenueOrderStatus
  /** The order's own price; absent for a market order. */
  readonly price?: Decimal
  readonly size: Decimal
  /** Cumulative. */
  readonly filledSize: Decimal
  readonly avgPrice?: Decimal
  readonly reduceOnly?: boolean
  /** The execution this event tells of, if it tells of one. */
  readonly fill?: Fill
  /** The venue's word for why, on an end that is not a fill. */
  readonly reason?: string
}

export type VenueOrderStatus = "open" | "filled" | "canceled" | "expired" | "rejected"

export interface AccBalPos extends Stamped {
  readonly kind: "accBalPos"
  /** The venue's word for what caused it. */
  readonly cause: string
  /** It is a settlement of funding. */
  readonly isFunding?: true
  readonly balances: readonly Balance[]
  readonly positions: readonly Position[]
}

export interface AccPos extends Stamped {
  readonly kind: "accPos"
  readonly positions: readonly Position[]
  /** True where positions not listed are flat. */
  readonly isImage: boolean
}

export type MarketEvent = Trade | Lob | LobMbo | Candle | AccOrder | AccBalPos | AccPos

/** What a frame says about the connection rather than the market. */
export type Control =
  | { readonly kind: "subscribed"; readonly id?: string }
  | { readonly kind: "refused"; readonly id?: string; readonly code: string; readonly message: string }
  | { readonly kind: "loggedIn" }
  | { readonly kind: "loginRefused"; readonly code: string; readonly message: string }
  | { readonly kind: "pong" }
  | { readonly kind: "ping"; readonly reply?: string }
  /** The venue ended this private session (listen key expired, for one). */
  | { readonly kind: "sessionEnded"; readonly why: string }
  | { readonly kind: "notice"; readonly message: string }

/** One message of a socket: its text, or that text's bytes in UTF-8, from which the hot path makes no string. */
export type Frame = string | Buffer

/** What became of one frame: its events, or why it could not be read. Total: never throws, never guesses. */
export interface Decoded {
  readonly events: readonly MarketEvent[]
  readonly control?: Control
  /** Why the frame (or the part of it that gave no event) could not be read, naming the word or number. */
  readonly unreadable?: string
}
