import type { Channel } from "../../domain/channel.ts"
import type { Clock } from "../../ports.ts"
import { Quiet } from "../quiet.ts"
import type { Stream } from "./stream.ts"

/**
 * How long each kind of stream may say nothing. A market may honestly be quiet, so a silent subscription is asked for anew
 * at first, and each time that brings nothing the bound doubles: a quiet market costs a handful of messages a day.
 */
const BOUND_MS = { trades: 300_000, candles: 120_000, image: 60_000 } as const
const BOUND_MS_MAX = 3_600_000

/** The bound of a channel that names none; books are the venue's own business, bound by `bookMs`. */
function silenceBoundMs(channel: Channel, bookMs: number): number {
  if (channel.kind === "trades" || channel.kind === "candles") return BOUND_MS[channel.kind]
  return channel.kind === "lob" && channel.form !== "incremental" ? BOUND_MS.image : bookMs
}

/** One subscription. */
export interface Watched {
  readonly stream: Stream
  /** The least that any of its tasks wants. */
  readonly boundMs: number
  /** How often in a row it was found silent. */
  times: number
  /** When it was last found so, or began, on the monotonic clock: silence counts from there. */
  since: number
  /** The newest event, as `stream.receivedAt`, when it was last found silent. */
  silentAt: number
  readonly quiet: Quiet
  /** Since its newest event, as of the last look. */
  quietUs: number
}

export interface Heard {
  readonly silent: readonly Watched[]
  /** These were silent and have been heard again. */
  readonly back: readonly Watched[]
}

/** Watches the subscriptions of one connection for silence. */
export class Silence {
  readonly #watched: readonly Watched[]
  readonly #clock: Clock
  readonly leastMs: number

  constructor(streams: readonly Stream[], bookMs: number, clock: Clock) {
    this.#clock = clock
    this.#watched = streams.map((stream) => {
      const usualMs = silenceBoundMs(stream.channel, bookMs)
      const boundMs = Math.min(...stream.listeners.map(({ silenceMsMax }) => silenceMsMax ?? usualMs))
      const quiet = new Quiet(clock)
      return { stream, boundMs, times: 0, since: 0, silentAt: 0, quiet, quietUs: Number.POSITIVE_INFINITY }
    })
    this.leastMs = this.#watched.reduce((least, { boundMs }) => Math.min(least, boundMs), Infinity)
  }

  /** The connection is new: everything has its time from here on. */
  restart(): void {
    const now = this.#clock.monotonic()
    for (const one of this.#watched) one.since = now
  }

  look(): Heard {
    const now = this.#clock.monotonic()
    const silent: Watched[] = []
    const back: Watched[] = []
    for (const one of this.#watched) {
      const { receivedAt } = one.stream
      one.quietUs = one.quiet.look(receivedAt)
      if (one.times > 0 && receivedAt !== one.silentAt) {
        one.times = 0
        back.push(one)
      }
      const boundMs = Math.min(Math.max(one.boundMs, BOUND_MS_MAX), one.boundMs * 2 ** one.times)
      if (Math.min(one.quietUs, now - one.since) < boundMs * 1_000) continue
      one.times++
      one.since = now
      one.silentAt = receivedAt
      silent.push(one)
    }
    return { silent, back }
  }

  /** Whether anything at all had been heard within its bound at the last look. */
  hasVoice(): boolean {
    return this.#watched.some(({ quietUs, boundMs }) => quietUs < boundMs * 1_000)
  }

  /** Found silent, and not heard since. */
  quiet(): readonly Watched[] {
    return this.#watched.filter(({ times, stream, silentAt }) => times > 0 && stream.receivedAt === silentAt)
  }
}
