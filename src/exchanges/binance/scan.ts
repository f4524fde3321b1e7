import type { Decoded, Lob, Sequence } from "../../runtime/domain/events.ts"
import type { Market } from "../../runtime/domain/market.ts"
import { one, type Scan } from "../kit/frame.ts"
import { bestFirst } from "../kit/read.ts"
import {
  CLOSE_OBJECT,
  COLON,
  COMMA,
  cursor,
  digitsEnd,
  digitsText,
  FALSE,
  has,
  plainStringEnd,
  QUOTE,
  quotedLevels,
  quotedNumber,
  scalarEnd,
  TRUE,
  wholeNumber,
} from "../kit/scan.ts"

/**
 * The hot frames of Binance futures read without `JSON.parse`: depthUpdate, bookTicker, trade and aggTrade, bare or in the
 * combined-stream envelope. Keys may come in any order and unknown plain ones are passed over, as the general decoder does.
 * Each frame kind is one loop with its fields in locals: closures and shared state cost more here than the repetition.
 */

/** Letters of the one-letter keys. Two further ones stand for `pu`, and for any other key. */
const A = 97
const A_BIG = 65
const B = 98
const B_BIG = 66
const E = 101
const M = 109
const P = 112
const Q = 113
const S = 115
const T = 116
const T_BIG = 84
const U = 117
const U_BIG = 85
const X_BIG = 88
const PU = 1
const UNKNOWN = 0

const ENVELOPE = Buffer.from('{"stream":"')
const DATA = Buffer.from(',"data":')
const MARKET = Buffer.from('"MARKET"')
const PU_KEY = Buffer.from('"pu"')
const KINDS = ["depthUpdate", "bookTicker", "trade", "aggTrade"] as const
type Kind = (typeof KINDS)[number]

/** The beginning of a frame up to its second key, which all frames of one stream share: recognized by one compare. */
interface Lane {
  readonly prefix: Buffer
  readonly kind: Kind
  readonly isImage: boolean
  /** How many braces end the frame. */
  readonly closing: 1 | 2
}

const namesMax = 4096
const streamsMax = 4096
const EMPTY = new Float64Array(0)

/** Makes the scan of one market. `readInst` is asked once a symbol; what it cannot name is the general decoder's to refuse. */
export function futuresScan(market: Market, readInst: (symbol: string) => string | undefined): Scan {
  const names = new Map<string, string>()
  const lanes = new Map<number, Lane>()
  let lane = BARE[0]!
  /** The newest symbol as it stands on the wire, with its closing quote, so that one compare tells; empty before the first. */
  let symbol = Buffer.alloc(0)
  let inst = ""

  /** Past the symbol that opens at `at`, or -1; `inst` is its name. */
  function symbolEnd(bytes: Buffer, at: number): number {
    if (bytes[at] !== QUOTE) return -1
    if (symbol.length > 0 && has(bytes, at + 1, symbol)) return at + 1 + symbol.length
    const end = plainStringEnd(bytes, at)
    if (end < 0 || end === at + 2) return -1
    const name = nameOf(bytes.toString("utf8", at + 1, end - 1))
    if (name === undefined) return -1
    symbol = Buffer.from(bytes.subarray(at + 1, end))
    inst = name
    return end
  }

  function nameOf(native: string): string | undefined {
    const known = names.get(native)
    if (known !== undefined) return known
    const name = readInst(native)
    if (name !== undefined && names.size < namesMax) names.set(native, name)
    return name
  }

  function laneOf(bytes: Buffer): Lane | undefined {
    if (has(bytes, 0, lane.prefix)) return lane
    const found = has(bytes, 0, ENVELOPE) ? envelopedLane(bytes) : BARE.find(({ prefix }) => has(bytes, 0, prefix))
    if (found !== undefined) lane = found
    return found
  }

  function envelopedLane(bytes: Buffer): Lane | undefined {
    const hash = hashOf(bytes)
    const known = lanes.get(hash)
    if (known !== undefined && has(bytes, 0, known.prefix)) return known
    const read = readLane(bytes)
    if (read !== undefined && (known !== undefined || lanes.size < streamsMax)) lanes.set(hash, read)
    return read
  }

  function trade(bytes: Buffer, lane: Lane, receivedAt: number): Decoded | undefined {
    const idKey = lane.kind === "trade" ? T : A
    let isKnown = false
    let time = -1
    let price = 0
    let size = 0
    let idFrom = 0
    let idTo = -1
    let isBuyerMaker = false
    let hasSide = false
    let at = lane.prefix.length
    for (;;) {
      const key = keyAt(bytes, at)
      if (key < 0) return undefined
      at = cursor.at
      if (key === idKey) {
        idFrom = at
        at = idTo = digitsEnd(bytes, at)
      } else if (key === P) {
        price = quotedNumber(bytes, at)
        at = price > 0 ? cursor.at : -1
      } else if (key === Q) {
        size = quotedNumber(bytes, at)
        at = size > 0 ? cursor.at : -1
      } else if (key === T_BIG) {
        time = wholeNumber(bytes, at)
        at = time < 0 ? -1 : cursor.at
      } else if (key === S) {
        at = symbolEnd(bytes, at)
        isKnown = true
      } else if (key === M) {
        isBuyerMaker = bytes[at] === T
        hasSide = true
        at = has(bytes, at, isBuyerMaker ? TRUE : FALSE) ? at + (isBuyerMaker ? 4 : 5) : -1
      } else if (key === X_BIG) {
        at = has(bytes, at, MARKET) ? at + MARKET.length : -1
      } else at = key === E ? -1 : scalarEnd(bytes, at)
      if (at < 0) return undefined
      if (bytes[at] !== COMMA) break
      at++
    }
    if (!isEnd(bytes, at, lane) || !isKnown || time < 0 || idTo < 0 || !hasSide || price === 0 || size === 0)
      return undefined
    return one({
      kind: "trade",
      market,
      inst,
      price,
      size,
      side: isBuyerMaker ? "SELL" : "BUY",
      tradeId: digitsText(bytes, idFrom, idTo),
      timestamp: time * 1000,
      receivedAt,
    })
  }

  function ticker(bytes: Buffer, lane: Lane, receivedAt: number): Decoded | undefined {
    let isKnown = false
    let time = -1
    let last = -1
    let bid = -1
    let bidSize = -1
    let ask = -1
    let askSize = -1
    let at = lane.prefix.length
    for (;;) {
      const key = keyAt(bytes, at)
      if (key < 0) return undefined
      at = cursor.at
      if (key === B || key === B_BIG || key === A || key === A_BIG) {
        const value = quotedNumber(bytes, at)
        if (key === B) bid = value
        else if (key === B_BIG) bidSize = value
        else if (key === A) ask = value
        else askSize = value
        at = value >= 0 ? cursor.at : -1
      } else if (key === U) {
        last = wholeNumber(bytes, at)
        at = last < 0 ? -1 : cursor.at
      } else if (key === T_BIG) {
        time = wholeNumber(bytes, at)
        at = time < 0 ? -1 : cursor.at
      } else if (key === S) {
        at = symbolEnd(bytes, at)
        isKnown = true
      } else at = key === E ? -1 : scalarEnd(bytes, at)
      if (at < 0) return undefined
      if (bytes[at] !== COMMA) break
      at++
    }
    if (!isEnd(bytes, at, lane) || !isKnown || time < 0 || last < 0) return undefined
    if (bid < 0 || bidSize < 0 || ask < 0 || askSize < 0) return undefined
    return one(tickerEvent(market, inst, bid, bidSize, ask, askSize, { first: last, last }, time * 1000, receivedAt))
  }

  function depth(bytes: Buffer, lane: Lane, receivedAt: number): Decoded | undefined {
    let isKnown = false
    let time = -1
    let prev = -1
    let first = -1
    let last = -1
    let bids: Float64Array | undefined
    let asks: Float64Array | undefined
    let at = lane.prefix.length
    for (;;) {
      const key = keyAt(bytes, at)
      if (key < 0) return undefined
      at = cursor.at
      if (key === B || key === A) {
        const levels = quotedLevels(bytes, at)
        if (levels === undefined) return undefined
        if (key === B) bids = levels
        else asks = levels
        at = cursor.at
      } else if (key === U || key === U_BIG || key === PU || key === T_BIG) {
        const value = wholeNumber(bytes, at)
        if (value < 0) return undefined
        if (key === U) last = value
        else if (key === U_BIG) first = value
        else if (key === PU) prev = value
        else time = value
        at = cursor.at
      } else if (key === S) {
        at = symbolEnd(bytes, at)
        isKnown = true
      } else at = key === E ? -1 : scalarEnd(bytes, at)
      if (at < 0) return undefined
      if (bytes[at] !== COMMA) break
      at++
    }
    if (!isEnd(bytes, at, lane) || !isKnown || time < 0 || prev < 0 || first < 0 || last < 0) return undefined
    if (bids === undefined || asks === undefined) return undefined
    return one(depthEvent(market, inst, lane.isImage, bids, asks, { prev, first, last }, time * 1000, receivedAt))
  }

  return (bytes, receivedAt) => {
    const lane = laneOf(bytes)
    if (lane === undefined) return undefined
    if (lane.kind === "depthUpdate") return depth(bytes, lane, receivedAt)
    return lane.kind === "bookTicker" ? ticker(bytes, lane, receivedAt) : trade(bytes, lane, receivedAt)
  }
}

/** The key at `from` as its one letter's code, PU or UNKNOWN, the cursor at its value; -1 where there is none. */
function keyAt(bytes: Buffer, from: number): number {
  if (bytes[from] !== QUOTE) return -1
  const letter = bytes[from + 1]!
  if (bytes[from + 2] === QUOTE && bytes[from + 3] === COLON && isLetter(letter)) {
    cursor.at = from + 4
    return letter
  }
  const end = plainStringEnd(bytes, from)
  if (end < 0 || bytes[end] !== COLON) return -1
  cursor.at = end + 1
  return has(bytes, from, PU_KEY) ? PU : UNKNOWN
}

/** An ASCII letter: anything else between the quotes might not even be JSON. */
const isLetter = (code: number): boolean => (code | 32) >= 97 && (code | 32) <= 122

/** Whether the frame ends at `at`, with nothing after. */
const isEnd = (bytes: Buffer, at: number, lane: Lane): boolean =>
  bytes[at] === CLOSE_OBJECT && at + lane.closing === bytes.length && bytes[bytes.length - 1] === CLOSE_OBJECT

const BARE: readonly Lane[] = KINDS.map((kind) => ({
  prefix: Buffer.from(`{"e":"${kind}",`),
  kind,
  isImage: false,
  closing: 1,
}))

/** Reads the envelope and the kind, once a stream. */
function readLane(bytes: Buffer): Lane | undefined {
  const end = plainStringEnd(bytes, ENVELOPE.length - 1)
  if (end < 0 || !has(bytes, end, DATA)) return undefined
  const start = end + DATA.length
  const bare = BARE.find(({ prefix }) => has(bytes, start, prefix))
  if (bare === undefined) return undefined
  const isImage = isImageStream(bytes.toString("utf8", ENVELOPE.length, end - 1))
  // Copied: a part of the frame would keep the whole frame alive.
  const prefix = Buffer.from(bytes.subarray(0, start + bare.prefix.length))
  return { prefix, kind: bare.kind, isImage, closing: 2 }
}

/** Of the stream's name, as far as it matters: collisions only cost time. */
function hashOf(bytes: Buffer): number {
  let hash = 0
  for (let at = ENVELOPE.length; at < ENVELOPE.length + 24; at++) hash = (hash * 31 + bytes[at]!) | 0
  return hash
}

/** `btcusdt@depth20@100ms` carries images, `btcusdt@depth@100ms` diffs. Only the stream's name tells: the payloads look alike. */
export const isImageStream = (stream: string): boolean => /^[^@]*@depth\d/.test(stream)

/** The best level of each side; a side whose size is 0 is empty. */
export function tickerEvent(
  market: Market,
  inst: string,
  bid: number,
  bidSize: number,
  ask: number,
  askSize: number,
  sequence: Sequence,
  timestamp: number,
  receivedAt: number,
): Lob {
  const bids = bidSize === 0 ? EMPTY : pair(bid, bidSize)
  const asks = askSize === 0 ? EMPTY : pair(ask, askSize)
  return { kind: "lob", form: "bbo", market, inst, bids, asks, sequence, timestamp, receivedAt }
}

function pair(price: number, size: number): Float64Array {
  const flat = new Float64Array(2)
  flat[0] = price
  flat[1] = size
  return flat
}

/** A depth frame as an event: an image, a diff, or a heartbeat where both sides are empty. */
export function depthEvent(
  market: Market,
  inst: string,
  isImage: boolean,
  bids: Float64Array,
  asks: Float64Array,
  sequence: Sequence,
  timestamp: number,
  receivedAt: number,
): Lob {
  const isEmpty = bids.length === 0 && asks.length === 0
  return {
    kind: "lob",
    form: isImage ? "snapshot" : isEmpty ? "heartbeat" : "incremental",
    market,
    inst,
    bids: isImage ? bestFirst(bids, "bids") : bids,
    asks: isImage ? bestFirst(asks, "asks") : asks,
    sequence,
    timestamp,
    receivedAt,
  }
}
