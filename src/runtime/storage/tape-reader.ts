import { createReadStream } from "node:fs"
import { createGunzip } from "node:zlib"
import { describe, JournalError } from "../domain/errors.ts"
import type { TapeEntry } from "../ports.ts"

const LINE = /^(\d{13,19}) (?:#(\S*) )?/

/**
 * The frames of a tape in order, from a plain or gzipped (`.gz`) file. Lines without a channel (`<ns> <json>`) get the empty one. Throws
 * JournalError on a line that is none, by number; only a last line without its end, cut off by a crash, is left out.
 */
export async function* readTape(file: string): AsyncGenerator<TapeEntry> {
  for await (const { entry } of readLines(file)) yield entry
}

/** The same, with the number of each line. */
export async function* readLines(file: string): AsyncGenerator<{ readonly entry: TapeEntry; readonly number: number }> {
  let number = 0
  for await (const line of linesOf(file)) {
    number += 1
    if (line !== "") yield { entry: toEntry(line, file, number), number }
  }
}

async function* linesOf(file: string): AsyncGenerator<string> {
  const source = createReadStream(file)
  const bytes = file.endsWith(".gz") ? source.pipe(createGunzip()) : source
  // `pipe` hands on no errors: without this a missing file would wait for ever.
  if (bytes !== source) source.on("error", (error) => bytes.destroy(error))
  const decoder = new TextDecoder()
  let rest = ""
  try {
    for await (const chunk of bytes) {
      const lines = (rest + decoder.decode(chunk as Buffer, { stream: true })).split("\n")
      rest = lines.pop() ?? ""
      yield* lines
    }
  } catch (error) {
    throw new JournalError(`cannot read the tape ${file}: ${describe(error)}`, { cause: error })
  } finally {
    source.destroy()
  }
  // A tape made elsewhere may end without a line break; a whole line shows itself by its brackets.
  if (/[}\]"]$/.test(rest) && isWhole(rest)) yield rest
}

function isWhole(line: string): boolean {
  try {
    JSON.parse(line.replace(LINE, ""))
    return true
  } catch {
    return false
  }
}

export function toEntry(line: string, file: string, number: number): TapeEntry {
  const match = LINE.exec(line)
  if (match === null) {
    throw new JournalError(
      `${file} line ${number} is no tape line: it begins "${line.slice(0, 40)}", not with a time in ns; cut the line out, or give another tape`,
    )
  }
  const frame = line.slice(match[0].length)
  try {
    return {
      receivedAt: Number((match[1] ?? "").slice(0, -3)),
      channel: decodeURIComponent(match[2] ?? ""),
      text: frame.startsWith('"') ? (JSON.parse(frame) as string) : frame,
    }
  } catch (error) {
    throw new JournalError(
      `${file} line ${number} is damaged: ${describe(error)}; cut the line out, or give another tape`,
      { cause: error },
    )
  }
}
