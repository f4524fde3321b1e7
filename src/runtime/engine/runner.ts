import type { Context } from "./declaration/context.ts"
import type { AnyStrategy } from "./declaration/strategy.ts"
import { type AnyMessage, ENGINE, eventName, LAG } from "./event.ts"
import type { Lane, Reader, Ring } from "./ring.ts"

export type AnyHandler = (this: AnyStrategy, message: AnyMessage, ctx: Context) => unknown

/** A watchdog's ear: what runs now, so that it can say so when the loop stands still. Cheap enough for every event. */
export interface Watch {
  /** A number for a name such as `momentum.onTrade`, asked for once. */
  label(name: string): number
  /** Returns what `leave` must put back. `message` is what the handler is about to get. */
  enter(label: number, message: AnyMessage): number
  leave(before: number): void
}

/** What a runner asks of the delivery it belongs to. */
export interface RunnerHost {
  readonly watch: Watch
  /** Publish order of the latest event. */
  readonly sequence: number
  monotonic(): number
  /** So many more runners are open than before. */
  opened(more: 1 | -1): void
  /** Work waits and the runner could take it: serve it as soon as may be. */
  wake(runner: Runner): void
  /** Whether the loop must be given back now. */
  isSpent(runner: Runner): boolean
  /** A promise is pending: see to it that it is missed when it takes too long. */
  expect(runner: Runner): void
  /** It is pending no more. */
  settled(runner: Runner): void
  threw(runner: Runner, code: number, message: AnyMessage, error: unknown): void
  slow(runner: Runner, code: number, tookUs: number): void
  /** The first handler of a frame's event is called at `startedAt`. */
  reached(message: AnyMessage, startedAt: number): void
  /** The next event for it is word of what it lost on this lane. */
  lagMessage(runner: Runner, lane: Lane): AnyMessage
  /** It had been too slow for its private events and has caught up. */
  imageMessage(runner: Runner, ring: Ring, missed: number): AnyMessage
  fellBehind(runner: Runner, ring: Ring): void
  /** What waits for it in this ring cannot be bounded: it must end. */
  overran(runner: Runner, ring: Ring): void
}

export type RunnerState = "new" | "running" | "paused" | "stopped"

export interface RunnerOptions {
  readonly name: string
  readonly strategy: AnyStrategy
  /** By callback number. */
  readonly handlers: readonly (AnyHandler | undefined)[]
  readonly onThrow: "continue" | "pause" | "stop"
  readonly handlerMsMax: number
  readonly settleMsMax: number
}

/** One strategy: one event at a time, from its lanes, in the order that DESIGN promises: private lanes first, then publish order. */
export class Runner implements Reader {
  readonly name: string
  readonly strategy: AnyStrategy
  readonly handlers: readonly (AnyHandler | undefined)[]
  readonly onThrow: RunnerOptions["onThrow"]
  readonly handlerUsMax: number
  readonly settleUsMax: number
  /** Set once its context exists, before anything is delivered. */
  ctx!: Context
  /** Called once, when it is stopped for good. */
  ended: () => void = () => undefined
  /** Its own lane: calls of its timers and errors of its own. */
  mailbox!: Lane
  /** Events that wait in its lanes, and lanes whose loss it has not been told. */
  work = 0
  /** How many of its lanes have lost events and not caught up. */
  flooded = 0
  state: RunnerState = "new"
  why = ""
  /** In the delivery's list of those to serve. */
  isQueued = false
  /** Events served from lanes since the loop was last given back, and when that began. */
  streak = 0
  streakAt = 0
  isPending = false
  pendingSince = 0
  pendingCode = 0
  /** The private ring at whose bound it was paused. */
  behind: Ring | undefined
  errors = 0
  dropped = 0
  handled = 0
  readonly lanes: Lane[] = []
  readonly #host: RunnerHost
  readonly #watch: Watch
  readonly #labels: readonly number[]
  readonly #restLabels: number[] = []
  readonly #private: Lane[] = []
  readonly #market: Lane[] = []
  readonly #lagging: Lane[] = []
  #isOpen = false
  #missed = 0
  #roundAt = -1
  #fairUntil = 0
  #idle: (() => void)[] = []
  readonly #settled = () => this.#resolved()
  readonly #failed = (error: unknown) => this.#rejected(error)
  #pendingMessage: AnyMessage | undefined

  constructor(options: RunnerOptions, host: RunnerHost) {
    this.name = options.name
    this.strategy = options.strategy
    this.handlers = options.handlers
    this.onThrow = options.onThrow
    this.handlerUsMax = options.handlerMsMax * 1_000
    this.settleUsMax = options.settleMsMax * 1_000
    this.#host = host
    this.#watch = host.watch
    this.#labels = options.handlers.map((handler, code) =>
      handler === undefined ? 0 : host.watch.label(`${options.name}.${eventName(code)}`),
    )
  }

  /** It is idle, nothing waits: an event may go straight to its handler. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  #open(isOpen: boolean): void {
    if (isOpen === this.#isOpen) return
    this.#isOpen = isOpen
    this.#host.opened(isOpen ? 1 : -1)
  }

  // ---- as the reader of its lanes ----

  filled(lane: Lane): void {
    const lanes = lane.ring.isPrivate ? this.#private : this.#market
    lanes.push(lane)
  }

  emptied(lane: Lane): void {
    const lanes = lane.ring.isPrivate ? this.#private : this.#market
    lanes.splice(lanes.indexOf(lane), 1)
  }

  lost(lane: Lane, count: number): void {
    if (lane.dropped === 0) {
      this.#lagging.push(lane)
      this.work++
    }
    lane.dropped += count
    this.dropped += count
  }

  full(ring: Ring): void {
    if (this.behind !== undefined) return
    this.behind = ring
    this.#host.fellBehind(this, ring)
  }

  get isBehind(): boolean {
    return this.behind !== undefined
  }

  superseded(count: number): void {
    this.#missed += count
  }

  overrun(ring: Ring): void {
    this.#host.overran(this, ring)
  }

  /** A market event that will not be kept for it, because it is paused: it will be told how many there were. */
  pass(lane: Lane): void {
    if (this.state === "paused") this.lost(lane, 1)
  }

  /** Whether an event that cannot be delivered now is to wait. */
  keeps(isPrivate: boolean): boolean {
    return this.state === "running" || (this.state === "paused" && isPrivate) || this.state === "new"
  }

  // ---- as the caller of its handlers ----

  /** Its `start` or `stop`, where it has one. */
  live(what: "start" | "stop", now: number): unknown {
    const call = this.strategy[what]
    return call === undefined ? undefined : this.lead(what, now, () => call.call(this.strategy, this.ctx))
  }

  /** Code of the strategy that is no handler: a watchdog names it as it names handlers. */
  lead<T>(what: "start" | "stop" | "migrate", now: number, work: () => T): T {
    const message = { data: { life: what }, task: ENGINE, receivedAt: now, sequence: this.#host.sequence }
    const before = this.#watch.enter(this.#watch.label(`${this.name}.${what}`), message)
    try {
      return work()
    } finally {
      this.#watch.leave(before)
    }
  }

  /** What a watchdog calls its handler of these. */
  labelOf(code: number): number {
    return this.#labels[code] ?? 0
  }

  /** Straight from the publisher; only where it is open, and it stays so: whoever delivers calls no other meanwhile. */
  call(handler: AnyHandler, message: AnyMessage): unknown {
    this.handled++
    return handler.call(this.strategy, message, this.ctx)
  }

  /** What `call` returned. Like `call` itself it may throw what is the strategy's: that is for `failed`. */
  called(result: unknown, code: number, message: AnyMessage): void {
    if (result !== undefined || this.work > 0 || this.state !== "running") this.#after(result, code, message)
  }

  /** Its handler threw, or what it returned did. */
  failed(code: number, message: AnyMessage, error: unknown): void {
    this.#host.threw(this, code, message, error)
    this.#after(undefined, code, message)
  }

  #after(result: unknown, code: number, message: AnyMessage): void {
    const promise = promiseOf(result)
    this.#open(false)
    if (promise === undefined) this.#next()
    else this.#wait(promise, code, message)
  }

  #wait(promise: Promise<unknown>, code: number, message: AnyMessage): void {
    this.isPending = true
    this.pendingSince = this.#host.monotonic()
    this.pendingCode = code
    this.#pendingMessage = message
    promise.then(this.#settled, this.#failed)
    this.#host.expect(this)
  }

  /** What a watchdog calls the rest of its pending handler, after an `await`. */
  restLabel(isAlone: boolean): number {
    const code = this.pendingCode
    if (isAlone) return this.#labels[code] ?? 0
    return (this.#restLabels[code] ??= this.#watch.label(`${this.name}.${eventName(code)} or another pending handler`))
  }

  #resolved(): void {
    this.isPending = false
    this.#pendingMessage = undefined
    this.#host.settled(this)
    this.#next()
  }

  #rejected(error: unknown): void {
    const message = this.#pendingMessage
    this.isPending = false
    this.#pendingMessage = undefined
    this.#host.settled(this)
    if (message !== undefined) this.#host.threw(this, this.pendingCode, message, error)
    this.#next()
  }

  #next(): void {
    this.#tellIdle()
    if (this.state !== "running" || this.isPending) return
    if (this.work > 0 || this.behind !== undefined) this.#host.wake(this)
    else this.#open(true)
  }

  /** Serves what waits. True where it had to stop before all was served. */
  drain(): boolean {
    this.#open(false)
    while (this.state === "running" && !this.isPending) {
      if (this.work === 0 && this.behind === undefined) {
        this.#open(true)
        this.streak = 0
        this.#tellIdle()
        return false
      }
      if (this.streak === 0) this.streakAt = this.#host.monotonic()
      if (this.#host.isSpent(this)) return true
      this.streak++
      this.#one()
    }
    return false
  }

  #one(): void {
    const lagging = this.#lagging.shift()
    if (lagging !== undefined) {
      this.work--
      this.hear(this.#host.lagMessage(this, lagging), LAG)
      return
    }
    if (this.behind !== undefined && this.#private.length === 0) {
      const ring = this.behind
      this.behind = undefined
      const missed = this.#missed
      this.#missed = 0
      this.hear(this.#host.imageMessage(this, ring, missed), LAG)
      return
    }
    const entry = this.#pick().take()
    this.hear(entry.message, entry.code, entry.isUnheard)
    entry.isUnheard = false
  }

  /** Calls its handler, where none of its own runs. `isFirst`: nobody's has been called with it before. */
  hear(message: AnyMessage, code: number, isFirst = false): void {
    const handler = this.handlers[code]
    if (handler === undefined) return
    const startedAt = this.#host.monotonic()
    if (isFirst) this.#host.reached(message, startedAt)
    const before = this.#watch.enter(this.#labels[code] ?? 0, message)
    let promise: Promise<unknown> | undefined
    try {
      promise = promiseOf(handler.call(this.strategy, message, this.ctx))
    } catch (error) {
      this.#host.threw(this, code, message, error)
    }
    this.#watch.leave(before)
    this.handled++
    const tookUs = this.#host.monotonic() - startedAt
    if (tookUs > this.handlerUsMax) this.#host.slow(this, code, tookUs)
    if (promise !== undefined) this.#wait(promise, code, message)
  }

  // ---- which lane is next ----

  #pick(): Lane {
    const lane = this.#private.length > 0 ? earliest(this.#private) : this.#pickMarket()
    if (lane === undefined)
      throw new RangeError(`strategy ${this.name} counts ${this.work} waiting events and has none`)
    return lane
  }

  /**
   * Publish order, except that a flooded lane takes turns: after one event of each flooded lane, whatever waited
   * elsewhere at that moment goes first. So a flooded lane delays another by one event at most, all N − 1 by N − 1.
   */
  #pickMarket(): Lane | undefined {
    if (this.flooded === 0) return earliest(this.#market)
    const orderly = earliest(this.#market, false)
    if (orderly !== undefined && orderly.nextSequence() <= this.#fairUntil) return orderly
    const flooded = this.#market.filter((lane) => lane.isFlooded).sort((a, b) => a.number - b.number)
    const next = flooded.find((lane) => lane.number > this.#roundAt)
    if (next !== undefined && next !== flooded.at(-1)) {
      this.#roundAt = next.number
      return next
    }
    this.#roundAt = -1
    this.#fairUntil = this.#host.sequence
    return next ?? orderly ?? flooded[0]
  }

  // ---- its life ----

  run(): void {
    if (this.state === "stopped") return
    this.state = "running"
    this.why = ""
    this.#next()
  }

  /** No event reaches it until `run`. Private events wait; market events are counted. */
  pause(why: string): void {
    if (this.state === "stopped") return
    this.#close("paused", why)
    for (const lane of this.#market.slice()) this.lost(lane, lane.clear())
  }

  /** No event reaches it any more. */
  stop(why: string): void {
    if (this.state === "stopped") return
    this.#close("stopped", why)
    for (const lane of [...this.#market, ...this.#private]) lane.clear()
    for (const lane of this.#lagging.splice(0)) {
      lane.dropped = 0
      this.work--
    }
    this.behind = undefined
    this.ended()
  }

  #close(state: "paused" | "stopped", why: string): void {
    this.state = state
    this.why = why
    this.#open(false)
    this.#tellIdle()
  }

  /** Resolves when no promise of a handler is pending and nothing waits that it could take. */
  async whenIdle(): Promise<void> {
    while (this.isPending || (this.state === "running" && this.work > 0)) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#idle.push(resolve)
      await promise
    }
  }

  #tellIdle(): void {
    if (this.#idle.length > 0) for (const told of this.#idle.splice(0)) told()
  }

  /** Why it does not trade; undefined where it does. */
  refusal(): string | undefined {
    if (this.state === "paused" || this.state === "stopped")
      return `strategy ${this.name} is ${this.state}: ${this.why}`
    if (this.state === "new" && this.why !== "") return `strategy ${this.name} has not started: ${this.why}`
    if (this.behind === undefined) return undefined
    return `strategy ${this.name} is paused: it has not kept up with the private events of ${this.behind.task}`
  }
}

/**
 * What a handler returned, where it must be waited for: its own promise, or one around what merely has a `then`. That may
 * call back at once, twice or never, or throw; the promise around it calls once and later. May throw itself, where reading
 * `then` does: to be called where what the handler throws is caught.
 */
export function promiseOf(result: unknown): Promise<unknown> | undefined {
  if (typeof result !== "object" || result === null) return undefined
  const { then } = result as { readonly then?: unknown }
  if (typeof then !== "function") return undefined
  return then === Promise.prototype.then ? Promise.resolve(result) : new Promise((resolve) => resolve(result))
}

/** The lane with the earliest waiting event; of those that are not flooded, where `withFlooded` is false. */
function earliest(lanes: readonly Lane[], withFlooded = true): Lane | undefined {
  let first: Lane | undefined
  let least = Infinity
  for (const lane of lanes) {
    if (lane.isFlooded && !withFlooded) continue
    const sequence = lane.nextSequence()
    if (sequence >= least) continue
    first = lane
    least = sequence
  }
  return first
}
