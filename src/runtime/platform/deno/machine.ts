import { type Machine, processMachine } from "../shared/process.ts"

/** What a program that opens native addons, sockets and files needs of Deno's permissions is all of them. */
const RUN = ["run", "--allow-all"]

export const denoMachine = (): Machine => processMachine({ runtime: "deno", command })

function command(words: readonly string[]): [string, ...string[]] {
  const [, main = ""] = process.argv
  return [process.execPath, ...RUN, main, ...words]
}
