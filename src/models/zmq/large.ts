import type { AltTensor } from "../../runtime/domain/tensor.ts"
import type { Layout } from "./encode.ts"

/** A reply of this size takes the loop's thread less than a millisecond to read. */
export const LARGE_BYTES = 256 * 1024

export interface ToReader {
  readonly id: number
  readonly bytes: Uint8Array
  readonly layout: Layout
}

export type FromReader =
  | { readonly id: number; readonly output: AltTensor }
  | { readonly id: number; readonly why: string }

type Settle = (result: FromReader) => void

/** Reads large replies in a worker, which is started for the first of them. */
export class LargeReader {
  readonly #settle: Settle
  readonly #pending = new Set<number>()
  #worker: Worker | undefined

  constructor(settle: Settle) {
    this.#settle = settle
  }

  /** `frame` is valid during the call only. */
  read(id: number, frame: Uint8Array, layout: Layout): void {
    const bytes = frame.slice()
    this.#pending.add(id)
    const worker = (this.#worker ??= this.#start())
    worker.postMessage({ id, bytes, layout } satisfies ToReader, [bytes.buffer as ArrayBuffer])
  }

  close(): void {
    this.#worker?.terminate()
    this.#worker = undefined
    this.#pending.clear()
  }

  #start(): Worker {
    const worker = new Worker(new URL("./large-worker.ts", import.meta.url), { type: "module" })
    worker.addEventListener("message", ({ data }: MessageEvent<FromReader>) => {
      if (this.#pending.delete(data.id)) this.#settle(data)
    })
    // Both may come of one end; by the second another worker may be at work.
    const lost = (why: string): void => (this.#worker === worker ? this.#lost(why) : undefined)
    worker.addEventListener("error", ({ message }) => lost(message || "it did not start"))
    worker.addEventListener("close", () => lost("it ended"))
    return worker
  }

  #lost(why: string): void {
    const ids = [...this.#pending]
    this.close()
    for (const id of ids) this.#settle({ id, why: `the worker that reads large replies broke down: ${why}` })
  }
}
