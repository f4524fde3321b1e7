// The entry of the worker: one model, one request at a time, answered in order.
import { describe } from "../../runtime/domain/errors.ts"
import { type Mailbox, mailbox } from "./mailbox.ts"
import { type FromWorker, OPENING, type OpenRequest, type ToWorker } from "./message.ts"
import { type Model, openModel } from "./model.ts"
import { isDead } from "./ort.ts"
import type { Values } from "./session.ts"

interface Port {
  postMessage(message: FromWorker, transfer?: readonly ArrayBufferLike[]): void
  addEventListener(type: "message", receive: (event: { readonly data: ToWorker }) => void): void
}

const port = globalThis as unknown as Port
let model: Model
let box: Mailbox

function open({ source, config, runtime, mailbox: memory }: OpenRequest): void {
  box = mailbox(memory)
  openModel(source, config, runtime).then(
    (opened) => {
      model = opened
      port.postMessage({ facts: opened.facts })
    },
    (error: unknown) => failed(OPENING, error),
  )
}

function answer(id: number, request: Values, sent?: Float32Array): void {
  try {
    const { data, shape } = model.run(request.data, request.shape)
    if (box.put({ data, shape })) port.postMessage(id)
    else port.postMessage({ id, data, shape }, [data.buffer])
  } catch (error) {
    failed(id, error, sent)
  }
}

function failed(id: number, error: unknown, sent?: Float32Array): void {
  const isLost = isDead(error)
  if (!isLost || sent === undefined) return port.postMessage({ id, error: describe(error), isLost })
  port.postMessage({ id, error: describe(error), isLost, back: sent }, [sent.buffer])
}

port.addEventListener("message", ({ data: message }) => {
  if (typeof message === "number") answer(message, box.look())
  else if ("open" in message) open(message.open)
  else answer(message.id, message, message.data)
})
