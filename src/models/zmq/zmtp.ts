// The wire of ZeroMQ without encryption: ZMTP 3.1 with the NULL mechanism, https://rfc.zeromq.org/spec/37/ (read 2026-11-22).
import type { Mode } from "./message.ts"

const GREETING_BYTES = 64
const SIGNATURE_START = 0xff
const SIGNATURE_END = 9
const MAJOR_AT = 10
const MINOR_AT = 11
const MECHANISM_AT = 12
const MECHANISM_BYTES = 20

/** Bits of a frame's first byte. */
const MORE = 1
const LONG = 2
const COMMAND = 4
const SHORT_BYTES_MAX = 255
const SHORT_HEAD_BYTES = 2
const LONG_HEAD_BYTES = 9
/** What precedes a frame's body at most. */
const HEAD_BYTES_MAX = LONG_HEAD_BYTES
/** An empty frame with more to come; a numbered frame of eight bytes. */
const DELIMITER_BYTES = SHORT_HEAD_BYTES
const NUMBER_BYTES = 8

/** Socket types that may answer ours. */
const PEERS: Readonly<Record<Mode, readonly string[]>> = {
  req: ["REP", "ROUTER"],
  dealer: ["REP", "ROUTER", "DEALER"],
}

const latin = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1")

/** What both ends send first: signature, version 3.1, mechanism, "not the server". */
export function greeting(): Uint8Array {
  const bytes = new Uint8Array(GREETING_BYTES)
  bytes[0] = SIGNATURE_START
  bytes[SIGNATURE_END] = 0x7f
  bytes[MAJOR_AT] = 3
  bytes[MINOR_AT] = 1
  bytes.set(Buffer.from("NULL"), MECHANISM_AT)
  return bytes
}

function command(name: string, body: Uint8Array): Uint8Array {
  const size = 1 + name.length + body.length
  return Buffer.concat([Uint8Array.of(COMMAND, size, name.length), Buffer.from(name), body])
}

const property = (name: string, value: string): Uint8Array =>
  Buffer.concat([
    Uint8Array.of(name.length),
    Buffer.from(name),
    Uint8Array.of(0, 0, 0, value.length),
    Buffer.from(value),
  ])

const ready = (mode: Mode): Uint8Array => command("READY", property("Socket-Type", mode === "req" ? "REQ" : "DEALER"))

/** Asks for a sign of life; the answer's absence costs the service nothing (a time to live of 0), us the connection. */
export const ping = (): Uint8Array => command("PING", Uint8Array.of(0, 0))

/** Bytes to keep free before a request's body. */
export const marginOf = (mode: Mode): number =>
  HEAD_BYTES_MAX + DELIMITER_BYTES + (mode === "req" ? 0 : SHORT_HEAD_BYTES + NUMBER_BYTES)

/** The whole message, its frames written into the margin before the body: its number (DEALER), an empty frame, the body. */
export function framed(bytes: Uint8Array, mode: Mode, id: number): Uint8Array {
  const margin = marginOf(mode)
  const size = bytes.length - margin
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  let at = margin
  if (size <= SHORT_BYTES_MAX) view.setUint16((at -= SHORT_HEAD_BYTES), size)
  else {
    view.setUint8((at -= LONG_HEAD_BYTES), LONG)
    view.setBigUint64(at + 1, BigInt(size))
  }
  view.setUint16((at -= DELIMITER_BYTES), MORE << 8)
  if (mode === "dealer") {
    view.setBigUint64((at -= NUMBER_BYTES), BigInt(id))
    view.setUint16((at -= SHORT_HEAD_BYTES), (MORE << 8) | NUMBER_BYTES)
  }
  return bytes.subarray(at)
}

/** What a connection does with what it hears. */
export interface Ear {
  send(bytes: Uint8Array): void
  /** Both ends know one another; messages may go. */
  up(): void
  /** A frame of a message, in order. Its bytes are valid during the call only. */
  frame(bytes: Uint8Array, index: number, isLast: boolean): void
}

/** Why a connection must end. */
export interface Break {
  readonly kind: "handshake" | "protocol"
  readonly why: string
}

type Stage = "greeting" | "handshake" | "traffic"

/** One end of one connection: bytes in, frames out. Knows no socket and no time. */
export class Protocol {
  /** Whether the other end understands `ping`. */
  knowsPing = false
  readonly #mode: Mode
  readonly #frameBytesMax: number
  readonly #ear: Ear
  #stage: Stage = "greeting"
  #index = 0
  // What came of a frame that is not whole yet, and how much there must be to go on.
  #parts: Uint8Array[] = []
  #held = 0
  #wanted = 0

  constructor(mode: Mode, frameBytesMax: number, ear: Ear) {
    this.#mode = mode
    this.#frameBytesMax = frameBytesMax
    this.#ear = ear
  }

  /** Takes the next bytes of the stream, which it may keep. */
  take(chunk: Uint8Array): Break | undefined {
    let bytes = chunk
    if (this.#held > 0) {
      this.#parts.push(chunk)
      this.#held += chunk.length
      if (this.#held < this.#wanted) return undefined
      bytes = Buffer.concat(this.#parts)
      this.#parts = []
      this.#held = 0
    }
    return this.#consume(bytes)
  }

  #consume(bytes: Uint8Array): Break | undefined {
    // Seen before the whole greeting is there: a stranger may never send as much.
    if (this.#stage === "greeting" && bytes.length > 0 && bytes[0] !== SIGNATURE_START) return STRANGER
    for (let at = 0; ;) {
      const left = bytes.length - at
      if (left === 0) return undefined
      const size = this.#stage === "greeting" ? GREETING_BYTES : unitBytes(bytes, at, left)
      if (this.#stage !== "greeting" && size - HEAD_BYTES_MAX > this.#frameBytesMax)
        return { kind: "protocol", why: `a reply was larger than ${this.#frameBytesMax} bytes` }
      if (left < size) {
        this.#parts = [bytes.subarray(at)]
        this.#held = left
        this.#wanted = size
        return undefined
      }
      const end =
        this.#stage === "greeting" ? this.#greeted(bytes.subarray(at, at + size)) : this.#unit(bytes, at, size)
      if (end !== undefined) return end
      at += size
    }
  }

  #greeted(bytes: Uint8Array): Break | undefined {
    if (((bytes[SIGNATURE_END] as number) & 1) === 0) return STRANGER
    if ((bytes[MAJOR_AT] as number) < 3) return handshake("the service speaks a ZMTP older than 3.0")
    const mechanism = latin(bytes.subarray(MECHANISM_AT, MECHANISM_AT + MECHANISM_BYTES)).replace(/\0+$/, "")
    if (mechanism !== "NULL")
      return handshake(`the service wants ${mechanism}${mechanism === "CURVE" ? ", set its key" : ""}`)
    this.knowsPing = (bytes[MAJOR_AT] as number) > 3 || (bytes[MINOR_AT] as number) > 0
    this.#stage = "handshake"
    this.#ear.send(ready(this.#mode))
    return undefined
  }

  #unit(bytes: Uint8Array, at: number, size: number): Break | undefined {
    const flags = bytes[at] as number
    const body = bytes.subarray(at + ((flags & LONG) === 0 ? SHORT_HEAD_BYTES : LONG_HEAD_BYTES), at + size)
    if ((flags & COMMAND) !== 0) return this.#command(body)
    if (this.#stage !== "traffic") return handshake("the service sent a message before it was ready")
    const isLast = (flags & MORE) === 0
    const index = this.#index
    this.#index = isLast ? 0 : index + 1
    this.#ear.frame(body, index, isLast)
    return undefined
  }

  #command(bytes: Uint8Array): Break | undefined {
    const nameEnd = 1 + (bytes[0] ?? 0)
    const name = latin(bytes.subarray(1, nameEnd))
    const body = bytes.subarray(nameEnd)
    if (this.#stage === "traffic") {
      // A PING is two bytes of time to live, then a context of up to 16 that goes back.
      if (name === "PING") this.#ear.send(command("PONG", body.subarray(2, 18)))
      return undefined
    }
    if (name === "ERROR") return handshake(`the service refused: ${latin(body.subarray(1)) || "it gave no reason"}`)
    const type = name === "READY" ? socketType(body) : undefined
    if (type === undefined) return handshake("the service did not introduce itself")
    if (!PEERS[this.#mode].includes(type)) return handshake(`the service's socket is ${type}, which does not answer`)
    this.#stage = "traffic"
    this.#ear.up()
    return undefined
  }
}

const handshake = (why: string): Break => ({ kind: "handshake", why })
const STRANGER = handshake("what answers there is no ZeroMQ service")

/** Bytes of the next frame with its head; where that is not whole yet, the head's. */
function unitBytes(bytes: Uint8Array, at: number, left: number): number {
  const isLong = ((bytes[at] as number) & LONG) !== 0
  const head = isLong ? LONG_HEAD_BYTES : SHORT_HEAD_BYTES
  if (left < head) return head
  if (!isLong) return head + (bytes[at + 1] as number)
  return head + Number(new DataView(bytes.buffer, bytes.byteOffset + at + 1, 8).getBigUint64(0))
}

/** Of a READY command's properties: a name's length, the name, four bytes of the value's length, the value. */
function socketType(bytes: Uint8Array): string | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 0; at < bytes.length;) {
    const valueAt = at + 1 + (bytes[at] as number) + 4
    if (valueAt > bytes.length) return undefined
    const end = valueAt + view.getUint32(valueAt - 4)
    if (end > bytes.length) return undefined
    if (latin(bytes.subarray(at + 1, valueAt - 4)).toLowerCase() === "socket-type")
      return latin(bytes.subarray(valueAt, end))
    at = end
  }
  return undefined
}
