import { describe, JournalError } from "../domain/errors.ts"
import { sqliteCode } from "./driver.ts"

// By the beginning of SQLite's result code, https://www.sqlite.org/rescode.html
const PLAIN: readonly (readonly [code: string, what: string, remedy: string])[] = [
  ["SQLITE_FULL", "the disk is full", "free some space or give the bot a larger volume"],
  ["SQLITE_READONLY", "the disk or file is read-only", "mount the volume writable and let the bot's user own the file"],
  [
    "SQLITE_CANTOPEN",
    "the file cannot be opened or created",
    "let the bot's user write to its directory, or choose another place",
  ],
  ["SQLITE_PERM", "the file may not be opened", "let the bot's user own it"],
  ["SQLITE_NOTADB", "the file is not a database", "choose another file name"],
  [
    "SQLITE_CORRUPT",
    "the database is damaged",
    "restore a copy, or start with a new file and let reconciliation find the open orders",
  ],
  ["SQLITE_IOERR", "the disk failed to read or write", "check the volume"],
  ["SQLITE_BUSY", "another connection holds the database", "close the program that has it open"],
]

/** A JournalError in plain words: what happened, to which file, what to do. */
export function journalError(doing: string, file: string, error: unknown): JournalError {
  if (error instanceof JournalError) return error
  const code = sqliteCode(error)
  const plain = PLAIN.find(([prefix]) => code.startsWith(prefix))
  const said = plain === undefined ? describe(error) : `${plain[1]} (${code}); ${plain[2]}`
  return new JournalError(`cannot ${doing} ${file}: ${said}`, { cause: error })
}
