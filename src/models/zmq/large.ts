import { Restarts } from "../../runtime/domain/backoff.ts"
import { lastWords } from "../../runtime/domain/errors.ts"
import type { AltTensor } from "../../runtime/domain/tensor.ts"
import type { Clock, Random, Timer } from "../../runtime/ports.ts"
import type { Layout } from "./encode.ts"

/** A reply of this size takes the loop's thread less than a millisecond to read. */
export const LARGE_BYTES = 256 * 1024
/** Nothing to read for so long: the worker is ended. The next large reply starts another. */
const IDLE_MS_MAX = 30_000
/** Nothing read for so long, though there is something to read: it is given up. */
const STUCK_MS_MAX = 20_000

export interface ToReader {
  readonly id: number
  readonly bytes: Uint8Array
  readonly layout: Layout
}

export type FromReader =
  | { readonly id: number; readonly output: AltTensor }
  | { readonly id: number; readonly why: string }

type Settle = (result: FromReader) => void

export interface LargeOptions {
  readonly clock: Clock
  readonly random: Random
  /** Of replies being read at once; one alone may be larger. */
  readonly bytesMax: number
  readonly worker?: URL
}

/**
 * Reads large replies in a worker, which is started for the first of them and ended when there have been none for a while. Replies beyond the
 * bound fail by name, and so do those that a worker takes along when it dies: another is started for the next one, after growing pauses.
 */
export class LargeReader {
  readonly #options: LargeOptions
  readonly #settle: Settle
  readonly #restarts: Restarts
  /** Bytes of each reply being read. */
  readonly #pending = new Map<number, number>()
  #bytes = 0
  #worker: Worker | undefined
  #down = { why: "", until: 0 }
  #patience: Timer | undefined
  #isClosed = false

  constructor(options: LargeOptions, settle: Settle) {
    this.#options = options
    this.#settle = settle
    this.#restarts = new Restarts(options.random)
  }

  get isAlive(): boolean {
    return this.#worker !== undefined
  }

  /** `frame` is valid during the call only. */
  read(id: number, frame: Uint8Array, layout: Layout): void {
    if (this.#isClosed) return
    const refusal = this.#refusal(frame.length)
    if (refusal !== undefined) return this.#settle({ id, why: refusal })
    const bytes = frame.slice()
    this.#pending.set(id, bytes.length)
    this.#bytes += bytes.length
    const worker = (this.#worker ??= this.#start())
    worker.postMessage({ id, bytes, layout } satisfies ToReader, [bytes.buffer as ArrayBuffer])
    if (this.#pending.size === 1) this.#wait()
  }

  close(): void {
    this.#isClosed = true
    this.#end()
  }

  #refusal(bytes: number): string | undefined {
    const { clock, bytesMax } = this.#options
    const pauseMs = Math.ceil((this.#down.until - clock.monotonic()) / 1_000)
    if (pauseMs > 0) return `${this.#down.why}; another starts in ${pauseMs} ms`
    if (this.#pending.size === 0 || this.#bytes + bytes <= bytesMax) return undefined
    return `${this.#bytes} bytes of large replies are being read already, this one of ${bytes} was refused`
  }

  #start(): Worker {
    const { clock, worker: url = new URL("./large-worker.ts", import.meta.url) } = this.#options
    const worker = new Worker(url, { type: "module" })
    this.#restarts.started(clock.monotonic())
    worker.addEventListener("message", ({ data }: MessageEvent<FromReader>) => this.#heard(worker, data))
    // Both may come of one end; by the second another worker may be at work.
    worker.addEventListener("error", ({ message }) => this.#lose(worker, lastWords(message)))
    worker.addEventListener("close", () => this.#lose(worker, "it ended"))
    return worker
  }

  #heard(worker: Worker, result: FromReader): void {
    const bytes = this.#pending.get(result.id)
    if (worker !== this.#worker || bytes === undefined) return
    this.#pending.delete(result.id)
    this.#bytes -= bytes
    this.#restarts.worked(this.#options.clock.monotonic())
    this.#wait()
    this.#settle(result)
  }

  #wait(): void {
    this.#patience?.cancel()
    const isIdle = this.#pending.size === 0
    this.#patience = this.#options.clock.timer(isIdle ? IDLE_MS_MAX : STUCK_MS_MAX, () => {
      if (isIdle) this.#end()
      else if (this.#worker !== undefined) this.#lose(this.#worker, `it read nothing for ${STUCK_MS_MAX} ms`)
    })
  }

  #lose(worker: Worker, cause: string): void {
    if (worker !== this.#worker) return
    const why = `the worker that reads large replies broke down: ${cause}`
    this.#down = { why, until: this.#options.clock.monotonic() + this.#restarts.nextMs() * 1_000 }
    const ids = [...this.#pending.keys()]
    this.#end()
    for (const id of ids) this.#settle({ id, why })
  }

  #end(): void {
    const worker = this.#worker
    this.#worker = undefined
    this.#patience?.cancel()
    this.#pending.clear()
    this.#bytes = 0
    worker?.terminate()
  }
}
