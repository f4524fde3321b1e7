import { ConfigError } from "../runtime/domain/errors.ts"
import { readAddress } from "../runtime/storage/address.ts"
import { secret } from "./secrets.ts"
import * as library from "../index.ts"
import type { Outside } from "../runtime/ports.ts"
import { offerLibrary } from "../runtime/platform/bun/library.ts"
import type { BunLog, LogOptions } from "../runtime/platform/bun/log.ts"
import { bunOutside } from "../runtime/platform/bun/outside.ts"
import { bunMachine, type Machine } from "../runtime/platform/bun/process.ts"

import { startWatchdog, type Watchdog } from "../runtime/platform/bun/watchdog.ts"

export type { Child, Machine } from "../runtime/platform/bun/process.ts"

/** The process this runs in. */
export const machine = (): Machine => bunMachine()

/** The real world, with its log. */
export const outside = (log: Omit<LogOptions, "clock">): Outside & { readonly log: BunLog } => bunOutside({ log })

/** Lets bot files anywhere import `perigee`: this program's own copy. */
export const offerPerigee = (): void => offerLibrary("perigee", library)

/** Address of the bot that runs on this database. Throws ConfigError where none does. */
export function addressOf(database: string): { readonly url: string; readonly pid: number } {
  const found = readAddress(database)
  if (found.kind === "running")
    return { url: `http://${found.address.host}:${found.address.port}`, pid: found.address.pid }
  const gone = found.kind === "stale" ? ` (process ${found.address.pid} is gone)` : ""
  throw new ConfigError(`no bot is running on ${database}${gone}`)
}

/** The endpoint's bearer token, from PERIGEE_TOKEN or the file PERIGEE_TOKEN_FILE names. */
export const token = (env: (name: string) => string | undefined): string | undefined => secret(env, "PERIGEE_TOKEN")

/** Ends this process with `status` when its loop has stood still for five seconds, naming the handler. */
export const watchdog = (status: number, failed: (why: string) => void): Watchdog => startWatchdog({ status, failed })
