import type { Clock, Timer } from "../../runtime/ports.ts"
import type { Address } from "./endpoint.ts"
import type { Mode } from "./message.ts"
import { type Break, type Ear, greeting, ping, Protocol } from "./zmtp.ts"

const CONNECT_MS_MAX = 5_000
const HANDSHAKE_MS_MAX = 5_000
const PING_MS = 2_000
/** A service that reads no more, and is asked on and on, is left before it costs more memory than that. */
const WAITING_BYTES_MAX = 64 * 2 ** 20
/** Without a sign of life for this long the other host is taken for gone. */
const SILENCE_US_MAX = 6_000_000

export interface LineEvents {
  up(): void
  frame(bytes: Uint8Array, index: number, isLast: boolean): void
  /** What came at once has been told whole. */
  heard(): void
  /** Once, unless `close` came first. */
  down(end: Break | "lost" | "unreachable"): void
}

export interface LineOptions {
  readonly address: Address
  readonly mode: Mode
  readonly replyBytesMax: number
  readonly clock: Clock
}

type Socket = Bun.Socket<undefined>

/** One connection, from the attempt to its end. Tells of nothing before `open` has returned, nor after `close`. */
export class Line implements Ear {
  isUp = false
  /** While frames are told: what is sent now left after all of them had come. */
  isTelling = false
  readonly #options: LineOptions
  readonly #events: LineEvents
  readonly #protocol: Protocol
  #socket: Socket | undefined
  #unwritten: Uint8Array[] = []
  #timer: Timer | undefined
  #heardAt = 0
  #isEnded = false

  constructor(options: LineOptions, events: LineEvents) {
    this.#options = options
    this.#events = events
    this.#protocol = new Protocol(options.mode, options.replyBytesMax, this)
  }

  open(): void {
    const socket = {
      open: (opened: Socket) => this.#opened(opened),
      data: (_: Socket, bytes: Uint8Array) => this.#heard(bytes),
      drain: () => this.#flush(),
      close: () => this.#end("lost"),
      error: () => this.#end("lost"),
      connectError: () => this.#end("unreachable"),
    }
    this.#limit(CONNECT_MS_MAX, "unreachable")
    const { address } = this.#options
    const opening = "unix" in address ? Bun.connect({ ...address, socket }) : Bun.connect({ ...address, socket })
    opening.catch(() => this.#end("unreachable"))
  }

  close(): void {
    this.#isEnded = true
    this.isUp = false
    this.#timer?.cancel()
    this.#socket?.terminate()
  }

  /** Never waits; what the system does not take is kept. `bytes` are valid during the call only. */
  send(bytes: Uint8Array): void {
    if (this.#waitingBytes() > WAITING_BYTES_MAX) return this.#end("lost")
    const written = this.#unwritten.length > 0 ? 0 : Math.max(0, this.#socket?.write(bytes) ?? 0)
    if (written < bytes.length) this.#unwritten.push(bytes.slice(written))
  }

  #waitingBytes(): number {
    let sum = 0
    for (const { length } of this.#unwritten) sum += length
    return sum
  }

  up(): void {
    this.isUp = true
    this.#timer?.cancel()
    // A REQ connection is replaced at every timeout; the other must notice by itself that a host is gone.
    if (this.#options.mode === "dealer" && this.#protocol.knowsPing) this.#askForLife()
    this.#events.up()
  }

  frame(bytes: Uint8Array, index: number, isLast: boolean): void {
    if (!this.#isEnded) this.#events.frame(bytes, index, isLast)
  }

  #opened(socket: Socket): void {
    if (this.#isEnded) return void socket.terminate()
    this.#socket = socket
    socket.setNoDelay(true)
    this.#limit(HANDSHAKE_MS_MAX, { kind: "handshake", why: "the service did not introduce itself" })
    this.send(greeting())
  }

  #heard(bytes: Uint8Array): void {
    if (this.#isEnded) return
    this.#heardAt = this.#options.clock.monotonic()
    this.isTelling = true
    const end = this.#protocol.take(bytes)
    this.isTelling = false
    if (end !== undefined) this.#end(end)
    else if (!this.#isEnded) this.#events.heard()
  }

  #flush(): void {
    while (this.#unwritten.length > 0 && this.#socket !== undefined) {
      const next = this.#unwritten[0] as Uint8Array
      const written = Math.max(0, this.#socket.write(next))
      if (written < next.length) return void (this.#unwritten[0] = next.subarray(written))
      this.#unwritten.shift()
    }
  }

  #limit(ms: number, end: Break | "unreachable"): void {
    this.#timer?.cancel()
    this.#timer = this.#options.clock.timer(ms, () => this.#end(end))
  }

  #askForLife(): void {
    const { clock } = this.#options
    const askedAt = clock.monotonic()
    this.#timer = clock.timer(PING_MS, () => {
      // After a pause of this process what came meanwhile is not read yet: silence begins now.
      if (clock.monotonic() - askedAt > 2 * PING_MS * 1_000) this.#heardAt = clock.monotonic()
      if (clock.monotonic() - this.#heardAt > SILENCE_US_MAX) return this.#end("lost")
      this.send(ping())
      this.#askForLife()
    })
  }

  #end(end: Break | "lost" | "unreachable"): void {
    if (this.#isEnded) return
    this.close()
    this.#events.down(end)
  }
}
