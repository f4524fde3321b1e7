import { createHmac } from "node:crypto"
import { type BinanceFront, front, type FrontOptions } from "../../../src/exchanges/binance/front.ts"

export const startedAt = 1_790_000_000_123_456
export const apiKey = "key-of-ann"
export const secret = "secret-of-ann"

/** A frame as a stranger reads it: by name, without types. */
// oxlint-disable-next-line typescript/no-explicit-any
export type Json = Record<string, any>

export interface Socket {
  readonly id: number
  /** Frames received, parsed; `texts` as they came. */
  readonly frames: Json[]
  readonly texts: string[]
  closed: { code: number; reason: string } | undefined
  pings: number
  send(message: unknown): void
}

/** Ids of this protocol have 19 digits: tests read them as text. */
// A string is one token: digits inside it are left alone.
const TOKEN = /"(?:[^"\\]|\\.)*"|\d+/g
const parse = (text: string): Json =>
  JSON.parse(text.replace(TOKEN, (token) => (/^\d{16,}$/.test(token) ? `"${token}"` : token))) as Json

/** A front on a clock of its own, with the two ends a client has: signed HTTP requests and sockets. Written apart from any adapter. */
export class Desk {
  readonly front: BinanceFront
  now: number
  #sockets = new Map<number, Socket>()
  #connections = 0

  constructor(options: Partial<FrontOptions> = {}) {
    this.now = options.startedAt ?? startedAt
    this.front = front({
      seed: 5,
      startedAt,
      accounts: [
        { apiKey, secret, balances: { USDT: "100000" } },
        { apiKey: "key-of-bob", secret: "secret-of-bob", balances: { USDT: "100000" } },
      ],
      ...options,
    })
  }

  /** Lets the venue's time pass, waking it when it wants to be woken. */
  pass(ms: number): void {
    const end = this.now + ms * 1000
    for (;;) {
      const next = Math.max(this.front.nextAt(), this.now + 1)
      if (next > end) break
      this.now = next
      this.front.advance(next)
      this.deliver()
    }
    this.now = end
    this.front.advance(end)
    this.deliver()
  }

  deliver(): void {
    for (const output of this.front.drain()) {
      const socket = this.#sockets.get(output.connection)
      if (socket === undefined) continue
      if (output.kind === "ping") socket.pings++
      else if (output.kind === "close") socket.closed = { code: output.code, reason: output.reason }
      else {
        socket.texts.push(output.text)
        socket.frames.push(parse(output.text))
      }
    }
  }

  open(path: string): Socket {
    const id = ++this.#connections
    const socket: Socket = {
      id,
      frames: [],
      texts: [],
      closed: undefined,
      pings: 0,
      send: (message) => {
        this.front.message(id, typeof message === "string" ? message : JSON.stringify(message), this.now)
        this.deliver()
      },
    }
    const refusal = this.front.open(id, path, {}, this.now)
    if (refusal !== undefined) throw new Error(`upgrade refused: ${refusal.status}`)
    this.#sockets.set(id, socket)
    this.deliver()
    return socket
  }

  raw(method: string, path: string, query = "", headers: Record<string, string> = {}, body = "") {
    const response = this.front.request({ method, path, query, headers, body }, this.now)
    this.deliver()
    return { ...response, json: parse(response.body) }
  }

  get(path: string, query = ""): Json {
    return this.raw("GET", path, query).json
  }

  /** A signed request with everything in the query. */
  signed(
    method: string,
    path: string,
    params: Record<string, string | number | boolean> = {},
    by: "ann" | "bob" = "ann",
  ) {
    const query = sign(`secret-of-${by}`, { ...params, timestamp: Math.floor(this.now / 1000) })
    return this.raw(method, path, query, { "X-MBX-APIKEY": `key-of-${by}` })
  }

  /** Places a limit order of BTCUSDT, GTC unless said otherwise, and returns the answer. */
  limit(
    side: "BUY" | "SELL",
    price: string | number,
    quantity: string | number,
    more: Record<string, string | number | boolean> = {},
  ): Json {
    const order = {
      symbol: "BTCUSDT",
      side,
      type: "LIMIT",
      timeInForce: "GTC",
      price,
      quantity,
      newOrderRespType: "RESULT",
    }
    return this.signed("POST", "/fapi/v1/order", { ...order, ...more }).json
  }

  market(side: "BUY" | "SELL", quantity: string | number, more: Record<string, string | number | boolean> = {}): Json {
    const order = { symbol: "BTCUSDT", side, type: "MARKET", quantity, newOrderRespType: "RESULT" }
    return this.signed("POST", "/fapi/v1/order", { ...order, ...more }).json
  }

  best(): { bid: number; ask: number } {
    const book = this.get("/fapi/v1/depth", "symbol=BTCUSDT&limit=5")
    return { bid: Number(book.bids[0][0]), ask: Number(book.asks[0][0]) }
  }

  listenKey(): string {
    return this.raw("POST", "/fapi/v1/listenKey", "", { "X-MBX-APIKEY": apiKey }).json.listenKey as string
  }
}

export const hmac = (key: string, payload: string): string => createHmac("sha256", key).update(payload).digest("hex")

export function sign(key: string, params: Record<string, string | number | boolean>): string {
  const query = Object.entries(params)
    .map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`)
    .join("&")
  return `${query}&signature=${hmac(key, query)}`
}

/** A book kept from frames alone, by the venue's recipe ("How to manage a local order book correctly"). */
export class Keeper {
  readonly bids = new Map<string, string>()
  readonly asks = new Map<string, string>()
  lastUpdateId: number
  applied = 0
  gaps = 0
  readonly tops = new Map<number, string>()
  #isBridged = false

  constructor(snapshot: Json) {
    this.lastUpdateId = snapshot.lastUpdateId
    this.#take(this.bids, snapshot.bids)
    this.#take(this.asks, snapshot.asks)
  }

  diff(frame: Json): void {
    if (frame.u < this.lastUpdateId || (this.#isBridged && frame.u === this.lastUpdateId)) return
    const fits = this.#isBridged
      ? frame.pu === this.lastUpdateId
      : frame.U <= this.lastUpdateId && frame.u >= this.lastUpdateId
    if (!fits) this.gaps++
    this.#isBridged = true
    this.lastUpdateId = frame.u
    this.#take(this.bids, frame.b)
    this.#take(this.asks, frame.a)
    this.applied++
    this.tops.set(frame.u, this.top())
  }

  side(of: "bids" | "asks"): [string, string][] {
    const sign = of === "bids" ? -1 : 1
    return [...this[of]].sort(([a], [b]) => (Number(a) - Number(b)) * sign)
  }

  top(): string {
    let [bid, ask] = [0, Number.POSITIVE_INFINITY]
    let [bidText, askText] = ["", ""]
    for (const price of this.bids.keys()) if (Number(price) > bid) [bid, bidText] = [Number(price), price]
    for (const price of this.asks.keys()) if (Number(price) < ask) [ask, askText] = [Number(price), price]
    return `${bidText} ${this.bids.get(bidText)} ${askText} ${this.asks.get(askText)}`
  }

  #take(side: Map<string, string>, levels: [string, string][]): void {
    for (const [price, size] of levels) {
      if (Number(size) === 0) side.delete(price)
      else side.set(price, size)
    }
  }
}

export const topOf = (ticker: Json): string => `${ticker.b} ${ticker.B} ${ticker.a} ${ticker.A}`
