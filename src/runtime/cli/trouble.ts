import { stripVTControlCharacters } from "node:util"
import { dirname, relative } from "node:path"
import type { Machine } from "../../world/entrance.ts"
import { secretsIn } from "../../world/secrets.ts"
import { describe, stackOf } from "../domain/errors.ts"
import { mask } from "../domain/redaction.ts"

interface Place {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** What went wrong while a bot's own code was loaded: where, what, and the stack below it. Without secrets. */
export function troubleOf(machine: Machine, error: unknown, file: string): string {
  const errors = error instanceof AggregateError && error.errors.length > 0 ? (error.errors as unknown[]) : [error]
  const all = errors.map((each) => told(each, file))
  const text = all.length === 1 ? all[0]! : `:${all.map((each) => `\n  - ${each.trim()}`).join("")}`
  return mask(stripVTControlCharacters(text), secretsIn(machine.envNames(), machine.env))
}

function told(error: unknown, file: string): string {
  const frames = framesOf(error)
  const place = positionOf(error) ?? placeIn(frames, file)
  const where = place === undefined ? "" : ` (${worded(place, file)})`
  const words = describe(error)
  const stack = frames.filter((frame) => !stripVTControlCharacters(words).includes(frame))
  return `${where}: ${words}${remedyFor(error)}${stack.map((frame) => `\n    ${frame}`).join("")}`
}

/** Line and column of a syntax error, where the platform tells. */
function positionOf(error: unknown): Place | undefined {
  const { position } = Object(error) as { position?: Place | null }
  return position?.line === undefined ? undefined : position
}

// The loader's own frames say nothing about the bot.
const LOADER = /\/\$bunfs\/|\/src\/runtime\/(?:platform|cli)\//
const FRAME = /^(?:.*\()?(?:file:\/\/)?(\/.+?|[A-Za-z]:.+?):(\d+):(\d+)\)?$/

const framesOf = (error: unknown): readonly string[] =>
  (stackOf(error) ?? "")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line.startsWith("at ") && !LOADER.test(line))

/** The topmost frame of the bot file, else the topmost of all. */
function placeIn(frames: readonly string[], file: string): Place | undefined {
  const places = frames.flatMap((frame) => {
    const [, path, line, column] = FRAME.exec(frame.slice("at ".length)) ?? []
    return path === undefined ? [] : [{ file: path, line: Number(line), column: Number(column) }]
  })
  return places.find((place) => place.file === file) ?? places[0]
}

function worded({ file, line, column }: Place, botFile: string): string {
  const at = `line ${line}, column ${column}`
  return file === botFile || file === "" ? at : `${relative(dirname(botFile), file)}, ${at}`
}

function remedyFor(error: unknown): string {
  const [, name] = /(?:Cannot find package '|Import "|package for ')([^'"]+)['"]/.exec(describe(error)) ?? []
  if (name === undefined) return ""
  return `; perigee fetches no packages: check the spelling of ${name}, or install it in the bot file's folder`
}
