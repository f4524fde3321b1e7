import type { Server } from "bun"
import { ConfigError, describe } from "../../domain/errors.ts"
import type { InboundSockets, Listener, Listening, ListenOptions } from "../../ports.ts"
import { Inbound } from "./inbound.ts"

/** A client that lets this much pile up is cut: it will never catch up, and its memory is ours. */
const bufferedBytesMax = 64 * 1024 * 1024
const frameBytesMax = 16 * 1024 * 1024
/** Seconds without a byte before an HTTP connection is closed; an answer that streams must speak more often. */
const idleSecMax = 120

/** HTTP and WebSocket server over `Bun.serve`. */
export const bunListener = (): Listener => ({ listen: (options) => Promise.try(listen, options) })

function listen(options: ListenOptions): Listening {
  const server = serve(options)
  return {
    host: options.host,
    port: server.port ?? options.port,
    close: () => server.stop(true),
  }
}

function serve({ host, port, request: answer, sockets }: ListenOptions): Server<Inbound> {
  let connections = 0
  try {
    return Bun.serve<Inbound>({
      hostname: host,
      port,
      idleTimeout: idleSecMax,
      development: false,
      // Outside development the default is true (Bun 1.4.5), and two bots would share one port without a word.
      reusePort: false,
      fetch(request, server) {
        if (request.headers.get("upgrade")?.toLowerCase() === "websocket") {
          return upgrade(request, server, sockets, ++connections)
        }
        return answer(request, { isLoopback: isLoopback(server.requestIP(request)?.address) })
      },
      error: (error) => new Response(`internal error: ${describe(error)}\n`, { status: 500 }),
      websocket: {
        // Pings and idle connections are the served protocol's own business.
        idleTimeout: 0,
        sendPings: false,
        maxPayloadLength: frameBytesMax,
        backpressureLimit: bufferedBytesMax,
        closeOnBackpressureLimit: true,
        open: (client) => client.data.attach(client),
        message: (client, message) => sockets?.text(client.data, message.toString()),
        ping: (client) => sockets?.alive(client.data),
        pong: (client) => sockets?.alive(client.data),
        drain: (client) => sockets?.drained?.(client.data),
        close: (client) => {
          client.data.end()
          sockets?.closed(client.data)
        },
      },
    })
  } catch (error) {
    throw bindError(host, port, error)
  }
}

function upgrade(
  request: Request,
  server: Server<Inbound>,
  sockets: InboundSockets | undefined,
  id: number,
): Response | undefined {
  if (sockets === undefined) return new Response("no WebSocket is served here\n", { status: 426 })
  const url = new URL(request.url)
  const connection = new Inbound(id)
  const refusal = sockets.open(connection, url.pathname + url.search, Object.fromEntries(request.headers))
  if (refusal !== undefined) return new Response(refusal.body, { status: refusal.status })
  if (server.upgrade(request, { data: connection })) return undefined
  sockets.closed(connection)
  return new Response("not a WebSocket handshake\n", { status: 400 })
}

const isLoopback = (address: string | undefined): boolean =>
  address !== undefined && /^(?:::ffff:)?127\.|^::1$/.test(address)

const REMEDIES: Readonly<Record<string, string>> = {
  EADDRINUSE: "the port is in use; stop what holds it, or choose another (0 picks a free one)",
  EACCES: "this user may not bind it; choose a port from 1024 up",
  EADDRNOTAVAIL: "this machine has no such address; 127.0.0.1 is itself alone, 0.0.0.0 every address",
  ERR_OUT_OF_RANGE: "a port is a number from 0 to 65535",
}

function bindError(host: string, port: number, error: unknown): ConfigError {
  const code = error instanceof Error && "code" in error ? String(error.code) : ""
  return new ConfigError(`cannot listen on ${host}:${port}: ${REMEDIES[code] ?? describe(error)}`, { cause: error })
}
