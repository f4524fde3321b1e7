import type { Log, LogFields } from "../ports.ts"

export interface LogLine {
  readonly level: "debug" | "info" | "warn" | "error"
  readonly event: string
  readonly fields: LogFields
}

/** Keeps every line in memory. */
export interface CapturedLog extends Log {
  readonly lines: readonly LogLine[]
}

export function captureLog(): CapturedLog {
  const lines: LogLine[] = []
  const keep =
    (level: LogLine["level"]) =>
    (event: string, fields: LogFields = {}): void =>
      void lines.push({ level, event, fields })
  return { lines, debug: keep("debug"), info: keep("info"), warn: keep("warn"), error: keep("error") }
}
