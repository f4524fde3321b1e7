import { fromText } from "../../matching/instrument.ts"
import type { Hub } from "./hub.ts"
import type { Pit } from "./pit.ts"
import { TapeBook } from "./tape-book.ts"

export interface TapeOptions {
  /** `<local receive time, ns> <json>`: combined-stream envelopes, and once the bare reply of REST depth. */
  readonly lines: Iterable<string>
  /** 1 plays at the tape's own pace, N that many times faster, `asFast` as fast as the client takes it. */
  readonly pace: number | "asFast"
  /** Faults for tests, each on the nth depth diff of the tape, counted from 1. */
  readonly faults?: TapeFaults
}

export interface TapeFaults {
  readonly drop?: number
  readonly duplicate?: number
  /** This diff is sent right behind the next one. */
  readonly delay?: number
}

export type TapeState = "waiting" | "playing" | "held" | "ended"

interface Line {
  /** Local receive time of the capture, µs. */
  readonly at: number
  /** Undefined for the snapshot. */
  readonly stream: string | undefined
  readonly data: string
}

const linesPerTurn = 256
const DIFF_SUFFIXES = ["@depth", "@depth@250ms", "@depth@100ms", "@depth@500ms", "@depth@0ms"]

/**
 * Plays captured frames of one instrument in place of its simulated market. It begins when somebody listens to a depth stream, stops
 * at the line of the captured snapshot until REST has been asked for the book, and ends with the tape. Times in the frames are moved
 * so that the first frame is now; intervals between them stay.
 */
export class Tape {
  readonly symbol: string
  readonly #options: TapeOptions
  readonly #lines: Iterator<string>
  readonly #hub: Hub
  readonly #ready: (connection: number) => boolean
  readonly #book = new TapeBook()
  #pit: Pit | undefined
  #ahead: Line[] = []
  #snapshot: Line | undefined
  #isAsked = false
  #isPastSnapshot = false
  #state: TapeState = "waiting"
  /** Line time that corresponds to `#anchorAt` on the venue's clock. */
  #firstAt = 0
  #anchorAt = 0
  #shiftMs: number | undefined
  #diffs = 0
  #delayed: string | undefined
  #ticker = ""

  constructor(options: TapeOptions, hub: Hub, ready: (connection: number) => boolean) {
    this.#options = options
    this.#hub = hub
    this.#ready = ready
    this.#lines = options.lines[Symbol.iterator]()
    const first = this.#pull()
    if (first?.stream === undefined) throw new RangeError("the tape does not begin with a combined-stream frame")
    this.#ahead.push(first)
    this.symbol = first.stream.slice(0, first.stream.indexOf("@")).toUpperCase()
    this.#firstAt = first.at
  }

  get state(): TapeState {
    return this.#state
  }

  /** Diffs met so far, sent or not. */
  get diffs(): number {
    return this.#diffs
  }

  /** The instrument it stands in for. */
  attach(pit: Pit): void {
    this.#pit = pit
    pit.outside = () => this.top()
  }

  /** Somebody listens to a depth stream: time begins. */
  start(now: number): void {
    if (this.#state !== "waiting") return
    this.#state = "playing"
    this.#anchorAt = now
  }

  /** When the next line is due. */
  nextAt(now: number): number {
    if (this.#state !== "playing") return Number.POSITIVE_INFINITY
    if (this.#options.pace === "asFast") return this.#isAwaited() ? now : now + 1_000
    const next = this.#peek()
    return next === undefined ? now : this.#dueAt(next)
  }

  /** Sends what is due by `now`; at full speed, a turn's worth while the listeners keep up. */
  play(now: number): void {
    if (this.#state !== "playing") return
    const isAsFast = this.#options.pace === "asFast"
    const linesMax = isAsFast ? linesPerTurn : Number.POSITIVE_INFINITY
    for (let count = 0; count < linesMax; count++) {
      if (isAsFast && !this.#isAwaited()) return
      const line = this.#peek()
      if (line === undefined) return this.#end()
      if (!isAsFast && this.#dueAt(line) > now) return
      if (!this.#step(line, now)) return
    }
  }

  /** The book that REST depth shows: the captured snapshot until it is passed, then what the diffs since have made of it. */
  depth(limit: number, now: number): string | undefined {
    const snapshot = this.#findSnapshot()
    if (snapshot === undefined) return undefined
    if (this.#state !== "waiting") this.#isAsked = true
    if (this.#state === "held") {
      this.#state = "playing"
      this.#anchorAt = now
      this.#firstAt = snapshot.at
    }
    this.#book.load(snapshot.data)
    return this.#book.text(limit, this.#isPastSnapshot, (text) => this.#moved(text, now))
  }

  /** Best prices that the tape last showed, in ticks and lots. */
  top(): { bid: number; bidLots: number; ask: number; askLots: number } | undefined {
    if (this.#ticker === "" || this.#pit === undefined) return undefined
    const ticker = JSON.parse(this.#ticker) as Record<"b" | "B" | "a" | "A", string>
    const { price, size } = this.#pit.listing
    const steps = [
      fromText(ticker.b, price),
      fromText(ticker.B, size),
      fromText(ticker.a, price),
      fromText(ticker.A, size),
    ]
    const [bid, bidLots, ask, askLots] = steps.map((read) => (read.kind === "steps" ? read.steps : 0))
    return { bid: bid!, bidLots: bidLots!, ask: ask!, askLots: askLots! }
  }

  /** One line; false where the tape must wait behind it. */
  #step(line: Line, now: number): boolean {
    if (line.stream === undefined) {
      if (!this.#isAsked) {
        this.#state = "held"
        return false
      }
      this.#isPastSnapshot = true
    } else if (line.stream.includes("@depth")) this.#diff(line.data, now)
    else if (line.stream.endsWith("@trade")) this.#trade(line.data, now)
    else if (line.stream.endsWith("@bookTicker")) {
      this.#ticker = line.data
      this.#hub.publish(`${this.#pit!.key}@bookTicker`, this.#moved(line.data, now))
    }
    this.#ahead.shift()
    return true
  }

  #diff(data: string, now: number): void {
    this.#book.follow(data)
    const number = ++this.#diffs
    const text = this.#moved(data, now)
    const { drop, duplicate, delay } = this.#options.faults ?? {}
    if (number === drop) return
    if (number === delay) {
      this.#delayed = text
      return
    }
    this.#sendDiff(text)
    if (number === duplicate) this.#sendDiff(text)
    if (this.#delayed === undefined) return
    this.#sendDiff(this.#delayed)
    this.#delayed = undefined
  }

  #sendDiff(text: string): void {
    for (const suffix of DIFF_SUFFIXES) this.#hub.publish(this.#pit!.key + suffix, text)
  }

  #trade(data: string, now: number): void {
    const trade = JSON.parse(this.#moved(data, now)) as {
      t: number
      p: string
      q: string
      m: boolean
      T: number
      X: string
    }
    const { price, size } = this.#pit!.listing
    const [ticks, lots] = [fromText(trade.p, price), fromText(trade.q, size)]
    // Insurance-fund prints ("NA") carry no price; they are no trades.
    if (ticks.kind !== "steps" || lots.kind !== "steps" || ticks.steps === 0) return
    const side = trade.m ? -1 : 1
    this.#pit!.print(
      { id: BigInt(trade.t), ticks: ticks.steps, lots: lots.steps, side, ms: trade.T },
      Math.floor(now / 1000),
    )
  }

  #dueAt(line: Line): number {
    return this.#anchorAt + Math.round((line.at - this.#firstAt) / (this.#options.pace as number))
  }

  /** Full speed waits for whoever listens to depth, and stands still while nobody does. */
  #isAwaited(): boolean {
    let hasListener = false
    for (const suffix of DIFF_SUFFIXES) {
      for (const connection of this.#hub.listeners(this.#pit!.key + suffix)) {
        if (!this.#ready(connection.id)) return false
        hasListener = true
      }
    }
    return hasListener
  }

  #end(): void {
    if (this.#delayed !== undefined) this.#sendDiff(this.#delayed)
    this.#delayed = undefined
    this.#state = "ended"
  }

  /** Event and transaction time moved by the same shift in every frame: the first event is when the tape began. */
  #moved(data: string, now: number): string {
    const event = data.indexOf('"E":') + 4
    const captured = Number(data.slice(event, event + 13))
    this.#shiftMs ??= Math.floor(now / 1000) - captured
    const moved = data.slice(0, event) + String(captured + this.#shiftMs) + data.slice(event + 13)
    const transaction = moved.indexOf('"T":') + 4
    const time = Number(moved.slice(transaction, transaction + 13)) + this.#shiftMs
    return moved.slice(0, transaction) + String(time) + moved.slice(transaction + 13)
  }

  #peek(): Line | undefined {
    if (this.#ahead.length === 0) {
      const line = this.#pull()
      if (line !== undefined) this.#ahead.push(line)
    }
    return this.#ahead[0]
  }

  #findSnapshot(): Line | undefined {
    if (this.#snapshot !== undefined) return this.#snapshot
    for (let line = this.#pull(); line !== undefined; line = this.#pull()) {
      this.#ahead.push(line)
      if (line.stream === undefined) break
    }
    return this.#snapshot
  }

  #pull(): Line | undefined {
    const { value, done } = this.#lines.next()
    if (done === true || value === "") return undefined
    const space = value.indexOf(" ")
    const at = Math.floor(Number(value.slice(0, space - 3)))
    if (!Number.isSafeInteger(at) || space < 4) throw new RangeError(`not a line of a tape: ${value.slice(0, 60)}`)
    const json = value.slice(space + 1)
    if (!json.startsWith('{"stream":"')) {
      this.#snapshot = { at, stream: undefined, data: json }
      return this.#snapshot
    }
    const stream = json.slice(11, json.indexOf('"', 11))
    return { at, stream, data: json.slice(json.indexOf('"data":') + 7, json.lastIndexOf("}")) }
  }
}
