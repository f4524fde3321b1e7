import { type Machine, processMachine } from "../shared/process.ts"
import { realImports } from "./imports.ts"
import { NO_INSTALL, seal } from "./seal.ts"

export const bunMachine = (): Machine =>
  processMachine({ runtime: "bun", command, seal: () => seal(isCompiled()), realImports })

/** A compiled program is its own executable; from a checkout Bun is, and the module that was started comes first. */
function command(words: readonly string[]): [string, ...string[]] {
  const [, main = ""] = process.argv
  return isCompiled() ? [process.execPath, ...words] : [process.execPath, NO_INSTALL, main, ...words]
}

const isCompiled = (): boolean => process.argv[1]?.startsWith("/$bunfs/") === true
