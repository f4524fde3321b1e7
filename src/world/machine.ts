import { UnreachableError } from "../runtime/domain/errors.ts"
import { readAddress } from "../runtime/storage/address.ts"
import { secret } from "./secrets.ts"
import * as library from "../index.ts"
import type { Outside } from "../runtime/ports.ts"
import type { LogOptions, PinoLog } from "../runtime/platform/shared/log.ts"
import type { Machine } from "../runtime/platform/shared/process.ts"
import type { Watchdog } from "../runtime/platform/shared/watchdog.ts"
import { platform } from "#platform"

export type { Child, Machine } from "../runtime/platform/shared/process.ts"

/** The process this runs in. */
export const machine = (): Machine => platform.machine()

/** The real world, with its log. */
export const outside = (log: Omit<LogOptions, "clock">): Outside & { readonly log: PinoLog } =>
  platform.outside({ log })

/** Lets bot files anywhere import `perigee`: this program's own copy. */
export const offerPerigee = (): void => platform.offerLibrary("perigee", library)

/** Address of the bot that runs on this database. Throws UnreachableError where none does. */
export function addressOf(database: string): { readonly url: string; readonly pid: number } {
  const found = readAddress(database)
  if (found.kind === "running")
    return { url: `http://${found.address.host}:${found.address.port}`, pid: found.address.pid }
  const gone = found.kind === "stale" ? ` (process ${found.address.pid} is gone)` : ""
  throw new UnreachableError(`no bot is running on ${database}${gone}`)
}

/** The endpoint's bearer token, from PERIGEE_TOKEN or the file PERIGEE_TOKEN_FILE names. */
export const token = (env: (name: string) => string | undefined): string | undefined => secret(env, "PERIGEE_TOKEN")

/** Ends this process with `status` when its loop has stood still for five seconds, naming the handler. */
export const watchdog = (status: number, failed: (why: string) => void): Watchdog =>
  platform.startWatchdog({ status, failed })
