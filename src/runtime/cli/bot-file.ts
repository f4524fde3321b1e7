import { statSync } from "node:fs"
import { basename, resolve } from "node:path"
import type { Machine } from "../../world/entrance.ts"
import type { Bot } from "../../world.ts"
import { ConfigError } from "../domain/errors.ts"
import { type Guard, startGuard } from "./guard.ts"
import { troubleOf } from "./trouble.ts"

/** Absolute path of a bot file. Throws ConfigError where it is none. */
export function botFile(machine: Machine, given: string): string {
  const file = resolve(machine.cwd, given)
  const found = statSync(file, { throwIfNoEntry: false })
  if (found === undefined) throw new ConfigError(`there is no ${given}; give the path of a bot file`)
  if (found.isDirectory()) throw new ConfigError(`${given} is a folder; give the path of a bot file`)
  return file
}

/**
 * Loads a bot file, watched: what spins at its top level ends the process. Throws ConfigError where it is missing, does not
 * load or does not export a bot.
 */
export async function loadBot(machine: Machine, given: string, guard?: Guard): Promise<{ bot: Bot; file: string }> {
  const file = botFile(machine, given)
  const { offerPerigee } = await import("../../world/machine.ts")
  const { isBot } = await import("../../world.ts")
  offerPerigee()
  const own = guard ?? startGuard(machine)
  try {
    const exported = await own.during(`the loading of ${basename(file)}`, () => machine.load(file))
    if (isBot(exported)) return { bot: exported, file }
  } catch (error) {
    throw new ConfigError(`${given} cannot be loaded${troubleOf(machine, error, file)}`)
  } finally {
    if (guard === undefined) own.stop()
  }
  throw new ConfigError(
    `${given} does not export a bot; end it with: export default bot({ name: "…" }).task(…).strategy(…)`,
  )
}
