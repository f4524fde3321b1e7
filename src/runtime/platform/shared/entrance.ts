import type { Clock, Listener } from "../../ports.ts"
import type { Machine } from "./process.ts"

/**
 * As much of the real world as a program needs before it has loaded the rest: who it is, and how it listens. `#entrance`
 * is that of the runtime which loads it.
 */
export interface Entrance {
  machine(): Machine
  clock(): Clock
  listener(): Listener
}
