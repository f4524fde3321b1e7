import { ConfigError } from "../../domain/errors.ts"

/** Bun's own option (bun.com/docs/runtime/auto-install). It stands before the module's name. */
export const NO_INSTALL = "--no-install"

/** Set in a process that was started anew: one that lacks the option all the same is not started again and again. */
const SEALED = "PERIGEE_SEALED"

/**
 * Where no node_modules folder is at or above a file, Bun (1.4.5) fetches the packages it imports from the registry and runs
 * them, without a word: a bot's misspelt import would run a stranger's code beside the exchange's keys. A compiled program
 * does not do that, nor one started with `--no-install`; bunfig.toml can forbid it, but only the one in the current folder is
 * read. While a program runs it can no longer be switched off, so the program is replaced, in this very process, by itself
 * with that option.
 */
export function seal(isCompiled: boolean): void {
  if (isCompiled || process.execArgv.includes(NO_INSTALL)) {
    delete process.env[SEALED]
    return
  }
  const words = [process.execPath, NO_INSTALL, ...process.execArgv, ...process.argv.slice(1)]
  try {
    if (process.env[SEALED] !== undefined) throw new ConfigError("it was started so, and does not know it")
    if (process.execve === undefined)
      throw new ConfigError("this system cannot start a program in the place of another")
    process.execve(process.execPath, words, { ...process.env, [SEALED]: "1" })
  } catch (error) {
    const danger = "Bun would fetch and run whatever package a bot file names"
    throw new ConfigError(`${danger}; start it with bun ${NO_INSTALL}, or use the compiled perigee`, { cause: error })
  }
}
