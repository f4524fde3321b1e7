// What the tests about the source text itself share: files, their imports, and their code without comments and strings.
import { readFileSync } from "node:fs"
import { posix, resolve } from "node:path"
import { Glob } from "bun"

export const root = resolve(import.meta.dir, "..")

/** Paths below the repository root, with forward slashes, sorted. */
export function files(pattern: string): string[] {
  const found = [...new Glob(pattern).scanSync({ cwd: root, dot: true })]
  return found.filter((path) => !/(^|\/)(node_modules|dist|\.git)\//.test(path)).toSorted()
}

export const read = (path: string): string => readFileSync(resolve(root, path), "utf8")

// A string is kept whole (it may hold `//`); a comment is dropped. Template literals count as strings up to their closing backtick.
const STRING_OR_COMMENT = /("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`)|\/\/[^\n]*|\/\*[\s\S]*?\*\//g

const withoutComments = (source: string): string =>
  source.replace(STRING_OR_COMMENT, (_match, text: string | undefined) => text ?? " ")

/** Code alone: comments gone, plain strings emptied. Template literals stay, because code stands in them. */
export const code = (source: string): string =>
  source.replace(STRING_OR_COMMENT, (_match, text: string | undefined) => (text === undefined ? " " : quoted(text)))

const quoted = (text: string): string => (text.startsWith("`") ? text : '""')

// Type-only imports and exports too, dynamic imports, `require`, worker URLs (`new URL("./worker.ts", import.meta.url)`).
const SPECIFIERS = [
  /(?:^|[\n;}])\s*(?:import|export)\b[^"'`;()]*?\bfrom\s*["']([^"']+)["']/g,
  /(?:^|[\n;}])\s*import\s*["']([^"']+)["']/g,
  /\bimport\s*\(\s*["'`]([^"'`]+)["'`]/g,
  /\brequire(?:\.resolve)?\s*\(\s*["'`]([^"'`]+)["'`]/g,
  /\bnew\s+URL\s*\(\s*["'`](\.[^"'`]+)["'`]\s*,\s*import\.meta\.url/g,
]

/** Every module a file names, as written. */
export function specifiers(source: string): string[] {
  const text = withoutComments(source)
  return SPECIFIERS.flatMap((pattern) => [...text.matchAll(pattern)].map((match) => match[1] ?? ""))
}

/** A relative specifier as a path below the root; a package's or builtin's stays as it is. */
export function target(from: string, specifier: string): string {
  if (specifier === "perigee") return "src/index.ts"
  return specifier.startsWith(".") ? posix.join(posix.dirname(from), specifier) : specifier
}
