import type BetterSqlite from "better-sqlite3"
import { JournalError } from "../domain/errors.ts"

/** One connection to an SQLite file. */
export type Connection = BetterSqlite.Database
export type Statement = BetterSqlite.Statement

// The generic entry looks for its addon beside its own source, which a compiled binary does not have. The entry of one platform
// imports its addon by name, so the bundler embeds it; and because it knows `process.platform` and `process.arch` of its
// target, the other platforms' entries (2 MB each) fall away as dead code. They must stay literal comparisons for that.
async function load(): Promise<{ default: typeof BetterSqlite }> {
  if (process.platform === "linux" && process.arch === "x64") return await import("better-sqlite3/linux-x64")
  if (process.platform === "linux" && process.arch === "arm64") return await import("better-sqlite3/linux-arm64")
  if (process.platform === "darwin" && process.arch === "arm64") return await import("better-sqlite3/darwin-arm64")
  if (process.platform === "darwin" && process.arch === "x64") return await import("better-sqlite3/darwin-x64")
  if (process.platform === "win32" && process.arch === "x64") return await import("better-sqlite3/win32-x64")
  if (process.platform === "win32" && process.arch === "arm64") return await import("better-sqlite3/win32-arm64")
  throw new JournalError(
    `there is no SQLite for ${process.platform} ${process.arch}; run on linux, macOS or Windows, x64 or arm64`,
  )
}

const { default: Sqlite } = await load()

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
