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
   * A byte flips on its way, in either direction, in a WebSocket message, a request or a reply. TLS notices (the record's
   * MAC does not fit), so nobody ever reads the wrong byte: the message is lost, and with it the connection, whose both ends
   * learn why as it arrives. A caller of HTTP is told that its request was sent: it may have been served.
   */
  readonly corruptRate?: number
  /**
   * What a server sends has left it mangled, as venues' gateways do under load: cut off, bytes missing or overwritten, two
   * messages run into each other. TLS carries it faithfully; it is no JSON any more, and must be refused as unreadable. A
   * mangling that leaves well-formed text with another price in it could be told by no client at all, so there is none here;
   * wrong update numbers are the books' continuity to notice.
   */
  readonly garbleRate?: number
  /**
   * The client loses its connection as it sends, and the server does not notice: what was sent arrives up to `lateMsMax`
   * later, when its sender has long been asking what became of it.
   */
  readonly halfCutRate?: number
  /**
   * The server stops reading as the client sends, for up to `lateMsMax`: what is sent meanwhile waits in the client's process,
   * arrives afterwards, and is lost where the connection ends first.
   */
  readonly stallRate?: number
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
const OVERWRITTEN_MAX = 8
/** Never valid in JSON, neither within a string nor outside of one. */
const OVERWRITE = ["\u0000", "\u0001", "\u0007", "\u001f"]

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

  /** The text, mangled beyond reading as JSON, whatever object or list it was. */
  garbled(text: string): string {
    const pick = (count: number): number => Math.floor(this.#random.next() * count)
    const at = pick(text.length)
    switch (pick(4)) {
      case 0:
        return text.slice(0, at)
      case 1:
        return text.slice(at + 1)
      case 2:
        return text.slice(0, at + 1) + text
      default: {
        const count = 1 + pick(OVERWRITTEN_MAX)
        return text.slice(0, at) + OVERWRITE[pick(OVERWRITE.length)]!.repeat(count) + text.slice(at + count)
      }
    }
  }

  latencyMs(): number {
    const { latencyMsMin = 0, latencyMsMax = latencyMsMin } = this.#faults()
    return latencyMsMax > latencyMsMin
      ? latencyMsMin + this.#random.next() * (latencyMsMax - latencyMsMin)
      : latencyMsMin
  }
}
