import { NetworkError } from "../../../../src/runtime/domain/errors.ts"
import type {
  Http,
  HttpCall,
  HttpReply,
  Socket,
  SocketHandler,
  Sockets,
  SocketTarget,
} from "../../../../src/runtime/ports.ts"
import type { VirtualClock } from "./clock.ts"
import type { Exchange } from "./exchange.ts"

/** What becomes of one request. `unsent`: it never leaves; `lost`: it never arrives; `unanswered`: its answer never does. */
export type Fate = "fine" | "unsent" | "lost" | "unanswered" | "broken"

export interface Wire {
  /** One way, ms. */
  latencyMs: () => number
  fate: (operation: string, params: Readonly<Record<string, unknown>>) => Fate
  /** Copies of one event of the private stream that arrive; each after its own latency. */
  copies: () => number
  /** Answers given instead of the exchange's, by operation. */
  answer: (operation: string) => HttpReply | undefined
  /** Whether a new socket opens. */
  isReachable: () => boolean
}

interface Line {
  readonly kind: "private" | "entry"
  readonly handler: SocketHandler
  isOpen: boolean
}

/** HTTP and WebSockets between the tasks and the exchange, within the process and on virtual time. */
export class Network implements Http, Sockets {
  readonly #clock: VirtualClock
  readonly #exchange: Exchange
  readonly wire: Wire
  readonly lines = new Set<Line>()
  /** Every text handed to a socket that took it. */
  sentTexts = 0

  constructor(clock: VirtualClock, exchange: Exchange, wire: Partial<Wire>) {
    this.#clock = clock
    this.#exchange = exchange
    this.wire = {
      latencyMs: () => 1,
      fate: () => "fine",
      copies: () => 1,
      answer: () => undefined,
      isReachable: () => true,
      ...wire,
    }
    exchange.tell = (event) => {
      const text = JSON.stringify({ event })
      for (let copy = this.wire.copies(); copy > 0; copy--) this.#toLines("private", text)
    }
  }

  request(call: HttpCall, timeoutMs: number): Promise<HttpReply> {
    const { operation, params, signedAt } = JSON.parse(call.body ?? "{}")
    const { promise, resolve, reject } = Promise.withResolvers<HttpReply>()
    const fate = this.wire.fate(operation, params)
    if (fate === "unsent") {
      reject(new NetworkError("nobody there", { wasSent: false }))
      return promise
    }
    const silence = this.#clock.timer(timeoutMs, () => reject(new NetworkError("no answer", { wasSent: true })))
    this.#clock.timer(this.wire.latencyMs(), () => {
      if (fate === "lost") return
      const reply = this.#answer(operation, params, signedAt, fate)
      if (fate === "unanswered") return
      this.#clock.timer(this.wire.latencyMs(), () => {
        silence.cancel()
        resolve(reply)
      })
    })
    return promise
  }

  open(target: SocketTarget, handler: SocketHandler): Socket {
    const line: Line = { kind: target.url.includes("entry") ? "entry" : "private", handler, isOpen: false }
    this.#clock.timer(this.wire.latencyMs(), () => {
      if (!this.wire.isReachable()) return handler.closed(1006, "unreachable")
      line.isOpen = true
      this.lines.add(line)
      handler.open()
    })
    return {
      send: (text) => this.#send(line, text),
      ping: () => this.#clock.timer(2, () => line.isOpen && handler.alive?.()),
      bufferedBytes: () => 0,
      close: () => this.#close(line, 1000),
    }
  }

  /** The peer is gone, and what was under way with it. */
  cut(kind?: Line["kind"]): void {
    for (const line of this.lines) if (kind === undefined || line.kind === kind) this.#close(line, 1006)
  }

  /** The socket is dead, and nobody has noticed yet: nothing is accepted or heard. */
  deaden(kind: Line["kind"]): void {
    for (const line of this.lines) if (line.kind === kind) line.isOpen = false
  }

  #close(line: Line, code: number): void {
    this.lines.delete(line)
    const wasOpen = line.isOpen
    line.isOpen = false
    if (wasOpen || code === 1006) line.handler.closed(code, "")
  }

  #send(line: Line, text: string): boolean {
    if (!line.isOpen) return false
    this.sentTexts++
    const { id, operation, params, signedAt } = JSON.parse(text)
    const fate = this.wire.fate(operation, params)
    this.#clock.timer(this.wire.latencyMs(), () => {
      if (fate === "lost" || fate === "unsent") return
      const reply = this.#answer(operation, params, signedAt, fate)
      if (fate === "unanswered") return
      const body = JSON.stringify({ reply: { requestId: id, status: reply.status, body: reply.body } })
      this.#clock.timer(this.wire.latencyMs(), () => line.isOpen && line.handler.text(body, this.#clock.now()))
    })
    return true
  }

  #answer(operation: string, params: Record<string, unknown>, signedAt: number, fate: Fate): HttpReply {
    const scripted = this.wire.answer(operation)
    if (scripted !== undefined) return scripted
    const outcome = this.#exchange.handle(operation, params, signedAt)
    if (fate === "broken") return { status: 503, headers: {}, body: "{}" }
    return { status: outcome.kind === "refused" ? 400 : 200, headers: {}, body: JSON.stringify(outcome) }
  }

  #toLines(kind: Line["kind"], text: string): void {
    for (const line of this.lines) {
      if (line.kind !== kind) continue
      this.#clock.timer(this.wire.latencyMs(), () => line.isOpen && line.handler.text(text, this.#clock.now()))
    }
  }
}
