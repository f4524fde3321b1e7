import { closeSync, openSync, readFileSync, writeSync } from "node:fs"
import { ConfigError, describe } from "../domain/errors.ts"

const LINES_AT_ONCE = 1_000

export interface TraceOptions {
  /** Where the trace is written. */
  readonly trace: string | undefined
  /** A trace written before: what differs from it is an error. */
  readonly sameAs: string | undefined
}

export interface TraceFile {
  add(line: string): void
  /** In words, the first line that is not as it was before. */
  end(): string | undefined
}

/** Undefined where neither is wanted. Throws ConfigError where one of the files cannot be had. */
export function traceFile({ trace, sameAs }: TraceOptions): TraceFile | undefined {
  if (trace === undefined && sameAs === undefined) return undefined
  const before = sameAs === undefined ? undefined : attempt(`read ${sameAs}`, () => readFileSync(sameAs, "utf8"))
  const expected = before?.split("\n").slice(0, -1)
  const file = trace === undefined ? undefined : attempt(`write ${trace}`, () => openSync(trace, "w"))
  let waiting: string[] = []
  let count = 0
  let difference: string | undefined
  const compare = (line: string | undefined): void => {
    const wanted = expected?.[count++]
    if (expected === undefined || difference !== undefined || line === wanted) return
    difference = `line ${count} differs from ${sameAs}:\n  now:    ${line ?? ENDS}\n  before: ${wanted ?? ENDS}`
  }
  const flush = (): void => {
    if (file !== undefined && waiting.length > 0) writeSync(file, `${waiting.join("\n")}\n`)
    waiting = []
  }
  return {
    add(line) {
      compare(line)
      waiting.push(line)
      if (waiting.length >= LINES_AT_ONCE) flush()
    },
    end() {
      flush()
      if (file !== undefined) closeSync(file)
      compare(undefined)
      return difference
    },
  }
}

const ENDS = "(ends here)"

function attempt<T>(what: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw new ConfigError(`cannot ${what}: ${describe(error)}`, { cause: error })
  }
}
