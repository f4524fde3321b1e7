import type { Clock, Front, FrontOutput, InboundConnection, Listener, Timer } from "../ports.ts"

export interface ServeOptions {
  readonly front: Front
  readonly listener: Listener
  readonly clock: Clock
  readonly host: string
  /** 0 picks a free one. */
  readonly port: number
  /** The front's view of who keeps up, where it wants one: made before it, given to both. */
  readonly gate?: Gate
  /** A client with more than this waiting for it is cut, as venues cut slow consumers. 16 MB by default. */
  readonly bufferedBytesMax?: number
}

export interface Served {
  readonly host: string
  readonly port: number
  /** `http://host:port`. */
  readonly url: string
  /** WebSockets open now. */
  readonly connections: number
  /** Lets something happen at the venue now, and sends what comes of it. */
  act(what: (now: number) => void): void
  /** Stops time for the front and closes every connection. */
  close(): Promise<void>
}

/** Tells a front whether a connection takes more, by the bytes that wait for it. */
export interface Gate {
  readonly ready: (connection: number) => boolean
  watch(connections: ReadonlyMap<number, InboundConnection>): void
}

export function frontGate(waitingBytesMax = 1024 * 1024): Gate {
  let connections: ReadonlyMap<number, InboundConnection> = new Map()
  return {
    ready: (id) => (connections.get(id)?.bufferedBytes() ?? 0) <= waitingBytesMax,
    watch: (watched) => void (connections = watched),
  }
}

const TOO_SLOW = 1008
const GOING_AWAY = 1001
/** Timers come in milliseconds; a front that wants to act more often is advanced over several of its moments at once. */
const pauseMsMin = 1

/** Binds a venue's front to a listener and a clock. Rejects with ConfigError where the address cannot be had. */
export async function serveFront(options: ServeOptions): Promise<Served> {
  const serving = new Serving(options)
  const listening = await options.listener.listen({
    host: options.host,
    port: options.port,
    request: (request) => serving.request(request),
    sockets: serving,
  })
  serving.start()
  return {
    host: listening.host,
    port: listening.port,
    url: `http://${listening.host}:${listening.port}`,
    get connections() {
      return serving.connections.size
    },
    act: (what) => serving.act(what),
    close() {
      serving.stop()
      return listening.close()
    },
  }
}

class Serving {
  readonly connections = new Map<number, InboundConnection>()
  readonly #front: Front
  readonly #clock: Clock
  readonly #bufferedBytesMax: number
  #now = 0
  #isRunning = false
  #timer: Timer | undefined
  /** When the timer fires; infinite where none is set. */
  #wakeAt = Number.POSITIVE_INFINITY
  #isDeferred = false

  constructor({ front, clock, gate, bufferedBytesMax = 16 * 1024 * 1024 }: ServeOptions) {
    this.#front = front
    this.#clock = clock
    this.#bufferedBytesMax = bufferedBytesMax
    gate?.watch(this.connections)
  }

  start(): void {
    this.#isRunning = true
    this.#wake()
  }

  stop(): void {
    this.#isRunning = false
    this.#timer?.cancel()
    for (const connection of this.connections.values()) connection.close(GOING_AWAY, "the simulated exchange stops")
  }

  request(request: Request): Response | Promise<Response> {
    return request.body === null ? this.#answer(request, "") : this.#answerWithBody(request)
  }

  act(what: (now: number) => void): void {
    what(this.#time())
    this.#settle()
  }

  open(connection: InboundConnection, path: string, headers: Readonly<Record<string, string>>) {
    this.connections.set(connection.id, connection)
    const refusal = this.#front.open(connection.id, path, headers, this.#time())
    if (refusal !== undefined) this.connections.delete(connection.id)
    this.#settle()
    return refusal
  }

  text(connection: InboundConnection, text: string): void {
    this.#front.message(connection.id, text, this.#time())
    this.#settle()
  }

  alive(connection: InboundConnection): void {
    this.#front.pong(connection.id, this.#time())
    this.#settle()
  }

  closed(connection: InboundConnection): void {
    this.connections.delete(connection.id)
    this.#front.closed(connection.id, this.#time())
    this.#settle()
  }

  drained(): void {
    this.#wake()
  }

  async #answerWithBody(request: Request): Promise<Response> {
    return this.#answer(request, await request.text())
  }

  #answer(request: Request, body: string): Response {
    const { path, query } = target(request.url)
    const headers = Object.fromEntries(request.headers)
    const reply = this.#front.request({ method: request.method, path, query, headers, body }, this.#time())
    this.#settle()
    return new Response(reply.body, { status: reply.status, headers: { ...reply.headers } })
  }

  /** The front's time never goes back, though the wall clock may. */
  #time(): number {
    return (this.#now = Math.max(this.#now, this.#clock.now()))
  }

  #wake(): void {
    if (!this.#isRunning) return
    const now = this.#time()
    if (this.#front.nextAt() <= now) this.#front.advance(now)
    this.#settle()
  }

  /** After anything: sends what the front has to say, and sees to it that it is woken in time. */
  #settle(): void {
    const outputs = this.#front.drain()
    for (let index = 0; index < outputs.length; index++) this.#send(outputs[index]!)
    if (this.#isRunning) this.#schedule()
  }

  #schedule(): void {
    const nextAt = this.#front.nextAt()
    if (nextAt <= this.#now) {
      // More to do at once: after whoever waits on a socket.
      if (this.#isDeferred) return
      this.#isDeferred = true
      this.#clock.defer(() => {
        this.#isDeferred = false
        this.#wake()
      })
      return
    }
    if (nextAt >= this.#wakeAt) return
    this.#timer?.cancel()
    this.#timer = undefined
    this.#wakeAt = Number.POSITIVE_INFINITY
    if (!Number.isFinite(nextAt)) return
    const delayMs = Math.max((nextAt - this.#now) / 1_000, pauseMsMin)
    this.#wakeAt = this.#now + delayMs * 1_000
    this.#timer = this.#clock.timer(delayMs, () => {
      this.#wakeAt = Number.POSITIVE_INFINITY
      this.#wake()
    })
  }

  #send(output: FrontOutput): void {
    const connection = this.connections.get(output.connection)
    if (connection === undefined) return
    if (output.kind === "ping") connection.ping()
    else if (output.kind === "close") connection.close(output.code, output.reason)
    else if (connection.bufferedBytes() <= this.#bufferedBytesMax) connection.send(output.text)
    else {
      // Nothing more for it; the front hears of it when it is gone.
      this.connections.delete(connection.id)
      connection.close(TOO_SLOW, "too slow")
    }
  }
}

/** Path and query as URL parsing leaves them, percent-encoding and order untouched: a signature was made over them. */
function target(url: string): { path: string; query: string } {
  const start = url.indexOf("/", url.indexOf("//") + 2)
  const rest = start < 0 ? "/" : url.slice(start)
  const mark = rest.indexOf("?")
  return mark < 0 ? { path: rest, query: "" } : { path: rest.slice(0, mark), query: rest.slice(mark + 1) }
}
