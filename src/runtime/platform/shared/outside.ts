import type { Listener, Outside } from "../../ports.ts"
import { systemClock } from "./clock.ts"
import { processEnv } from "./env.ts"
import { nodeHttp } from "./http.ts"
import { type PinoLog, pinoLog } from "./log.ts"
import type { OutsideOptions } from "./platform.ts"
import { mathRandom } from "./random.ts"
import { wsSockets } from "./sockets.ts"

/** The real world; serving is what each runtime does in its own way. */
export function outsideWith(listener: Listener, options: OutsideOptions = {}): Outside & { readonly log: PinoLog } {
  const clock = systemClock()
  const network = { clock, ...(options.localAddress === undefined ? {} : { localAddress: options.localAddress }) }
  return {
    clock,
    random: mathRandom(),
    env: processEnv(),
    log: pinoLog({ clock, ...options.log }),
    sockets: wsSockets(network),
    http: nodeHttp(network),
    listener,
  }
}
