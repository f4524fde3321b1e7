import { UsageError } from "../domain/errors.ts"
import type { Clock, Timer } from "../ports.ts"

/** A clock that jumps from one due thing to the next. Everything runs inside the calls that move it. */
export interface VirtualClock extends Clock {
  /** When the next thing is due, µs; undefined where nothing is. */
  nextAt(): number | undefined
  /** Runs the next due thing and the microtasks it leaves, moving time to it. False where nothing is due. */
  step(): boolean
  /** Runs everything due up to and at this time, and leaves the clock there. */
  advanceTo(at: number): void
  /** `advanceTo`, counted from now. */
  advance(ms: number): void
  /** Steps until this holds, at most up to `limitAt`; tells whether it does. */
  runUntil(isDone: () => boolean, limitAt: number): boolean
  /** Timers and deferred calls that wait. */
  readonly pending: number
}

interface Due {
  readonly at: number
  readonly order: number
  run: (() => void) | undefined
}

/**
 * Starts at `startAt`, µs since the epoch. Equal times run in the order they were asked for. `drain` empties the
 * microtask queue: after each step, so that a step ends when nothing is left to run at once.
 */
export function virtualClock(startAt: number, drain: () => void): VirtualClock {
  if (!Number.isSafeInteger(startAt)) throw new UsageError(`a clock starts at integer µs, not ${startAt}`)
  const heap: Due[] = []
  let now = startAt
  let order = 0
  let pending = 0

  const schedule = (at: number, run: () => void): Timer => {
    const due: Due = { at, order: order++, run }
    push(heap, due)
    pending++
    return {
      cancel() {
        if (due.run === undefined) return
        due.run = undefined
        pending--
      },
    }
  }
  const next = (): Due | undefined => {
    while (heap[0] !== undefined && heap[0].run === undefined) pop(heap)
    return heap[0]
  }
  const step = (): boolean => {
    drain()
    const due = next()
    if (due === undefined) return false
    const { run } = due
    pop(heap)
    due.run = undefined
    pending--
    now = due.at
    run?.()
    drain()
    return true
  }
  const advanceTo = (at: number): void => {
    if (at < now) throw new UsageError(`the clock is at ${now} and cannot go back to ${at}`)
    drain()
    while ((next()?.at ?? Number.POSITIVE_INFINITY) <= at) step()
    now = at
  }
  return {
    now: () => now,
    monotonic: () => now - startAt,
    timer: (delayMs, fire) => schedule(now + (delayMs > 0 ? Math.ceil(delayMs * 1_000) : 0), fire),
    defer: (run) => void schedule(now, run),
    nextAt: () => next()?.at,
    step,
    advanceTo,
    advance: (ms) => advanceTo(now + Math.round(ms * 1_000)),
    runUntil(isDone, limitAt) {
      drain()
      while (!isDone()) {
        const at = next()?.at
        if (at === undefined || at > limitAt) {
          if (limitAt > now) now = limitAt
          return isDone()
        }
        step()
      }
      return true
    },
    get pending() {
      return pending
    },
  }
}

const isBefore = (a: Due, b: Due): boolean => a.at < b.at || (a.at === b.at && a.order < b.order)

function push(heap: Due[], due: Due): void {
  let index = heap.length
  heap.push(due)
  while (index > 0) {
    const parent = (index - 1) >> 1
    if (!isBefore(due, heap[parent]!)) break
    heap[index] = heap[parent]!
    index = parent
  }
  heap[index] = due
}

function pop(heap: Due[]): void {
  const last = heap.pop()
  if (last === undefined || heap.length === 0) return
  let index = 0
  for (;;) {
    let child = 2 * index + 1
    if (child >= heap.length) break
    if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++
    if (!isBefore(heap[child]!, last)) break
    heap[index] = heap[child]!
    index = child
  }
  heap[index] = last
}
