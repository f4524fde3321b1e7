import type { CallbackData, CallbackName, TaskRef } from "../domain/callbacks.ts"
import { describe, stackOf } from "../domain/errors.ts"
import type { Counter } from "../domain/metrics.ts"
import type { Clock, Log, Timer } from "../ports.ts"
import type { Turn } from "../tasks/turn.ts"
import { type AnyMessage, ENGINE, ERROR, eventName } from "./event.ts"
import type { Meters } from "./meters.ts"
import type { Runner } from "./runner.ts"

export interface SupervisionOptions {
  readonly clock: Clock
  readonly turn: Turn
  readonly log: Log
  readonly meters: Meters
  /** Told of troubles and of other events an outsider wants to see. Must not throw. */
  tap(callback: CallbackName, message: AnyMessage): void
}

/** While a promise is pending the loop is listened to: so many times in a handler's budget, and no more often than this. */
const BEATS = 2
const BEAT_US_LEAST = 10_000

/** No callback's number. */
const START = -1

/** How a strategy hears of what concerns it. */
export interface Words {
  post(runner: Runner, code: number, data: CallbackData["onError"], task: TaskRef): void
  /** Stops it, with a last word where there is one. */
  end(runner: Runner, why: string, data: CallbackData["onError"] | undefined, task: TaskRef): void
}

/** Watches handlers: what they throw is reported and the strategy's policy decides; what takes too long is reported. */
export class Supervision {
  readonly #options: SupervisionOptions
  readonly #words: Words
  readonly #thrown = new Map<Runner, Counter>()
  /** Whose promise is pending, or was at some time since the last beat. */
  readonly #watched = new Set<Runner>()
  /** Told to be unsettled, and since when that one was pending. */
  readonly #unsettled = new Map<Runner, number>()
  #handlerUsLeast = Infinity
  #settleUsLeast = Infinity
  #beatAt = 0
  /** How long handlers held the loop since the last beat that have been told of. */
  #toldUs = 0
  #timer: Timer | undefined
  #isClosed = false

  constructor(options: SupervisionOptions, words: Words) {
    this.#options = options
    this.#words = words
  }

  add(runner: Runner): void {
    const labels = { strategy: runner.name }
    const counter = this.#options.meters.counter("perigee_handler_errors_total", "Handlers that threw", labels)
    this.#thrown.set(runner, counter)
    this.#handlerUsLeast = Math.min(this.#handlerUsLeast, runner.handlerUsMax)
    this.#settleUsLeast = Math.min(this.#settleUsLeast, runner.settleUsMax)
  }

  threw(runner: Runner, code: number, message: AnyMessage, error: unknown): void {
    const callback = eventName(code)
    const why = describe(error)
    const stack = stackOf(error)
    const { kind, id, market } = message.task
    const counter = this.#thrown.get(runner)
    if (counter !== undefined) counter.value++
    runner.errors++
    const fields = { strategy: runner.name, callback, task: `${kind} ${id}`, market, sequence: message.sequence }
    this.#options.log.error("strategy.threw", { ...fields, why, stack })
    const what = { kind: "handler", message: why, detail: { ...fields, stack } }
    if (runner.onThrow === "stop" && runner.state !== "stopped") {
      const data = this.#tell(what, message.task)
      this.#words.end(runner, `${callback} threw: ${why}`, code === ERROR ? undefined : data, message.task)
      return
    }
    this.#report(runner, code, what, message.task)
    if (runner.onThrow === "pause") runner.pause(`${callback} threw: ${why}`)
  }

  /** A `start` that has not settled in time or failed later: the strategy waits for it, for the operator, or is over. */
  unstarted(runner: Runner, why: string, stack?: string): void {
    const fields = { strategy: runner.name, why, ...(stack === undefined ? {} : { stack }) }
    this.#options.log.error("strategy.start", fields)
    const detail = { strategy: runner.name, callback: "start" }
    this.#report(runner, START, { kind: "start", message: `strategy ${runner.name}: start ${why}`, detail }, ENGINE)
    if (runner.onThrow === "pause") runner.pause(`start ${why}`)
    else if (runner.onThrow === "stop") runner.stop(`start ${why}`)
    else runner.why = `its start ${why}`
  }

  /** It does not take its private events, and none of those that wait may be dropped: it is over. */
  overran(runner: Runner, task: string): void {
    const waiting = runner.work
    const why = `it has not taken its private events of ${task}: ${waiting} waited, and none may be dropped`
    this.#options.log.error("strategy.overran", { strategy: runner.name, task, waiting })
    runner.stop(why)
    const detail = { strategy: runner.name, task, waiting }
    this.#tell({ kind: "overrun", message: `strategy ${runner.name} is stopped: ${why}`, detail }, ENGINE)
  }

  /** A handler held the loop. */
  slow(runner: Runner, code: number, tookUs: number): void {
    this.#toldUs += tookUs
    this.#tooLong(runner, code, "slow handler", `held the loop for ${(tookUs / 1_000).toFixed(1)} ms`)
  }

  /** The handlers of one event held the loop, nobody knows which: for outsiders, as it may be any. */
  slowTogether(strategies: readonly string[], code: number, tookUs: number): void {
    this.#toldUs += tookUs
    const callback = eventName(code)
    this.#oneOfSeveral(strategies, { callback }, `${callback} held the loop`, tookUs)
  }

  #oneOfSeveral(strategies: readonly string[], fields: { callback?: string }, what: string, tookUs: number): void {
    const tookMs = tookUs / 1_000
    this.#options.log.warn("handlers.slow", { strategies, ...fields, what, tookMs })
    const message = `one or several of ${strategies.join(", ")}: ${what} for ${tookMs.toFixed(1)} ms`
    this.#tell({ kind: "slow handlers", message, detail: { strategies, ...fields } }, ENGINE)
  }

  /** A promise is pending. One timer serves all of them, armed only while there are any. */
  watch(runner: Runner): void {
    this.#watched.add(runner)
    if (this.#timer !== undefined) return
    this.#toldUs = 0
    this.#arm(this.#settleUsLeast)
  }

  close(): void {
    this.#isClosed = true
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #arm(withinUs: number): void {
    if (this.#isClosed) return
    const { clock } = this.#options
    const delayUs = Math.min(withinUs, Math.max(this.#handlerUsLeast / BEATS, BEAT_US_LEAST))
    this.#beatAt = clock.monotonic() + delayUs
    this.#timer = clock.timer(delayUs / 1_000, () => {
      this.#timer = undefined
      const now = clock.monotonic()
      this.#listen(now - this.#beatAt - this.#toldUs)
      const nextUs = this.#check(now)
      if (this.#timer !== undefined || this.#watched.size === 0) return
      this.#toldUs = 0
      this.#arm(nextUs)
    })
  }

  /**
   * The loop was held for so long, and no call of a handler took it. After an `await` nobody sees where a handler begins
   * again and where it leaves off: so it is one of those that were pending meanwhile, or none where the process had to wait.
   */
  #listen(heldUs: number): void {
    const held = [...this.#watched]
    const [only] = held
    if (only === undefined || heldUs <= Math.min(...held.map(({ handlerUsMax }) => handlerUsMax))) return
    const what = "was pending while the loop was held"
    this.#options.turn.run(() => {
      if (held.length > 1) {
        const names = held.map(({ name }) => name)
        this.#oneOfSeveral(names, {}, `a handler ${what}`, heldUs)
      } else this.#tooLong(only, only.pendingCode, "slow handler", `${what} for ${(heldUs / 1_000).toFixed(1)} ms`)
    })
  }

  /** How long until the next promise may be overdue, µs. */
  #check(now: number): number {
    let nextUs = Infinity
    for (const runner of this.#watched) {
      if (!runner.isPending) {
        this.#watched.delete(runner)
        this.#unsettled.delete(runner)
        continue
      }
      if (this.#unsettled.get(runner) === runner.pendingSince) continue
      const leftUs = runner.pendingSince + runner.settleUsMax - now
      if (leftUs > 0) {
        nextUs = Math.min(nextUs, leftUs)
        continue
      }
      this.#unsettled.set(runner, runner.pendingSince)
      const what = `has not settled for ${runner.settleUsMax / 1_000} ms`
      this.#options.turn.run(() => this.#tooLong(runner, runner.pendingCode, "unsettled handler", what))
    }
    return nextUs
  }

  #tooLong(runner: Runner, code: number, kind: "slow handler" | "unsettled handler", what: string): void {
    const callback = eventName(code)
    const detail = { strategy: runner.name, callback }
    const message = `strategy ${runner.name}: ${callback} ${what}`
    this.#options.log.warn(kind === "slow handler" ? "handler.slow" : "handler.unsettled", { ...detail, what })
    this.#report(runner, code, { kind, message, detail }, ENGINE)
  }

  /** To the strategy's own `onError`, unless that is what failed, and to whoever listens from outside. */
  #report(runner: Runner, code: number, what: Omit<CallbackData["onError"], "timestamp">, task: TaskRef): void {
    const data = this.#tell(what, task)
    if (code !== ERROR) this.#words.post(runner, ERROR, data, task)
  }

  #tell(what: Omit<CallbackData["onError"], "timestamp">, task: TaskRef): CallbackData["onError"] {
    const now = this.#options.clock.now()
    const data: CallbackData["onError"] = { ...what, timestamp: now }
    this.#options.tap("onError", { data, task, receivedAt: now, sequence: 0 })
    return data
  }
}
