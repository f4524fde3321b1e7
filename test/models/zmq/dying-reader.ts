// A reader of large replies: a first byte says what becomes of it. 1: it answers, 2: it dies, 3: it says nothing.
import type { FromReader, ToReader } from "../../../src/models/zmq/large.ts"

const port = globalThis as unknown as { postMessage(message: FromReader): void }

globalThis.addEventListener("message", (event) => {
  const { id, bytes } = (event as MessageEvent<ToReader>).data
  if (bytes[0] === 2) throw new Error("planned death")
  if (bytes[0] === 1) port.postMessage({ id, why: "read" })
})
