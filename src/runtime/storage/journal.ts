import { dirname } from "node:path"
import { JournalError } from "../domain/errors.ts"
import type { Clock, Journal, JournalRecord, Log, Timer } from "../ports.ts"
import { Checkpointer, type CheckpointerState, type CheckpointOptions } from "./checkpointer.ts"
import { type Connection, connect } from "./driver.ts"
import { acquire, type Lock, refuseOpenHere } from "./lock.ts"
import { migrate, type Migration } from "./migration.ts"
import { keepPruning, prune, type Pruned, type PruneOptions, type Retention } from "./prune.ts"
import { Reader, type Step } from "./reader.ts"
import { journalError } from "./trouble.ts"
import { checkHeader, checkVolume, freeBytes, type VolumeOptions } from "./volume.ts"
import { Writer } from "./writer.ts"

export interface JournalOptions {
  /** A path whose directory exists; `:memory:` for one that is gone with the process. */
  readonly file: string
  readonly clock: Clock
  /** Name of the bot. A journal belongs to one. */
  readonly bot: string
  /** This program's version, for the runs table and for whoever opens the file with an older program. */
  readonly version: string
  readonly pid: number
  readonly log?: Log
  /** `process` (default): process death loses nothing, power loss perhaps the last turns. `power`: neither does, at 150 µs a turn. */
  readonly durability?: "process" | "power"
  /** `off` where the clock is virtual: a real worker cannot keep up with it. The WAL then grows until the journal is closed. */
  readonly checkpoint?: CheckpointOptions | "off"
  /** Default: 30 days, looked after once a minute, 200 rows at once. "forever" keeps all. */
  readonly retention?: Partial<Retention> | "forever"
  readonly volume?: VolumeOptions
  readonly migrations?: readonly Migration[]
}

export interface JournalStatus {
  readonly file: string
  /** Left on its volume; 0 where the volume cannot be asked. */
  readonly freeBytes: number
  readonly commits: number
  /** Why the last commit failed; absent while it succeeded. */
  readonly failure?: string
  readonly checkpoints?: CheckpointerState
}

export interface OpenJournal extends Journal {
  status(): JournalStatus
  /** Writes a mark to see whether the disk takes it: undefined, or why it does not. For readiness; about 10 µs. */
  probe(): string | undefined
  /** Every step an order took, the present one included. */
  history(clientId: string): readonly Step[]
  /** Deletes one batch of what is old; runs by itself as `retention` says. */
  prune(options: PruneOptions): Pruned
}

const DAY_MS = 86_400_000
const RETENTION: Retention = { keepMs: 30 * DAY_MS, everyMs: 60_000, rowsMax: 200 }
// Only a checkpoint that starts the WAL over can hold up a commit, and not for long.
const BUSY_MS_MAX = 2000
const WAL_BYTES_MAX = 64 * 2 ** 20
/** Pages of the database that SQLite keeps in memory. Up to its default, two megabytes, they would go on growing for long. */
const CACHE_KIB = 128
/**
 * Of a new file; an older one keeps its own. Each commit copies whole pages to the log, and what that touches of memory is a
 * good part of what an order's insert costs. Half of SQLite's default it is, and not a quarter, where rows of orders would no longer fit in a page.
 */
const PAGE_BYTES = 2048

/**
 * Opens or makes a bot's journal and begins a run in it. Throws JournalError in plain words where the place is unfit, another process
 * has it open, or the file is not ours, another bot's or from a newer version.
 */
export function openJournal(options: JournalOptions): OpenJournal {
  if (options.file === ":memory:") return begin(connect(":memory:", { busyMsMax: 0 }), ":memory:", options, undefined)
  const file = checkVolume(options.file, options.volume)
  refuseOpenHere(file)
  checkHeader(file)
  const lock = acquire(file, options.pid)
  let connection: Connection | undefined
  try {
    connection = connect(file, { busyMsMax: BUSY_MS_MAX })
    return begin(connection, file, options, lock)
  } catch (error) {
    connection?.close()
    lock.release()
    throw journalError("open", file, error)
  }
}

/** A database in memory that outlives the runs on it: a disk for simulated processes that die and start again. */
export interface MemoryDisk {
  /** Begins a run; the one before it need not have been closed. `file` is not looked at. */
  open(options: JournalOptions): OpenJournal
  close(): void
}

export function memoryDisk(): MemoryDisk {
  const connection = connect(":memory:", { busyMsMax: 0 })
  return {
    open: (options) => begin(connection, ":memory:", { ...options, isKept: true }, undefined),
    close: () => void connection.close(),
  }
}

/**
 * Orders of which another run has heard nothing. One that is in `orders` already has been heard of. `all_orders` has the columns of
 * `orders`, in their order: a migration that adds one makes the view anew.
 */
const MOVE_PENDING = `
  INSERT INTO orders SELECT * FROM all_orders WHERE client_id IN (SELECT client_id FROM pending_orders)
    ON CONFLICT (client_id) DO NOTHING;
  DELETE FROM pending_orders;`

interface BeginOptions extends JournalOptions {
  /** The connection is somebody else's to close. */
  readonly isKept?: boolean
}

function begin(connection: Connection, file: string, options: BeginOptions, lock: Lock | undefined): OpenJournal {
  configure(connection, file)
  const now = options.clock.now()
  const { version, migrations } = options
  migrate(connection, { file, version, now, ...(migrations === undefined ? {} : { migrations }) })
  const run = startRun(connection, file, options)
  connection.pragma(`synchronous = ${options.durability === "power" ? "FULL" : "NORMAL"}`)
  return new SqliteJournal(connection, file, options, lock, run)
}

function configure(connection: Connection, file: string): void {
  connection.pragma(`page_size = ${PAGE_BYTES}`)
  const mode = connection.pragma("journal_mode = WAL", { simple: true })
  if (mode !== "wal" && file !== ":memory:")
    throw new JournalError(`${file} cannot use a write-ahead log here; put it on a local disk`)
  connection.pragma("wal_autocheckpoint = 0")
  connection.pragma(`journal_size_limit = ${WAL_BYTES_MAX}`)
  connection.pragma(`cache_size = -${CACHE_KIB}`)
  // A run's number makes its client ids unlike any other's: it must not get lost with the power, whatever may later.
  connection.pragma("synchronous = FULL")
}

function startRun(connection: Connection, file: string, { bot, version, pid, clock }: JournalOptions): number {
  return connection
    .transaction(() => {
      connection.prepare("INSERT INTO meta VALUES ('bot', ?) ON CONFLICT (name) DO NOTHING").run(bot)
      const owner = connection.prepare("SELECT value FROM meta WHERE name = 'bot'").pluck().get() as string
      if (owner !== bot)
        throw new JournalError(`${file} is the journal of bot ${owner}, not of ${bot}; give each bot a file of its own`)
      connection.exec(MOVE_PENDING)
      const run = connection.prepare("SELECT coalesce(max(run), 0) + 1 FROM runs").pluck().get() as number
      connection
        .prepare("INSERT INTO runs (run, version, pid, started_at) VALUES (?, ?, ?, ?)")
        .run(run, version, pid, clock.now())
      return run
    })
    .immediate()
}

class SqliteJournal implements OpenJournal {
  readonly restored: Journal["restored"]
  private readonly connection: Connection
  private readonly file: string
  private readonly clock: Clock
  private readonly lock: Lock | undefined
  private readonly reader: Reader
  private readonly writer: Writer
  private readonly checkpointer: Checkpointer | undefined
  private readonly pruning: Timer | undefined
  private readonly isKept: boolean
  private isClosed = false
  private commits = 0
  private failure: string | undefined

  constructor(connection: Connection, file: string, options: BeginOptions, lock: Lock | undefined, run: number) {
    const { clock, log } = options
    this.isKept = options.isKept === true
    this.connection = connection
    this.file = file
    this.clock = clock
    this.lock = lock
    this.reader = new Reader(connection)
    this.writer = new Writer(connection, this.reader.present)
    this.restored = this.reader.restore(run)
    const checkpoint = options.checkpoint ?? {}
    if (lock !== undefined && checkpoint !== "off") {
      this.checkpointer = new Checkpointer(file, connection, clock, log, checkpoint)
    }
    if (options.retention === "forever") return
    const retention = { ...RETENTION, ...options.retention }
    const failed = (error: unknown): void =>
      log?.warn("journal.prune", { file, why: journalError("prune", file, error).message })
    this.pruning = keepPruning(clock, retention, (batch) => this.prune(batch), failed)
  }

  commit(records: readonly JournalRecord[]): void {
    try {
      this.writer.commit(records)
      this.failure = undefined
      this.commits += 1
      this.checkpointer?.wrote()
    } catch (error) {
      const told = journalError("write to", this.file, error)
      this.failure = told.message
      throw told
    }
  }

  order(clientId: string): ReturnType<Journal["order"]> {
    return this.reader.order(clientId)
  }

  hasFill(...fill: Parameters<Journal["hasFill"]>): boolean {
    return this.reader.hasFill(...fill)
  }

  orders(filter: Parameters<Journal["orders"]>[0]): ReturnType<Journal["orders"]> {
    return this.reader.orders(filter)
  }

  fills(filter: Parameters<Journal["fills"]>[0]): ReturnType<Journal["fills"]> {
    return this.reader.fills(filter)
  }

  fundings(filter: Parameters<Journal["fundings"]>[0]): ReturnType<Journal["fundings"]> {
    return this.reader.fundings(filter)
  }

  history(clientId: string): readonly Step[] {
    return this.reader.history(clientId)
  }

  prune(options: PruneOptions): Pruned {
    const pruned = prune(this.connection, this.reader.present, options)
    if (pruned.orders + pruned.fills > 0) this.checkpointer?.wrote()
    return pruned
  }

  status(): JournalStatus {
    const checkpoints = this.checkpointer?.state
    return {
      file: this.file,
      freeBytes: this.lock === undefined ? 0 : freeBytes(dirname(this.file)),
      commits: this.commits,
      ...(this.failure === undefined ? {} : { failure: this.failure }),
      ...(checkpoints === undefined ? {} : { checkpoints }),
    }
  }

  probe(): string | undefined {
    try {
      this.connection.prepare("INSERT OR REPLACE INTO meta VALUES ('probe', ?)").run(String(this.clock.now()))
      return undefined
    } catch (error) {
      return journalError("write to", this.file, error).message
    }
  }

  close(why: string): void {
    if (this.isClosed || !this.connection.open) return
    this.isClosed = true
    this.pruning?.cancel()
    this.checkpointer?.close()
    try {
      this.connection
        .prepare("UPDATE runs SET ended_at = ?, why = ? WHERE run = ?")
        .run(this.clock.now(), why, this.restored.run)
      this.connection.pragma("wal_checkpoint(TRUNCATE)")
    } catch (error) {
      throw journalError("close", this.file, error)
    } finally {
      if (!this.isKept) this.connection.close()
      this.lock?.release()
    }
  }
}
