import { ModelError } from "../../runtime/domain/errors.ts"
import type { ModelConfig, ModelSource } from "./config.ts"
import { type Mailbox, mailbox, newMailbox } from "./mailbox.ts"
import { type FromWorker, OPENING, type ToWorker } from "./message.ts"
import { type ModelFacts, openModel } from "./model.ts"
import { isDead, type RuntimeKind } from "./ort.ts"
import type { Values } from "./session.ts"

/** The runtime under a model broke down. Open it again; the request may be asked again, since computing changes nothing. */
export class LostRuntime extends ModelError {
  /** The request's data, where it had been moved away. */
  readonly back: Float32Array | undefined
  constructor(message: string, options: { readonly cause?: unknown; readonly back?: Float32Array | undefined } = {}) {
    super(message, { cause: options.cause })
    this.back = options.back
  }
}

/** A model somewhere: on this thread or in a worker. */
export interface Backend {
  readonly facts: ModelFacts
  /** One at a time. Rejects with ModelError or LostRuntime. */
  run(data: Float32Array, shape: readonly number[], isHandedOver: boolean): Promise<Values>
  /** At once, also in the middle of a request, which then never settles. */
  close(): void
}

export interface Opening {
  readonly opened: Promise<Backend>
  /** Gives up on it; `opened` then never settles. */
  abort(): void
}

export type Open = (runtime: RuntimeKind) => Opening

/** The model on this thread: a request is computed before `run` returns. */
export function openInline(source: ModelSource, config: ModelConfig): Open {
  return (runtime) => ({
    opened: openModel(source, config, runtime).then(
      (model) => ({
        facts: model.facts,
        run(data, shape) {
          try {
            return Promise.resolve(model.run(data, shape))
          } catch (error) {
            return Promise.reject(lost(error))
          }
        },
        close: () => model.close(),
      }),
      (error: unknown) => {
        throw lost(error)
      },
    ),
    abort() {},
  })
}

const lost = (error: unknown): Error =>
  isDead(error) ? new LostRuntime("the ONNX runtime broke down", { cause: error }) : (error as Error)

/**
 * Beside this file in a checkout. A bundle has no such neighbour: its worker is an entry point of its own, and lies where the build's root
 * folder (this project's `src`) puts it, below the folder of the main bundle.
 */
const workerUrl = (): URL =>
  import.meta.url.endsWith("/backend.ts")
    ? new URL("./worker.ts", import.meta.url)
    : new URL("./models/onnx/worker.js", import.meta.url)

/** The model in a worker of its own, whose entry is `url`. */
export function openInWorker(source: ModelSource, config: ModelConfig, url: string | URL = workerUrl()): Open {
  return (runtime) => {
    const worker = new Worker(url, { type: "module" })
    const memory = newMailbox()
    const opened = new Promise<Backend>((resolve, reject) => listen(worker, mailbox(memory), resolve, reject))
    worker.postMessage({ open: { source, config, runtime, mailbox: memory } } satisfies ToWorker, [])
    return { opened, abort: () => worker.terminate() }
  }
}

interface Pending {
  readonly id: number
  readonly resolve: (values: Values) => void
  readonly reject: (error: Error) => void
}

function listen(
  worker: Worker,
  box: Mailbox,
  opened: (backend: Backend) => void,
  refused: (error: Error) => void,
): void {
  let pending: Pending | undefined
  let broken: LostRuntime | undefined
  let lastId = OPENING

  const settle = (id: number): Pending | undefined => {
    if (pending?.id !== id) return undefined
    const found = pending
    pending = undefined
    return found
  }

  const breakDown = (why: string) => {
    broken ??= new LostRuntime(`the model's worker broke down: ${why}`)
    refused(broken)
    pending?.reject(broken)
    pending = undefined
  }

  const send = (id: number, data: Float32Array, shape: readonly number[], isHandedOver: boolean) => {
    if (box.put({ data, shape })) return worker.postMessage(id, [])
    // A view is cloned together with all of the memory it looks at.
    const isWhole = data.byteLength === data.buffer.byteLength
    const message = { id, data: isWhole ? data : data.slice(), shape }
    const canMove = (isHandedOver || !isWhole) && message.data.buffer instanceof ArrayBuffer
    return worker.postMessage(message satisfies ToWorker, canMove ? [message.data.buffer as ArrayBuffer] : [])
  }

  const backend = (facts: ModelFacts): Backend => ({
    facts,
    run(data, shape, isHandedOver) {
      if (broken !== undefined) return Promise.reject(broken)
      const id = ++lastId
      return new Promise((resolve, reject) => {
        pending = { id, resolve, reject }
        send(id, data, shape, isHandedOver)
      })
    },
    close: () => worker.terminate(),
  })

  worker.addEventListener("message", ({ data: answer }: MessageEvent<FromWorker>) => {
    if (typeof answer === "number") {
      const { data, shape } = box.look()
      return settle(answer)?.resolve({ data: new Float32Array(data), shape })
    }
    if ("facts" in answer) return opened(backend(answer.facts))
    if ("data" in answer) return settle(answer.id)?.resolve(answer)
    const error: ModelError = answer.isLost
      ? new LostRuntime(answer.error, { back: answer.back })
      : new ModelError(answer.error)
    if (error instanceof LostRuntime) broken = error
    if (answer.id === OPENING) return refused(error)
    return settle(answer.id)?.reject(error)
  })
  worker.addEventListener("error", ({ message }) => breakDown(message || "it could not start"))
  worker.addEventListener("close", () => breakDown("it ended"))
}
