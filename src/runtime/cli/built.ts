import { fileURLToPath } from "node:url"
import { type Machine, machine as thisMachine } from "../../world/entrance.ts"
import type { Bot, Parts } from "../../world.ts"
import { ConfigError } from "../domain/errors.ts"
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
      runLoaded(machine, String(options.contents["version"]), args, async (guard) => {
        const { bot, ...parts } = await guard.during(`the loading of ${name}`, () => loaded(machine, options))
        return { bot, name, parts, modelFile: (source) => fileURLToPath(new URL(source, options.base)) }
      }),
  }
  const commands = [run, status(remote), ...controls(remote), settle(remote)]
  const { args } = machine
  const isOptionFirst = args[0]?.startsWith("--") === true && !["--help", "--version"].includes(args[0])
  const words = args.length === 0 || isOptionFirst ? ["run", ...args] : args
  machine.exit(await main(commands, () => options.contents, words, machine, name))
}

async function loaded(machine: Machine, { load, name }: BuiltOptions): ReturnType<BuiltOptions["load"]> {
  try {
    return await load()
  } catch (error) {
    const { troubleOf } = await import("./trouble.ts")
    // Places in a bundle are nobody's: the words alone.
    throw new ConfigError(`${name} cannot be loaded${troubleOf(machine, error, "")}`)
  }
}
