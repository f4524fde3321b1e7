// The entry of the worker that reads large replies.
import { describe } from "../../runtime/domain/errors.ts"
import { memoryOf } from "../../runtime/domain/numbers.ts"
import { decodeTensor } from "./decode.ts"
import type { FromReader, ToReader } from "./large.ts"

interface Port {
  postMessage(message: FromReader, transfer?: readonly ArrayBufferLike[]): void
  addEventListener(type: "message", receive: (event: { readonly data: ToReader }) => void): void
}

const port = globalThis as unknown as Port

port.addEventListener("message", ({ data: { id, bytes, layout } }) => {
  try {
    const output = decodeTensor(bytes, layout)
    port.postMessage({ id, output }, [memoryOf(output.data).buffer])
  } catch (error) {
    port.postMessage({ id, why: describe(error) })
  }
})
