import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join, relative, sep } from "node:path"
import type { Market } from "../../domain/market.ts"
import { compile, inputsOf } from "./compile.ts"
import { entryOf } from "./entry.ts"
import { openFolder } from "./library.ts"
import { encodePack } from "./pack.ts"
import { type ModelKind, RUNNERS, VENUES } from "./parts.ts"

export interface CarryOptions {
  /** Root of the checkout. */
  readonly root: string
  readonly outFile: string
  readonly version: string
}

/** Makes the `perigee` executable: the command line, and packed inside it what `build` needs where there is no checkout. */
export async function buildPerigee({ root, outFile, version }: CarryOptions): Promise<{ packBytes: number }> {
  const folder = openFolder()
  try {
    const files = await libraryFiles(root, folder.root, version)
    const pack = encodePack(files.map((file) => ({ path: posix(relative(root, file)), bytes: readFileSync(file) })))
    const packFile = join(folder.root, "library.pack")
    writeFileSync(packFile, pack)
    const replace = {
      "src/runtime/cli/build/packed.ts": `export { default as packed } from ${JSON.stringify(packFile)} with { type: "file" }`,
    }
    await compile({ root, entry: join(root, "src/main.ts"), replace }, outFile, folder.root)
    return { packBytes: pack.length }
  } finally {
    folder.close()
  }
}

// What a bot with every market and every model kind is made of is all that any bot can be made of.
async function libraryFiles(root: string, folder: string, version: string): Promise<string[]> {
  const botFile = join(folder, "everything.ts")
  writeFileSync(botFile, `import * as library from "perigee"\nexport default library\n`)
  const parts = { markets: Object.keys(VENUES) as Market[], models: Object.keys(RUNNERS) as ModelKind[], files: [] }
  const entry = join(folder, "entry.ts")
  writeFileSync(entry, entryOf({ bot: "everything", botFile, root, parts, base: "files", version }))
  const inputs = (await inputsOf({ root, entry })).filter((path) => !path.startsWith(folder))
  // The project's own manifest says which platform `#platform` is.
  return [...new Set([join(root, "package.json"), ...inputs, ...inputs.flatMap((path) => manifests(root, path))])]
}

// A package's manifests say how its files are found.
function manifests(root: string, path: string): string[] {
  const found: string[] = []
  for (let folder = dirname(path); folder.startsWith(join(root, "node_modules")); folder = dirname(folder)) {
    const manifest = join(folder, "package.json")
    if (existsSync(manifest)) found.push(manifest)
  }
  return found
}

const posix = (path: string): string => path.split(sep).join("/")
