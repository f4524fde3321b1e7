import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, resolve } from "node:path"
import { decodePack } from "./pack.ts"
import { packed } from "./packed.ts"

/** The library as files: `src/`, `migrations/`, `node_modules/` below `root`. */
export interface Library {
  readonly root: string
  close(): void
}

/** The checkout this runs from; in the compiled `perigee` what it carries, unpacked until `close`. */
export function openLibrary(): Library {
  if (packed === undefined) return { root: resolve(import.meta.dir, "../../../.."), close: () => undefined }
  return unpack(packed)
}

function unpack(pack: string): Library {
  const folder = openFolder()
  for (const { path, bytes } of decodePack(readFileSync(pack))) {
    const file = join(folder.root, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, bytes)
  }
  return folder
}

/** An empty folder of our own for as long as a build takes. */
export function openFolder(): Library {
  // The bundler names files by their real path; a link on the way (macOS's /tmp) would make two modules of one.
  const root = realpathSync(mkdtempSync(join(tmpdir(), "perigee-build-")))
  return { root, close: () => rmSync(root, { recursive: true, force: true }) }
}
