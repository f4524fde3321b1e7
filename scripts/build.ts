// Writes dist/perigee: the whole command line with its sample bot, every market and every model kind, in one executable.
import { mkdirSync, readFileSync, statSync } from "node:fs"
import { join, resolve } from "node:path"
import { buildPerigee } from "../src/runtime/cli/build/carry.ts"

const root = resolve(import.meta.dir, "..")
const outFile = join(root, "dist/perigee")
mkdirSync(join(root, "dist"), { recursive: true })

const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string }
const started = performance.now()
const { packBytes } = await buildPerigee({ root, outFile, version })
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`
console.log(
  `dist/perigee ${version}: ${megabytes(statSync(outFile).size)}, of which the library for builds ${megabytes(packBytes)}, ` +
    `in ${((performance.now() - started) / 1000).toFixed(1)} s`,
)
