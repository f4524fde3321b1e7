import { unsentBytesMax } from "../domain/backlog.ts"
import type {
  Clock,
  Departed,
  InboundConnection,
  InboundSockets,
  Socket,
  SocketHandler,
  SocketTarget,
} from "../ports.ts"
import type { Weather } from "./faults.ts"
import { Pipe } from "./pipe.ts"

const ABNORMAL = 1006
const GOING_AWAY = 1001
const BAD_RECORD = "bad record mac"

/** A text that has not left the client's process. */
interface Unsent {
  readonly size: number
  readonly departed: Departed | undefined
}

/** A WebSocket in memory, both of its ends. */
export class VirtualConnection implements Socket {
  readonly inbound: InboundConnection
  readonly #weather: Weather
  readonly #handler: SocketHandler
  readonly #toServer: Pipe
  readonly #toClient: Pipe
  readonly #clock: Clock
  readonly #forget: (connection: VirtualConnection) => void
  #server: InboundSockets | undefined
  #state: "connecting" | "open" | "closing" | "closed" = "connecting"
  #isServed = false
  #isHalfCut = false
  readonly #unsent = new Set<Unsent>()
  #unsentBytes = 0
  /** Until then (monotonic µs) the server does not read. */
  #stalledUntil = 0

  constructor(
    id: number,
    clock: Clock,
    weather: Weather,
    handler: SocketHandler,
    forget: (connection: VirtualConnection) => void,
  ) {
    this.#clock = clock
    this.#weather = weather
    this.#handler = handler
    this.#forget = forget
    this.#toServer = new Pipe(clock, weather)
    this.#toClient = new Pipe(clock, weather)
    this.inbound = {
      id,
      send: (text) => {
        const carried = text !== "" && weather.strikes("garbleRate") ? weather.garbled(text) : text
        this.#carry(this.#toClient, carried, () => this.#arrive(carried))
      },
      ping: () => this.#carry(this.#toClient, "", () => this.#pinged()),
      bufferedBytes: () => this.#toClient.inFlight,
      close: (code, reason) => this.#toClient.put(0, () => this.#end(code, reason)),
    }
  }

  /** Brings the handshake to the server; without one, the connection is refused. */
  connect(target: SocketTarget, server: InboundSockets | undefined, mistake: string): void {
    this.#toServer.put(0, () => {
      if (server === undefined) return this.#fail(mistake)
      const path = target.url.replace(/^[^/]*\/\/[^/?]*/, "")
      const headers = Object.entries(target.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value])
      const refusal = server.open(this.inbound, path === "" ? "/" : path, Object.fromEntries(headers))
      if (refusal !== undefined) return this.#fail(`Unexpected server response: ${refusal.status}`)
      this.#server = server
      this.#isServed = true
    })
    this.#toServer.put(0, () => this.#toClient.put(0, () => this.#opened()))
  }

  send(text: string, departed?: Departed): boolean {
    if (this.#state !== "open" || this.#unsentBytes > unsentBytesMax) return false
    if (this.#weather.strikes("stallRate")) this.#stall(this.#weather.lateMs())
    const isCarried = this.#carry(this.#toServer, text, () => this.#server?.text(this.inbound, text))
    this.#depart({ size: text.length, departed }, isCarried)
    return true
  }

  ping(): void {
    if (this.#state === "open") this.#carry(this.#toServer, "", () => this.#serverPinged())
  }

  bufferedBytes(): number {
    return this.#unsentBytes
  }

  close(code = 1000, reason = ""): void {
    if (this.#state === "closing" || this.#state === "closed") return
    const wasOpen = this.#state === "open"
    this.#state = "closing"
    if (wasOpen) this.#toServer.put(0, () => this.#toClient.put(0, () => this.#end(code, reason)))
    else this.#clock.defer(() => this.#fail(reason === "" ? "closed before it was open" : reason))
  }

  /** Both ends lose it at once, and what was under way. */
  cut(): void {
    this.#end(ABNORMAL, "")
  }

  /** The client's process is gone without a word: what it has sent still arrives, and then the server notices. */
  abandon(): void {
    if (this.#state === "closed" || this.#isHalfCut) return
    this.#isHalfCut = true
    this.#orphan()
  }

  /** The server stops. */
  leave(): void {
    this.#end(GOING_AWAY, "Server closed")
  }

  #opened(): void {
    if (this.#state !== "connecting") return
    this.#state = "open"
    this.#handler.open()
  }

  #arrive(text: string): void {
    // What the server sends while it opens may come before the handshake's own answer is through.
    if (this.#state === "connecting") this.#opened()
    if (this.#state !== "open") return
    this.#handler.text(text, this.#clock.now())
    if (this.#toClient.inFlight === 0) this.#server?.drained?.(this.inbound)
  }

  #pinged(): void {
    if (this.#state === "connecting") this.#opened()
    this.#handler.alive?.()
    this.#carry(this.#toServer, "", () => this.#server?.alive(this.inbound))
  }

  #serverPinged(): void {
    this.#server?.alive(this.inbound)
    this.#carry(this.#toClient, "", () => this.#handler.alive?.())
  }

  /** False where the connection ends instead. */
  #carry(pipe: Pipe, text: string, deliver: () => void): boolean {
    if (this.#state === "closed" || this.#isHalfCut) return false
    if (this.#weather.strikes("cutRate")) {
      this.#clock.defer(() => this.cut())
      return false
    }
    if (this.#weather.strikes("corruptRate")) {
      pipe.put(text.length, () => this.#fail(BAD_RECORD))
      return true
    }
    if (pipe === this.#toServer && this.#weather.strikes("halfCutRate")) {
      this.#halfCut(text.length, deliver)
      return false
    }
    if (this.#weather.strikes("dropRate")) return true
    pipe.put(text.length, deliver)
    if (pipe === this.#toClient && this.#weather.strikes("duplicateRate")) pipe.put(text.length, deliver)
    return true
  }

  #stall(ms: number): void {
    this.#stalledUntil = Math.max(this.#stalledUntil, this.#clock.monotonic() + ms * 1_000)
    this.#toServer.hold(ms)
  }

  /** The kernel takes what is sent at once, unless the server reads nothing; what a dying connection was given, never. */
  #depart(unsent: Unsent, isCarried: boolean): void {
    const waitsUs = this.#stalledUntil - this.#clock.monotonic()
    if (isCarried && waitsUs <= 0) {
      if (unsent.departed !== undefined) queueMicrotask(() => unsent.departed?.(undefined))
      return
    }
    this.#unsent.add(unsent)
    this.#unsentBytes += unsent.size
    if (isCarried) {
      this.#clock.timer(waitsUs / 1_000, () => {
        if (!this.#unsent.delete(unsent)) return
        this.#unsentBytes -= unsent.size
        unsent.departed?.(undefined)
      })
    }
  }

  /** The connection is no more, and with it what had not left. */
  #strand(): void {
    const stranded = [...this.#unsent]
    this.#unsent.clear()
    this.#unsentBytes = 0
    for (const { departed } of stranded) departed?.("the connection ended first")
  }

  #halfCut(size: number, deliver: () => void): void {
    this.#isHalfCut = true
    this.#toServer.hold(this.#weather.lateMs())
    this.#toServer.put(size, deliver)
    this.#orphan()
  }

  #orphan(): void {
    this.#toServer.put(0, () => {
      if (this.#isServed) this.#server?.closed(this.inbound)
    })
    this.#clock.defer(() => {
      if (this.#state === "closed") return
      this.#state = "closed"
      this.#toClient.end()
      this.#forget(this)
      this.#strand()
      this.#handler.closed(ABNORMAL, "")
    })
  }

  #fail(why: string): void {
    this.#end(ABNORMAL, why)
  }

  #end(code: number, reason: string): void {
    if (this.#state === "closed") return
    this.#state = "closed"
    this.#toServer.end()
    this.#toClient.end()
    this.#forget(this)
    if (this.#isServed) this.#server?.closed(this.inbound)
    this.#strand()
    this.#handler.closed(code, reason)
  }
}
