import type { Clock, Timer } from "../../../../src/runtime/ports.ts"

/** 2026-01-01T00:00:00Z in µs. */
const START_AT = 1_767_225_600_000_000

/** Time that moves when a test says so; whatever is due runs in order, each with its microtasks. */
export class VirtualClock implements Clock {
  #at = START_AT
  #aheadUs = 0
  #count = 0
  #timers: { at: number; order: number; fire: () => void }[] = []

  now(): number {
    return this.#at + this.#aheadUs
  }

  /** Somebody sets the wall clock forward or, below zero, back. */
  set(byMs: number): void {
    this.#aheadUs += byMs * 1_000
  }

  monotonic(): number {
    return this.#at - START_AT
  }

  timer(delayMs: number, fire: () => void): Timer {
    const timer = { at: this.#at + Math.max(0, Math.round(delayMs * 1_000)), order: this.#count++, fire }
    this.#timers.push(timer)
    return { cancel: () => (this.#timers = this.#timers.filter((other) => other !== timer)) }
  }

  defer(run: () => void): void {
    this.timer(0, run)
  }

  async advance(durationMs: number): Promise<void> {
    const until = this.#at + Math.round(durationMs * 1_000)
    await settle()
    for (let next = this.#next(until); next !== undefined; next = this.#next(until)) {
      this.#timers = this.#timers.filter((other) => other !== next)
      this.#at = Math.max(this.#at, next.at)
      next.fire()
      await settle()
    }
    this.#at = until
  }

  #next(until: number): { at: number; order: number; fire: () => void } | undefined {
    let first: { at: number; order: number; fire: () => void } | undefined
    for (const timer of this.#timers) {
      if (timer.at > until) continue
      if (first === undefined || timer.at < first.at || (timer.at === first.at && timer.order < first.order))
        first = timer
    }
    return first
  }
}

/** Returns when the microtask queue is empty. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** A small seeded generator (mulberry32). */
export function seeded(seed: number): { next(): number } {
  let state = seed >>> 0
  return {
    next: () => {
      state = (state + 0x6d2b79f5) >>> 0
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
    },
  }
}
