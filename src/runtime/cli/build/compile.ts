import { copyFileSync, readFileSync, renameSync, rmSync } from "node:fs"
import { dirname, join, relative, resolve } from "node:path"
import type { BuildConfig, BunPlugin } from "bun"
import { ConfigError, describe } from "../../domain/errors.ts"

/** What becomes one executable. */
export interface Source {
  /** Root of the library: see library.ts. */
  readonly root: string
  /** The module that starts everything. */
  readonly entry: string
  /** Library files to be replaced, by path below `root`, with this text. */
  readonly replace?: Readonly<Record<string, string>>
  /** A folder to embed; found at run time beside the entry under its own name. */
  readonly folder?: string
}

// How library code names a worker: by a URL beside its own source file. In a binary all modules are one and live elsewhere.
const WORKER = /new URL\(\s*"(\.{1,2}\/[^"]+)\.ts"\s*,\s*import\.meta\.url\s*\)/g
/** Where an executable finds what it carries. */
export const EMBEDDED = "file:///$bunfs/root/"

// The ONNX loader asks at its top level whether it was started as a thread of its own, and awaits the answer: it never is here.
const THREAD_START = /if\(isNode\)isPthread=\(await import\("worker_threads"\)\)\.workerData==="em-pthread";/

const plain = {
  target: "bun",
  minify: { whitespace: true, syntax: true },
  // Other platforms' native parts then fall away as dead code, in the first pass too.
  define: {
    "process.platform": JSON.stringify(process.platform),
    "process.arch": JSON.stringify(process.arch),
    // An executable tells nothing of the machine that made it, and is the same from any folder.
    __dirname: JSON.stringify("/"),
    "import.meta.url": JSON.stringify(`${EMBEDDED}perigee.js`),
    // Only a checkout asks, for what lies in its node_modules.
    "import.meta.resolve": "String",
  },
  throw: true,
} as const

/** Every file that the source is made of, as absolute paths, worker files included. */
export async function inputsOf(source: Source): Promise<string[]> {
  const { inputs } = await trace(source)
  return inputs
}

/** Writes the executable, whole or not at all. Throws ConfigError with every reason the bundler gives. */
export async function compile(source: Source, outFile: string, workFolder: string): Promise<{ workers: string[] }> {
  const { workers } = await trace(source)
  const made = join(workFolder, "perigee")
  const config: BuildConfig = {
    ...plain,
    entrypoints: [source.entry, ...workers],
    root: join(source.root, "src"),
    // Parsed beforehand: a bot with its database and endpoint is up in half the time.
    bytecode: true,
    plugins: [library(source, new Set())],
    compile: {
      outfile: made,
      // What a bot does must depend on what it is told, not on files that happen to lie where it is started.
      autoloadDotenv: false,
      autoloadBunfig: false,
      ...(source.folder === undefined ? {} : { assets: [source.folder] }),
    },
  }
  await within(workFolder, () => bundleLazily(config))
  place(made, outFile)
  return { workers: workers.map((path) => relative(source.root, path)) }
}

// A worker is an entry of its own, and entries must be known beforehand: a first pass finds them, again until there are no new ones.
async function trace(source: Source): Promise<{ inputs: string[]; workers: string[] }> {
  const workers = new Set<string>()
  const loaded = new Set<string>()
  for (;;) {
    const before = workers.size
    const plugins = [recorder(loaded), library(source, workers)]
    const { metafile } = await bundle({ ...plain, entrypoints: [source.entry, ...workers], metafile: true, plugins })
    if (workers.size > before) continue
    const named = Object.keys(metafile?.inputs ?? {}).map((path) => resolve(path))
    return { inputs: [...new Set([...loaded, ...named])].toSorted(), workers: [...workers].toSorted() }
  }
}

// The bundler's own list of inputs leaves out modules that only pass on others' exports, but they are read all the same.
function recorder(loaded: Set<string>): BunPlugin {
  return {
    name: "recorder",
    setup(build) {
      build.onLoad({ filter: /.*/ }, ({ path }) => {
        loaded.add(path)
        return undefined
      })
    },
  }
}

function library({ root, replace = {} }: Source, workers: Set<string>): BunPlugin {
  const sources = new RegExp(`^${RegExp.escape(join(root, "src"))}/.*\\.ts$`)
  return {
    name: "perigee",
    setup(build) {
      build.onResolve({ filter: /^perigee$/ }, () => ({ path: join(root, "src/index.ts") }))
      // The generic entry looks for its addon beside itself, where a binary has nothing.
      build.onResolve({ filter: /^better-sqlite3$/ }, () => ({
        path: join(root, `node_modules/better-sqlite3/lib/${process.platform}-${process.arch}.js`),
      }))
      build.onLoad({ filter: /ort-wasm-simd-threaded\.mjs$/ }, ({ path }) => ({
        contents: readFileSync(path, "utf8").replace(THREAD_START, ""),
        loader: "js",
      }))
      build.onLoad({ filter: sources }, ({ path }) => {
        const text = replace[relative(root, path)] ?? readFileSync(path, "utf8")
        const contents = text.replace(WORKER, (_match, name: string) => {
          const file = resolve(dirname(path), `${name}.ts`)
          workers.add(file)
          return `new URL("${EMBEDDED}${relative(join(root, "src"), file).replace(/\.ts$/, ".js")}")`
        })
        return { contents, loader: "ts" }
      })
    },
  }
}

// The bundler assembles an executable in the working directory, and leaves it there if it is killed: not in the user's folder.
async function within<T>(folder: string, run: () => Promise<T>): Promise<T> {
  const before = process.cwd()
  process.chdir(folder)
  try {
    return await run()
  } finally {
    process.chdir(before)
  }
}

/**
 * As CommonJS a module that is imported with `import()` loads what it stands on only then, Node's own modules included; in an ES module all
 * of those load at the start: measured on a bot with its endpoint, 18 ms instead of 4 until the first line runs. Code that
 * awaits at its top level has to be an ES module, and starts later.
 */
async function bundleLazily(config: BuildConfig): Promise<void> {
  try {
    await Bun.build({ ...config, format: "cjs" })
  } catch {
    await bundle({ ...config, format: "esm" })
  }
}

async function bundle(config: BuildConfig): Promise<Awaited<ReturnType<typeof Bun.build>>> {
  try {
    return await Bun.build(config)
  } catch (error) {
    const reasons = error instanceof AggregateError ? error.errors.map(reason) : [describe(error)]
    throw new ConfigError(`${config.entrypoints[0]} cannot be bundled:\n  - ${reasons.join("\n  - ")}`, {
      cause: error,
    })
  }
}

function reason(error: unknown): string {
  const { message, position } = error as { message?: string; position?: { file: string; line: number } | null }
  const where = position === undefined || position === null ? "" : ` (${position.file}:${position.line})`
  return `${message ?? String(error)}${where}`
}

// The last step is a rename on the same volume: a full disk or a kill leaves the old file or none, never half of one.
function place(made: string, outFile: string): void {
  const partial = `${outFile}.partial`
  try {
    copyFileSync(made, partial)
    renameSync(partial, outFile)
  } catch (error) {
    rmSync(partial, { force: true })
    throw new ConfigError(`cannot write ${outFile}: ${describe(error)}`, { cause: error })
  }
}
