import type { Exchange } from "./exchange.ts"
import type { Connection, Route } from "./hub.ts"

const VARIANTS = ["SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS", "SET_PROPERTY", "GET_PROPERTY"]
const streamsPerConnectionMax = 1_024

const fault = (code: number, text: string): string => `"error":{"code":${code},"msg":${JSON.stringify(text)}}`
const listenKeyForm = /^[A-Za-z0-9]{64}$/

/** What a stream path asks for: `/market/stream?streams=a/b`, `/ws/a`, `/private/ws?listenKey=…&events=…`. */
interface StreamPath {
  readonly route: Route
  readonly isCombined: boolean
  readonly streams: readonly string[]
  readonly events: readonly string[] | undefined
}

export function streamPath(path: string): StreamPath | undefined {
  const match = /^(?:\/(public|market|private))?\/(ws|stream)(?:\/([^?]*))?(?:\?(.*))?$/.exec(path)
  if (match === null) return undefined
  const query = new Map((match[4] ?? "").split("&").map((part) => part.split("=", 2) as [string, string | undefined]))
  const value = (name: string): string[] => unescaped(query.get(name) ?? "").split(/[/,]/)
  const streams = [...unescaped(match[3] ?? "").split("/"), ...value("streams"), ...value("listenKey")]
  const events = value("events").filter((event) => event !== "")
  return {
    route: (match[1] as Route | undefined) ?? "plain",
    isCombined: match[2] === "stream",
    streams: streams.filter((stream) => stream !== ""),
    events: events.length === 0 ? undefined : events,
  }
}

/** A sequence of escapes that is no UTF-8 names no stream. */
function unescaped(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return ""
  }
}

/** Market and user data streams: subscriptions and their control messages (page "Live Subscribing/Unsubscribing to streams"). */
export class Streams {
  readonly #exchange: Exchange

  constructor(exchange: Exchange) {
    this.#exchange = exchange
  }

  open(id: number, path: StreamPath): void {
    const connection: Connection = { id, route: path.route, isCombined: path.isCombined, streams: new Set() }
    this.#exchange.hub.connections.set(id, connection)
    for (const stream of path.streams) this.#subscribe(connection, stream, path.events)
  }

  message(id: number, text: string): void {
    const connection = this.#exchange.hub.connections.get(id)
    if (connection !== undefined) this.#exchange.hub.send(id, `{${this.#answer(connection, text)}}`)
  }

  closed(id: number): void {
    const connection = this.#exchange.hub.connections.get(id)
    if (connection !== undefined) this.#exchange.hub.forget(connection)
    this.#exchange.users.leave(id)
  }

  #answer(connection: Connection, text: string): string {
    let request: { readonly method?: unknown; readonly params?: unknown; readonly id?: unknown } | null
    try {
      request = JSON.parse(text) as typeof request
    } catch {
      return fault(3, "Invalid JSON: expected value at line 1 column 1")
    }
    const { method, params, id } = request ?? {}
    if (!Number.isSafeInteger(id) || (id as number) < 0) {
      return fault(2, "Invalid request: request ID must be an unsigned integer")
    }
    return `${this.#control(connection, method, params)},"id":${String(id)}`
  }

  #control(connection: Connection, method: unknown, params: unknown): string {
    if (method === undefined) return fault(2, "Invalid request: missing field `method` at line 1 column 1")
    if (typeof method !== "string" || !VARIANTS.includes(method)) {
      const expected = VARIANTS.map((variant) => `\`${variant}\``).join(", ")
      return fault(
        2,
        `Invalid request: unknown variant \`${JSON.stringify(method)}\`, expected one of ${expected} at line 1 column 28`,
      )
    }
    if (method === "LIST_SUBSCRIPTIONS") return `"result":${JSON.stringify([...connection.streams])}`
    if (!Array.isArray(params)) return fault(2, "Invalid request: missing field `params` at line 1 column 1")
    if (method.endsWith("PROPERTY")) return property(connection, method, params)
    if (!params.every((stream) => typeof stream === "string")) {
      return fault(2, "Invalid request: stream name must be a string")
    }
    if (method === "SUBSCRIBE" && connection.streams.size + params.length > streamsPerConnectionMax) {
      return fault(2, `Invalid request: too many streams, at most ${streamsPerConnectionMax}`)
    }
    for (const stream of params as string[]) {
      if (method === "SUBSCRIBE") this.#subscribe(connection, stream, undefined)
      else this.#unsubscribe(connection, stream)
    }
    return '"result":null'
  }

  /** A listen key is a stream too, on the private path and on the unrouted one. */
  #subscribe(connection: Connection, stream: string, events: readonly string[] | undefined): void {
    const { hub, users } = this.#exchange
    const isUser = listenKeyForm.test(stream) && (connection.route === "private" || connection.route === "plain")
    if (!isUser) return hub.subscribe(connection, stream)
    connection.streams.add(stream)
    const wanted = events === undefined ? undefined : new Set([...events, "listenKeyExpired"])
    users.listen(stream, { connection: connection.id, isCombined: connection.isCombined, events: wanted })
  }

  #unsubscribe(connection: Connection, stream: string): void {
    this.#exchange.hub.unsubscribe(connection, stream)
    this.#exchange.users.leave(connection.id, stream)
  }
}

function property(connection: Connection, method: string, params: readonly unknown[]): string {
  if (typeof params[0] !== "string") return fault(2, "Invalid request: property name must be a string")
  if (params[0] !== "combined") return fault(0, "Unknown property")
  if (method === "GET_PROPERTY") return `"result":${connection.isCombined}`
  if (typeof params[1] !== "boolean") return fault(1, "Invalid value type: expected Boolean")
  connection.isCombined = params[1]
  return '"result":null'
}
