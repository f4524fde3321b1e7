import { maskData } from "../domain/redaction.ts"
import type { Clock, Timer } from "../ports.ts"
import type { BotEvent, EndpointDeps } from "./deps.ts"

export interface StreamOptions {
  /** A client that leaves this much unread is dropped. */
  readonly bufferBytesMax: number
  readonly clientsMax: number
  readonly heartbeatMs: number
}

const DEFAULTS: StreamOptions = { bufferBytesMax: 256 * 1024, clientsMax: 32, heartbeatMs: 15_000 }

interface Client {
  readonly controller: ReadableStreamDefaultController<Uint8Array>
  leave(): void
}

/**
 * Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html). An event is written once for all clients; while
 * nobody listens, the bot is not listened to either.
 */
export class EventStream {
  private readonly clock: Clock
  private readonly secrets: readonly string[]
  private readonly subscribe: EndpointDeps["subscribe"]
  private readonly options: StreamOptions
  private readonly clients = new Set<Client>()
  private readonly encoder = new TextEncoder()
  private unsubscribe: (() => void) | undefined
  private heartbeat: Timer | undefined
  /** Clients dropped because they read too slowly. */
  dropped = 0

  constructor(
    deps: Pick<EndpointDeps, "clock" | "subscribe">,
    secrets: readonly string[],
    options: Partial<StreamOptions> = {},
  ) {
    this.clock = deps.clock
    this.subscribe = (listener) => deps.subscribe(listener)
    this.secrets = secrets
    this.options = { ...DEFAULTS, ...options }
  }

  get size(): number {
    return this.clients.size
  }

  /** A body for one more client; undefined where there are as many as may be. */
  open(signal: AbortSignal): ReadableStream<Uint8Array> | undefined {
    if (this.clients.size >= this.options.clientsMax) return undefined
    let client: Client | undefined
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          client = this.enter(controller, signal)
        },
        cancel: () => client?.leave(),
      },
      new ByteLengthQueuingStrategy({ highWaterMark: this.options.bufferBytesMax }),
    )
  }

  /** Ends all streams, so that the server can close. */
  close(): void {
    for (const client of this.clients) {
      client.leave()
      client.controller.close()
    }
  }

  private enter(controller: Client["controller"], signal: AbortSignal): Client {
    const leave = (): void => {
      signal.removeEventListener("abort", leave)
      if (this.clients.delete(client) && this.clients.size === 0) this.rest()
    }
    const client: Client = { controller, leave }
    this.clients.add(client)
    signal.addEventListener("abort", leave)
    // Says hello, so that headers leave at once and the client knows how soon to come back.
    controller.enqueue(this.encoder.encode("retry: 2000\n\n"))
    if (this.clients.size === 1) this.wake()
    return client
  }

  private wake(): void {
    this.unsubscribe = this.subscribe((event) => this.tell(event))
    this.beat()
  }

  private rest(): void {
    this.unsubscribe?.()
    this.heartbeat?.cancel()
  }

  private beat(): void {
    this.heartbeat = this.clock.timer(this.options.heartbeatMs, () => {
      this.send(": alive\n\n")
      if (this.clients.size > 0) this.beat()
    })
  }

  private tell({ name, data }: BotEvent): void {
    const text = JSON.stringify(maskData(data, this.secrets)) ?? "null"
    this.send(`event: ${name.replaceAll(/[\r\n]/g, " ")}\ndata: ${text}\n\n`)
  }

  private send(text: string): void {
    const chunk = this.encoder.encode(text)
    for (const client of this.clients) {
      if ((client.controller.desiredSize ?? 0) < chunk.length) this.drop(client)
      else client.controller.enqueue(chunk)
    }
  }

  // An error throws away what it has not read; closing would keep it for as long as it does not read.
  private drop(client: Client): void {
    this.dropped += 1
    client.leave()
    client.controller.error(new Error("the client reads too slowly"))
  }
}
