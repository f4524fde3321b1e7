import { join } from "node:path"
import { type Module, modulesOf, type Parts } from "./parts.ts"

export interface EntryOptions {
  readonly bot: string
  readonly botFile: string
  /** Root of the library. */
  readonly root: string
  readonly parts: Parts
  /** Stands for the bot file's folder, below the entry's own. */
  readonly base: string
  readonly version: string
}

/** The text of a module that runs one bot with the parts it names. */
export function entryOf({ bot, botFile, root, parts, base, version }: EntryOptions): string {
  const { venues, runners } = modulesOf(bot, parts)
  const from = ({ file }: Module): string => JSON.stringify(join(root, file))
  const contents = { bot, version, bun: Bun.version, ...parts }
  return [
    `import bot from ${JSON.stringify(botFile)}`,
    `import { runBuilt } from ${JSON.stringify(join(root, "src/runtime/cli/built.ts"))}`,
    ...venues.map(([, module], at) => `import { ${module.name} as venue${at} } from ${from(module)}`),
    ...runners.map(([, module], at) => `import { ${module.name} as runner${at} } from ${from(module)}`),
    `await runBuilt({`,
    `  bot,`,
    `  base: new URL(${JSON.stringify(`./${base}/`)}, import.meta.url),`,
    `  venues: { ${venues.map(([market], at) => `${JSON.stringify(market)}: venue${at}`).join(", ")} },`,
    `  runners: { ${runners.map(([kind], at) => `${kind}: runner${at}`).join(", ")} },`,
    `  contents: ${JSON.stringify(contents)},`,
    `})`,
    ``,
  ].join("\n")
}
