import type { Clock, Timer } from "../../ports.ts"

/** setTimeout takes 31 bits; a longer delay would fire at once. */
const timeoutMsMax = 2 ** 31 - 1

/**
 * Wall time in µs from two sources: `performance.now()` has the resolution but runs freely from process start, and
 * `Date.now()` is disciplined by NTP but shows whole milliseconds. The sum `origin + performance.now()` is held inside
 * the millisecond that `Date.now()` shows, looked at every `resyncMs`. So it is never more than 1 ms off the system's
 * wall clock, follows its steps and its slew, and may step back by as much as the system's clock was set back.
 */
export function wallClock(source: { date(): number; performance(): number }, resyncMs = 50): () => number {
  let origin = source.date() - source.performance()
  let checkedMs = Number.NEGATIVE_INFINITY
  return () => {
    const elapsedMs = source.performance()
    if (elapsedMs - checkedMs >= resyncMs) {
      checkedMs = elapsedMs
      const behindMs = source.date() - (origin + elapsedMs)
      if (behindMs > 0) origin += behindMs
      else if (behindMs < -1) origin += behindMs + 1
    }
    return Math.floor((origin + elapsedMs) * 1_000)
  }
}

/** The system's clock. How to let waiting sockets be served first is each runtime's own matter; by default it is Bun's. */
export function systemClock(defer: Clock["defer"] = afterTwoImmediates): Clock {
  return {
    now: wallClock({ date: () => Date.now(), performance: () => performance.now() }),
    monotonic: () => Math.floor(performance.now() * 1_000),
    timer,
    defer,
  }
}

function timer(delayMs: number, fire: () => void): Timer {
  // The negated comparison sends NaN to 0 too, as setTimeout would.
  const dueMs = performance.now() + (delayMs > 0 ? delayMs : 0)
  let handle: ReturnType<typeof setTimeout>
  const arm = (): void => {
    const leftMs = Math.ceil(dueMs - performance.now())
    handle = setTimeout(check, Math.min(Math.max(leftMs, 0), timeoutMsMax))
  }
  // Timers may come up to a millisecond early against the finer clock.
  const check = (): void => {
    if (performance.now() < dueMs) arm()
    else fire()
  }
  arm()
  return { cancel: () => clearTimeout(handle) }
}

/**
 * Two steps: an immediate runs before the next poll of the sockets when it was set in a timer, and after it when set
 * in a socket's callback (measured on Bun 1.4.5). After two, the sockets were served once in either case. About 2 µs.
 */
function afterTwoImmediates(run: () => void): void {
  setImmediate(() => setImmediate(run))
}
