import type * as Files from "node:fs"

export interface Bundle {
  readonly from: bigint
  readonly bytes: bigint
  /** Every page of it that is in memory is the file's own: one that somebody wrote to would be lost with what was written. */
  isClean(): boolean
}

/**
 * Where the running executable has the bundle that was compiled into it. Bun puts that into a section `.bun` of the file (ELF,
 * at a fixed address), which is mapped writable and only read: these are the section's whole pages. Undefined in an executable
 * of another make, and where pages are not of 4 KiB. Throws where there is no /proc.
 *
 * Its text is sent to a worker: it may use nothing from this file.
 */
export function bundleOf({ closeSync, openSync, readFileSync, readSync }: typeof Files): Bundle | undefined {
  const pageBytes = 4_096
  const read = (file: string, parts: readonly (readonly [from: number, bytes: number])[]): Buffer[] => {
    const opened = openSync(file, "r")
    try {
      return parts.map(([from, bytes]) => {
        const found = Buffer.alloc(bytes)
        return found.subarray(0, readSync(opened, found, 0, bytes, from))
      })
    } finally {
      closeSync(opened)
    }
  }
  const exe = "/proc/self/exe"
  const [head] = read(exe, [[0, 64]])
  // 64 bits, and linked to run at the addresses that the file names.
  const isFixed = head!.readUInt32BE(0) === 0x7f454c46 && head![4] === 2 && head!.readUInt16LE(16) === 2
  if (!isFixed || !/^KernelPageSize: +4 kB$/m.test(readFileSync("/proc/self/smaps", "utf8"))) return undefined
  const [width, count] = [head!.readUInt16LE(58), head!.readUInt16LE(60)]
  const [table] = read(exe, [[Number(head!.readBigUInt64LE(40)), width * count]])
  const sections = Array.from({ length: count }, (_, at) => {
    const row = table!.subarray(at * width, (at + 1) * width)
    const [address, offset, bytes] = [16, 24, 32].map((field) => Number(row.readBigUInt64LE(field)))
    return { name: row.readUInt32LE(0), address: address!, offset: offset!, bytes: bytes! }
  })
  const { offset, bytes: namesBytes } = sections[head!.readUInt16LE(62)]!
  const [names] = read(exe, [[offset, namesBytes]])
  const section = sections.find(({ name }) => names!.toString("latin1", name, names!.indexOf(0, name)) === ".bun")
  if (section === undefined) return undefined
  const from = Math.ceil(section.address / pageBytes)
  const pages = Math.floor((section.address + section.bytes) / pageBytes) - from
  if (pages <= 0) return undefined
  return {
    from: BigInt(from * pageBytes),
    bytes: BigInt(pages * pageBytes),
    isClean() {
      const [states] = read("/proc/self/pagemap", [[from * 8, pages * 8]])
      // Eight bytes a page; of the last one 0x80 says in memory, 0x40 swapped out, 0x20 the file's own.
      for (let at = 7; at < states!.length; at += 8) {
        const state = states![at]!
        if ((state & 0x40) !== 0 || (state & 0xa0) === 0x80) return false
      }
      return states!.length === pages * 8
    },
  }
}
