import * as library from "../index.ts"
import type { Outside } from "../runtime/ports.ts"
import type { LogOptions, PinoLog } from "../runtime/platform/shared/log.ts"
import { platform } from "#platform"

export { watchdog } from "./entrance.ts"

/** The real world, with its log. */
export const outside = (log: Omit<LogOptions, "clock">): Outside & { readonly log: PinoLog } =>
  platform.outside({ log })

/** Lets bot files anywhere import `perigee`: this program's own copy. */
export const offerPerigee = (): void => platform.offerLibrary("perigee", library)

/** Told of an error that nobody caught, before the process ends with status 1. */
export const onCrash = (told: (error: unknown) => void): (() => void) => platform.onCrash(told)
