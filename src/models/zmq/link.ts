import { ptr } from "bun:ffi"
import { lastWords, ModelError } from "../../runtime/domain/errors.ts"
import type { AltTensor } from "../../runtime/domain/tensor.ts"
import type { PartialKeys } from "./curve.ts"
import { Encoder } from "./encode.ts"
import { cString, type Handle, lastError, libraryFile, openLibrary, type Zmq } from "./library.ts"
import {
  type Assignment,
  type CurveKeys,
  END,
  FORGET,
  type FromWorker,
  HEADER_BYTES,
  ID_AT,
  layoutOf,
} from "./message.ts"
import { type Mode, RENEW, REQUEST } from "./message.ts"
import { DONT_WAIT, PAIR, RECV_HWM, SEND_HWM, setNumber } from "./socket.ts"
import type { Link, Listener } from "./runner.ts"

export interface LinkOptions {
  readonly endpoint: string
  readonly mode: Mode
  readonly replyBytesMax: number
  readonly curve: PartialKeys | undefined
}

/** One of each in a process: loaded by the first bot's first ZeroMQ model, never by a bot without one. */
let shared: Promise<{ readonly zmq: Zmq; readonly file: string; readonly context: Handle }> | undefined
let links = 0
/** 40 characters and a zero. */
const KEY_BYTES = 41

async function openShared() {
  const file = await libraryFile()
  const zmq = openLibrary(file)
  const context = zmq.zmq_ctx_new()
  if (context === null) throw new ModelError(`libzmq gave no context: ${lastError(zmq)}`)
  return { zmq, file, context }
}

/** A worker that speaks with the service. Rejects with ModelError where libzmq cannot be loaded or refuses the endpoint or the keys. */
export async function openLink(options: LinkOptions, listener: Listener): Promise<Link> {
  shared ??= openShared()
  shared.catch(() => (shared = undefined))
  const { zmq, file, context } = await shared
  const curve = options.curve === undefined ? undefined : ownKeys(zmq, options.curve)
  const address = `inproc://perigee-${++links}`
  const control = new Control(zmq, context, address, options.mode)
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" })
  const ready = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<void>()
  let isReady = false

  const end = () => {
    control.close()
    worker.terminate()
    ended.resolve()
  }
  const breakDown = (why: string) => {
    if (!control.isOpen) return
    end()
    ready.reject(new ModelError(why))
    if (isReady) listener.broken(why)
  }

  worker.addEventListener("message", ({ data: message }: MessageEvent<FromWorker>) => {
    if (message.kind === "answer") listener.answered(message.id, message.output)
    else if (message.kind === "failure") listener.failed(message.id, message.why)
    else if (message.kind === "link") listener.changed(message)
    else if (message.kind === "ready") ready.resolve()
    else if (message.kind === "refused") breakDown(message.why)
    else end()
  })
  worker.addEventListener("error", ({ message }) => breakDown(`the worker broke down: ${lastWords(message)}`))
  worker.addEventListener("close", () => breakDown("the worker ended"))
  worker.postMessage({ ...options, library: file, context, control: address, curve } satisfies Assignment, [])
  await ready.promise
  isReady = true
  return {
    send: (id, input) => control.send(id, input),
    forget: (id) => control.command(FORGET, id),
    renew: () => control.command(RENEW),
    close() {
      control.command(END)
      return ended.promise
    },
  }
}

function ownKeys(zmq: Zmq, { serverKey, publicKey, secretKey }: PartialKeys): CurveKeys {
  if (zmq.zmq_has(ptr(cString("curve"))) !== 1) throw new ModelError("this libzmq cannot encrypt with CURVE")
  if (publicKey !== undefined && secretKey !== undefined) return { serverKey, publicKey, secretKey }
  const [made, madeSecret] = [Buffer.alloc(KEY_BYTES), Buffer.alloc(KEY_BYTES)]
  if (zmq.zmq_curve_keypair(ptr(made), ptr(madeSecret)) !== 0)
    throw new ModelError(`libzmq made no CURVE keys: ${lastError(zmq)}`)
  const text = (key: Buffer) => key.toString("latin1", 0, KEY_BYTES - 1)
  return { serverKey, publicKey: text(made), secretKey: text(madeSecret) }
}

/** The loop's end of the pair of sockets on which the worker is told what to do. No call of it waits. */
class Control {
  isOpen = true
  readonly #zmq: Zmq
  readonly #socket: Handle
  readonly #encoder: Encoder
  readonly #header = new DataView(new ArrayBuffer(HEADER_BYTES))
  readonly #headerAt = ptr(this.#header.buffer as ArrayBuffer)

  constructor(zmq: Zmq, context: Handle, address: string, mode: Mode) {
    this.#zmq = zmq
    this.#encoder = new Encoder(layoutOf(mode), HEADER_BYTES)
    const socket = zmq.zmq_socket(context, PAIR)
    if (socket === null || zmq.zmq_bind(socket, ptr(cString(address))) !== 0)
      throw new ModelError(`libzmq gave no socket: ${lastError(zmq)}`)
    // The runner bounds what is under way.
    setNumber(zmq, socket, SEND_HWM, 0)
    setNumber(zmq, socket, RECV_HWM, 0)
    this.#socket = socket
  }

  send(id: number, input: AltTensor): void {
    const bytes = this.#encoder.encode(input)
    const header = new DataView(bytes.buffer)
    header.setUint8(0, REQUEST)
    header.setUint32(ID_AT, id, true)
    this.#put(ptr(bytes), bytes.length)
  }

  command(kind: number, id = 0): void {
    if (!this.isOpen) return
    this.#header.setUint8(0, kind)
    this.#header.setUint32(ID_AT, id, true)
    this.#put(this.#headerAt, HEADER_BYTES)
  }

  close(): void {
    if (!this.isOpen) return
    this.isOpen = false
    this.#zmq.zmq_close(this.#socket)
  }

  #put(at: Handle, length: number): void {
    if (!this.isOpen || this.#zmq.zmq_send(this.#socket, at, length, DONT_WAIT) < 0)
      throw new ModelError("the worker does not hear")
  }
}
