import { parseArgs } from "node:util"
import { ConfigError, describe } from "../domain/errors.ts"

/** What the process's exit status means. */
export const EXIT = {
  ok: 0,
  /** Something failed while running; the last line on stderr says what. */
  failed: 1,
  /** The command line, a file or the environment is wrong: nothing was started. */
  usage: 2,
  /** `status`: the bot answers, but is not ready (or not healthy). */
  notReady: 3,
  /** `status` and control: no bot answers there. */
  unreachable: 4,
  /** The watchdog ended a process whose loop had stopped. */
  stalled: 75,
} as const

/** One option of a command. */
export interface Option {
  readonly type: "string" | "boolean"
  readonly short?: string
  /** May be given several times. */
  readonly multiple?: boolean
  /** What the value is, for the help: `FILE`. */
  readonly value?: string
  readonly help: string
}

export type Options = Readonly<Record<string, Option>>

export type Values = Readonly<Record<string, string | boolean | readonly string[] | undefined>>

export interface Arguments {
  readonly values: Values
  readonly positionals: readonly string[]
}

export interface Command {
  readonly name: string
  readonly summary: string
  /** Positional arguments, for the help: `bot.ts`. */
  readonly takes: string
  readonly options: Options
  /** Returns the exit status. A thrown ConfigError or BuildError is the user's mistake, anything else ours. */
  run(args: Arguments): Promise<number>
}

const HELP: Options = { help: { type: "boolean", help: "show this and exit" } }

/** Reads the words after the command's name; a wrong one is a ConfigError that names it. */
export function parse(command: Command, words: readonly string[], program = "perigee"): Arguments {
  const options = { ...command.options, ...HELP }
  try {
    const { values, positionals } = parseArgs({
      args: [...words],
      allowPositionals: command.takes !== "",
      strict: true,
      options: Object.fromEntries(
        Object.entries(options).map(([name, option]) => [
          name,
          {
            type: option.type,
            multiple: option.multiple ?? false,
            ...(option.short === undefined ? {} : { short: option.short }),
          },
        ]),
      ),
    })
    return { values: values as Values, positionals }
  } catch (error) {
    const remedy = `${program} ${command.name} --help lists what it takes`
    // A value with a dash in front is taken for an option; the parser says so in three lines.
    const dashed = /^Option '(?:-\w, )?(--[\w-]+)\b.*' argument is ambiguous/.exec(describe(error))?.[1]
    if (dashed !== undefined) {
      throw new ConfigError(`${dashed} wants a value; write ${dashed}=-1 for one that begins with a dash; ${remedy}`)
    }
    const problem = describe(error).split(". ")[0] ?? ""
    throw new ConfigError(`${problem.replace(/\.$/, "")}; ${remedy}`)
  }
}

export function help(command: Command, program: string): string {
  const rows = Object.entries({ ...command.options, ...HELP }).map(([name, option]) => {
    const short = option.short === undefined ? "" : `-${option.short}, `
    const left = `${short}--${name}${option.value === undefined ? "" : ` ${option.value}`}`
    return `  ${left.padEnd(24)}${option.help}`
  })
  const usage = [program, command.name, command.takes, "[options]"].filter((word) => word !== "").join(" ")
  return [`${usage}`, "", `  ${command.summary}`, "", ...rows, ""].join("\n")
}

export const text = (values: Values, name: string): string | undefined => {
  const value = values[name]
  return typeof value === "string" ? value : undefined
}

export const flag = (values: Values, name: string): boolean => values[name] === true

export const texts = (values: Values, name: string): readonly string[] => {
  const value = values[name]
  return Array.isArray(value) ? (value as string[]) : []
}

/** A number option (or variable) within bounds, or a ConfigError that names it. */
export function number(
  values: Values,
  name: string,
  bounds: { readonly min: number; readonly max: number; readonly whole?: boolean },
): number | undefined {
  const given = text(values, name)
  if (given === undefined) return undefined
  const value = Number(given)
  const isFine = given.trim() !== "" && value >= bounds.min && value <= bounds.max
  if (isFine && (bounds.whole !== true || Number.isInteger(value))) return value
  // Variables of the environment are written large.
  const label = /^[A-Z]/.test(name) ? name : `--${name}`
  throw new ConfigError(
    `${label} ${given}: expected a ${bounds.whole === true ? "whole " : ""}number from ${bounds.min} to ${bounds.max}`,
  )
}

export function only(args: Arguments, what: string): string {
  const [first, ...rest] = args.positionals
  if (first === undefined) throw new ConfigError(`${what} is missing; --help shows what belongs where`)
  if (rest.length > 0) throw new ConfigError(`one ${what} is enough; "${rest[0]}" is too much`)
  return first
}
