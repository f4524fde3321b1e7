import type { FrontOutput } from "../../../runtime/ports.ts"

/** Which of the venue's routed paths a connection came in on; `plain` is the unrouted one. */
export type Route = "public" | "market" | "private" | "plain"

export interface Connection {
  readonly id: number
  readonly route: Route
  /** `{"stream","data"}` around every event. */
  isCombined: boolean
  readonly streams: Set<string>
}

/**
 * Which path carries a stream (product page "Market Data Streams", read 2026-11-22): books and best prices are public, the rest is
 * market data; an unrouted connection gets public data only. A stream asked for on the wrong path is accepted and stays silent, as
 * at the venue. Raw trades are undocumented and come on both.
 */
function carries(route: Route, stream: string): boolean {
  if (route === "private") return false
  const isPublic = stream.includes("@depth") || stream.includes("ookTicker")
  if (stream.endsWith("@trade")) return true
  return route === "market" ? !isPublic : isPublic
}

/** Who listens to what, and what is waiting to be sent. */
export class Hub {
  readonly connections = new Map<number, Connection>()
  readonly #listeners = new Map<string, Set<Connection>>()
  #outbox: FrontOutput[] = []
  /** Told when a stream gets its first listener or loses its last. */
  changed: (stream: string, isWanted: boolean) => void = () => {}

  isWanted(stream: string): boolean {
    return this.#listeners.has(stream)
  }

  /** Every stream that somebody listens to. */
  wanted(): IterableIterator<string> {
    return this.#listeners.keys()
  }

  listeners(stream: string): Iterable<Connection> {
    return this.#listeners.get(stream) ?? []
  }

  publish(stream: string, payload: string): void {
    const listeners = this.#listeners.get(stream)
    if (listeners === undefined) return
    let combined: string | undefined
    for (const connection of listeners) {
      if (connection.isCombined) combined ??= `{"stream":"${stream}","data":${payload}}`
      this.send(connection.id, connection.isCombined ? combined! : payload)
    }
  }

  subscribe(connection: Connection, stream: string): void {
    connection.streams.add(stream)
    if (!carries(connection.route, stream)) return
    let listeners = this.#listeners.get(stream)
    if (listeners === undefined) {
      listeners = new Set()
      this.#listeners.set(stream, listeners)
      this.changed(stream, true)
    }
    listeners.add(connection)
  }

  unsubscribe(connection: Connection, stream: string): void {
    connection.streams.delete(stream)
    const listeners = this.#listeners.get(stream)
    if (listeners === undefined || !listeners.delete(connection) || listeners.size > 0) return
    this.#listeners.delete(stream)
    this.changed(stream, false)
  }

  forget(connection: Connection): void {
    for (const stream of connection.streams) this.unsubscribe(connection, stream)
    this.connections.delete(connection.id)
  }

  send(connection: number, text: string): void {
    this.#outbox.push({ kind: "text", connection, text })
  }

  push(output: FrontOutput): void {
    this.#outbox.push(output)
  }

  drain(): readonly FrontOutput[] {
    const out = this.#outbox
    this.#outbox = []
    return out
  }
}
