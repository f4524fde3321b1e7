import { createHash } from "node:crypto"
import { JournalError } from "../domain/errors.ts"
import type { Connection } from "./driver.ts"
import first from "../../../migrations/0001_first.sql" with { type: "text" }
import funding from "../../../migrations/0002_funding.sql" with { type: "text" }
import pendingOrders from "../../../migrations/0003_pending_orders.sql" with { type: "text" }

export interface Migration {
  readonly number: number
  readonly name: string
  readonly sql: string
}

/** Every step from an empty file to the present tables, embedded so that a compiled binary carries them. Never edit one that was released. */
export const MIGRATIONS: readonly Migration[] = [
  { number: 1, name: "first", sql: first },
  { number: 2, name: "funding", sql: funding },
  { number: 3, name: "pending_orders", sql: pendingOrders },
]

// "PRGE": tells a journal from another program's SQLite file.
const APPLICATION_ID = 0x50524745

const LEDGER = `CREATE TABLE IF NOT EXISTS migrations (
  number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, version TEXT NOT NULL, applied_at INTEGER NOT NULL
) STRICT`

interface Applied {
  readonly number: number
  readonly name: string
  readonly checksum: string
  readonly version: string
}

export interface MigrateOptions {
  readonly file: string
  /** This program's version. */
  readonly version: string
  /** µs. */
  readonly now: number
  readonly migrations?: readonly Migration[]
}

/** Brings the database to the present tables, all steps in one transaction. Throws JournalError where it is not ours or newer than we are. */
export function migrate(connection: Connection, options: MigrateOptions): void {
  const known = options.migrations ?? MIGRATIONS
  connection
    .transaction(() => {
      const applied = readLedger(connection, options.file)
      refuseNewer(applied, known, options)
      refuseEdited(applied, known, options.file)
      for (const step of known) {
        if (applied.some((done) => done.number === step.number)) continue
        connection.exec(step.sql)
        connection
          .prepare("INSERT INTO migrations VALUES (?, ?, ?, ?, ?)")
          .run(step.number, step.name, checksum(step.sql), options.version, options.now)
      }
    })
    .immediate()
}

function readLedger(connection: Connection, file: string): readonly Applied[] {
  const id = connection.pragma("application_id", { simple: true })
  const tables = connection.prepare("SELECT count(*) FROM sqlite_schema").pluck().get() as number
  if (id !== APPLICATION_ID && tables > 0) {
    throw new JournalError(`${file} is a database of another program; choose another file name`)
  }
  connection.pragma(`application_id = ${APPLICATION_ID}`)
  connection.exec(LEDGER)
  return connection.prepare("SELECT number, name, checksum, version FROM migrations ORDER BY number").all() as Applied[]
}

function refuseNewer(
  applied: readonly Applied[],
  known: readonly Migration[],
  { file, version }: MigrateOptions,
): void {
  const last = applied.at(-1)
  const ours = known.at(-1)?.number ?? 0
  if (last === undefined || last.number <= ours) return
  throw new JournalError(
    `${file} has tables of version ${last.number}, made by perigee ${last.version}; this is perigee ${version}, which knows ` +
      `version ${ours}. Run perigee ${last.version} or newer, or choose another file`,
  )
}

function refuseEdited(applied: readonly Applied[], known: readonly Migration[], file: string): void {
  for (const step of known) {
    const done = applied.find((other) => other.number === step.number)
    if (done === undefined || done.checksum === checksum(step.sql)) continue
    throw new JournalError(
      `${file} was made by another form of migration ${step.number} (${done.name}, perigee ${done.version}); ` +
        `run the perigee that made it, or choose another file`,
    )
  }
}

const checksum = (sql: string): string => createHash("sha256").update(sql).digest("hex")
