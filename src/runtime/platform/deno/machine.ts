import { type Machine, processMachine } from "../shared/process.ts"

/** What a program that opens native addons, sockets and files needs of Deno's permissions is all of them. */
const RUN = ["run", "--allow-all"]

export const denoMachine = (): Machine => processMachine({ runtime: "deno", command, seal, realImports: () => [] })

function command(words: readonly string[]): [string, ...string[]] {
  const [, main = ""] = process.argv
  return [process.execPath, ...RUN, main, ...words]
}

/**
 * Nothing to do: by a bare name or `npm:` Deno imports only what package.json's own node_modules hold, as long as it is not
 * told to install (2.9.6). What is named by a URL may be fetched, but the hook that offers the library does not let it run.
 */
function seal(): void {}
