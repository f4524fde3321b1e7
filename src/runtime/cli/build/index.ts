import { existsSync, statSync, writeFileSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import { ConfigError } from "../../domain/errors.ts"
import type { TaskSpec } from "../../domain/task.ts"
import { compile, inputsOf } from "./compile.ts"
import { type Carried, carriedIn, entryOf } from "./entry.ts"
import { type Library, openFolder, openLibrary } from "./library.ts"
import { type Parts, partsOf } from "./parts.ts"
import { FOLDER, stage } from "./stage.ts"

export interface BuildOptions {
  /** The bot's name, for messages. */
  readonly bot: string
  readonly botFile: string
  readonly outFile: string
  /** Its declaration. */
  readonly tasks: readonly TaskSpec[]
  /** Perigee's version. */
  readonly version: string
  /** Where the library lies; absent: the one this program is or carries. */
  readonly library?: () => Library
}

export interface BuildResult extends Parts, Carried {
  readonly outFile: string
  readonly bytes: number
  /** Worker modules inside, by their path in the library. */
  readonly workers: readonly string[]
}

/** Makes one executable of a bot. Throws BuildError or ConfigError; `outFile` is then as it was. */
export async function buildBot(options: BuildOptions): Promise<BuildResult> {
  const parts = partsOf(options.tasks)
  const outFile = resolve(options.outFile)
  const botFile = resolve(options.botFile)
  if (!existsSync(dirname(outFile)))
    throw new ConfigError(`the folder ${dirname(outFile)} does not exist; make it first`)
  const folder = openFolder()
  try {
    const library = (options.library ?? openLibrary)()
    try {
      const base = stage(options.bot, botFile, parts.files, folder.root)
      const { bot, version } = options
      const source = { root: library.root, entry: join(folder.root, "entry.ts"), folder: join(folder.root, FOLDER) }
      const entry = { bot, botFile, root: library.root, parts, base, version }
      writeFileSync(source.entry, entryOf(entry))
      // What the bundler reads on its first pass is what the executable then says of itself.
      const carried = carriedIn(await inputsOf(source))
      writeFileSync(source.entry, entryOf({ ...entry, carried }))
      const { workers } = await compile(source, outFile, folder.root)
      return { ...parts, ...carried, outFile, bytes: statSync(outFile).size, workers }
    } finally {
      library.close()
    }
  } finally {
    folder.close()
  }
}
