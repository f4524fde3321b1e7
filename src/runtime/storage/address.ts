import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { describe, JournalError } from "../domain/errors.ts"
import { isHeld } from "./lock.ts"
import { journalError } from "./trouble.ts"
import { truePath } from "./volume.ts"

/** Where a running bot answers; written beside its database so that the CLI finds it. Holds no secret. */
export interface Address {
  readonly bot: string
  readonly version: string
  readonly host: string
  readonly port: number
  readonly pid: number
  /** µs. */
  readonly startedAt: number
}

export type FoundAddress =
  | { readonly kind: "running"; readonly address: Address }
  /** Left behind by a process that is gone. */
  | { readonly kind: "stale"; readonly address: Address }
  | { readonly kind: "absent" }

export const addressFile = (database: string): string => `${truePath(database)}.endpoint.json`

/** Whole or not at all: a reader never sees half of it. Throws JournalError. */
export function writeAddress(database: string, address: Address): void {
  const file = addressFile(database)
  const draft = `${file}.${address.pid}`
  try {
    writeFileSync(draft, `${JSON.stringify(address)}\n`)
    renameSync(draft, file)
  } catch (error) {
    rmSync(draft, { force: true })
    throw journalError("write", file, error)
  }
}

/** Whether the one who wrote it lives is told by the database's lock, which ends with its process; a pid may be somebody else's by now. */
export function readAddress(database: string): FoundAddress {
  const file = addressFile(database)
  if (!existsSync(file)) return { kind: "absent" }
  const address = parse(file)
  return { kind: isHeld(truePath(database)) ? "running" : "stale", address }
}

/** Removes the file if it is still this process's own. */
export function removeAddress(database: string, pid: number): void {
  const file = addressFile(database)
  if (existsSync(file) && parse(file).pid === pid) rmSync(file, { force: true })
}

function parse(file: string): Address {
  try {
    const { bot, version, host, port, pid, startedAt } = JSON.parse(readFileSync(file, "utf8")) as Address
    if (typeof host !== "string" || !Number.isInteger(port) || !Number.isInteger(pid))
      throw new Error("host, port or pid is missing")
    return { bot, version, host, port, pid, startedAt }
  } catch (error) {
    throw new JournalError(`${file} is damaged: ${describe(error)}; remove it and start the bot again`, {
      cause: error,
    })
  }
}
