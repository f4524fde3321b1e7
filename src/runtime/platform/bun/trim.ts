import type { dlopen as Dlopen } from "bun:ffi"
import type { readFileSync as ReadFileSync } from "node:fs"

/**
 * Code, as text, for a module that has `dlopen` of bun:ffi and runs in a worker: from time to time it tells Linux that the pages
 * of code and constants, of the executable and its libraries, are not needed. They are clean copies of files, so nothing is
 * lost: what runs is mapped again at its next use, from the page cache, in about a millisecond altogether; what only the start
 * used (parser, compiler, module loader) stays out. Seen on a bot's own executable under load: 37 MB of code and 7 of constants
 * before, 19 and 3 after. What is called once in a while (a collection, a compilation) is mapped again with what lies around it,
 * so the first time is after `delayMsMin`, the next after twice that, and then every half minute. On other systems than Linux it
 * does nothing.
 */
export const trimFrom = (delayMsMin = 15_000): string => `
import { readFileSync } from "node:fs"
;(${trimming.toString()})(dlopen, readFileSync, ${delayMsMin})
`

/** Its text is all that is sent over: it may use nothing from this file. */
function trimming(dlopen: typeof Dlopen, readFileSync: typeof ReadFileSync, delayMsMin: number): void {
  const dontNeed = 4
  const delayMsMax = 30_000
  if (process.platform !== "linux") return

  /** What may not be written and was not since it was mapped: nothing of it can differ from the file. */
  const ranges = (): readonly (readonly [from: bigint, bytes: bigint])[] =>
    readFileSync("/proc/self/smaps", "utf8")
      .split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)
      .filter((map) => /^\S+ r-[x-]p [^\n]* \//.test(map))
      .filter((map) => /^Anonymous: +0 kB$/m.test(map))
      .map((map) => {
        const [from = "0", to = "0"] = map.slice(0, map.indexOf(" ")).split("-")
        return [BigInt(`0x${from}`), BigInt(`0x${to}`) - BigInt(`0x${from}`)] as const
      })

  const libc = (() => {
    for (const file of ["libc.so.6", `libc.musl-${process.arch === "arm64" ? "aarch64" : "x86_64"}.so.1`]) {
      try {
        return dlopen(file, { madvise: { args: ["u64", "u64", "i32"], returns: "i32" } }).symbols
      } catch {
        // The other one's.
      }
    }
    return undefined
  })()

  const trim = (delayMs: number): void => {
    setTimeout(() => {
      try {
        for (const [from, bytes] of ranges()) libc?.madvise(from, bytes, dontNeed)
      } catch {
        // No /proc here: then nothing is trimmed, which harms nobody.
        return
      }
      trim(Math.min(delayMs * 2, delayMsMax))
    }, delayMs)
  }
  trim(delayMsMin)
}
