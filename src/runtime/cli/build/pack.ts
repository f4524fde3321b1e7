/** One file of a pack: a path with forward slashes, relative to where it will be unpacked, and its bytes. */
export interface PackedFile {
  readonly path: string
  readonly bytes: Uint8Array
}

// A sorted list of files in one zstd frame: a 32-bit length, that many bytes of JSON ([path, byte count] pairs), then the contents.
const LENGTH_BYTES = 4
const COMPRESSION_LEVEL = 12

export function encodePack(files: readonly PackedFile[]): Uint8Array {
  const sorted = files.toSorted((a, b) => (a.path < b.path ? -1 : 1))
  const index = Buffer.from(JSON.stringify(sorted.map(({ path, bytes }) => [path, bytes.length])))
  const length = Buffer.alloc(LENGTH_BYTES)
  length.writeUInt32LE(index.length)
  return Bun.zstdCompressSync(Buffer.concat([length, index, ...sorted.map(({ bytes }) => bytes)]), {
    level: COMPRESSION_LEVEL,
  })
}

/** Throws RangeError where the bytes are not a whole pack. */
export function decodePack(pack: Uint8Array): PackedFile[] {
  const whole = Bun.zstdDecompressSync(pack)
  const start = LENGTH_BYTES + whole.readUInt32LE(0)
  const index = JSON.parse(whole.subarray(LENGTH_BYTES, start).toString()) as [string, number][]
  let at = start
  const files = index.map(([path, length]) => ({ path, bytes: whole.subarray(at, (at += length)) }))
  if (at !== whole.length) throw new RangeError(`the pack holds ${whole.length} bytes where its index tells ${at}`)
  return files
}
