import type { Channel } from "../../domain/channel.ts"
import type { Inst } from "../../domain/inst.ts"
import type { Route } from "./route.ts"

/**
 * How long each kind of stream may say nothing. A market may honestly be quiet, so a silent subscription is asked for anew
 * at first, and each time that brings nothing the bound doubles: a quiet market costs a handful of messages a day.
 */
const BOUND_MS = { trades: 300_000, candles: 120_000, image: 60_000 } as const
const BOUND_MS_MAX = 3_600_000

/** The bound of a channel that names none; books are the venue's own business, bound by `bookMs`. */
export function silenceBoundMs(channel: Channel, bookMs: number): number {
  if (channel.kind === "trades" || channel.kind === "candles") return BOUND_MS[channel.kind]
  return channel.kind === "lob" && channel.form !== "incremental" ? BOUND_MS.image : bookMs
}

/** One inst's subscription of one channel. */
export interface Watched {
  readonly channel: Channel
  readonly inst: Inst
  readonly route: Route
  boundMs: number
  /** How often in a row it was found silent. */
  times: number
  /** When it was last found so, or began, µs: silence counts from there. */
  since: number
}

export interface Heard {
  readonly silent: readonly Watched[]
  /** These were silent and have been heard again. */
  readonly back: readonly Watched[]
}

/** Watches the subscriptions of one connection for silence. */
export class Silence {
  readonly #watched: Watched[] = []

  add(channel: Channel, route: Route, boundMs: number): void {
    const known = this.#watched.find((one) => one.route === route && one.channel.kind === channel.kind)
    if (known !== undefined) known.boundMs = Math.min(known.boundMs, boundMs)
    else this.#watched.push({ channel, inst: route.inst, route, boundMs, times: 0, since: 0 })
  }

  get leastMs(): number {
    return this.#watched.reduce((least, { boundMs }) => Math.min(least, boundMs), Infinity)
  }

  /** The connection is new: everything has its time from here on. */
  restart(now: number): void {
    for (const one of this.#watched) one.since = now
  }

  look(now: number): Heard {
    const silent: Watched[] = []
    const back: Watched[] = []
    for (const one of this.#watched) {
      const heardAt = heardAtOf(one)
      if (one.times > 0 && heardAt > one.since) {
        one.times = 0
        back.push(one)
      }
      const boundMs = Math.min(Math.max(one.boundMs, BOUND_MS_MAX), one.boundMs * 2 ** one.times)
      if (now - Math.max(heardAt, one.since) < boundMs * 1_000) continue
      one.times++
      one.since = now
      silent.push(one)
    }
    return { silent, back }
  }

  /** Whether anything at all has been heard within its bound. */
  hasVoice(now: number): boolean {
    return this.#watched.some((one) => now - heardAtOf(one) < one.boundMs * 1_000)
  }

  /** Found silent, and not heard since. */
  quiet(): readonly Watched[] {
    return this.#watched.filter((one) => one.times > 0 && heardAtOf(one) <= one.since)
  }
}

function heardAtOf({ channel, route }: Watched): number {
  if (channel.kind === "trades") return route.tradeAt
  return channel.kind === "candles" ? route.candleAt : route.lobAt
}
