import { basename, join } from "node:path"
import { EMBEDDED } from "./compile.ts"
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
  /** What else lies inside, for `--version --json`. */
  readonly carried?: Carried
}

/** Files a binary holds beside its code, by name. */
export interface Carried {
  readonly native: readonly string[]
  readonly migrations: readonly string[]
}

const NOTHING: Carried = { native: [], migrations: [] }

/** Sorts out the files that are not code. */
export function carriedIn(inputs: readonly string[]): Carried {
  const named = (pattern: RegExp): string[] =>
    [...new Set(inputs.filter((path) => pattern.test(path)).map(nameOf))].toSorted()
  return { native: named(/\.(?:node|wasm)$/), migrations: named(/\.sql$/) }
}

// A native file's own name says little (`linux-x64.node`): its package comes first.
function nameOf(path: string): string {
  const [, owner] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path) ?? []
  return owner === undefined ? basename(path) : `${owner}/${basename(path)}`
}

/** The text of a module that runs one bot with the parts it names. */
export function entryOf({ bot, botFile, root, parts, base, version, carried = NOTHING }: EntryOptions): string {
  const { venues, runners } = modulesOf(bot, parts)
  const from = ({ file }: Module): string => JSON.stringify(join(root, file))
  const contents = { bot, version, bun: Bun.version, ...parts, ...carried }
  return [
    `import { runBuilt } from ${JSON.stringify(join(root, "src/runtime/cli/built.ts"))}`,
    `void runBuilt({`,
    `  name: ${JSON.stringify(bot)},`,
    `  async load() {`,
    `    const { default: bot } = await import(${JSON.stringify(botFile)})`,
    ...venues.map(([, module], at) => `    const { ${module.name}: venue${at} } = await import(${from(module)})`),
    ...runners.map(([, module], at) => `    const { ${module.name}: runner${at} } = await import(${from(module)})`),
    `    return {`,
    `      bot,`,
    `      venues: { ${venues.map(([market], at) => `${JSON.stringify(market)}: venue${at}`).join(", ")} },`,
    `      runners: { ${runners.map(([kind], at) => `${kind}: runner${at}`).join(", ")} },`,
    `    }`,
    `  },`,
    `  base: new URL(${JSON.stringify(`${EMBEDDED}${base}/`)}),`,
    `  contents: ${JSON.stringify(contents)},`,
    `})`,
    ``,
  ].join("\n")
}
