import type { Random } from "../ports.ts"

/** What goes wrong in a virtual network. Rates are chances from 0 to 1; all absent: nothing does. */
export interface Faults {
  /** One way, for each message; the order within a connection stays. 0 by default. */
  readonly latencyMsMin?: number
  readonly latencyMsMax?: number
  /** A connection attempt or request is refused: nothing of it arrives. */
  readonly refuseRate?: number
  /** A WebSocket message is lost though its connection stands. */
  readonly dropRate?: number
  /**
   * What a server sends over a WebSocket arrives twice: venues publish an event again after trouble of their own. What a
   * client sends never does: TCP does not repeat, and who sends an order once must not be served twice.
   */
  readonly duplicateRate?: number
  /** The connection ends instead of carrying the message. */
  readonly cutRate?: number
  /**
   * The client loses its connection as it sends, and the server does not notice: what was sent arrives up to `lateMsMax`
   * later, when its sender has long been asking what became of it.
   */
  readonly halfCutRate?: number
  /** An HTTP request is under way for up to `lateMsMax` longer, perhaps beyond its caller's patience. */
  readonly lateRequestRate?: number
  /** 8 s by default: beyond the life that venues give a signed request. */
  readonly lateMsMax?: number
  /** An HTTP request never arrives, and its caller hears nothing. */
  readonly lostRequestRate?: number
  /** An HTTP request is served, and its caller hears nothing. */
  readonly lostReplyRate?: number
}

export type FaultRate = Extract<keyof Faults, `${string}Rate`>

const LATE_MS_MAX = 8_000

/** Draws from the seed only where something can go wrong, so that a fault more leaves the others' draws alone. */
export class Weather {
  readonly #random: Random
  readonly #faults: () => Faults

  constructor(random: Random, faults: () => Faults) {
    this.#random = random
    this.#faults = faults
  }

  strikes(rate: FaultRate): boolean {
    const chance = this.#faults()[rate] ?? 0
    return chance > 0 && this.#random.next() < chance
  }

  lateMs(): number {
    return this.#random.next() * (this.#faults().lateMsMax ?? LATE_MS_MAX)
  }

  latencyMs(): number {
    const { latencyMsMin = 0, latencyMsMax = latencyMsMin } = this.#faults()
    return latencyMsMax > latencyMsMin
      ? latencyMsMin + this.#random.next() * (latencyMsMax - latencyMsMin)
      : latencyMsMin
  }
}
