import type { Clock, Timer } from "../ports.ts"

/** A strategy's timers: each firing is an event of its own, and none is left when the strategy stops. */
export class Timers {
  readonly #clock: Clock
  /** Delivers the call to the strategy, now or when it is idle. */
  readonly #post: (run: () => unknown) => void
  readonly #live = new Set<Timer>()
  #isClosed = false

  constructor(clock: Clock, post: (run: () => unknown) => void) {
    this.#clock = clock
    this.#post = post
  }

  after(delayMs: number, run: () => unknown): Timer {
    return this.#start(delayMs, undefined, run)
  }

  every(everyMs: number, run: () => unknown): Timer {
    return this.#start(everyMs, everyMs, run)
  }

  close(): void {
    this.#isClosed = true
    for (const timer of this.#live) timer.cancel()
  }

  #start(delayMs: number, everyMs: number | undefined, run: () => unknown): Timer {
    let isCancelled = this.#isClosed
    let isWaiting = false
    let armed: Timer | undefined
    const timer: Timer = {
      cancel: () => {
        isCancelled = true
        armed?.cancel()
        this.#live.delete(timer)
      },
    }
    const call = () => {
      isWaiting = false
      return isCancelled ? undefined : run()
    }
    const fire = () => {
      if (everyMs === undefined) this.#live.delete(timer)
      else armed = this.#clock.timer(everyMs, fire)
      // A strategy that is slower than its own timer gets one call, not a heap of them.
      if (isWaiting) return
      isWaiting = true
      this.#post(call)
    }
    if (isCancelled) return timer
    armed = this.#clock.timer(delayMs, fire)
    this.#live.add(timer)
    return timer
  }
}
