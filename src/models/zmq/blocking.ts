import { ptr } from "bun:ffi"
import { ModelError } from "../../runtime/domain/errors.ts"
import type { AltTensor } from "../../runtime/domain/tensor.ts"
import { decodeTensor } from "./decode.ts"
import { Encoder } from "./encode.ts"
import { lastError, libraryFile, openLibrary, type Zmq } from "./library.ts"
import { type Connection, connect, disconnect, DONT_WAIT, Inbox, Poll } from "./socket.ts"

export interface BlockingOptions {
  readonly endpoint: string
  /** Real time. */
  readonly waitMsMax: number
}

/** A service that is asked while the whole thread stands still: for a virtual clock, to which no time passes meanwhile. */
export interface BlockingService {
  /** Throws ModelError where there is no answer, or none that can be read. */
  ask(input: AltTensor): AltTensor
  close(): void
}

/** Rejects with ModelError where libzmq cannot be loaded or refuses the endpoint. */
export async function openBlocking({ endpoint, waitMsMax }: BlockingOptions): Promise<BlockingService> {
  const library = await libraryFile()
  const zmq = openLibrary(library)
  const context = zmq.zmq_ctx_new()
  if (context === null) throw new ModelError(`libzmq gave no context: ${lastError(zmq)}`)
  const fixed = {
    library,
    context,
    control: "inproc://perigee-standing-still",
    endpoint,
    mode: "req",
    replyBytesMax: 64 * 2 ** 20,
  } as const
  const assignment = { ...fixed, curve: undefined }
  const encoder = new Encoder("array")
  const inbox = new Inbox(zmq)
  let serial = 0
  let connection: Connection = connect(zmq, assignment, serial)
  return {
    ask(input) {
      try {
        return exchange(zmq, connection, encoder.encode(input), inbox, waitMsMax)
      } catch (error) {
        // A REQ socket that waits for an answer takes no further request.
        disconnect(zmq, connection)
        connection = connect(zmq, assignment, ++serial)
        throw error
      }
    },
    close: () => disconnect(zmq, connection),
  }
}

function exchange(zmq: Zmq, { socket }: Connection, body: Uint8Array, inbox: Inbox, waitMsMax: number): AltTensor {
  if (zmq.zmq_send(socket, ptr(body), body.length, DONT_WAIT) < 0)
    throw new ModelError(`the request could not be sent: ${lastError(zmq)}`)
  const poll = new Poll(zmq, 1)
  poll.watch(0, socket)
  let answer: AltTensor | undefined
  if (poll.wait(waitMsMax)) {
    inbox.receive(socket, (frame, index) => {
      if (index === 0) answer = decodeTensor(frame, "array")
    })
  }
  if (answer === undefined) throw new ModelError(`no answer within ${waitMsMax} ms`)
  return answer
}
