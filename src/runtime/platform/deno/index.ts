import { onCrash } from "../shared/crash.ts"
import { outsideWith } from "../shared/outside.ts"
import type { Platform } from "../shared/platform.ts"
import { inOwnTask } from "../shared/turn.ts"
import { denoClock } from "./clock.ts"
import { offerLibrary } from "./library.ts"
import { denoListener } from "./listener.ts"
import { drainMicrotasks } from "./microtasks.ts"
import { startWatchdog } from "./watchdog.ts"

/** The real world on Deno. */
export const platform: Platform = {
  name: "deno",
  outside: (options) => outsideWith({ clock: denoClock(), listener: denoListener() }, options),
  offerLibrary,
  startWatchdog,
  onCrash,
  drainMicrotasks,
  inOwnTask,
}
