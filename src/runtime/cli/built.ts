import { fileURLToPath } from "node:url"
import { machine as thisMachine } from "../../world/entrance.ts"
import type { Bot, Parts } from "../../world.ts"
import type { Command } from "./command.ts"
import { main } from "./main.ts"
import { controls, settle } from "./remote.ts"
import { remoteDeps } from "./remote-deps.ts"
import { RUN, runLoaded } from "./run-loaded.ts"
import { status } from "./status.ts"

export interface BuiltOptions {
  readonly name: string
  /** The bot and the parts it names: loaded when it runs. */
  load(): Promise<Parts & { readonly bot: Bot }>
  /** Stands for the bot file's folder, inside the executable. */
  readonly base: URL
  /** What is inside, for `--version --json`. */
  readonly contents: Readonly<Record<string, unknown>>
}

/** A bot's own executable: it runs its bot, unless the first word is another command. */
export async function runBuilt(options: BuiltOptions): Promise<void> {
  const machine = thisMachine()
  const { name } = options
  const remote = remoteDeps(machine)
  const run: Command = {
    name: "run",
    summary: `runs ${name} (also without this word)`,
    takes: "",
    options: RUN,
    run: (args) =>
      runLoaded(machine, String(options.contents["version"]), args, async () => {
        const { bot, ...parts } = await options.load()
        return { bot, name, parts, modelFile: (source) => fileURLToPath(new URL(source, options.base)) }
      }),
  }
  const commands = [run, status(remote), ...controls(remote), settle(remote)]
  const { args } = machine
  const isOptionFirst = args[0]?.startsWith("--") === true && !["--help", "--version"].includes(args[0])
  const words = args.length === 0 || isOptionFirst ? ["run", ...args] : args
  machine.exit(await main(commands, () => options.contents, words, machine, name))
}
