import { closeSync, openSync, readFileSync, readSync, realpathSync, statfsSync, statSync } from "node:fs"
import { basename, dirname, join, resolve, sep } from "node:path"
import { describe, JournalError } from "../domain/errors.ts"

// SQLite's locks and shared memory do not hold over a network: https://www.sqlite.org/wal.html, "Overview", point 2.
const NETWORK = [
  "nfs",
  "nfs4",
  "cifs",
  "smb",
  "smb2",
  "smb3",
  "smbfs",
  "9p",
  "afs",
  "ceph",
  "lustre",
  "ncpfs",
  "davfs",
  "fuse.sshfs",
  "fuse.ceph",
  "fuse.glusterfs",
  "fuse.rclone",
  "fuse.s3fs",
  "fuse.gcsfuse",
  "fuse.blobfuse2",
  "fuse.goofys",
  "fuse.davfs2",
]

const MAGIC = "SQLite format 3\0"
const FREE_BYTES_MIN = 4 * 2 ** 20

export interface VolumeOptions {
  /** Less free space than this refuses the start. Default 4 MB. */
  readonly freeBytesMin?: number
  /** Text in the form of /proc/mounts; read from there where absent. */
  readonly mounts?: string
}

/** The file's one true path. Throws JournalError in plain words where a journal cannot live there. */
export function checkVolume(file: string, options: VolumeOptions = {}): string {
  const path = truePath(file)
  const directory = dirname(path)
  const network = networkType(directory, options.mounts ?? readMounts())
  if (network !== undefined) {
    throw new JournalError(
      `${path} is on a network filesystem (${network}), where SQLite is not safe; put it on a local volume`,
    )
  }
  const free = freeBytes(directory)
  if (free < (options.freeBytesMin ?? FREE_BYTES_MIN)) {
    throw new JournalError(
      `the disk of ${path} is full: ${free} bytes are left; free some space or choose another volume`,
    )
  }
  return path
}

/** Space left for this user, bytes. */
export function freeBytes(directory: string): number {
  const { bavail, bsize } = statfsSync(directory)
  return bavail * bsize
}

/** Absolute and without links, so that everybody finds the same lock and address beside it. Throws JournalError where it cannot be. */
export function truePath(file: string): string {
  const directory = dirname(resolve(file))
  try {
    if (!statSync(directory).isDirectory())
      throw new JournalError(`${directory} is not a directory; choose another place for ${file}`)
    const path = join(realpathSync(directory), basename(file))
    const found = statSync(path, { throwIfNoEntry: false })
    if (found === undefined) return path
    if (!found.isFile()) throw new JournalError(`${path} is not a file; choose another name`)
    return realpathSync(path)
  } catch (error) {
    if (error instanceof JournalError) throw error
    if ((error as NodeJS.ErrnoException).code === "ENOENT") {
      throw new JournalError(`the directory ${directory} does not exist; make it first`, { cause: error })
    }
    throw new JournalError(`${file} cannot be reached: ${describe(error)}`, { cause: error })
  }
}

/**
 * Refuses a file that holds something else. Only before this process has the database open: closing a file drops every
 * POSIX lock the process has on it, SQLite's too (https://www.sqlite.org/howtocorrupt.html, 2.2).
 */
export function checkHeader(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found === undefined || found.size === 0) return
  const head = Buffer.alloc(MAGIC.length)
  const handle = openSync(path, "r")
  try {
    readSync(handle, head, 0, head.length, 0)
  } finally {
    closeSync(handle)
  }
  if (head.toString("latin1") !== MAGIC) throw new JournalError(`${path} is not a database; choose another file name`)
}

/** The filesystem's type where it is a network's. */
export function networkType(directory: string, mounts: string): string | undefined {
  let deepest = ""
  let type = ""
  for (const line of mounts.split("\n")) {
    const [, point = "", kind = ""] = line.split(" ")
    const mounted = unescape(point)
    const holds = directory === mounted || directory.startsWith(mounted.endsWith(sep) ? mounted : mounted + sep)
    // A later line covers an earlier one on the same point.
    if (mounted === "" || !holds || mounted.length < deepest.length) continue
    deepest = mounted
    type = kind
  }
  return NETWORK.includes(type) ? type : undefined
}

// Blanks in a mount point stand as \040, see fstab(5).
const unescape = (point: string): string =>
  point.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))

// Only Linux has it; elsewhere the type stays unknown and nothing is refused.
function readMounts(): string {
  try {
    return readFileSync("/proc/mounts", "utf8")
  } catch {
    return ""
  }
}
