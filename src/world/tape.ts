import { entrance } from "#entrance"
import type { Log } from "../runtime/ports.ts"
import { openTape as open, type TapeRecorder } from "../runtime/storage/tape.ts"

/** Opens a tape for writing, in real time. Throws JournalError where the file cannot be written. */
export const openTape = (file: string, log?: Log): Promise<TapeRecorder> =>
  open({ file, clock: entrance.clock(), ...(log === undefined ? {} : { log }) })
