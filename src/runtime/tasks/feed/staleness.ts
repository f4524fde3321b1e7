import type { Clock } from "../../ports.ts"

const WINDOW_US = 300_000_000
/** A clock set back and data as late as that together look like nothing at all: at the latest after this long it shows. */
const LOOK_US = 1_000_000
/** A new least delay this far below the old one is not taken without a look at the clock. */
const FALL_US = 10_000
/** Between two readings of the clock a process may be held up a little; where the clock was set, it is by more. */
const STEP_US = 5_000

/**
 * How much later than usual data arrive: receive time minus exchange time, less its own running minimum over the last
 * five to ten minutes. A constant clock offset cancels out; a queue anywhere on the way, the event loop's included, shows.
 *
 * Receive times are the wall clock's, which may be set while the bot runs. So they are reckoned on the monotonic clock, by
 * the distance between the two as it was last seen, and that is looked at again every second and whenever data seem late
 * or early: a clock that was set makes nothing late, and hides nothing that is.
 */
export class Staleness {
  readonly #clock: Pick<Clock, "now" | "monotonic">
  readonly #lateUs: number
  /** Wall clock less the monotonic one. */
  #ahead: number
  #lookedAt = 0
  #windowAt = 0
  #least = Number.POSITIVE_INFINITY
  #leastBefore = Number.POSITIVE_INFINITY

  /** `lateUs` is from where on it matters how late data are. */
  constructor(clock: Pick<Clock, "now" | "monotonic">, lateUs: number) {
    this.#clock = clock
    this.#lateUs = lateUs
    this.#ahead = clock.now() - clock.monotonic()
  }

  /** Staleness of this event, µs. */
  observe(timestamp: number, receivedAt: number): number {
    const at = receivedAt - this.#ahead
    const since = at - this.#lookedAt
    if ((since > LOOK_US || since < 0) && this.#look(at)) return this.observe(timestamp, receivedAt)
    const late = at - timestamp - Math.min(this.#least, this.#leastBefore)
    if ((late > this.#lateUs || late < -FALL_US) && this.#wasSet()) return this.observe(timestamp, receivedAt)
    if (at - timestamp < this.#least) this.#least = at - timestamp
    return late > 0 ? late : 0
  }

  /** True where the clock was set, and `at` with it. */
  #look(at: number): boolean {
    if (this.#wasSet()) return true
    this.#lookedAt = at
    if (at - this.#windowAt > WINDOW_US) {
      this.#leastBefore = this.#least
      this.#least = Number.POSITIVE_INFINITY
      this.#windowAt = at
    }
    return false
  }

  #wasSet(): boolean {
    const ahead = this.#clock.now() - this.#clock.monotonic()
    if (Math.abs(ahead - this.#ahead) < STEP_US) return false
    this.#ahead = ahead
    return true
  }
}
