// A build for one platform takes the package's entry of that platform instead: see cli/build/compile.ts.
import Sqlite from "better-sqlite3"

/** One connection to an SQLite file. */
export type Connection = Sqlite.Database
export type Statement = Sqlite.Statement

/** How long a connection waits for another's lock before SQLITE_BUSY. Only a checkpoint that restarts the WAL makes the loop wait at all. */
export interface ConnectOptions {
  readonly busyMsMax: number
  readonly mustExist?: boolean
}

export const connect = (file: string, options: ConnectOptions): Connection =>
  new Sqlite(file, { timeout: options.busyMsMax, fileMustExist: options.mustExist === true })

/** SQLite's own word for what went wrong (`SQLITE_FULL`, …); empty where it was not SQLite. */
export function sqliteCode(error: unknown): string {
  return error instanceof Sqlite.SqliteError ? error.code : ""
}
