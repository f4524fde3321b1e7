import { describe } from "../../domain/errors.ts"
import type { Control } from "../../domain/events.ts"
import type { OperationName, ParamsOf, ResultOf } from "../../domain/operation.ts"
import type { Outcome } from "../../domain/outcome.ts"
import type { Auth, HttpCall, Outside, Timer, Venue } from "../../ports.ts"
import { Connection } from "../connection.ts"
import type { Limiter, Need } from "../limiter.ts"
import { needOf, type RestClient } from "../rest.ts"

export type EntryOperation = "place" | "amend" | "cancel"

/** A request that is encoded and signed, and not sent. */
export interface Letter<O extends EntryOperation = EntryOperation> {
  readonly operation: O
  readonly params: ParamsOf<O>
  readonly auth: Auth
  readonly need: Need
  /** Local wall time, µs: later than this it must not leave. */
  readonly leaveBy: number
  readonly socket?: { readonly requestId: string; readonly text: string }
  readonly call?: HttpCall
}

/** Hears the answer. After `unknown` it may hear once more, when the answer comes late. */
export type Heard<O extends OperationName> = (outcome: Outcome<ResultOf<O>>) => void

/** Written for the socket, and waiting for room within the rate limits. */
interface Queued {
  leave: () => void
  readonly refuse: (why: string) => void
}

interface InFlight {
  readonly letter: Letter
  readonly heard: Heard<OperationName>
  readonly deadlineAt: number
  isOverdue: boolean
}

export interface EntryDeps {
  readonly venue: Venue
  readonly outside: Outside
  readonly rest: RestClient
  readonly limiter: Limiter
  /** `rest`: never by WebSocket, even where the venue has it. */
  readonly via: "socket" | "rest"
  readonly answerMsMax: number
  readonly unreadable: (why: string, raw: string) => void
}

/** Late answers are waited for this much longer than answers. */
const LATE_FACTOR = 10

/**
 * Sends orders: over the venue's order-entry WebSocket while it is open, else by REST. Once handed to a socket a request
 * is never sent again: if its answer does not come, the outcome is unknown. That holds too while its bytes wait for a peer
 * that reads nothing: they may still arrive, and the expiry that each request carries is the venue's to enforce. What
 * waits for room when its connection is lost is refused: the next connection starts with nothing from this one.
 */
export class Entry {
  readonly #deps: EntryDeps
  readonly #connection: Connection | undefined
  readonly #inFlight = new Map<string, InFlight>()
  readonly #queued = new Set<Queued>()
  #requests = 0
  #sweep: Timer | undefined
  #sweepAt = Infinity

  constructor(deps: EntryDeps) {
    this.#deps = deps
    const { venue, outside, via } = deps
    const { entry } = venue
    if (via === "rest" || entry === undefined) return
    this.#connection = new Connection(outside, {
      name: `${venue.market} order entry`,
      target: () => ({ url: entry.url, messages: [] }),
      frame: (frame) => this.#frame(frame.toString()),
      changed: (state, why) => {
        if (state === "lost" || state === "stopped") this.#lose(why)
      },
      heartbeat: venue.heartbeat,
      connectionAgeMsMax: venue.limits.connectionAgeMsMax,
      messagesPerSecond: venue.limits.messagesPerSecond,
    })
  }

  get route(): "socket" | "rest" {
    return this.#connection?.isLive === true ? "socket" : "rest"
  }

  get inFlight(): number {
    return this.#inFlight.size
  }

  state(): Readonly<Record<string, unknown>> {
    const socket = this.#connection
    if (socket === undefined) return { route: "rest" }
    return { route: this.route, socket: socket.state, why: socket.why, inFlight: this.#inFlight.size }
  }

  start(): void {
    this.#connection?.start()
  }

  async stop(): Promise<void> {
    this.#sweep?.cancel()
    await this.#connection?.stop()
  }

  /** Encodes and signs. Throws what the adapter throws on a request it cannot make. */
  write<O extends EntryOperation>(operation: O, params: ParamsOf<O>, auth: Auth, leaveBy: number): Letter<O> {
    const { venue } = this.#deps
    const need = needOf(venue, operation, params)
    const letter = { operation, params, auth, need, leaveBy }
    const { entry } = venue
    if (this.#connection?.isLive !== true || entry === undefined || !entry.operations.includes(operation)) {
      return { ...letter, call: venue.encode(operation, params, auth) }
    }
    const requestId = String(++this.#requests)
    return { ...letter, socket: { requestId, text: entry.encode(operation, params, auth, requestId) } }
  }

  /** Lets it leave, now if there is room. `heard` never runs before this has returned. */
  post<O extends EntryOperation>(letter: Letter<O>, heard: Heard<O>): void {
    if (letter.socket === undefined) return this.#byRest(letter, heard)
    if (!this.#deps.limiter.tryTake(letter.need)) return this.#queue(letter, heard)
    // A socket that took nothing: the same request, signed for the same moment, goes the other way with the same room.
    if (!this.#bySocket(letter, heard)) this.#byRest(letter, heard)
  }

  #queue<O extends EntryOperation>(letter: Letter<O>, heard: Heard<O>): void {
    const { limiter } = this.#deps
    const refuse = (why: string, meaning: "not-sent" | "rate-limited"): void =>
      heard({ kind: "refused", reason: `never sent: ${why}`, meaning })
    const queued: Queued = {
      leave() {},
      refuse: (why) => refuse(`its connection was lost while it waited for rate-limit room: ${why}`, "not-sent"),
    }
    this.#queued.add(queued)
    queued.leave = limiter.wait(
      letter.need,
      letter.leaveBy,
      () => {
        this.#queued.delete(queued)
        if (this.#bySocket(letter, heard)) return
        limiter.giveBack(letter.need)
        queueMicrotask(() => queued.refuse("it takes nothing more"))
      },
      (why) => {
        this.#queued.delete(queued)
        queueMicrotask(() => refuse(why, "rate-limited"))
      },
    )
  }

  /** False where the socket is dead or takes nothing more. */
  #bySocket<O extends EntryOperation>(letter: Letter<O>, heard: Heard<O>): boolean {
    const { socket } = letter
    if (socket === undefined || this.#connection?.send(socket.text) !== true) return false
    const deadlineAt = this.#deps.outside.clock.monotonic() + this.#deps.answerMsMax * 1_000
    this.#inFlight.set(socket.requestId, {
      letter,
      heard: heard as Heard<OperationName>,
      deadlineAt,
      isOverdue: false,
    })
    if (deadlineAt < this.#sweepAt) this.#sweepBy(deadlineAt, this.#deps.answerMsMax)
    return true
  }

  #byRest<O extends EntryOperation>(letter: Letter<O>, heard: Heard<O>): void {
    const { venue, rest, answerMsMax } = this.#deps
    const { operation, params, auth, leaveBy } = letter
    const prepared = letter.call ?? venue.encode(operation, params, auth)
    const hasRoom = letter.socket !== undefined
    rest
      .call(operation, params, { prepared, leaveBy, timeoutMs: answerMsMax, hasRoom })
      .then(heard, (error: unknown) => heard({ kind: "unknown", why: describe(error) }))
  }

  #frame(text: string): Control | undefined {
    const { venue, limiter } = this.#deps
    const frame = venue.entry?.decode(text)
    if (frame === undefined) return undefined
    if (frame.unreadable !== undefined) this.#deps.unreadable(frame.unreadable, text)
    const { reply } = frame
    if (reply === undefined) return frame.control
    const waiting = this.#inFlight.get(reply.requestId)
    if (waiting === undefined) {
      this.#deps.unreadable(`answer to request ${reply.requestId}, which nobody sent`, text)
      return frame.control
    }
    this.#inFlight.delete(reply.requestId)
    const { letter, heard, isOverdue } = waiting
    if (!isOverdue) limiter.answered(letter.need, reply.usage)
    if (reply.status === 429 || reply.status === 418) limiter.pause(reply.usage?.retryAfterMs ?? 60_000)
    heard(venue.response(letter.operation, letter.params, reply.status, reply.body))
    return frame.control
  }

  /** Answers that did not come in time. Requests were sent in the order of the map. */
  #overdue(): void {
    const now = this.#deps.outside.clock.monotonic()
    const lateUs = this.#deps.answerMsMax * 1_000 * LATE_FACTOR
    let nextAt = Infinity
    for (const [requestId, waiting] of this.#inFlight) {
      if (!waiting.isOverdue && waiting.deadlineAt <= now) {
        waiting.isOverdue = true
        this.#deps.limiter.answered(waiting.letter.need, undefined)
        waiting.heard({ kind: "unknown", why: `no answer within ${this.#deps.answerMsMax} ms` })
      }
      const dueAt = waiting.isOverdue ? waiting.deadlineAt + lateUs : waiting.deadlineAt
      if (dueAt <= now) this.#inFlight.delete(requestId)
      else nextAt = Math.min(nextAt, dueAt)
    }
    this.#sweepAt = Infinity
    if (nextAt < Infinity) this.#sweepBy(nextAt, Math.max(1, (nextAt - now) / 1_000))
  }

  #sweepBy(at: number, delayMs: number): void {
    this.#sweep?.cancel()
    this.#sweepAt = at
    this.#sweep = this.#deps.outside.clock.timer(delayMs, () => this.#overdue())
  }

  #lose(why: string): void {
    const queued = [...this.#queued]
    this.#queued.clear()
    // All leave before any is told: who hears of one may send another, which must not wait behind the rest.
    for (const { leave } of queued) leave()
    for (const { refuse } of queued) refuse(why)
    const lost = [...this.#inFlight.values()]
    this.#inFlight.clear()
    for (const { letter, heard, isOverdue } of lost) {
      if (isOverdue) continue
      this.#deps.limiter.answered(letter.need, undefined)
      heard({ kind: "unknown", why: `the connection was lost before the answer: ${why}` })
    }
  }
}
