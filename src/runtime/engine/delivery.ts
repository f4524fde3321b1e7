import type { CallbackData, CallbackName, TaskRef } from "../domain/callbacks.ts"
import type { Histogram, Metrics } from "../domain/metrics.ts"
import type { Order } from "../domain/order.ts"
import { type TaskSpec, taskName } from "../domain/task.ts"
import type { Clock } from "../ports.ts"
import type { Publish } from "../tasks/task.ts"
import { Audience, isOpen, type Target } from "./audience.ts"
import { type AnyMessage, CALLBACKS, codeOf, costOf, ENGINE, ERROR, isPrivateCode, slotsOf, TIMER } from "./event.ts"
import { type Entry, Lane, Pool, Ring } from "./ring.ts"
import { type AnyHandler, Runner, type RunnerHost, type RunnerOptions, type Watch } from "./runner.ts"
import { Supervision, type SupervisionOptions } from "./supervision.ts"

const DRAIN_EVENTS_MAX = 256
const DRAIN_US_MAX = 1_000
const MAILBOX_SLOTS = 2_048
const OFFSET_EVERY_US = 1_000_000
/** So many events at most are timed strategy by strategy: pauses of the whole process are nobody's, and must not make every event dear. */
const TIMED_EVENTS_MAX = 64_000

export interface DeliveryOptions extends SupervisionOptions {
  readonly metrics: Metrics
  readonly ringBytesMax: number
  readonly ringsBytesMax: number
  readonly watch?: Watch | undefined
  /** The image a strategy resumes with. */
  openOrders(): readonly Order[]
  /** The callbacks whose every event goes to `tap`, whoever listens. */
  readonly tapped: readonly CallbackName[]
}

/** A task as deliveries see it: who it is, and its rings once somebody reads them. */
interface Source {
  readonly spec: TaskSpec
  readonly ref: TaskRef
  readonly rings: { market?: Ring; private?: Ring }
}

const taskRef = (spec: TaskSpec): TaskRef =>
  "market" in spec
    ? Object.freeze({ kind: spec.kind, id: spec.id, market: spec.market })
    : Object.freeze({ kind: spec.kind, id: spec.id })

/** The topic of a strategy's own ring. */
const OWN = 0

const callTimer: AnyHandler = (message) => (message.data as () => unknown)()

/** Carries events from tasks to strategies: at once where the strategy is idle, through rings where it is not. */
export class Delivery implements RunnerHost {
  readonly watch: Watch
  readonly runners: Runner[] = []
  readonly latency: Histogram
  sequence = 0
  readonly #options: DeliveryOptions
  readonly #clock: Clock
  readonly #pool: Pool
  readonly #ready: Runner[] = []
  readonly #deferred: Runner[] = []
  readonly #pending: Runner[] = []
  readonly #refs = new Map<Ring, TaskRef>()
  readonly #supervision: Supervision
  readonly #dropped = new Map<Runner, { value: number }>()
  /** How many runners are open: mostly all. */
  #open = 0
  #isDelivering = false
  #isDeferScheduled = false
  #served = 0
  #servingSince = 0
  /** Wall minus monotonic time, so that one reading serves both; read again every second. */
  #offset = 0
  #offsetAt = -OFFSET_EVERY_US

  constructor(options: DeliveryOptions) {
    this.#options = options
    this.#clock = options.clock
    this.watch = options.watch ?? { label: () => 0, enter: () => 0, leave: () => undefined }
    this.#pool = new Pool(options.ringsBytesMax)
    this.#supervision = new Supervision(options, this)
    this.latency = options.metrics.histogram(
      "perigee_event_latency_seconds",
      "From the arrival of a market data frame to the call of its first handler, also where it waited for that",
    )
    const { metrics } = options
    metrics.reading("perigee_waiting_events", "Events in rings, not yet taken by all", () => this.waiting().events)
    metrics.reading("perigee_waiting_bytes", "Memory these keep, about", () => this.#pool.bytes)
  }

  // ---- who gets what ----

  addStrategy(options: Omit<RunnerOptions, "handlers">): Runner {
    const handlers = [...CALLBACKS.map((callback) => options.strategy[callback] as AnyHandler | undefined), callTimer]
    const runner = new Runner({ ...options, handlers }, this)
    const bounds = { slotsMax: MAILBOX_SLOTS, bytesMax: this.#options.ringBytesMax }
    runner.mailbox = this.#addLane(new Ring(`strategy ${runner.name}`, true, bounds, this.#pool), runner)
    runner.mailbox.follow(OWN)
    const { meters } = this.#options
    const labels = { strategy: runner.name }
    this.#dropped.set(runner, meters.counter("perigee_dropped_events_total", "Market events a strategy lost", labels))
    this.#supervision.add(runner)
    this.runners.push(runner)
    return runner
  }

  source(spec: TaskSpec): Source {
    return { spec, ref: taskRef(spec), rings: {} }
  }

  /** Binds one callback of one task to the strategies that have a handler for it: nothing is looked up per event. */
  publisher<C extends CallbackName>(source: Source, callback: C, runners: readonly Runner[]): Publish<C> {
    const code = codeOf(callback)
    const { ref, spec } = source
    const targets = runners.flatMap((runner): Target[] => {
      const handler = runner.handlers[code]
      return handler === undefined
        ? []
        : [{ runner, handler, label: runner.labelOf(code), lane: this.#lane(source, code, runner) }]
    })
    const events = this.#options.meters.counter("perigee_events_total", "Events published", {
      callback,
      task: taskName(spec),
    })
    const { tap, tapped } = this.#options
    const tells = tapped.includes(callback)
    const audience = new Audience(targets, code, spec)
    return (data, receivedAt) => {
      events.value++
      const message = { data, task: ref, receivedAt, sequence: ++this.sequence }
      if (tells) tap(callback, message)
      if (targets.length > 0) this.#publish(targets, code, message, audience)
    }
  }

  #lane(source: Source, code: number, runner: Runner): Lane {
    const isPrivate = isPrivateCode(code)
    const kind = isPrivate ? "private" : "market"
    const bounds = { slotsMax: slotsOf(source.spec, isPrivate), bytesMax: this.#options.ringBytesMax }
    const ring = (source.rings[kind] ??= new Ring(taskName(source.spec), isPrivate, bounds, this.#pool))
    this.#refs.set(ring, source.ref)
    return ring.lanes.find((lane) => lane.reader === runner) ?? this.#addLane(ring, runner)
  }

  #addLane(ring: Ring, runner: Runner): Lane {
    const lane = new Lane(ring, runner, runner.lanes.length)
    runner.lanes.push(lane)
    return lane
  }

  // ---- the hot path ----

  /** `targets` are the audience's, given apart: a publisher's own list is a constant to the compiler, a field is read each time. */
  #publish(targets: readonly Target[], code: number, message: AnyMessage, audience: Audience): void {
    if (this.#isDelivering) {
      this.#hold(audience, code, message, true)
      return
    }
    this.#isDelivering = true
    // Before anybody is called: what a handler publishes comes later for all.
    if (this.#open < this.runners.length && !targets.every(isOpen)) {
      this.#hold(audience, code, message, false)
      if (!targets.some(isOpen)) {
        this.#isDelivering = false
        return
      }
    }
    const startedAt = this.#clock.monotonic()
    if (audience.isFrames) this.reached(message, startedAt)
    if (audience.timedLeft > 0) this.#callTimed(audience, code, message, startedAt)
    else {
      this.#callAll(targets, code, message)
      const tookUs = this.#clock.monotonic() - startedAt
      if (tookUs > audience.handlerUsMaxLeast) this.#suspect(audience, code, tookUs)
    }
    this.#isDelivering = false
    if (this.#ready.length > 0) this.#serve()
  }

  /** One frame and one guard for all, not for each: they would cost more than many a handler. */
  #callAll(targets: readonly Target[], code: number, message: AnyMessage): void {
    const { watch } = this
    let before = 0
    for (let at = 0; at < targets.length; at++) {
      try {
        for (; at < targets.length; at++) {
          const { runner, handler, label } = targets[at] as Target
          if (!runner.isOpen) continue
          before = watch.enter(label, message)
          const result = runner.call(handler, message)
          watch.leave(before)
          runner.called(result, code, message)
        }
      } catch (error) {
        watch.leave(before)
        ;(targets[at] as Target).runner.failed(code, message, error)
      }
    }
  }

  #callTimed(audience: Audience, code: number, message: AnyMessage, startedAt: number): void {
    audience.timedLeft--
    let before = startedAt
    for (const target of audience.targets) {
      const { runner } = target
      if (!runner.isOpen) continue
      this.#callAll([target], code, message)
      const now = this.#clock.monotonic()
      if (now - before > runner.handlerUsMax) {
        this.slow(runner, code, now - before)
        audience.timedLeft = audience.timedSpan
      }
      before = now
    }
  }

  /**
   * One strategy alone is the culprit. Which of several it was cannot be told afterwards, and a reading of the clock for
   * each of them would cost every event more than most handlers take; so the next events tell, twice as many each time
   * that nobody was found, up to a bound: whoever is slow again and again is named.
   */
  #suspect(audience: Audience, code: number, tookUs: number): void {
    const { targets } = audience
    const [only] = targets
    if (targets.length === 1 && only !== undefined) {
      this.slow(only.runner, code, tookUs)
      return
    }
    audience.timedSpan = Math.min(audience.timedSpan * 2, TIMED_EVENTS_MAX)
    audience.timedLeft = audience.timedSpan
    const names = targets.map(({ runner }) => runner.name)
    this.#supervision.slowTogether(names, code, tookUs)
  }

  reached(message: AnyMessage, startedAt: number): void {
    if (startedAt - this.#offsetAt > OFFSET_EVERY_US) {
      this.#offset = this.#clock.now() - startedAt
      this.#offsetAt = startedAt
    }
    this.latency.record(startedAt + this.#offset - message.receivedAt)
  }

  /** Puts the event where those who cannot take it now will find it. `toAll`: a handler is running, so nobody can. */
  #hold({ targets, topic, isFrames }: Audience, code: number, message: AnyMessage, toAll: boolean): void {
    const isPrivate = isPrivateCode(code)
    let entry: Entry | undefined
    let ring: Ring | undefined
    let position = 0
    for (const { runner, lane } of targets) {
      if (runner.isOpen && !toAll) continue
      if (!runner.keeps(isPrivate)) {
        runner.pass(lane)
        continue
      }
      if (entry === undefined) {
        const bytes = costOf(CALLBACKS[code] ?? "onError", message.data as CallbackData[CallbackName])
        const isUnheard = isFrames && (toAll || !targets.some(isOpen))
        entry = { message, code, topic, bytes, waiting: 0, isUnheard }
        ring = lane.ring
        position = ring.append(entry)
      }
      lane.push(position, entry)
      if (runner.isOpen) this.wake(runner)
    }
    ring?.settle()
  }

  /** One event for one strategy alone: a timer's call, an error of its own. Inside a turn. */
  post(runner: Runner, code: number, data: unknown, task: TaskRef = ENGINE): void {
    const handler = runner.handlers[code]
    if (handler === undefined || !runner.keeps(true)) return
    const message = { data, task, receivedAt: this.#clock.now(), sequence: ++this.sequence }
    if (runner.isOpen && !this.#isDelivering) {
      this.#isDelivering = true
      const startedAt = this.#clock.monotonic()
      this.#callAll([{ runner, handler, label: runner.labelOf(code), lane: runner.mailbox }], code, message)
      const tookUs = this.#clock.monotonic() - startedAt
      if (tookUs > runner.handlerUsMax) this.slow(runner, code, tookUs)
      this.#isDelivering = false
      if (this.#ready.length > 0) this.#serve()
      return
    }
    const { mailbox } = runner
    const bytes = code === TIMER ? 200 : 1_000
    const entry: Entry = { message, code, topic: OWN, bytes, waiting: 0, isUnheard: false }
    mailbox.push(mailbox.ring.append(entry), entry)
    mailbox.ring.settle()
    if (runner.isOpen) this.wake(runner)
  }

  /** Stops it. Its `onError` hears why before that, whatever else waits: its handler is over, and nothing reaches it after. */
  end(runner: Runner, why: string, data: CallbackData["onError"] | undefined, task: TaskRef): void {
    const isServing = this.#isDelivering
    this.#isDelivering = true
    this.#options.turn.run(() => {
      if (data !== undefined) {
        runner.hear({ data, task, receivedAt: data.timestamp, sequence: ++this.sequence }, ERROR)
      }
      runner.stop(why)
    })
    this.#isDelivering = isServing
    if (!isServing && this.#ready.length > 0) this.#serve()
  }

  // ---- serving what waits ----

  opened(more: 1 | -1): void {
    this.#open += more
  }

  wake(runner: Runner): void {
    if (!runner.isQueued) {
      runner.isQueued = true
      this.#ready.push(runner)
    }
    if (!this.#isDelivering && this.#ready.length > 0) this.#serve()
  }

  #serve(): void {
    const { turn } = this.#options
    turn.enter()
    this.#isDelivering = true
    this.#served = 0
    this.#servingSince = this.#clock.monotonic()
    let at = 0
    try {
      // Whoever is woken meanwhile joins the end of this list.
      for (; at < this.#ready.length; at++) {
        const runner = this.#ready[at] as Runner
        runner.isQueued = false
        if (runner.drain()) this.#defer(runner)
      }
    } finally {
      // None are left, except where something threw that is no handler's: who was not served then is served all the same.
      for (; at < this.#ready.length; at++) this.#defer(this.#ready[at] as Runner)
      this.#ready.length = 0
      this.#isDelivering = false
      turn.leave()
    }
  }

  isSpent(runner: Runner): boolean {
    if (this.#served >= DRAIN_EVENTS_MAX || runner.streak >= DRAIN_EVENTS_MAX) return true
    const now = this.#clock.monotonic()
    if (now - this.#servingSince >= DRAIN_US_MAX || now - runner.streakAt >= DRAIN_US_MAX) return true
    this.#served++
    return false
  }

  #defer(runner: Runner): void {
    runner.isQueued = true
    this.#deferred.push(runner)
    if (this.#isDeferScheduled) return
    this.#isDeferScheduled = true
    this.#clock.defer(() => {
      this.#isDeferScheduled = false
      const deferred = this.#deferred.splice(0)
      // Who got nothing of the last round goes first: a strategy with a backlog starves nobody.
      for (const next of deferred) if (next.streak === 0) this.#ready.push(next)
      for (const next of deferred) if (next.streak > 0) this.#ready.push(next)
      for (const next of deferred) next.streak = 0
      this.#serve()
    })
  }

  // ---- supervision, and what a runner asks for ----

  monotonic(): number {
    return this.#clock.monotonic()
  }

  expect(runner: Runner): void {
    this.#supervision.watch(runner)
    this.#pending.push(runner)
    this.#rest()
  }

  settled(runner: Runner): void {
    this.#pending.splice(this.#pending.lastIndexOf(runner), 1)
    this.#rest()
  }

  /** What spins while no handler is being called may be the rest of a pending one: the latest of them is named. */
  #rest(): void {
    const latest = this.#pending.at(-1)
    this.watch.leave(latest === undefined ? 0 : latest.restLabel(this.#pending.length === 1))
  }

  threw(runner: Runner, code: number, message: AnyMessage, error: unknown): void {
    this.#supervision.threw(runner, code, message, error)
  }

  slow(runner: Runner, code: number, tookUs: number): void {
    this.#supervision.slow(runner, code, tookUs)
  }

  /** Its `start` has not settled in time, or failed after that. */
  unstarted(runner: Runner, why: string, stack?: string): void {
    this.#supervision.unstarted(runner, why, stack)
  }

  /** Lets go of timers. */
  close(): void {
    this.#supervision.close()
  }

  // ---- word of what was lost ----

  lagMessage(runner: Runner, lane: Lane): AnyMessage {
    const { dropped, ring } = lane
    lane.dropped = 0
    const counter = this.#dropped.get(runner)
    if (counter !== undefined) counter.value += dropped
    this.#options.log.warn("strategy.lagged", { strategy: runner.name, task: ring.task, dropped })
    return this.#lag(ring, { kind: "dropped", dropped, timestamp: this.#clock.now() })
  }

  imageMessage(runner: Runner, ring: Ring, missed: number): AnyMessage {
    this.#options.log.warn("strategy.resumed", { strategy: runner.name, task: ring.task, missed })
    const openOrders = this.#options.openOrders()
    return this.#lag(ring, { kind: "resumed", openOrders, missed, timestamp: this.#clock.now() })
  }

  #lag(ring: Ring, data: CallbackData["onLag"]): AnyMessage {
    const task = this.#refs.get(ring) ?? ENGINE
    const message = { data, task, receivedAt: data.timestamp, sequence: ++this.sequence }
    this.#options.tap("onLag", message)
    return message
  }

  fellBehind(runner: Runner, ring: Ring): void {
    this.#options.log.error("strategy.behind", { strategy: runner.name, task: ring.task, waiting: ring.length })
  }

  overran(runner: Runner, ring: Ring): void {
    this.#supervision.overran(runner, ring.task)
  }

  /** Why nobody can be told more of this for now; undefined where somebody can. */
  refusal({ rings }: Source, callback: CallbackName): string | undefined {
    return rings.private?.refusal(codeOf(callback))
  }

  /** Events and bytes that wait anywhere. */
  waiting(): { readonly events: number; readonly bytes: number } {
    let events = 0
    for (const ring of this.#pool.rings) events += ring.length
    return { events, bytes: this.#pool.bytes }
  }
}
