import { createHash } from "node:crypto"
import { UsageError } from "./errors.ts"

/**
 * A client id is 128 bits, written as 32 lower-case hex digits: 40 bits of bot identity (a hash of bot name and
 * account), 24 of run, 64 of counter. Adapters hold the codec to their venue's alphabet.
 */
const IDENTITY_DIGITS = 10
const RUN_DIGITS = 6
const COUNTER_DIGITS = 16
const FORM = /^[0-9a-f]{32}$/

export const isClientId = (text: string): boolean => FORM.test(text)

/** Whether this id was made by the bot with this identity. */
export const isOwn = (clientId: string, identity: string): boolean =>
  FORM.test(clientId) && clientId.startsWith(identity)

/** Identity of a bot on an account: the same after every restart, another for another bot or account. */
export const identityOf = (bot: string, account: string): string =>
  createHash("sha256").update(`${bot}\0${account}`).digest("hex").slice(0, IDENTITY_DIGITS)

/** Ids of one run: same prefix, counting up. */
export function clientIds(identity: string, run: number, first = 1): () => string {
  if (!/^[0-9a-f]{10}$/.test(identity)) throw new UsageError(`bot identity "${identity}" is not 10 hex digits`)
  const prefix = identity + (run % 2 ** 24).toString(16).padStart(RUN_DIGITS, "0")
  let counter = first
  return () => prefix + (counter++).toString(16).padStart(COUNTER_DIGITS, "0")
}
