import type { Outside } from "../ports.ts"
import { type VirtualClock, virtualClock } from "./clock.ts"
import { virtualEnv } from "./env.ts"
import type { Faults } from "./faults.ts"
import { type CapturedLog, captureLog } from "./log.ts"
import { type VirtualNetwork, virtualNetwork } from "./network.ts"
import { seededRandom } from "./random.ts"

export interface VirtualOutsideOptions {
  /** µs since the epoch. */
  readonly startAt: number
  readonly seed: string | number
  /** Empties the microtask queue. */
  readonly drain: () => void
  readonly env?: Readonly<Record<string, string>>
  readonly faults?: Faults
}

export interface VirtualOutside extends Outside {
  readonly clock: VirtualClock
  readonly log: CapturedLog
  readonly network: VirtualNetwork
}

/** A whole outside that depends on nothing but its seed. */
export function virtualOutside({ startAt, seed, drain, env, faults = {} }: VirtualOutsideOptions): VirtualOutside {
  const clock = virtualClock(startAt, drain)
  // Streams of their own: what the bot draws must not change the weather.
  const network = virtualNetwork({ clock, random: seededRandom(`${seed} network`), faults })
  return {
    clock,
    random: seededRandom(`${seed} bot`),
    env: virtualEnv(env),
    log: captureLog(),
    sockets: network.sockets,
    http: network.http,
    listener: network.listener,
    network,
  }
}
