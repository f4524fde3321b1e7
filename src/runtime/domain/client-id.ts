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

/**
 * Ids of one run: same prefix, counting up from the time it starts at (µs since the epoch). A database that is lost takes the
 * run's number with it, and the next start on the same account is run 1 again: the time keeps its ids apart from all earlier
 * ones, which the venue would refuse as doubles or answer with an order of the past. No bot sends an order every µs, so a
 * counter never catches up with the clock.
 */
export function clientIds(identity: string, run: number, startAt: number): () => string {
  if (!/^[0-9a-f]{10}$/.test(identity)) throw new UsageError(`bot identity "${identity}" is not 10 hex digits`)
  const prefix = identity + (run % 2 ** 24).toString(16).padStart(RUN_DIGITS, "0")
  let counter = startAt
  return () => prefix + (counter++).toString(16).padStart(COUNTER_DIGITS, "0")
}
