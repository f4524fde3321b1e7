import { Backoff } from "../../runtime/domain/backoff.ts"
import { describe } from "../../runtime/domain/errors.ts"
import type { AltTensor } from "../../runtime/domain/tensor.ts"
import type { Clock, Random, Timer } from "../../runtime/ports.ts"
import { decodeTensor } from "./decode.ts"
import { Encoder } from "./encode.ts"
import { type Address, addressOf } from "./endpoint.ts"
import { LARGE_BYTES, LargeReader } from "./large.ts"
import { Line } from "./line.ts"
import { layoutOf, type Mode } from "./message.ts"
import type { Link, Listener } from "./runner.ts"
import { type Break, framed, marginOf } from "./zmtp.ts"

export interface PlainOptions {
  readonly endpoint: string
  readonly mode: Mode
  readonly replyBytesMax: number
  readonly clock: Clock
  readonly random: Random
}

const RECONNECT = { backoffMsMin: 50, backoffMsMax: 1_000 }

/** A service without encryption, spoken to from the loop: no thread stands between a request and the wire. Throws ModelError. */
export function openPlainLink(options: PlainOptions, listener: Listener): Link {
  const link = new PlainLink(options, addressOf(options.endpoint), listener)
  link.connect()
  return link
}

/** Requests go out, answers come back under their own number, however often the service goes away. */
class PlainLink implements Link {
  readonly #options: PlainOptions
  readonly #address: Address
  readonly #listener: Listener
  readonly #encoder: Encoder
  readonly #layout
  /** Encoded, waiting for a connection. */
  readonly #unsent = new Map<number, Uint8Array>()
  readonly #sent = new Set<number>()
  readonly #body: number
  readonly #large: LargeReader
  readonly #reconnects: Backoff
  #line: Line | undefined
  #pause: Timer | undefined
  #numberRead = 0
  #isDelimited = false
  #said = ""
  #isClosed = false

  constructor(options: PlainOptions, address: Address, listener: Listener) {
    this.#options = options
    this.#address = address
    this.#listener = listener
    const { clock, random, replyBytesMax } = options
    this.#reconnects = new Backoff(random, RECONNECT)
    this.#large = new LargeReader({ clock, random, bytesMax: 2 * replyBytesMax }, (result) => {
      if ("output" in result) listener.answered(result.id, result.output)
      else listener.failed(result.id, result.why)
    })
    this.#layout = layoutOf(options.mode)
    this.#encoder = new Encoder(this.#layout, marginOf(options.mode))
    // A reply's frames: an empty one, the body; where requests are numbered, first the number.
    this.#body = options.mode === "req" ? 1 : 2
  }

  connect(): void {
    const { mode, replyBytesMax, clock } = this.#options
    const line = new Line(
      { address: this.#address, mode, replyBytesMax, clock },
      {
        up: () => this.#up(line),
        frame: this.#read,
        heard: () => this.#post(line),
        down: (end) => this.#down(end),
      },
    )
    this.#line = line
    line.open()
  }

  send(id: number, input: AltTensor): void {
    const { mode } = this.#options
    const message = framed(this.#encoder.encode(input), mode, id)
    const line = this.#line
    // Without a number a second reply among what has come would be taken for the answer to this one, which has not even left.
    const mustWait = mode === "req" && line?.isTelling === true
    if (line?.isUp !== true || mustWait) return void this.#unsent.set(id, message.slice())
    line.send(message)
    this.#sent.add(id)
  }

  forget(id: number): void {
    if (this.#unsent.delete(id) || !this.#sent.delete(id)) return
    // Without a number the next reply is taken for the answer, whatever it was asked for: only a new connection is safe from the late one.
    if (this.#options.mode === "req") this.renew()
  }

  renew(): void {
    if (this.#isClosed) return
    this.#line?.close()
    this.#tell(false, "it is being connected to anew")
    this.#pause?.cancel()
    this.connect()
  }

  close(): Promise<void> {
    this.#isClosed = true
    this.#pause?.cancel()
    this.#line?.close()
    this.#large.close()
    return Promise.resolve()
  }

  #up(line: Line): void {
    this.#reconnects.reset()
    this.#tell(true, "")
    this.#post(line)
  }

  #post(line: Line): void {
    if (!line.isUp || this.#unsent.size === 0) return
    for (const [id, message] of this.#unsent) {
      line.send(message)
      this.#sent.add(id)
    }
    this.#unsent.clear()
  }

  #down(end: Break | "lost" | "unreachable"): void {
    const wasUp = this.#said === "true "
    const lost = typeof end === "string" ? "went away" : `broke off: ${end.why}`
    this.#tell(false, wasUp ? `it ${lost}` : neverUp(end))
    const failed = [...this.#sent]
    this.#sent.clear()
    if (!this.#isClosed) {
      this.#pause = this.#options.clock.timer(this.#reconnects.nextMs(), () => this.connect())
    }
    for (const id of failed) this.#listener.failed(id, `there is no answer, the service ${lost}`)
  }

  #tell(isUp: boolean, why: string): void {
    const said = `${isUp} ${why}`
    if (said === this.#said) return
    this.#said = said
    // Not before the call that led here has returned.
    queueMicrotask(() => this.#listener.changed({ isUp, isDead: false, why }))
  }

  // Made once, so that a request makes no closure.
  readonly #read = (frame: Uint8Array, index: number, isLast: boolean): void => {
    const body = this.#body
    if (body === 2 && index === 0) this.#numberRead = numberOf(frame)
    if (index === body - 1) this.#isDelimited = frame.length === 0
    const id = body === 1 ? this.#onlyOne() : this.#numberRead
    if (index === body && this.#isDelimited) this.#answer(id, frame)
    else if (index === body) this.#fail(id, "the reply has no empty frame before its body")
    else if (isLast && index < body) this.#fail(id, `the reply has ${index + 1} frames, not ${body + 1}`)
  }

  #onlyOne(): number {
    for (const id of this.#sent) return id
    return 0
  }

  /** A reply to nothing, without a number: more of them may come, and none may be taken for an answer. */
  #unasked(): void {
    if (this.#options.mode === "req") this.renew()
  }

  #fail(id: number, why: string): void {
    if (this.#sent.delete(id)) this.#listener.failed(id, why)
  }

  #answer(id: number, frame: Uint8Array): void {
    // Not awaited: whoever asked has given up, or the service made the number up.
    if (!this.#sent.delete(id)) return this.#unasked()
    if (frame.length > LARGE_BYTES) return this.#large.read(id, frame, this.#layout)
    let output: AltTensor
    try {
      output = decodeTensor(frame, this.#layout)
    } catch (error) {
      return this.#listener.failed(id, describe(error))
    }
    return this.#listener.answered(id, output)
  }
}

function neverUp(end: Break | "lost" | "unreachable"): string {
  if (end === "unreachable") return "nothing answers there"
  const why = end === "lost" ? "the service closed the connection" : end.why
  return `the handshake failed: ${why}`
}

function numberOf(frame: Uint8Array): number {
  if (frame.length !== 8) return 0
  return Number(new DataView(frame.buffer, frame.byteOffset, 8).getBigUint64(0))
}
