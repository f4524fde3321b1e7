import type { Clock, Heartbeat, Timer } from "../ports.ts"
import { Quiet } from "./quiet.ts"

/** Pings after a quiet spell and tells of a long one: a half-open socket never says so itself. */
export class Pulse {
  readonly #clock: Clock
  readonly #heartbeat: Heartbeat
  /** Sends a protocol ping, or this text. */
  readonly #ping: (text: string | undefined) => void
  readonly #dead: (why: string) => void
  #timer: Timer | undefined
  /** Local time of the newest sign of life, µs: whoever reads frames sets it. */
  heardAt = 0

  constructor(
    clock: Clock,
    heartbeat: Heartbeat,
    parts: { ping(text: string | undefined): void; dead(why: string): void },
  ) {
    this.#clock = clock
    this.#heartbeat = heartbeat
    this.#ping = (text) => parts.ping(text)
    this.#dead = (why) => parts.dead(why)
  }

  /** The socket is open. */
  start(): void {
    this.stop()
    this.heardAt = this.#clock.now()
    this.#beat(new Quiet(this.#clock, this.heardAt))
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #beat(quiet: Quiet): void {
    const { everyMs, silenceMsMax, text } = this.#heartbeat
    this.#timer = this.#clock.timer(Math.min(everyMs, silenceMsMax / 2), () => {
      const quietMs = quiet.look(this.heardAt) / 1_000
      if (quietMs >= silenceMsMax) return this.#dead(`no frame for ${Math.round(quietMs)} ms`)
      if (quietMs >= everyMs / 2) this.#ping(text)
      this.#beat(quiet)
    })
  }
}
