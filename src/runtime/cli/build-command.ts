import type { Machine } from "../../world/entrance.ts"
import { ConfigError } from "../domain/errors.ts"
import { type Command, EXIT, flag, only, text } from "./command.ts"
import { loadBot } from "./bot-file.ts"

/** `perigee build bot.ts -o bot`: one executable with exactly what the bot's declaration names. */
export const build = (machine: Machine, version: string): Command => ({
  name: "build",
  summary: "makes one executable of a bot file, with only the parts it names",
  takes: "bot.ts",
  options: {
    out: { type: "string", short: "o", value: "FILE", help: "the executable to write (default: the bot's name)" },
    json: { type: "boolean", help: "print what is inside as one JSON line" },
  },
  async run(args) {
    if (machine.runtime !== "bun")
      throw new ConfigError("executables are made by Bun's bundler: run this command on Bun")
    machine.seal()
    const { planOf } = await import("../../world.ts")
    const { everyPart } = await import("../../world/parts.ts")
    const { buildBot } = await import("./build/index.ts")
    const { bot, file } = await loadBot(machine, only(args, "bot file"))
    const plan = planOf(bot, everyPart())
    const outFile = text(args.values, "out") ?? plan.name
    const result = await buildBot({ bot: plan.name, botFile: file, outFile, tasks: plan.tasks, version })
    const { markets, models, bytes } = result
    if (flag(args.values, "json")) machine.out(`${JSON.stringify(result)}\n`)
    else {
      const inside = [...markets, ...models].join(", ")
      machine.out(`${result.outFile}: ${(bytes / 1e6).toFixed(1)} MB with ${inside || "no venue and no model"}\n`)
    }
    return EXIT.ok
  },
})
