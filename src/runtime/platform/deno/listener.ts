import { createServer, STATUS_CODES, type IncomingMessage, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import type { Duplex } from "node:stream"
import { type WebSocket, WebSocketServer } from "ws"
import type { InboundSockets, Listener, ListenOptions } from "../../ports.ts"
import { Inbound } from "../shared/inbound.ts"
import {
  bindError,
  bufferedBytesMax,
  frameBytesMax,
  idleSecMax,
  isLoopback,
  internalError,
  NO_HANDSHAKE,
  NO_SOCKETS,
} from "../shared/serving.ts"
import { requestOf, respond } from "./exchange.ts"

/** HTTP and WebSocket server over `node:http` and `ws`. */
export const denoListener = (): Listener => ({
  async listen(options) {
    const { host, port } = options
    const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: frameBytesMax })
    const server = serve(options, sockets)
    try {
      await bound(server, host, port)
    } catch (error) {
      throw bindError(host, port, error)
    }
    return { host, port: (server.address() as AddressInfo).port, close: () => close(server, sockets) }
  },
})

function serve({ request: answer, sockets }: ListenOptions, server: WebSocketServer): Server {
  let connections = 0
  const http = createServer({ keepAliveTimeout: idleSecMax * 1_000 }, (incoming, outgoing) => {
    if (isUpgrade(incoming)) {
      const { status, body } = sockets === undefined ? NO_SOCKETS : NO_HANDSHAKE
      outgoing.writeHead(status).end(body)
      return
    }
    const remote = { isLoopback: isLoopback(incoming.socket.remoteAddress) }
    requestOf(incoming, outgoing)
      .then((request) => answer(request, remote))
      .catch((error: unknown) => {
        const { status, body } = internalError(error)
        return new Response(body, { status })
      })
      .then((response) => respond(outgoing, response))
      // The caller has gone away in the middle of its answer.
      .catch(() => outgoing.destroy())
  })
  http.on("upgrade", (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on("error", () => socket.destroy())
    if (sockets === undefined) refuse(socket, NO_SOCKETS)
    else upgrade(server, sockets, { incoming, socket, head, id: ++connections })
  })
  return http
}

function bound(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject)
    server.listen({ host, port }, () => {
      server.off("error", reject)
      resolve()
    })
  })
}

function close(server: Server, sockets: WebSocketServer): Promise<void> {
  return new Promise((resolve) => {
    for (const client of sockets.clients) client.terminate()
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

interface Upgrade {
  readonly incoming: IncomingMessage
  readonly socket: Duplex
  readonly head: Buffer
  readonly id: number
}

function upgrade(server: WebSocketServer, sockets: InboundSockets, { incoming, socket, head, id }: Upgrade): void {
  const connection = new Inbound<Limited>(id, ({ client }) => client.bufferedAmount)
  const refusal = sockets.open(connection, incoming.url ?? "/", headersOf(incoming))
  if (refusal !== undefined) {
    refuse(socket, refusal)
    return
  }
  if (!isHandshake(incoming)) {
    sockets.closed(connection)
    refuse(socket, NO_HANDSHAKE)
    return
  }
  server.handleUpgrade(incoming, socket, head, (client) => {
    client.on("message", (data) => sockets.text(connection, (data as Buffer).toString()))
    client.on("ping", () => sockets.alive(connection))
    client.on("pong", () => sockets.alive(connection))
    // An error is always followed by `close`.
    client.on("error", () => client.terminate())
    client.once("close", () => {
      connection.end()
      sockets.closed(connection)
    })
    socket.on("drain", () => sockets.drained?.(connection))
    connection.attach(new Limited(client))
  })
}

/** Cuts a client for which too much piles up. */
class Limited {
  readonly client: WebSocket

  constructor(client: WebSocket) {
    this.client = client
  }

  send(text: string): void {
    this.client.send(text)
    if (this.client.bufferedAmount > bufferedBytesMax) this.client.terminate()
  }

  ping(): void {
    this.client.ping()
  }

  close(code: number, reason: string): void {
    this.client.close(code, reason)
  }
}

const isUpgrade = ({ headers }: IncomingMessage): boolean => headers.upgrade?.toLowerCase() === "websocket"

/** What `ws` would refuse only after the connection was told of. */
const isHandshake = (incoming: IncomingMessage): boolean =>
  incoming.method === "GET" &&
  isUpgrade(incoming) &&
  incoming.headers["sec-websocket-version"] === "13" &&
  /^[+/0-9A-Za-z]{22}==$/.test(incoming.headers["sec-websocket-key"] ?? "")

function headersOf(incoming: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(incoming.headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, typeof value === "string" ? value : value.join(", ")]],
    ),
  )
}

function refuse(socket: Duplex, { status, body }: { readonly status: number; readonly body: string }): void {
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`,
    "content-type: text/plain;charset=utf-8",
    `content-length: ${Buffer.byteLength(body)}`,
    "connection: close",
  ]
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`)
}
