import type { Clock, Listener, Outside } from "../../ports.ts"
import { processEnv } from "./env.ts"
import { nodeHttp } from "./http.ts"
import { type PinoLog, pinoLog } from "./log.ts"
import type { OutsideOptions } from "./platform.ts"
import { mathRandom } from "./random.ts"
import { wsSockets } from "./sockets.ts"

/** The real world, but for what each runtime does in its own way. */
export function outsideWith(
  own: { readonly clock: Clock; readonly listener: Listener },
  options: OutsideOptions = {},
): Outside & { readonly log: PinoLog } {
  const { clock, listener } = own
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
