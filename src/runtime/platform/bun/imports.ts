import { readFileSync } from "node:fs"
import { dirname, extname, relative } from "node:path"
import { isRuntimes, realitiesOf, type Taken } from "../shared/reality.ts"

const LOADERS: Readonly<Record<string, Bun.JavaScriptLoader>> = {
  ".ts": "ts",
  ".mts": "ts",
  ".cts": "ts",
  ".tsx": "tsx",
  ".js": "jsx",
  ".mjs": "jsx",
  ".cjs": "jsx",
  ".jsx": "jsx",
}

/** A file of one's own, by its place or by what package.json or tsconfig.json call it; all else is a package. */
const OWN = /^(?:[./#~]|@\/|file:)/

/**
 * What a bot file and the modules of its own that it imports take of the runtime's modules that stays real in a simulation,
 * in words. Packages are not looked into, and a path that is put together while it runs is not seen.
 */
export function realImports(file: string): readonly string[] {
  const home = dirname(file)
  const seen = new Set<string>()
  const found: string[] = []
  const look = (path: string): void => {
    const loader = LOADERS[extname(path)]
    if (seen.has(path) || loader === undefined || path.includes("/node_modules/")) return
    seen.add(path)
    const { taken, own } = importsOf(readFileSync(path, "utf8"), loader)
    const name = relative(home, path)
    for (const one of taken) for (const why of realitiesOf(one)) found.push(`${name} imports ${why}`)
    for (const asked of own) {
      const next = resolved(asked, dirname(path))
      if (next !== undefined) look(next)
    }
  }
  look(file)
  return found
}

/** Undefined where there is none: its loading says so, and where. */
function resolved(asked: string, from: string): string | undefined {
  try {
    return Bun.resolveSync(asked, from)
  } catch {
    return undefined
  }
}

interface Imports {
  readonly taken: readonly Taken[]
  /** Modules of one's own, as they are asked for. */
  readonly own: readonly string[]
}

/** The transpiler writes each import in one form, without types and without what nothing uses, as the loader does. */
const CLAUSE = /^(?:import|export)\s*((?:[\w$]+\s*,?\s*)?(?:\{[^{}"]*\}|\*(?:\s*as\s+[\w$]+)?)?)\s*from\s*"([^"\n]+)"/gm

function importsOf(text: string, loader: Bun.JavaScriptLoader): Imports {
  const transpiler = new Bun.Transpiler({ loader, trimUnusedImports: true })
  const { code, imports } = readable(transpiler, text)
  const taken: Taken[] = []
  for (const { path, kind } of imports) {
    if (!isRuntimes(path)) continue
    // Whoever asks while the program runs gets the whole module, whatever is taken of it then.
    taken.push({ path, names: kind === "import-statement" ? namesOf(code, path) : ["*"] })
  }
  return { taken, own: imports.map(({ path }) => path).filter((path) => OWN.test(path)) }
}

/** What cannot be read says so, better, when it is loaded. */
function readable(transpiler: Bun.Transpiler, text: string): { code: string; imports: Bun.Import[] } {
  try {
    const code = transpiler.transformSync(text)
    return { code, imports: transpiler.scanImports(code) }
  } catch {
    return { code: "", imports: [] }
  }
}

function namesOf(code: string, path: string): string[] {
  const names: string[] = []
  for (const [, clause = "", from] of code.matchAll(CLAUSE)) {
    if (from !== path) continue
    if (clause.includes("*")) names.push("*")
    const listed = /\{([^}]*)\}/.exec(clause)?.[1] ?? ""
    for (const one of listed.split(",")) {
      const [name = ""] = one.trim().split(/\s+as\s+/)
      if (name !== "") names.push(name)
    }
    if (/^[\w$]/.test(clause)) names.push("default")
  }
  return names
}
