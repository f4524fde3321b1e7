import { dirname, isAbsolute, join } from "node:path"
import type { Machine } from "../../world/entrance.ts"
import { botFile, loadBot } from "./bot-file.ts"
import { type Command, only } from "./command.ts"
import { RUN, runLoaded } from "./run-loaded.ts"

/** `perigee run bot.ts`. */
export const run = (machine: Machine, version: string): Command => ({
  name: "run",
  summary: "runs a bot file",
  takes: "bot.ts",
  options: RUN,
  async run(args) {
    const given = only(args, "bot file")
    const folder = dirname(botFile(machine, given))
    machine.seal()
    return runLoaded(machine, version, args, async (guard) => {
      const { bot } = await loadBot(machine, given, guard)
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
