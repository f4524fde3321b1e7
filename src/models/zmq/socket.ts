import { ptr, toArrayBuffer } from "bun:ffi"
import { ModelError } from "../../runtime/domain/errors.ts"
import { cString, type Handle, lastError, type Zmq } from "./library.ts"
import type { Assignment } from "./message.ts"

// Numbers from include/zmq.h of libzmq 4.3.5.
export const PAIR = 0
const REQ = 3
const DEALER = 5
const LINGER = 17
const RECONNECT_IVL = 18
const RECONNECT_IVL_MAX = 21
const MAX_MSG_SIZE = 22
export const SEND_HWM = 23
export const RECV_HWM = 24
const IPV6 = 42
const CURVE_PUBLIC_KEY = 48
const CURVE_SECRET_KEY = 49
const CURVE_SERVER_KEY = 50
const HANDSHAKE_IVL = 66
const HEARTBEAT_IVL = 75
const HEARTBEAT_TIMEOUT = 77
const CONNECT_TIMEOUT = 79
export const DONT_WAIT = 1
export const SEND_MORE = 2

const EVENT = {
  connectRetried: 0x0004,
  disconnected: 0x0200,
  failedNoDetail: 0x0800,
  succeeded: 0x1000,
  failedProtocol: 0x2000,
  failedAuth: 0x4000,
} as const
const WATCHED = Object.values(EVENT).reduce((all, event) => all | event, 0)

/** What happened to the connection. `retry`: libzmq is about to try again by itself. */
export type LinkEvent = "up" | "lost" | "handshake failed" | "retry"

const LINK_EVENTS: Readonly<Record<number, LinkEvent>> = {
  [EVENT.connectRetried]: "retry",
  [EVENT.disconnected]: "lost",
  [EVENT.failedNoDetail]: "handshake failed",
  [EVENT.succeeded]: "up",
  [EVENT.failedProtocol]: "handshake failed",
  [EVENT.failedAuth]: "handshake failed",
}

export function setNumber(zmq: Zmq, socket: Handle, option: number, value: number): void {
  const bytes = option === MAX_MSG_SIZE ? BigInt64Array.of(BigInt(value)) : Int32Array.of(value)
  if (zmq.zmq_setsockopt(socket, option, ptr(bytes), bytes.byteLength) !== 0)
    throw new ModelError(`libzmq refused ${value} for its option ${option}: ${lastError(zmq)}`)
}

function setKey(zmq: Zmq, socket: Handle, option: number, key: string, name: string): void {
  const bytes = cString(key)
  if (key.length !== 40 || zmq.zmq_setsockopt(socket, option, ptr(bytes), bytes.length) !== 0)
    throw new ModelError(`${name} is no CURVE key: 40 characters of Z85, as zmq.curve_keypair() makes them`)
}

/** A socket connected to the service, and the socket on which libzmq tells what becomes of the connection. */
export interface Connection {
  readonly socket: Handle
  readonly monitor: Handle
}

/** Returns at once, connected or not. Throws ModelError where libzmq refuses the endpoint or a key. */
export function connect(zmq: Zmq, assignment: Assignment, serial: number): Connection {
  const { context, endpoint, mode, replyBytesMax, curve } = assignment
  const socket = zmq.zmq_socket(context, mode === "req" ? REQ : DEALER)
  if (socket === null) throw new ModelError(`libzmq gave no socket: ${lastError(zmq)}`)
  setNumber(zmq, socket, LINGER, 0)
  setNumber(zmq, socket, MAX_MSG_SIZE, replyBytesMax)
  setNumber(zmq, socket, RECONNECT_IVL, 50)
  setNumber(zmq, socket, RECONNECT_IVL_MAX, 1_000)
  setNumber(zmq, socket, CONNECT_TIMEOUT, 5_000)
  setNumber(zmq, socket, HANDSHAKE_IVL, 5_000)
  if (endpoint.includes("[")) setNumber(zmq, socket, IPV6, 1)
  // A REQ socket is replaced at every timeout; a DEALER must notice by itself that the other host is gone.
  if (mode === "dealer") {
    setNumber(zmq, socket, HEARTBEAT_IVL, 2_000)
    setNumber(zmq, socket, HEARTBEAT_TIMEOUT, 6_000)
  }
  if (curve !== undefined) {
    setKey(zmq, socket, CURVE_SERVER_KEY, curve.serverKey, "the server key")
    setKey(zmq, socket, CURVE_PUBLIC_KEY, curve.publicKey, "the public key")
    setKey(zmq, socket, CURVE_SECRET_KEY, curve.secretKey, "the secret key")
  }
  const monitor = watch(zmq, context, socket, `${assignment.control}-monitor-${serial}`)
  if (zmq.zmq_connect(socket, ptr(cString(endpoint))) !== 0)
    throw new ModelError(`libzmq cannot connect to ${endpoint}: ${lastError(zmq)}`)
  return { socket, monitor }
}

function watch(zmq: Zmq, context: Handle, socket: Handle, address: string): Handle {
  const name = cString(address)
  const monitor = zmq.zmq_socket(context, PAIR)
  if (monitor === null || zmq.zmq_socket_monitor(socket, ptr(name), WATCHED) !== 0)
    throw new ModelError(`libzmq gave no monitor: ${lastError(zmq)}`)
  setNumber(zmq, monitor, LINGER, 0)
  zmq.zmq_connect(monitor, ptr(name))
  return monitor
}

/** Nothing it held back is sent any more, nothing that arrived for it is read. */
export function disconnect(zmq: Zmq, { socket, monitor }: Connection): void {
  zmq.zmq_socket_monitor(socket, null, 0)
  zmq.zmq_close(socket)
  zmq.zmq_close(monitor)
}

/** Receives messages of any size into memory of libzmq's own. */
export class Inbox {
  readonly #zmq: Zmq
  /** A `zmq_msg_t`: 64 bytes. */
  readonly #message = new BigUint64Array(8)
  readonly #at = ptr(this.#message)
  readonly #event = new DataView(new ArrayBuffer(8))
  readonly #eventAt = ptr(this.#event.buffer as ArrayBuffer)

  constructor(zmq: Zmq) {
    this.#zmq = zmq
  }

  /** Shows `read` each frame of the next message; false where none is waiting. A frame's bytes are valid only inside `read`. */
  receive(socket: Handle, read: (frame: Uint8Array, index: number, isLast: boolean) => void): boolean {
    const zmq = this.#zmq
    for (let index = 0; ; index++) {
      zmq.zmq_msg_init(this.#at)
      if (zmq.zmq_msg_recv(this.#at, socket, DONT_WAIT) < 0) return index > 0
      try {
        const size = zmq.zmq_msg_size(this.#at) as number
        const isLast = zmq.zmq_msg_more(this.#at) === 0
        read(size === 0 ? EMPTY : new Uint8Array(toArrayBuffer(zmq.zmq_msg_data(this.#at)!, 0, size)), index, isLast)
        if (isLast) return true
      } finally {
        zmq.zmq_msg_close(this.#at)
      }
    }
  }

  /** The next thing that happened to a connection. */
  event(monitor: Handle): LinkEvent | undefined {
    // Two frames: the event as 16 bits and its value as 32 (of no use here), then the endpoint.
    if (this.#zmq.zmq_recv(monitor, this.#eventAt, 8, DONT_WAIT) < 0) return undefined
    const event = this.#event.getUint16(0, true)
    this.#zmq.zmq_recv(monitor, this.#eventAt, 8, DONT_WAIT)
    return LINK_EVENTS[event]
  }
}

const EMPTY = new Uint8Array(0)

/** Waits until one of some sockets has something to read. */
export class Poll {
  readonly #zmq: Zmq
  readonly #items: DataView
  readonly #at: Handle
  readonly #count: number

  constructor(zmq: Zmq, count: number) {
    this.#zmq = zmq
    this.#count = count
    this.#items = new DataView(new ArrayBuffer(ITEM_BYTES * count))
    this.#at = ptr(this.#items.buffer as ArrayBuffer)
  }

  watch(index: number, socket: Handle): void {
    this.#items.setBigUint64(ITEM_BYTES * index, BigInt(socket), true)
    this.#items.setInt16(ITEM_BYTES * index + EVENTS_AT, POLL_IN, true)
  }

  /** False where nothing came within the time; -1 waits for good. */
  wait(timeoutMs: number): boolean {
    const ready = this.#zmq.zmq_poll(this.#at, this.#count, timeoutMs)
    if (ready >= 0) return ready > 0
    const isInterrupted = this.#zmq.zmq_errno() === EINTR
    if (!isInterrupted) throw new ModelError(`libzmq cannot wait: ${lastError(this.#zmq)}`)
    return false
  }

  isReadable(index: number): boolean {
    return (this.#items.getInt16(ITEM_BYTES * index + RETURNED_AT, true) & POLL_IN) !== 0
  }
}

// zmq_pollitem_t: the socket's pointer, a file descriptor of 32 bits, wanted and returned events of 16 bits each.
const ITEM_BYTES = 16
const EVENTS_AT = 12
const RETURNED_AT = 14
const POLL_IN = 1
const EINTR = 4
