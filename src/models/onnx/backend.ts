import { lastWords, ModelError } from "../../runtime/domain/errors.ts"
import type { ModelConfig, ModelSource } from "./config.ts"
import { type Mailbox, mailbox, newMailbox } from "./mailbox.ts"
import { type FromWorker, OPENING, type ToWorker } from "./message.ts"
import { type Model, type ModelFacts, openModel } from "./model.ts"
import { isDead, type RuntimeKind } from "./ort.ts"
import type { Values } from "./session.ts"

interface Loss {
  readonly cause?: unknown
  readonly back?: Float32Array | undefined
  readonly hasEnded?: boolean
}

/** The runtime under a model broke down: it must be opened again. */
export class LostRuntime extends ModelError {
  /** The request's data, where it had been moved away. */
  readonly back: Float32Array | undefined
  /** Its worker is no more. Otherwise it ran into a trap, as a trimmed runtime does where it lacks something. */
  readonly hasEnded: boolean
  constructor(message: string, { cause, back, hasEnded = false }: Loss = {}) {
    super(message, { cause })
    this.back = back
    this.hasEnded = hasEnded
  }
}

/** A model somewhere: on this thread or in a worker. */
export interface Backend {
  readonly facts: ModelFacts
  /** Settles where it breaks down by itself, between requests too. Not after `close`. */
  readonly lost: Promise<LostRuntime>
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
  return (runtime) => {
    const opening = openModel(source, config, runtime)
    const opened = opening.then(inline, (error: unknown) => {
      throw lost(error)
    })
    // Nothing on this thread can be stopped midway: it is closed when it is done.
    return { opened, abort: () => void opening.then(closeModel, () => undefined) }
  }
}

function inline(model: Model): Backend {
  return {
    facts: model.facts,
    lost: new Promise(() => {}),
    run(data, shape) {
      try {
        return Promise.resolve(model.run(data, shape))
      } catch (error) {
        return Promise.reject(lost(error))
      }
    },
    close: () => closeModel(model),
  }
}

function closeModel(model: Model): void {
  try {
    model.close()
  } catch {
    // The runtime under it is lost, and with it what there was to close.
  }
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
  const end = Promise.withResolvers<LostRuntime>()
  let pending: Pending | undefined
  let broken: LostRuntime | undefined
  let lastId = OPENING
  let isClosed = false

  const settle = (id: number): Pending | undefined => {
    if (pending?.id !== id) return undefined
    const found = pending
    pending = undefined
    return found
  }

  const breakDown = (why: string) => {
    if (isClosed) return
    broken ??= new LostRuntime(`the model's worker broke down: ${why}`, { hasEnded: true })
    refused(broken)
    end.resolve(broken)
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
    lost: end.promise,
    run(data, shape, isHandedOver) {
      if (broken !== undefined) return Promise.reject(broken)
      const id = ++lastId
      return new Promise((resolve, reject) => {
        pending = { id, resolve, reject }
        send(id, data, shape, isHandedOver)
      })
    },
    close() {
      isClosed = true
      worker.terminate()
    },
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
  worker.addEventListener("error", (event) => {
    // Deno would end the process.
    event.preventDefault()
    breakDown(lastWords(event.message))
  })
  worker.addEventListener("close", () => breakDown("it ended"))
}
