import { existsSync } from "node:fs"
import { dirname, isAbsolute, join, resolve } from "node:path"
import type { Machine } from "../../world/entrance.ts"
import type { Bot } from "../../world.ts"
import { ConfigError, describe } from "../domain/errors.ts"
import { type Command, only } from "./command.ts"
import { RUN, runLoaded } from "./run-loaded.ts"

/** Absolute path of a bot file. Throws ConfigError where it is missing. */
function botFile(machine: Machine, given: string): string {
  const file = resolve(machine.cwd, given)
  if (!existsSync(file)) throw new ConfigError(`there is no ${given}; give the path of a bot file`)
  return file
}

/** Loads a bot file. Throws ConfigError where it is missing, does not load or does not export a bot. */
export async function loadBot(machine: Machine, given: string): Promise<{ bot: Bot; file: string }> {
  const file = botFile(machine, given)
  const { offerPerigee } = await import("../../world/machine.ts")
  const { isBot } = await import("../../world.ts")
  offerPerigee()
  let exported: unknown
  try {
    exported = await machine.load(file)
  } catch (error) {
    throw new ConfigError(`${given} cannot be loaded${placeOf(error)}: ${describe(error)}`, { cause: error })
  }
  if (isBot(exported)) return { bot: exported, file }
  throw new ConfigError(
    `${given} does not export a bot; end it with: export default bot({ name: "…" }).task(…).strategy(…)`,
  )
}

/** Line and column of a syntax error, where the platform tells. */
function placeOf(error: unknown): string {
  const { position } = error as { position?: { line?: number; column?: number } | null }
  return position?.line === undefined ? "" : ` (line ${position.line}, column ${position.column})`
}

/** `perigee run bot.ts`. */
export const run = (machine: Machine, version: string): Command => ({
  name: "run",
  summary: "runs a bot file",
  takes: "bot.ts",
  options: RUN,
  async run(args) {
    const given = only(args, "bot file")
    const folder = dirname(botFile(machine, given))
    return runLoaded(machine, version, args, async () => {
      const { bot } = await loadBot(machine, given)
      const { nameOf } = await import("../../world.ts")
      const { everyPart } = await import("../../world/parts.ts")
      return {
        bot,
        name: nameOf(bot),
        parts: everyPart(),
        modelFile: (source) => (isAbsolute(source) ? source : join(folder, source)),
      }
    })
  },
})
