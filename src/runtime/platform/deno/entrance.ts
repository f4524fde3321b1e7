import type { Entrance } from "../shared/entrance.ts"
import { denoClock } from "./clock.ts"
import { denoListener } from "./listener.ts"
import { denoMachine } from "./machine.ts"
import { startWatchdog } from "./watchdog.ts"

export const entrance: Entrance = { machine: denoMachine, clock: denoClock, listener: denoListener, startWatchdog }
