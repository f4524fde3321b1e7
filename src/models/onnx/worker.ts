// The entry of the worker: one model, one request at a time, answered in order.
import { describe } from "../../runtime/domain/errors.ts"
import { type FromWorker, OPENING, type ToWorker } from "./message.ts"
import { type Model, openModel } from "./model.ts"
import { isDead } from "./ort.ts"

interface Port {
  postMessage(message: FromWorker, transfer?: readonly ArrayBufferLike[]): void
  addEventListener(type: "message", receive: (event: { readonly data: ToWorker }) => void): void
}

const port = globalThis as unknown as Port
let model: Model | undefined

function failed(id: number, error: unknown, data?: Float32Array): void {
  const isLost = isDead(error)
  const back = isLost && data !== undefined ? { back: data } : {}
  port.postMessage({ id, error: describe(error), isLost, ...back }, "back" in back ? [back.back.buffer] : [])
}

port.addEventListener("message", ({ data: message }) => {
  if ("open" in message) {
    const { source, config, runtime } = message.open
    openModel(source, config, runtime).then(
      (opened) => {
        model = opened
        port.postMessage({ facts: opened.facts })
      },
      (error: unknown) => failed(OPENING, error),
    )
    return
  }
  try {
    const { data, shape } = model!.run(message.data, message.shape)
    port.postMessage({ id: message.id, data, shape }, [data.buffer])
  } catch (error) {
    failed(message.id, error, message.data)
  }
})
