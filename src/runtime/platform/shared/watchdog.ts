import type { writeSync as WriteSync } from "node:fs"
import { Restarts } from "../../domain/backoff.ts"
import { describe, lastWords } from "../../domain/errors.ts"
import { mathRandom } from "./random.ts"

export interface WatchdogOptions {
  /** Without a beat of the loop for this long the process ends. 5,000 by default. */
  readonly stallMsMax?: number
  /** How often the loop beats, and the worker looks. 250 by default. */
  readonly beatMs?: number
  /** The exit status then. 75 by default. */
  readonly status?: number
  /** Told when the worker cannot do its work, and when another takes its place: nothing is watched until then. */
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
const LOOK = 2
const SLOTS = 3

/** A worker that has not looked for so long since it was made will not. */
const START_MS_MAX = 30_000

/**
 * Starts a worker that ends the whole process, loop standing still or not, with a status of its own. In a worker
 * `process.exit` ends only the worker on Bun and on Deno, and a signal would lose the status, so it calls libc's `_exit`.
 *
 * The worker's code travels as text, in a blob: a compiled binary then needs no entry point for it. A worker that breaks down, ends or looks
 * no more is replaced: at once, and after growing pauses where that does not help.
 *
 * @param exitFrom text of module code that defines `exitFrom(file)`: `_exit` of that C library, or an exception.
 */
export function watchdogWith(exitFrom: string, options: WatchdogOptions = {}): Watchdog {
  const { stallMsMax = 5_000, beatMs = 250, status = 75, failed } = options
  const shared = new Int32Array(new SharedArrayBuffer(SLOTS * Int32Array.BYTES_PER_ELEMENT))
  const source = ['import { writeSync } from "node:fs"', exitFrom, `;(${watch.toString()})(exitFrom, writeSync)`].join(
    "\n",
  )
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }))
  const names: string[] = []
  const watcher = new Watcher(url, { kind: "start", shared, stallMsMax, beatMs, status }, names, failed)
  const beat = setInterval(() => {
    Atomics.add(shared, BEAT, 1)
    watcher.check()
  }, beatMs)
  beat.unref()
  return {
    label(name) {
      names.push(name)
      watcher.tell({ kind: "label", id: names.length, name })
      return names.length
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
      watcher.stop()
      URL.revokeObjectURL(url)
    },
  }
}

/** The worker, whichever it is at the moment. */
class Watcher {
  readonly #url: string
  readonly #start: Start
  readonly #names: readonly string[]
  readonly #failed: ((why: string) => void) | undefined
  readonly #restarts = new Restarts(mathRandom())
  #worker: Worker | undefined
  #restart: ReturnType<typeof setTimeout> | undefined
  #looks = 0
  #lookedAt = 0
  #checkedAt = 0
  #quietMsMax = START_MS_MAX

  constructor(url: string, start: Start, names: readonly string[], failed: ((why: string) => void) | undefined) {
    this.#url = url
    this.#start = start
    this.#names = names
    this.#failed = failed
    this.#open()
  }

  tell(order: Order): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker has none
    this.#worker?.postMessage(order)
  }

  /** Once a beat. Not every end of a worker is told of: Deno has no event for it. */
  check(): void {
    if (this.#worker === undefined) return
    const now = performance.now()
    const looks = Atomics.load(this.#start.shared, LOOK)
    // A machine that slept, or a stopped process: the worker gets its time from here on.
    const hasSlept = now - this.#checkedAt > 4 * this.#start.beatMs
    this.#checkedAt = now
    if (hasSlept) this.#lookedAt = now
    if (looks !== this.#looks) {
      this.#looks = looks
      this.#lookedAt = now
      this.#quietMsMax = 2 * this.#start.stallMsMax
      this.#restarts.worked(now * 1_000)
    } else if (now - this.#lookedAt > this.#quietMsMax) this.#lose(this.#worker, "it looks no more")
  }

  stop(): void {
    clearTimeout(this.#restart)
    const worker = this.#worker
    this.#worker = undefined
    worker?.terminate()
  }

  readonly #open = (): void => {
    let worker: Worker
    try {
      worker = new Worker(this.#url, { type: "module" })
    } catch (error) {
      return this.#again(describe(error))
    }
    this.#worker = worker
    this.#lookedAt = performance.now()
    this.#quietMsMax = START_MS_MAX
    this.#restarts.started(this.#lookedAt * 1_000)
    // Deno's has none: there only `stop` lets the process end by itself.
    if ("unref" in worker) worker.unref()
    worker.addEventListener("error", (event) => {
      // Deno would end the process.
      event.preventDefault()
      this.#lose(worker, lastWords(event.message))
    })
    worker.addEventListener("close", () => this.#lose(worker, "it ended"))
    worker.addEventListener("message", (event: MessageEvent<string>) => this.#failed?.(event.data))
    this.tell(this.#start)
    for (const [index, name] of this.#names.entries()) this.tell({ kind: "label", id: index + 1, name })
  }

  #lose(worker: Worker, why: string): void {
    if (worker !== this.#worker) return
    this.#worker = undefined
    worker.terminate()
    this.#again(why)
  }

  #again(why: string): void {
    const restartMs = this.#restarts.nextMs()
    this.#restart = setTimeout(this.#open, restartMs)
    this.#restart.unref()
    this.#failed?.(`the watchdog's worker broke down: ${why}; another starts in ${restartMs} ms`)
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
      Atomics.add(shared, 2, 1)
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
