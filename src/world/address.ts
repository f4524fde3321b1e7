import { UnreachableError } from "../runtime/domain/errors.ts"
import { readAddress } from "../runtime/storage/address.ts"
import { urlOf } from "./door.ts"
import { secret } from "./secrets.ts"

/** Address of the bot that runs on this database. Throws UnreachableError where none does. */
export function addressOf(database: string): { readonly url: string; readonly pid: number } {
  const found = readAddress(database)
  if (found.kind === "running") return { url: urlOf(found.address), pid: found.address.pid }
  const gone = found.kind === "stale" ? ` (process ${found.address.pid} is gone)` : ""
  throw new UnreachableError(`no bot is running on ${database}${gone}`)
}

/** The endpoint's bearer token, from PERIGEE_TOKEN or the file PERIGEE_TOKEN_FILE names. */
export const token = (env: (name: string) => string | undefined): string | undefined => secret(env, "PERIGEE_TOKEN")
