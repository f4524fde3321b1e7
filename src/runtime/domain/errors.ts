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

/** One line for logs and people: the chain of messages without stacks. */
export function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.cause === undefined) return error.message
  const cause = describe(error.cause)
  return error.message.endsWith(cause) ? error.message : `${error.message}: ${cause}`
}

/** What the `error` event of a worker says went wrong, in one line: on Bun its message shows the code around it as well. */
export function lastWords(message: string): string {
  const found = /^(?:\w*error): (.+)$/im.exec(message)?.[1] ?? message.trim().split("\n", 1)[0]
  return found === undefined || found === "" ? "it did not start" : found
}
