import * as library from "../index.ts"
import type { Outside } from "../runtime/ports.ts"
import type { LogOptions, PinoLog } from "../runtime/platform/shared/log.ts"
import type { Watchdog } from "../runtime/platform/shared/watchdog.ts"
import { platform } from "#platform"

/** The real world, with its log. */
export const outside = (log: Omit<LogOptions, "clock">): Outside & { readonly log: PinoLog } =>
  platform.outside({ log })

/** Lets bot files anywhere import `perigee`: this program's own copy. */
export const offerPerigee = (): void => platform.offerLibrary("perigee", library)

/** Told of an error that nobody caught, before the process ends with status 1. */
export const onCrash = (told: (error: unknown) => void): (() => void) => platform.onCrash(told)

/** Ends this process with `status` when its loop has stood still for five seconds, naming the handler. */
export const watchdog = (status: number, failed: (why: string) => void): Watchdog =>
  platform.startWatchdog({ status, failed })
