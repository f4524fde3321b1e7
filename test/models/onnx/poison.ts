// In a model's worker, before its own code: one input kills it, a first value of 666.
import { type Mailbox, mailbox } from "../../../src/models/onnx/mailbox.ts"
import type { ToWorker } from "../../../src/models/onnx/message.ts"

let box: Mailbox | undefined

globalThis.addEventListener("message", (event) => {
  const { data: message } = event as MessageEvent<ToWorker>
  if (typeof message === "object" && "open" in message) box = mailbox(message.open.mailbox)
  else if (typeof message === "number" && box?.look().data[0] === 666) {
    event.stopImmediatePropagation()
    throw new Error("planned death")
  }
})
