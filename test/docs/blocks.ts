// The code blocks of the documents: where they stand, and what the document says they are.
import { read, files } from "../scan.ts"

export interface Block {
  readonly document: string
  /** Of its first line of code. */
  readonly line: number
  readonly language: string
  readonly text: string
}

const FENCE = /^( *)```(\S*)\s*$/

export function blocksOf(document: string, text: string): Block[] {
  const found: Block[] = []
  let open: { indent: number; language: string; line: number; lines: string[] } | undefined
  for (const [at, row] of text.split("\n").entries()) {
    const [, indent = "", language = ""] = FENCE.exec(row) ?? []
    if (open === undefined) {
      if (FENCE.test(row)) open = { indent: indent.length, language, line: at + 2, lines: [] }
    } else if (row.trim() === "```") {
      found.push({ document, line: open.line, language: open.language, text: `${open.lines.join("\n")}\n` })
      open = undefined
    } else open.lines.push(row.slice(open.indent))
  }
  if (open !== undefined) throw new Error(`${document}:${open.line}: the block is not closed`)
  return found
}

export const DOCUMENTS: readonly string[] = ["*.md", "docs/*.md"].flatMap((pattern) => files(pattern))
export const allBlocks = (): Block[] => DOCUMENTS.flatMap((document) => blocksOf(document, read(document)))

/** The path a block gives itself in its first line, `// src/strategies/echo.ts`, or one by its place. */
export const pathOf = ({ document, line, text }: Block): string =>
  /^\/\/ (\S+\.ts)$/m.exec(text.split("\n", 1)[0] ?? "")?.[1] ??
  `${document.replaceAll(/[^a-z]+/gi, "-").toLowerCase()}-${line}.ts`

export interface Command {
  readonly text: string
  /** What it must end with: 0, or what its comment says: `# exits 3`. */
  readonly status: number
}

/** The commands of a block: comments gone, lines that end in a backslash joined with the next. */
export const commandsOf = ({ text }: Block): Command[] =>
  text
    .replaceAll(/\\\n\s*/g, "")
    .split("\n")
    .map((row) => ({
      text: row.replace(/(^|\s)#.*$/, "").trim(),
      status: Number(/# exits (\d+)/.exec(row)?.[1] ?? 0),
    }))
    .filter((command) => command.text !== "")
