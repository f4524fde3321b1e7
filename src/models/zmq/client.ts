import { ptr } from "bun:ffi"
import { describe } from "../../runtime/domain/errors.ts"
import { decodeTensor } from "./decode.ts"
import { lastError, type Zmq } from "./library.ts"
import { type Assignment, type FromWorker, layoutOf } from "./message.ts"
import { type Connection, connect, disconnect, DONT_WAIT, Inbox, Poll, SEND_MORE } from "./socket.ts"

/** How soon libzmq announces its next attempt after it lost a connection; where it does not, it has given up. */
const RETRY_NEWS_MS = 20

const NO_HANDSHAKE = "the handshake failed: no ZeroMQ service, another type of socket, or a wrong key"

type End = "lost" | "handshake failed"

/** The other end of a service: requests go out, answers come back under their own number, however often the service goes away. */
export class Client {
  connection: Connection
  readonly #zmq: Zmq
  readonly #assignment: Assignment
  readonly #tell: (message: FromWorker) => void
  readonly #inbox: Inbox
  readonly #news: Poll
  /** Encoded, waiting for a connection. */
  readonly #unsent = new Map<number, Uint8Array>()
  readonly #sent = new Set<number>()
  /** A request's number as it travels in DEALER mode: 8 bytes, big-endian. */
  readonly #number = new DataView(new ArrayBuffer(8))
  readonly #numberAt = ptr(this.#number.buffer as ArrayBuffer)
  #numberRead = 0
  #isUp = false
  #said = ""
  #serial = 0

  constructor(zmq: Zmq, assignment: Assignment, tell: (message: FromWorker) => void) {
    this.#zmq = zmq
    this.#assignment = assignment
    this.#tell = tell
    this.#inbox = new Inbox(zmq)
    this.#news = new Poll(zmq, 1)
    this.connection = this.#connect()
  }

  /** `body` is valid during the call only. */
  request(id: number, body: Uint8Array): void {
    if (this.#isUp) this.#send(id, body)
    else this.#unsent.set(id, body.slice())
  }

  forget(id: number): void {
    if (this.#unsent.delete(id) || !this.#sent.delete(id)) return
    // A REQ socket takes the next reply for the answer, whatever it was asked for: only a new one is safe from the late one.
    if (this.#assignment.mode === "req") this.renew()
  }

  /** A new socket in the old one's place. */
  renew(): void {
    disconnect(this.#zmq, this.connection)
    this.#link(false, false, "it is being connected to anew")
    this.connection = this.#connect()
  }

  end(): void {
    disconnect(this.#zmq, this.connection)
  }

  /** Takes every message that has arrived. */
  receive(): void {
    while (this.#inbox.receive(this.connection.socket, this.#read));
  }

  /** Takes everything that has happened to the connection. */
  watch(): void {
    let end: End | undefined
    for (;;) {
      const event = this.#inbox.event(this.connection.monitor)
      if (event === undefined) {
        if (end === undefined) return
        if (this.#news.wait(RETRY_NEWS_MS)) continue
        this.#down(end, true)
        return
      }
      if (event === "up") this.#up()
      else if (event === "retry" && end === undefined) this.#link(false, false, "nothing answers there")
      else if (event === "retry" && this.#down(end as End, false)) return
      end = event === "lost" || event === "handshake failed" ? (end ?? event) : undefined
    }
  }

  #connect(): Connection {
    const connection = connect(this.#zmq, this.#assignment, this.#serial++)
    this.#news.watch(0, connection.monitor)
    return connection
  }

  #up(): void {
    this.#link(true, false, "")
    for (const [id, body] of this.#unsent) this.#send(id, body)
    this.#unsent.clear()
  }

  /** True where a new socket has taken the old one's place. */
  #down(end: End, isDead: boolean): boolean {
    // What arrived before the end still counts.
    this.receive()
    const wasUp = this.#isUp
    const size = this.#assignment.replyBytesMax
    const broke = `broke off: a reply was larger than ${size} bytes, or it broke the protocol`
    const lost = isDead ? broke : "went away"
    this.#link(false, isDead, wasUp && end === "lost" ? `it ${lost}` : NO_HANDSHAKE)
    const isPending = this.#sent.size > 0
    for (const id of this.#sent) this.#fail(id, `there is no answer, the service ${lost}`)
    this.#sent.clear()
    if (!isPending || isDead || this.#assignment.mode !== "req") return false
    this.renew()
    return true
  }

  #link(isUp: boolean, isDead: boolean, why: string): void {
    this.#isUp = isUp
    const said = `${isUp} ${isDead} ${why}`
    if (said !== this.#said) this.#tell({ kind: "link", isUp, isDead, why })
    this.#said = said
  }

  #send(id: number, body: Uint8Array): void {
    const { socket } = this.connection
    const isBegun = this.#assignment.mode === "req" || this.#sendNumber(id)
    if (isBegun && this.#zmq.zmq_send(socket, ptr(body), body.length, DONT_WAIT) >= 0) this.#sent.add(id)
    else this.#fail(id, `the request could not be sent: ${lastError(this.#zmq)}`)
  }

  // Of a message libzmq takes all frames or, by refusing the first one, none. The empty frame ends what a REP socket gives back as it came.
  #sendNumber(id: number): boolean {
    const { socket } = this.connection
    this.#number.setBigUint64(0, BigInt(id))
    if (this.#zmq.zmq_send(socket, this.#numberAt, 8, SEND_MORE | DONT_WAIT) < 0) return false
    return this.#zmq.zmq_send(socket, null, 0, SEND_MORE | DONT_WAIT) >= 0
  }

  // Made once, so that a request makes no closure.
  readonly #read = (frame: Uint8Array, index: number, isLast: boolean): void => {
    const body = this.#assignment.mode === "req" ? 0 : 2
    if (body > 0 && index === 0) this.#numberRead = numberOf(frame)
    const id = body === 0 ? this.#onlyOne() : this.#numberRead
    if (index === body) this.#answer(id, frame)
    else if (isLast && index < body && this.#sent.delete(id)) this.#fail(id, `the reply has ${index + 1} frames, not 3`)
  }

  #onlyOne(): number {
    for (const id of this.#sent) return id
    return 0
  }

  #answer(id: number, frame: Uint8Array): void {
    // Not awaited: whoever asked has given up, or the service made the number up.
    if (!this.#sent.delete(id)) return
    try {
      this.#tell({ kind: "answer", id, output: decodeTensor(frame, layoutOf(this.#assignment.mode)) })
    } catch (error) {
      this.#fail(id, describe(error))
    }
  }

  #fail(id: number, why: string): void {
    this.#tell({ kind: "failure", id, why })
  }
}

function numberOf(frame: Uint8Array): number {
  if (frame.length !== 8) return 0
  return Number(new DataView(frame.buffer, frame.byteOffset, 8).getBigUint64(0))
}
