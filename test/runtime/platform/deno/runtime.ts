// The pinned Deno of this checkout.
import { createRequire } from "node:module"

const libc = process.platform === "linux" ? "-glibc" : ""

function find(): string | undefined {
  try {
    return createRequire(import.meta.url).resolve(`@deno/${process.platform}-${process.arch}${libc}/deno`)
  } catch {
    return undefined
  }
}

const found = find()
if (found === undefined) {
  console.log(`skipped: everything on Deno; its package has no executable for ${process.platform} ${process.arch}`)
}

export const hasDeno = found !== undefined

/** Starts a module on Deno, as `npm run demo:deno` does. */
export const deno: readonly string[] = [found ?? "deno", "run", "--allow-all"]

/** How each runtime of this machine starts a module. */
export const runtimes: (readonly [name: string, command: readonly string[]])[] = [
  ["Bun", [process.execPath]],
  ...(hasDeno ? [["Deno", deno] as const] : []),
]
