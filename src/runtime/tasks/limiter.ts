import type { Clock, RateUsage, Timer, VenueLimits } from "../ports.ts"
import { Steps } from "./quiet.ts"

/** What goes first when there is not room for all: `ask` is a strategy's question, which must not cost orders their room. */
export type Priority = "cancel" | "place" | "read" | "ask"

/** What one request uses up. */
export interface Need {
  readonly priority: Priority
  /** By the venue's table. */
  readonly weight: number
  /** New orders and amends are counted by themselves, too. */
  readonly isOrder: boolean
}

interface Waiting {
  readonly need: Need
  untilAt: number
  readonly go: () => void
  readonly refuse: (why: string) => void
}

const NOTHING = (): void => {}

const ORDERED: readonly Priority[] = ["cancel", "place", "read", "ask"]
/** Share of the weight that each may fill: questions leave room for the runtime's own reads, reads for orders, orders for cancels. */
const SHARE: Readonly<Record<Priority, number>> = { cancel: 1, place: 0.95, read: 0.8, ask: 0.5 }
/** More than these waiting questions would be answered too late anyway. */
const ASKING_MAX = 100
/**
 * Requests without a weight are counted by themselves: on binance-um 500 in five minutes for funding, 1,000 for open interest
 * (pages Get-Funding-Rate-History and Open-Interest-Statistics). Who passes that is shut out of everything, so questions keep
 * well below it.
 */
const UNWEIGHED_MS = 300_000
const UNWEIGHED_MAX = 300

const isUnweighed = (priority: Priority, weight: number): boolean => priority === "ask" && weight === 0

/** A count within fixed spans of time, as venues keep it. */
class Span {
  readonly #lengthUs: number
  readonly #max: number
  #startAt = 0
  used = 0

  constructor(lengthMs: number, max: number) {
    this.#lengthUs = lengthMs * 1_000
    this.#max = max
  }

  /** The clock was set: what was counted stands, unless that was a whole span ago, until this one ends by the new time. */
  shift(now: number, elapsedUs: number): void {
    this.#startAt = Math.floor(now / this.#lengthUs) * this.#lengthUs
    if (elapsedUs >= this.#lengthUs) this.used = 0
  }

  roll(now: number): void {
    const startAt = Math.floor(now / this.#lengthUs) * this.#lengthUs
    if (startAt === this.#startAt) return
    this.#startAt = startAt
    this.used = 0
  }

  fits(amount: number, share: number): boolean {
    // What alone is more than the share must be possible in an empty span.
    return this.used + amount <= this.#max * share || (this.used === 0 && amount > this.#max * share)
  }

  endsAt(): number {
    return this.#startAt + this.#lengthUs
  }
}

/**
 * Keeps requests within the venue's limits: counts what goes out, believes the venue's own count where it tells one,
 * and lets the rest wait, cancels first. What cannot leave before its time is up is refused, never sent late. Where the wall
 * clock is set, what waits and the silences that a venue asked for are moved with it.
 */
export class Limiter {
  readonly #clock: Clock
  readonly #weight: Span
  readonly #orders10s: Span
  readonly #orders1m: Span
  readonly #unweighed = new Span(UNWEIGHED_MS, UNWEIGHED_MAX)
  readonly #spans: readonly Span[]
  readonly #queues: Readonly<Record<Priority, Waiting[]>> = { cancel: [], place: [], read: [], ask: [] }
  /** Sent and not answered: not in the venue's count yet. */
  #inFlightWeight = 0
  #inFlightOrders = 0
  #pausedUntil = 0
  readonly #steps: Steps
  #timer: Timer | undefined

  constructor(clock: Clock, limits: VenueLimits) {
    this.#clock = clock
    this.#steps = new Steps(clock)
    this.#weight = new Span(60_000, limits.weightPerMinute)
    this.#orders10s = new Span(10_000, limits.ordersPer10s)
    this.#orders1m = new Span(60_000, limits.ordersPerMinute)
    this.#spans = [this.#weight, this.#orders10s, this.#orders1m, this.#unweighed]
  }

  /** Takes room for a request that leaves now; false where it must wait. */
  tryTake(need: Need): boolean {
    const now = this.#now()
    this.#roll(now)
    if (now < this.#pausedUntil || this.#isQueued(need.priority) || !this.#fits(need)) return false
    this.#take(need)
    return true
  }

  /**
   * Calls `go` when there is room, or `refuse` when there was none before `untilAt` (local wall time, µs). Returns how to
   * leave the queue, after which neither is called; nothing where one of them was.
   */
  wait(need: Need, untilAt: number, go: () => void, refuse: (why: string) => void): () => void {
    this.#now()
    if (this.#pausedUntil >= untilAt) {
      refuse(this.#whyPaused())
      return NOTHING
    }
    const waiting = { need, untilAt, go, refuse }
    const queue = this.#queues[need.priority]
    if (need.priority === "ask" && queue.length >= ASKING_MAX) {
      refuse(`rate limit: ${ASKING_MAX} questions are waiting for room already`)
      return NOTHING
    }
    queue.push(waiting)
    this.#pump()
    return () => this.#withdraw(waiting)
  }

  /** The request that took this room did not leave after all. To be told in the same turn. */
  giveBack({ priority, weight, isOrder }: Need): void {
    this.#weight.used -= weight
    this.#inFlightWeight -= weight
    if (isUnweighed(priority, weight)) this.#unweighed.used--
    if (isOrder) {
      this.#orders10s.used--
      this.#orders1m.used--
      this.#inFlightOrders--
    }
    this.#pumpSoon()
  }

  /** The answer to a request that took room, with the venue's own count where it came. */
  answered(need: Need, usage: RateUsage | undefined): void {
    this.#inFlightWeight -= need.weight
    if (need.isOrder) this.#inFlightOrders--
    if (usage === undefined) return
    this.#roll(this.#now())
    if (usage.weight !== undefined) this.#weight.used = usage.weight + this.#inFlightWeight
    if (usage.orders10s !== undefined) this.#orders10s.used = usage.orders10s + this.#inFlightOrders
    if (usage.orders1m !== undefined) this.#orders1m.used = usage.orders1m + this.#inFlightOrders
  }

  /** The venue asked for silence. */
  pause(durationMs: number): void {
    const untilAt = this.#now() + durationMs * 1_000
    if (untilAt <= this.#pausedUntil) return
    this.#pausedUntil = untilAt
    for (const priority of ORDERED) {
      const queue = this.#queues[priority]
      const late = queue.filter((waiting) => waiting.untilAt <= untilAt)
      if (late.length === 0) continue
      queue.splice(0, queue.length, ...queue.filter((waiting) => waiting.untilAt > untilAt))
      for (const waiting of late) waiting.refuse(this.#whyPaused())
    }
    this.#pump()
  }

  /** Until when the venue wants silence, local wall time in µs; 0: it does not. */
  get pausedUntil(): number {
    const now = this.#now()
    return this.#pausedUntil > now ? this.#pausedUntil : 0
  }

  state(): Readonly<Record<string, number>> {
    this.#roll(this.#now())
    return {
      weightUsed: this.#weight.used,
      orders10sUsed: this.#orders10s.used,
      orders1mUsed: this.#orders1m.used,
      waiting: ORDERED.reduce((sum, priority) => sum + this.#queues[priority].length, 0),
      pausedUntil: this.pausedUntil,
    }
  }

  stop(): void {
    this.#timer?.cancel()
    for (const priority of ORDERED) {
      for (const waiting of this.#queues[priority].splice(0)) waiting.refuse("stopped")
    }
  }

  /** To be asked before what it may move is looked at. */
  #now(): number {
    const now = this.#clock.now()
    const step = this.#steps.look(now)
    if (step !== 0) this.#moveBy(step, now)
    return now
  }

  #moveBy(step: number, now: number): void {
    if (this.#pausedUntil > 0) this.#pausedUntil += step
    for (const priority of ORDERED) for (const waiting of this.#queues[priority]) waiting.untilAt += step
    for (const span of this.#spans) span.shift(now, this.#steps.elapsedUs)
  }

  #whyPaused(): string {
    const now = this.#now()
    const forMs = Math.ceil((this.#pausedUntil - now) / 1_000)
    return `rate limit: the venue wants ${forMs} ms of silence`
  }

  #isQueued(priority: Priority): boolean {
    for (const other of ORDERED) {
      if (this.#queues[other].length > 0) return true
      if (other === priority) return false
    }
    return false
  }

  #fits({ priority, weight, isOrder }: Need): boolean {
    const share = SHARE[priority]
    if (!this.#weight.fits(weight, share)) return false
    if (isUnweighed(priority, weight) && !this.#unweighed.fits(1, 1)) return false
    return !isOrder || (this.#orders10s.fits(1, 1) && this.#orders1m.fits(1, 1))
  }

  #take({ priority, weight, isOrder }: Need): void {
    this.#weight.used += weight
    this.#inFlightWeight += weight
    if (isUnweighed(priority, weight)) this.#unweighed.used++
    if (!isOrder) return
    this.#orders10s.used++
    this.#orders1m.used++
    this.#inFlightOrders++
  }

  #roll(now: number): void {
    for (const span of this.#spans) span.roll(now)
  }

  #withdraw(waiting: Waiting): void {
    const queue = this.#queues[waiting.need.priority]
    const at = queue.indexOf(waiting)
    if (at < 0) return
    queue.splice(at, 1)
    this.#pumpSoon()
  }

  /** Not at once: who leaves may be one of many who leave, and none of them may go. */
  #pumpSoon(): void {
    this.#timer?.cancel()
    this.#timer = this.#clock.timer(0, () => this.#pump())
  }

  #pump(): void {
    const now = this.#now()
    this.#roll(now)
    for (const priority of ORDERED) {
      const queue = this.#queues[priority]
      for (let head = queue[0]; head !== undefined; head = queue[0]) {
        if (head.untilAt <= now) {
          queue.shift()
          head.refuse("rate limit: no room before the request's time was up")
        } else if (now >= this.#pausedUntil && this.#fits(head.need)) {
          queue.shift()
          this.#take(head.need)
          head.go()
        } else break
      }
    }
    this.#arm(now)
  }

  /** Looks again when a span ends, the silence is over, or the first waiting request runs out of time. */
  #arm(now: number): void {
    this.#timer?.cancel()
    this.#timer = undefined
    const waiting = ORDERED.flatMap((priority) => this.#queues[priority])
    if (waiting.length === 0) return
    const spans = this.#spans.map((span) => span.endsAt())
    const roomAt = now < this.#pausedUntil ? this.#pausedUntil : Math.min(...spans)
    const nextAt = Math.min(roomAt, ...waiting.map(({ untilAt }) => untilAt))
    this.#timer = this.#clock.timer(Math.max(1, Math.ceil((nextAt - now) / 1_000)), () => this.#pump())
  }
}
