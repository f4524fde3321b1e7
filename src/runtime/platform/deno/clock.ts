import type { Clock } from "../../ports.ts"
import { systemClock } from "../shared/clock.ts"

/**
 * Deno looks at its sockets only when it has nothing else to do, or after some 60 immediates (2.9.6): a timer of no
 * delay, a millisecond or two, is the shortest that lets them be served before.
 */
export const denoClock = (): Clock => systemClock((run) => void setTimeout(run, 0))
