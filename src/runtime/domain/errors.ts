/** The tree of named errors: programmers' and operators' mistakes. Expected trouble on the wire is a value, not an error. */
export class PerigeeError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = new.target.name
  }
}

/** The bot's declaration is wrong: every mistake found. */
export class BuildError extends PerigeeError {
  readonly mistakes: readonly string[]
  constructor(bot: string, mistakes: readonly string[]) {
    super(`bot ${bot} cannot be built:${listed(mistakes)}`)
    this.mistakes = mistakes
  }
}

/** One mistake goes on in the line, several get a line each. */
export const listed = (mistakes: readonly string[]): string =>
  mistakes.length === 1 ? ` ${mistakes[0]}` : mistakes.map((mistake) => `\n  - ${mistake}`).join("")

/** A command-line argument, environment variable or file is wrong. */
export class ConfigError extends PerigeeError {}

/** No bot answers where one was looked for. */
export class UnreachableError extends PerigeeError {}

/** The journal could not be opened, read or written. Nothing of the refused turn was written. */
export class JournalError extends PerigeeError {}

/** A model could not be loaded or did not answer. */
export class ModelError extends PerigeeError {}

/** A strategy's own code threw, and the bot cannot begin without it; `cause` is what it threw. */
export class StrategyError extends PerigeeError {}

/** A handle, inst or book was used in a way its declaration does not allow. */
export class UsageError extends PerigeeError {}

/** Text that should be a decimal number is not. */
export class DecimalError extends PerigeeError {}

/** A venue's word, symbol or number we do not know; the message names it. */
export class WireError extends PerigeeError {}

/** A connection or request failed; `wasSent` tells whether its bytes may have reached the peer. */
export class NetworkError extends PerigeeError {
  readonly wasSent: boolean
  constructor(message: string, options: { wasSent: boolean; cause?: unknown }) {
    super(message, options)
    this.wasSent = options.wasSent
  }
}

const CAUSES_MAX = 8
const UNSAYABLE = "something that cannot be put into words"

/**
 * One line for logs and people: the chain of messages without stacks, cut after eight causes. Never throws, whatever was
 * thrown: a strategy may throw what has no text, whose `message` throws when it is read, or what is its own cause.
 */
export const describe = (error: unknown): string => worded(error, 0)

function worded(error: unknown, depth: number): string {
  const message = guarded(() => ownWords(error)) ?? UNSAYABLE
  const cause = depth < CAUSES_MAX ? guarded(() => (error instanceof Error ? error.cause : undefined)) : undefined
  if (cause === undefined) return message
  const why = worded(cause, depth + 1)
  return message.endsWith(why) ? message : `${message}: ${why}`
}

const ownWords = (error: unknown): string =>
  error instanceof Error ? String(error.message) || String(error.name) : String(error)

/** Where it was thrown; undefined where it does not tell, or throws when it is asked. */
export function stackOf(error: unknown): string | undefined {
  const stack = guarded<unknown>(() => (error instanceof Error ? error.stack : undefined))
  return typeof stack === "string" ? stack : undefined
}

function guarded<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

/** What the `error` event of a worker says went wrong, in one line: on Bun its message shows the code around it as well. */
export function lastWords(message: string): string {
  const found = /^(?:\w*error): (.+)$/im.exec(message)?.[1] ?? message.trim().split("\n", 1)[0]
  return found === undefined || found === "" ? "it did not start" : found
}
