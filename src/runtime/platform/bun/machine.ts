import { type Machine, processMachine } from "../shared/process.ts"

export const bunMachine = (): Machine => processMachine({ runtime: "bun", command })

/** A compiled program is its own executable; from a checkout Bun is, and the module that was started comes first. */
function command(words: readonly string[]): [string, ...string[]] {
  const [, main = ""] = process.argv
  return main.startsWith("/$bunfs/") ? [process.execPath, ...words] : [process.execPath, main, ...words]
}
