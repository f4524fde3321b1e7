import { closeSync, openSync, readSync } from "node:fs"
import { JournalError } from "../domain/errors.ts"
import { type Connection, connect, sqliteCode } from "./driver.ts"
import { journalError } from "./trouble.ts"

export interface Lock {
  release(): void
}

// Where `PRAGMA user_version` lies in the file header, https://www.sqlite.org/fileformat2.html#the_database_header
const PID_OFFSET = 60
// Another process may be asking at this moment whether the lock is held.
const BUSY_MS_MAX = 500

const lockFile = (database: string): string => `${database}.lock`
const heldHere = new Set<string>()

/**
 * Makes this process the only one with the database open. The lock is the kernel's, on an empty SQLite file beside it: it ends with
 * the process however that ends, and does not mistake the first process of a new container for the one before. The file stays and
 * carries the last holder's pid for the message.
 */
export function acquire(database: string, pid: number): Lock {
  refuseOpenHere(database)
  let connection: Connection | undefined
  try {
    connection = connect(lockFile(database), { busyMsMax: BUSY_MS_MAX })
    connection.pragma("locking_mode = EXCLUSIVE")
    connection.pragma("journal_mode = MEMORY")
    connection.pragma(`user_version = ${pid}`)
  } catch (error) {
    connection?.close()
    if (sqliteCode(error).startsWith("SQLITE_BUSY")) throw inUse(database, error)
    throw journalError("open", database, error)
  }
  const held = connection
  heldHere.add(database)
  return {
    release() {
      held.close()
      heldHere.delete(database)
    },
  }
}

/** Whether some process, this one or another, has the database open. False where it was never opened. */
export function isHeld(database: string): boolean {
  if (heldHere.has(database)) return true
  let connection: Connection | undefined
  try {
    connection = connect(lockFile(database), { busyMsMax: 0, mustExist: true })
    connection.pragma("user_version")
    return false
  } catch (error) {
    return sqliteCode(error).startsWith("SQLITE_BUSY")
  } finally {
    connection?.close()
  }
}

/** Throws JournalError where this process has the database open: it must then not touch the file past SQLite either. */
export function refuseOpenHere(database: string): void {
  if (heldHere.has(database)) throw new JournalError(`${database} is already open in this process; close it first`)
}

function inUse(database: string, cause: unknown): JournalError {
  const said = `${database} is in use by another process (pid ${holder(database)}); stop it first, or choose another file`
  return new JournalError(said, { cause })
}

// Read past SQLite, whose lock we just failed to get; this process holds none on the file that closing could drop.
function holder(database: string): number {
  const bytes = Buffer.alloc(4)
  const handle = openSync(lockFile(database), "r")
  try {
    readSync(handle, bytes, 0, bytes.length, PID_OFFSET)
  } finally {
    closeSync(handle)
  }
  return bytes.readUInt32BE()
}
