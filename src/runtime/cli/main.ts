import { BuildError, ConfigError, describe, JournalError, ModelError, UnreachableError } from "../domain/errors.ts"
import { type Command, EXIT, flag, help, parse } from "./command.ts"
import type { Machine } from "../../world/entrance.ts"

/** For `--version --json`. */
type Facts = Readonly<Record<string, unknown>>

/** Finds the command, reads its words, runs it; every failure is one plain message and a status that means something. */
export async function main(
  commands: readonly Command[],
  version: () => Facts | Promise<Facts>,
  words: readonly string[],
  terminal: Machine,
  program = "perigee",
): Promise<number> {
  const [name, ...rest] = words
  if (name === undefined || name === "help" || name === "--help") {
    terminal.out(overview(commands, program))
    return name === undefined ? EXIT.usage : EXIT.ok
  }
  if (name === "--version" || name === "version") {
    const facts = await version()
    terminal.out(rest.includes("--json") ? `${JSON.stringify(facts)}\n` : `${program} ${String(facts["version"])}\n`)
    return EXIT.ok
  }
  const command = commands.find((candidate) => candidate.name === name)
  if (command === undefined) {
    terminal.err(`${program}: there is no command "${name}"; ${program} --help lists them\n`)
    return EXIT.usage
  }
  return attempt(command, rest, terminal, program)
}

async function attempt(
  command: Command,
  words: readonly string[],
  terminal: Machine,
  program: string,
): Promise<number> {
  try {
    const args = parse(command, words, program)
    if (flag(args.values, "help")) {
      terminal.out(help(command, program))
      return EXIT.ok
    }
    return await command.run(args)
  } catch (error) {
    terminal.err(`${program} ${command.name}: ${describe(error)}\n`)
    if (error instanceof UnreachableError) return EXIT.unreachable
    return isUsersMistake(error) ? EXIT.usage : EXIT.failed
  }
}

const isUsersMistake = (error: unknown): boolean =>
  error instanceof ConfigError ||
  error instanceof BuildError ||
  error instanceof JournalError ||
  error instanceof ModelError

function overview(commands: readonly Command[], program: string): string {
  const width = Math.max(...commands.map(({ name, takes }) => name.length + takes.length + 1)) + 3
  const rows = commands.map(({ name, takes, summary }) => `  ${`${name} ${takes}`.padEnd(width)}${summary}`)
  return [`${program} <command> [options]`, "", ...rows, "", `  ${program} <command> --help tells the rest.`, ""].join(
    "\n",
  )
}
