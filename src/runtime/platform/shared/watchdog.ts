import type { writeSync as WriteSync } from "node:fs"

export interface WatchdogOptions {
  /** Without a beat of the loop for this long the process ends. 5,000 by default. */
  readonly stallMsMax?: number
  /** How often the loop beats, and the worker looks. 250 by default. */
  readonly beatMs?: number
  /** The exit status then. 75 by default. */
  readonly status?: number
  /** Told when the worker cannot do its work: nothing is watched then. */
  readonly failed?: (why: string) => void
}

/** Sees from outside the loop that the loop has stopped. */
export interface Watchdog {
  /** A number for `enter`; the name says what runs: `momentum.onTrade`. */
  label(name: string): number
  /** This runs now; returns what `leave` must put back. Two plain stores: cheap enough for every event. */
  enter(label: number): number
  leave(before: number): void
  stop(): void
}

/** Slots of the shared memory. */
const BEAT = 0
const LABEL = 1

/**
 * Starts a worker that ends the whole process, loop standing still or not, with a status of its own. In a worker
 * `process.exit` ends only the worker on Bun and on Deno, and a signal would lose the status, so it calls libc's `_exit`.
 *
 * The worker's code travels as text, in a blob: a compiled binary then needs no entry point for it.
 *
 * @param exitFrom text of module code that defines `exitFrom(file)`: `_exit` of that C library, or an exception.
 */
export function watchdogWith(exitFrom: string, options: WatchdogOptions = {}): Watchdog {
  const { stallMsMax = 5_000, beatMs = 250, status = 75, failed } = options
  const shared = new Int32Array(new SharedArrayBuffer(8))
  const source = ['import { writeSync } from "node:fs"', exitFrom, `;(${watch.toString()})(exitFrom, writeSync)`].join(
    "\n",
  )
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }))
  const worker = new Worker(url, { type: "module" })
  // Deno's has none: there only `stop` lets the process end by itself.
  if ("unref" in worker) worker.unref()
  worker.addEventListener("error", (event) => failed?.(event.message))
  worker.addEventListener("message", (event: MessageEvent<string>) => failed?.(event.data))
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker has none
  const tell = (order: Order): void => worker.postMessage(order)
  tell({ kind: "start", shared, stallMsMax, beatMs, status })
  const beat = setInterval(() => Atomics.add(shared, BEAT, 1), beatMs)
  beat.unref()
  let labels = 0
  return {
    label(name) {
      tell({ kind: "label", id: ++labels, name })
      return labels
    },
    enter(label) {
      const before = shared[LABEL]!
      shared[LABEL] = label
      return before
    },
    leave(before) {
      shared[LABEL] = before
    },
    stop() {
      clearInterval(beat)
      worker.terminate()
      URL.revokeObjectURL(url)
    },
  }
}

interface Start {
  readonly kind: "start"
  readonly shared: Int32Array
  readonly stallMsMax: number
  readonly beatMs: number
  readonly status: number
}
type Exit = (status: number) => void
type Order = Start | { readonly kind: "label"; readonly id: number; readonly name: string }

/** The worker. Its text is all that is sent over: it may use nothing from this file. */
function watch(exitFrom: (file: string) => Exit, writeSync: typeof WriteSync): void {
  const scope = globalThis as unknown as {
    addEventListener(name: "message", heard: (event: { data: Order }) => void): void
    postMessage(message: string): void
  }
  const names = new Map<number, string>()

  const libc = (): Exit | undefined => {
    const files = [
      "libc.so.6",
      `libc.musl-${process.arch === "arm64" ? "aarch64" : "x86_64"}.so.1`,
      "libSystem.B.dylib",
      "ucrtbase.dll",
    ]
    for (const file of files) {
      try {
        return exitFrom(file)
      } catch {
        // Another platform's; the next one.
      }
    }
    return undefined
  }

  const end = (exit: Exit | undefined, label: number, stalledMs: number, status: number): void => {
    const where = label === 0 ? "outside any strategy" : `in ${names.get(label) ?? `handler ${label}`}`
    try {
      writeSync(
        2,
        `perigee: the event loop has stood still for ${Math.round(stalledMs)} ms ${where}; ending with status ${status}\n`,
      )
    } finally {
      exit?.(status)
      process.kill(process.pid, "SIGKILL")
    }
  }

  const start = ({ shared, stallMsMax, beatMs, status }: Start): void => {
    const exit = libc()
    if (exit === undefined)
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker has none
      scope.postMessage("no libc to exit by: a stalled process will be killed, without its status")
    let beat = -1
    let aliveAt = performance.now()
    let lookedAt = aliveAt
    setInterval(() => {
      const now = performance.now()
      const seen = Atomics.load(shared, 0)
      // A machine that slept, or a stopped process: the loop gets its time from here on.
      const hasSlept = now - lookedAt > 4 * beatMs
      lookedAt = now
      if (seen !== beat || hasSlept) {
        beat = seen
        aliveAt = now
      } else if (now - aliveAt > stallMsMax) end(exit, Atomics.load(shared, 1), now - aliveAt, status)
    }, beatMs)
  }

  scope.addEventListener("message", ({ data }) => {
    if (data.kind === "label") names.set(data.id, data.name)
    else start(data)
  })
}
