import { open, type FileHandle } from "node:fs/promises"
import { describe, JournalError } from "../domain/errors.ts"
import type { Clock, Log, Tape, TapeEntry, Timer } from "../ports.ts"

/**
 * A tape is text, one line a frame: `<receive time, ns> #<channel> <frame>`, the channel percent-encoded, the frame as it came. A frame
 * that does not begin like a JSON object or array, or that holds a line break, stands as a JSON string.
 */
export interface TapeOptions {
  /** Appended to where it exists. */
  readonly file: string
  readonly clock: Clock
  readonly log?: Log
  /** Default 1000. */
  readonly flushEveryMs?: number
  /** More than this waiting for the disk: frames are left out, and counted. Default 32 MB. */
  readonly waitingBytesMax?: number
}

export interface TapeRecorder extends Tape {
  readonly counts: { readonly written: number; readonly dropped: number }
}

const FLUSH_CHARACTERS = 256 * 1024

/** Throws JournalError where the file cannot be written. A disk that fails later ends the recording, not the bot. */
export async function openTape(options: TapeOptions): Promise<TapeRecorder> {
  try {
    const handle = await open(options.file, "a+")
    try {
      await cutBrokenLine(handle)
    } catch (error) {
      await handle.close()
      throw error
    }
    return new FileTape(handle, options)
  } catch (error) {
    throw new JournalError(`cannot record to ${options.file}: ${describe(error)}; choose a file that can be written`, {
      cause: error,
    })
  }
}

// Mostly the same as of the line before.
let newest = { channel: "", encoded: "" }

export function toLine({ receivedAt, channel, text }: TapeEntry): string {
  const first = text.charCodeAt(0)
  const isPlain = (first === 0x7b || first === 0x5b) && !text.includes("\n") && !text.includes("\r")
  if (channel !== newest.channel) newest = { channel, encoded: encodeURIComponent(channel) }
  return `${receivedAt}000 #${newest.encoded} ${isPlain ? text : JSON.stringify(text)}\n`
}

// A recorder that was killed leaves half a line, to which the next one would be glued.
async function cutBrokenLine(handle: FileHandle): Promise<void> {
  const { size } = await handle.stat()
  const chunk = Buffer.alloc(64 * 1024)
  for (let end = size; end > 0;) {
    const from = Math.max(0, end - chunk.length)
    const { bytesRead } = await handle.read(chunk, 0, end - from, from)
    const at = chunk.subarray(0, bytesRead).lastIndexOf(10)
    if (at >= 0 || from === 0) {
      const keep = from + at + 1
      if (keep < size) await handle.truncate(keep)
      return
    }
    end = from
  }
}

class FileTape implements TapeRecorder {
  readonly counts = { written: 0, dropped: 0 }
  private readonly handle: FileHandle
  private readonly options: TapeOptions
  private lines: string[] = []
  private waiting = 0
  private writing: Promise<void> = Promise.resolve()
  private inFlight = 0
  private timer: Timer | undefined
  private hasFailed = false
  private isClosed = false

  constructor(handle: FileHandle, options: TapeOptions) {
    this.handle = handle
    this.options = options
    this.arm()
  }

  append(entry: TapeEntry): void {
    if (
      this.isClosed ||
      this.hasFailed ||
      this.waiting + this.inFlight > (this.options.waitingBytesMax ?? 32 * 2 ** 20)
    ) {
      this.drop()
      return
    }
    const line = toLine(entry)
    this.lines.push(line)
    this.waiting += line.length
    if (this.waiting >= FLUSH_CHARACTERS) this.flush()
  }

  private drop(): void {
    this.counts.dropped += 1
    const isSlow = !this.isClosed && !this.hasFailed
    if (this.counts.dropped === 1 && isSlow) this.options.log?.warn("tape.behind", { file: this.options.file })
  }

  async close(): Promise<void> {
    if (this.isClosed) return
    this.isClosed = true
    this.timer?.cancel()
    this.flush()
    await this.writing
    await this.handle.close()
    if (this.counts.dropped > 0) this.options.log?.warn("tape.incomplete", { file: this.options.file, ...this.counts })
  }

  private arm(): void {
    this.timer = this.options.clock.timer(this.options.flushEveryMs ?? 1000, () => {
      this.flush()
      this.arm()
    })
  }

  private flush(): void {
    if (this.lines.length === 0 || this.hasFailed) return
    const { lines, waiting } = this
    this.lines = []
    this.waiting = 0
    this.inFlight += waiting
    this.writing = this.writing.then(() => this.write(lines, waiting))
  }

  private async write(lines: readonly string[], size: number): Promise<void> {
    try {
      if (this.hasFailed) throw new Error("an earlier write failed")
      await this.handle.appendFile(lines.join(""))
      this.counts.written += lines.length
    } catch (error) {
      if (!this.hasFailed) this.options.log?.error("tape.failed", { file: this.options.file, why: describe(error) })
      this.hasFailed = true
      this.counts.dropped += lines.length
    } finally {
      this.inFlight -= size
    }
  }
}
