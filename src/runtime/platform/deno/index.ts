import { outsideWith } from "../shared/outside.ts"
import type { Platform } from "../shared/platform.ts"
import { denoClock } from "./clock.ts"
import { offerLibrary } from "./library.ts"
import { denoListener } from "./listener.ts"
import { denoMachine } from "./machine.ts"
import { drainMicrotasks } from "./microtasks.ts"
import { startWatchdog } from "./watchdog.ts"

/** The real world on Deno. */
export const platform: Platform = {
  name: "deno",
  machine: denoMachine,
  outside: (options) => outsideWith({ clock: denoClock(), listener: denoListener() }, options),
  offerLibrary,
  startWatchdog,
  drainMicrotasks,
}
