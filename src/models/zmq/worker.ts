// The entry of the worker: libzmq's calls wait here, off the loop. Once assigned it never returns to its own event loop.
import { describe } from "../../runtime/domain/errors.ts"
import { Client } from "./client.ts"
import { cString, type Handle, lastError, openLibrary, type Zmq } from "./library.ts"
import { type Assignment, END, FORGET, type FromWorker, HEADER_BYTES, ID_AT, RENEW, REQUEST } from "./message.ts"
import { Inbox, PAIR, Poll } from "./socket.ts"
import { ptr } from "bun:ffi"

interface Port {
  postMessage(message: FromWorker): void
  addEventListener(type: "message", receive: (event: { readonly data: Assignment }) => void): void
}

const port = globalThis as unknown as Port
const tell = (message: FromWorker): void => port.postMessage(message)

port.addEventListener("message", ({ data: assignment }) => {
  try {
    work(assignment)
    tell({ kind: "ended" })
  } catch (error) {
    tell({ kind: "refused", why: describe(error) })
  }
})

const CONTROL = 0
const SERVICE = 1
const MONITOR = 2

function work(assignment: Assignment): void {
  const zmq = openLibrary(assignment.library)
  const control = openControl(zmq, assignment)
  try {
    const client = new Client(zmq, assignment, tell)
    tell({ kind: "ready" })
    serve(zmq, control, client)
    client.end()
  } finally {
    zmq.zmq_close(control)
  }
}

function openControl(zmq: Zmq, { context, control }: Assignment): Handle {
  const socket = zmq.zmq_socket(context, PAIR)
  if (socket === null || zmq.zmq_connect(socket, ptr(cString(control))) !== 0)
    throw new Error(`the worker cannot hear the loop: ${lastError(zmq)}`)
  return socket
}

function serve(zmq: Zmq, control: Handle, client: Client): void {
  const poll = new Poll(zmq, 3)
  const inbox = new Inbox(zmq)
  let isEnding = false
  let watched: Client["connection"] | undefined
  const obey = (command: Uint8Array) => {
    const id = new DataView(command.buffer, command.byteOffset).getUint32(ID_AT, true)
    if (command[0] === REQUEST) client.request(id, command.subarray(HEADER_BYTES))
    else if (command[0] === FORGET) client.forget(id)
    else if (command[0] === RENEW) client.renew()
    else isEnding = command[0] === END
  }
  poll.watch(CONTROL, control)
  for (;;) {
    if (watched !== client.connection) {
      watched = client.connection
      poll.watch(SERVICE, watched.socket)
      poll.watch(MONITOR, watched.monitor)
    }
    if (!poll.wait(-1)) continue
    if (poll.isReadable(SERVICE)) client.receive()
    if (poll.isReadable(MONITOR)) client.watch()
    if (poll.isReadable(CONTROL)) while (inbox.receive(control, obey));
    if (isEnding) return
  }
}
