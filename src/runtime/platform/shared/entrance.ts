import type { Clock, Listener } from "../../ports.ts"
import type { Machine } from "./process.ts"
import type { Watchdog, WatchdogOptions } from "./watchdog.ts"

/**
 * As much of the real world as a program needs before it has loaded the rest: who it is, how it listens, and who watches it. `#entrance`
 * is that of the runtime which loads it.
 */
export interface Entrance {
  machine(): Machine
  clock(): Clock
  listener(): Listener
  startWatchdog(options?: WatchdogOptions): Watchdog
}
