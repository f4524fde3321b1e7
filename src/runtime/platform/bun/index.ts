import { systemClock } from "../shared/clock.ts"
import { onCrash } from "../shared/crash.ts"
import { outsideWith } from "../shared/outside.ts"
import type { Platform } from "../shared/platform.ts"
import { inOwnTask } from "../shared/turn.ts"
import { offerLibrary } from "./library.ts"
import { bunListener } from "./listener.ts"
import { drainMicrotasks } from "./microtasks.ts"
import { startWatchdog } from "./watchdog.ts"

/** The real world on Bun. */
export const platform: Platform = {
  name: "bun",
  outside: (options) => outsideWith({ clock: systemClock(), listener: bunListener() }, options),
  offerLibrary,
  startWatchdog,
  onCrash,
  drainMicrotasks,
  inOwnTask,
}
