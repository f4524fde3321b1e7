import { writeSync } from "node:fs"

const retryMs = 1
/** Nobody wakes it: waiting on it is a sleep of this thread. */
const nobody = new Int32Array(new SharedArrayBuffer(4))
/** Of its own: a simulation refuses it to its bot. */
const { wait } = Atomics

/**
 * Writes all of it before it returns: what `process.stdout.write` has only queued is lost at `process.exit` (of 3 MB to a
 * slow pipe 64 kB arrive, Bun 1.4.5). Pipes may be non-blocking, so a full one is tried again; a reader that went away is
 * no error.
 */
export function writeAll(descriptor: 1 | 2, text: string): void {
  let bytes = Buffer.from(text)
  while (bytes.length > 0) {
    try {
      bytes = bytes.subarray(writeSync(descriptor, bytes))
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : undefined
      if (code === "EPIPE") return
      if (code !== "EAGAIN") throw error
      wait(nobody, 0, 0, retryMs)
    }
  }
}
