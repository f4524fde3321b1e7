import type { dlopen as Dlopen } from "bun:ffi"
import type * as Files from "node:fs"
import { type Bundle, bundleOf } from "./bundle.ts"

/**
 * Code, as text, for a module that has `dlopen` of bun:ffi and runs in a worker: from time to time it tells Linux that the pages
 * of code and constants, of the executable and its libraries, are not needed. They are clean copies of files, so nothing is
 * lost: what runs is mapped again at its next use, from the page cache, in about a millisecond altogether; what only the start
 * used (parser, compiler, module loader) stays out. So does the bundle that was compiled into an executable, which the start
 * has read from end to end. Seen on a bot's own executable under load: 37 MB of code, 7 of constants and 8 of bundle before,
 * 19, 3 and 3 after. What is called once in a while (a collection, a compilation) is mapped again with what lies around it,
 * so the first time is after `delayMsMin`, the next after twice that, and then every half minute. On other systems than Linux it
 * does nothing.
 */
export const trimFrom = (delayMsMin = 15_000): string => `
import * as files from "node:fs"
;(${trimming.toString()})(dlopen, files, ${bundleOf.toString()}, ${delayMsMin})
`

/** Its text is all that is sent over: it may use nothing from this file. */
function trimming(dlopen: typeof Dlopen, files: typeof Files, find: typeof bundleOf, delayMsMin: number): void {
  const dontNeed = 4
  const delayMsMax = 30_000
  if (process.platform !== "linux") return

  // Kept, and read byte by byte. A hundred kilobytes of text each time would stay, as this worker makes too little else for its
  // heap to be collected, and memory would rise.
  let room = Buffer.alloc(0)
  const maps = (): Buffer => {
    const file = files.openSync("/proc/self/smaps", "r")
    try {
      for (let used = 0; ;) {
        if (used === room.length) room = Buffer.concat([room], 2 * room.length + 2 ** 17)
        const read = files.readSync(file, room, used, room.length - used, null)
        if (read === 0) return room.subarray(0, used)
        used += read
      }
    } finally {
      files.closeSync(file)
    }
  }

  /** What may not be written and was not since it was mapped: nothing of it can differ from the file. */
  const code = (): readonly (readonly [from: bigint, bytes: bigint])[] => {
    const text = maps()
    const found: (readonly [from: bigint, bytes: bigint])[] = []
    const [upperA, upperZ, newLine] = [65, 90, 10]
    let map: RegExpExecArray | null = null
    for (let at = 0, end = 0; at < text.length; at = end + 1) {
      end = text.indexOf(newLine, at)
      // Cut short: what it would say is not known.
      if (end < 0) break
      const first = text[at] ?? 0
      // A map's own line begins with its address, what is told of it with a capital.
      if (first < upperA || first > upperZ)
        map = /^([0-9a-f]+)-([0-9a-f]+) r-[x-]p .* \//.exec(text.toString("latin1", at, end))
      else if (map !== null && first === upperA && /^Anonymous: +0 kB$/.test(text.toString("latin1", at, end))) {
        const [from, to] = [BigInt(`0x${map[1]}`), BigInt(`0x${map[2]}`)]
        found.push([from, to - from])
      }
    }
    return found
  }

  let bundle: Bundle | undefined
  let isSought = false
  const bundleToo = (): readonly (readonly [from: bigint, bytes: bigint])[] => {
    try {
      if (!isSought) bundle = find(files)
      isSought = true
      return bundle?.isClean() === true ? [[bundle.from, bundle.bytes]] : []
    } catch {
      // Not for this process to see.
      return []
    }
  }

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
        for (const [from, bytes] of [...code(), ...bundleToo()]) libc?.madvise(from, bytes, dontNeed)
      } catch {
        // No /proc here: then nothing is trimmed, which harms nobody.
        return
      }
      trim(Math.min(delayMs * 2, delayMsMax))
    }, delayMs)
  }
  trim(delayMsMin)
}
