// A bare libzmq service in a process of its own: gives every request back. Its port is an argument.
import { ptr } from "bun:ffi"
import { cString, lastError, libraryFile, openLibrary } from "../../src/models/zmq/library.ts"

const REP = 4
const BYTES_MAX = 2 ** 16

const zmq = openLibrary(await libraryFile())
const context = zmq.zmq_ctx_new()
const socket = context === null ? null : zmq.zmq_socket(context, REP)
if (socket === null || zmq.zmq_bind(socket, ptr(cString(`tcp://127.0.0.1:${process.argv[2]}`))) !== 0)
  throw new Error(lastError(zmq))
console.log("ready")
const bytes = new Uint8Array(BYTES_MAX)
const at = ptr(bytes)
for (;;) {
  const size = zmq.zmq_recv(socket, at, BYTES_MAX, 0)
  if (size >= 0) zmq.zmq_send(socket, at, size, 0)
}
