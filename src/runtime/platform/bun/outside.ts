import type { Outside } from "../../ports.ts"
import { bunClock } from "./clock.ts"
import { bunEnv } from "./env.ts"
import { bunHttp } from "./http.ts"
import { bunListener } from "./listener.ts"
import { bunLog, type BunLog, type LogOptions } from "./log.ts"
import { bunRandom } from "./random.ts"
import { bunSockets } from "./sockets.ts"

export interface OutsideOptions {
  readonly log?: Omit<LogOptions, "clock">
  /** Local address to connect from, where the machine has several. */
  readonly localAddress?: string
}

/** The real world on Bun. */
export function bunOutside(options: OutsideOptions = {}): Outside & { readonly log: BunLog } {
  const clock = bunClock()
  const network = { clock, ...(options.localAddress === undefined ? {} : { localAddress: options.localAddress }) }
  return {
    clock,
    random: bunRandom(),
    env: bunEnv(),
    log: bunLog({ clock, ...options.log }),
    sockets: bunSockets(network),
    http: bunHttp(network),
    listener: bunListener(),
  }
}
