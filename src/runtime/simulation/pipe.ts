import type { Clock } from "../ports.ts"
import type { Weather } from "./faults.ts"

/** One direction of a connection: what is put in comes out later, in order, or not at all. */
export class Pipe {
  readonly #clock: Clock
  readonly #weather: Weather
  #isOpen = true
  #lastAt = 0
  #inFlight = 0

  constructor(clock: Clock, weather: Weather) {
    this.#clock = clock
    this.#weather = weather
  }

  /** Characters put in that have not come out. */
  get inFlight(): number {
    return this.#inFlight
  }

  put(size: number, deliver: () => void): void {
    const now = this.#clock.monotonic()
    this.#lastAt = Math.max(this.#lastAt, now + this.#weather.latencyMs() * 1_000)
    this.#inFlight += size
    this.#clock.timer((this.#lastAt - now) / 1_000, () => {
      this.#inFlight -= size
      if (this.#isOpen) deliver()
    })
  }

  /** Nothing more comes out for so long. */
  hold(ms: number): void {
    this.#lastAt = Math.max(this.#lastAt, this.#clock.monotonic() + ms * 1_000)
  }

  /** Whatever is under way is lost. */
  end(): void {
    this.#isOpen = false
  }
}
