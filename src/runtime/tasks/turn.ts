import { describe, JournalError } from "../domain/errors.ts"
import type { Journal, JournalRecord } from "../ports.ts"

/**
 * The synchronous run from one delivered event to the next return to the event loop. Everything it wrote down is one
 * transaction; what it wants to send waits until that transaction is on disk.
 */
export class Turn {
  readonly #journal: Journal
  readonly #failed: (error: JournalError) => void
  #records: JournalRecord[] = []
  #outbox: (() => void)[] = []
  /** What takes back, in memory, what was recorded: only for what can be. */
  #undo: (() => void)[] = []
  #depth = 0
  #isScheduled = false

  /** `failed` is told when a transaction did not reach the disk: nothing of that turn was sent. */
  constructor(journal: Journal, failed: (error: JournalError) => void) {
    this.#journal = journal
    this.#failed = failed
  }

  enter(): void {
    this.#depth++
  }

  leave(): void {
    this.#depth--
    if (this.#depth === 0 && (this.#records.length > 0 || this.#outbox.length > 0)) this.#finish()
  }

  /**
   * What throws in here ends its own work and not the turn: what it wrote before stays and is committed with what it meant
   * to send. A handler that throws after `submit` has an order that the venue gets and the journal knows, and state that
   * belongs to it; taking one back without the other would be a lie, and other strategies' handlers may share the turn.
   * Whoever wants all of its records or none checks first and records last.
   */
  run<T>(work: () => T): T {
    this.enter()
    try {
      return work()
    } finally {
      this.leave()
    }
  }

  /** `undo` runs, the last one first, where the commit fails: what is read afterwards is what the disk has. */
  record(record: JournalRecord, undo?: () => void): void {
    this.#records.push(record)
    if (undo !== undefined) this.#undo.push(undo)
    this.#schedule()
  }

  /** `send` runs after the commit; never, if the commit fails. */
  afterCommit(send: () => void): void {
    this.#outbox.push(send)
    this.#schedule()
  }

  /** Outside any turn (an async handler after its await), the rest of this microtask is the turn. */
  #schedule(): void {
    if (this.#depth > 0 || this.#isScheduled) return
    this.#isScheduled = true
    queueMicrotask(() => {
      this.#isScheduled = false
      if (this.#depth === 0) this.#finish()
    })
  }

  #finish(): void {
    while (this.#records.length > 0 || this.#outbox.length > 0) {
      const records = this.#records
      const outbox = this.#outbox
      this.#records = []
      this.#outbox = []
      if (!this.#commit(records)) return
      for (const send of outbox) send()
    }
  }

  #commit(records: readonly JournalRecord[]): boolean {
    if (records.length === 0) return true
    try {
      this.#journal.commit(records)
      if (this.#undo.length > 0) this.#undo = []
      return true
    } catch (error) {
      this.#records = []
      this.#outbox = []
      for (const undo of this.#undo.splice(0).reverse()) undo()
      const cause = error instanceof JournalError ? error : new JournalError(describe(error), { cause: error })
      this.#failed(cause)
      return false
    }
  }
}
