import pino from "pino"
import { ConfigError } from "../../domain/errors.ts"
import { masker, maskData } from "../../domain/redaction.ts"
import type { Clock, Log, LogFields } from "../../ports.ts"
import { burstLimit } from "./burst.ts"

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent"

export interface LogOptions {
  readonly clock: Clock
  /** Least level written; `info` by default. */
  readonly level?: LogLevel
  /** Texts that must never be written; more can be added with `hide`. */
  readonly secrets?: readonly string[]
  /** A file to append to, a descriptor (1, stdout, by default), or a function that takes each line. */
  readonly to?: string | number | ((line: string) => void)
  /** Fields of every line: bot, run. */
  readonly base?: LogFields
  /** Lines of one event name written per `windowMs`; the rest is counted and told. */
  readonly burst?: number
  readonly windowMs?: number
}

export interface PinoLog extends Log {
  /** One more secret to keep out of every line from now on. */
  hide(secret: string): void
  /** Tells what was suppressed and not told yet: before the process ends. */
  flush(): void
}

/**
 * JSON lines by pino, written synchronously: the line about a crash must be out before the process is. The rate limit
 * keeps that cheap.
 */
export function pinoLog(options: LogOptions): PinoLog {
  const { clock, burst = 20, windowMs = 10_000 } = options
  const logger = pino(
    {
      level: options.level ?? "info",
      messageKey: "event",
      base: options.base === undefined ? null : { ...options.base },
      timestamp: () => `,"time":"${new Date(clock.now() / 1_000).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination(options.to ?? 1),
  )
  const limit = burstLimit(burst, windowMs * 1_000)
  let secrets: readonly string[] = options.secrets ?? []
  let hidden = masker(secrets)
  const write = (level: "debug" | "info" | "warn" | "error", event: string, fields: LogFields): void => {
    logger[level](maskData(fields, secrets), hidden(event))
  }
  const writer =
    (level: "debug" | "info" | "warn" | "error") =>
    (event: string, fields?: LogFields): void => {
      if (!logger.isLevelEnabled(level)) return
      const suppressed = limit.admit(event, clock.monotonic())
      if (suppressed !== undefined) write(level, event, suppressed === 0 ? { ...fields } : { ...fields, suppressed })
    }
  return {
    debug: writer("debug"),
    info: writer("info"),
    warn: writer("warn"),
    error: writer("error"),
    hide(secret) {
      secrets = [...secrets, secret]
      hidden = masker(secrets)
    },
    flush() {
      for (const { name, suppressed } of limit.drain()) write("warn", "log-suppressed", { of: name, suppressed })
    },
  }
}

function destination(to: NonNullable<LogOptions["to"]>): pino.DestinationStream {
  if (typeof to === "function") return { write: to }
  try {
    return pino.destination({ dest: to, sync: true, append: true })
  } catch (error) {
    throw new ConfigError(`cannot write the log to ${to}; choose a file in a folder this user may write`, {
      cause: error,
    })
  }
}
