import type { Server, ServerWebSocket } from "bun"
import type { InboundSockets, Listener, Listening, ListenOptions } from "../../ports.ts"
import { Inbound } from "../shared/inbound.ts"
import {
  bindError,
  bufferedBytesMax,
  frameBytesMax,
  idleSecMax,
  internalError,
  isLoopback,
  NO_HANDSHAKE,
  NO_SOCKETS,
} from "../shared/serving.ts"

interface Client extends ServerWebSocket<Inbound<Client>> {}
type Connection = Inbound<Client>

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

function serve({ host, port, request: answer, sockets }: ListenOptions): Server<Connection> {
  let connections = 0
  try {
    return Bun.serve<Connection>({
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
      error: (error) => responseOf(internalError(error)),
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
  server: Server<Connection>,
  sockets: InboundSockets | undefined,
  id: number,
): Response | undefined {
  if (sockets === undefined) return responseOf(NO_SOCKETS)
  const url = new URL(request.url)
  const connection: Connection = new Inbound<Client>(id, (client) => client.getBufferedAmount())
  const refusal = sockets.open(connection, url.pathname + url.search, Object.fromEntries(request.headers))
  if (refusal !== undefined) return responseOf(refusal)
  if (server.upgrade(request, { data: connection })) return undefined
  sockets.closed(connection)
  return responseOf(NO_HANDSHAKE)
}

const responseOf = ({ status, body }: { readonly status: number; readonly body: string }): Response =>
  new Response(body, { status })
