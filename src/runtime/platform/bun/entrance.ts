import { systemClock } from "../shared/clock.ts"
import type { Entrance } from "../shared/entrance.ts"
import { bunListener } from "./listener.ts"
import { bunMachine } from "./machine.ts"
import { startWatchdog } from "./watchdog.ts"

export const entrance: Entrance = {
  machine: bunMachine,
  clock: () => systemClock(),
  listener: bunListener,
  startWatchdog,
}
