import { parentPort, workerData } from "node:worker_threads"
import { describe } from "../domain/errors.ts"
import { connect } from "./driver.ts"

/** The worker's entry: moves pages from the WAL into the database on a connection of its own, so that the loop never waits for the disk. */

export interface CheckpointSetup {
  readonly file: string
  /** Fewer pages to move than this are left for later. */
  readonly pagesMin: number
  /** A WAL of so many pages is brought back to its beginning, even though the loop may have to wait for that moment. */
  readonly pagesMax: number
}

/** `idle`: nothing was written for a while, the WAL may be cut to nothing. */
export type CheckpointAsk = "tick" | "idle" | "end"

/** Pages: how many the WAL holds, and how many of these are in the database. */
export interface CheckpointReport {
  readonly log: number
  readonly checkpointed: number
  readonly did: "nothing" | "passive" | "restart" | "truncate"
  readonly error?: string
}

// A restart must wait until the loop is between two turns.
const BUSY_MS_MAX = 1000

if (parentPort !== null) serve(parentPort, workerData as CheckpointSetup)

function serve(port: NonNullable<typeof parentPort>, setup: CheckpointSetup): void {
  const connection = connect(setup.file, { busyMsMax: BUSY_MS_MAX, mustExist: true })
  const wal = (mode: string): { log: number; checkpointed: number } =>
    (connection.pragma(`wal_checkpoint(${mode})`) as { log: number; checkpointed: number }[])[0] ?? {
      log: 0,
      checkpointed: 0,
    }

  const answer = (ask: CheckpointAsk): CheckpointReport => {
    if (ask === "idle") return { ...wal("TRUNCATE"), did: "truncate" }
    const before = wal("NOOP")
    if (before.log - before.checkpointed < setup.pagesMin) return { ...before, did: "nothing" }
    const after = wal("PASSIVE")
    // What came in meanwhile keeps the loop from starting the WAL over by itself.
    if (after.log < setup.pagesMax || after.log === after.checkpointed) return { ...after, did: "passive" }
    return { ...wal("RESTART"), did: "restart" }
  }

  port.on("message", (ask: CheckpointAsk) => {
    if (ask === "end") {
      connection.close()
      // Deno's port has none: there the thread ends with the process.
      if ("close" in port) port.close()
      return
    }
    try {
      port.postMessage(answer(ask))
    } catch (error) {
      port.postMessage({ log: 0, checkpointed: 0, did: "nothing", error: describe(error) } satisfies CheckpointReport)
    }
  })
}
