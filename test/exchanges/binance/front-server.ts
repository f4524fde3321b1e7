import { type BinanceFront, front, type FrontOptions } from "../../../src/exchanges/binance/front.ts"
import { bunListener } from "../../../src/runtime/platform/bun/listener.ts"
import type { InboundConnection } from "../../../src/runtime/ports.ts"

/** Wall time, µs. */
const wall = (): number => Math.floor((performance.timeOrigin + performance.now()) * 1000)

/** A front behind real sockets on a free port of loopback. */
export async function serveFront(
  options: Omit<FrontOptions, "startedAt">,
): Promise<{ base: string; front: BinanceFront; close(): Promise<void> }> {
  const connections = new Map<number, InboundConnection>()
  const venue = front({ ...options, startedAt: wall() })
  let timer: ReturnType<typeof setTimeout> | undefined
  const flush = () => {
    for (const output of venue.drain()) {
      const connection = connections.get(output.connection)
      if (output.kind === "text") connection?.send(output.text)
      else if (output.kind === "ping") connection?.ping()
      else connection?.close(output.code, output.reason)
    }
  }
  const wake = () => {
    venue.advance(wall())
    flush()
    timer = setTimeout(wake, Math.max(1, (venue.nextAt() - wall()) / 1000))
  }
  const listening = await bunListener().listen({
    host: "127.0.0.1",
    port: 0,
    async request(request) {
      const url = new URL(request.url)
      const headers = Object.fromEntries(request.headers)
      const asked = {
        method: request.method,
        path: url.pathname,
        query: url.search.slice(1),
        headers,
        body: await request.text(),
      }
      const answer = venue.request(asked, wall())
      flush()
      return new Response(answer.body, { status: answer.status, headers: answer.headers })
    },
    sockets: {
      open(connection, path, headers) {
        connections.set(connection.id, connection)
        const refusal = venue.open(connection.id, path, headers, wall())
        if (refusal !== undefined) connections.delete(connection.id)
        flush()
        return refusal
      },
      text(connection, text) {
        venue.message(connection.id, text, wall())
        flush()
      },
      alive: (connection) => venue.pong(connection.id, wall()),
      closed(connection) {
        connections.delete(connection.id)
        venue.closed(connection.id, wall())
      },
    },
  })
  wake()
  return {
    base: `http://127.0.0.1:${listening.port}`,
    front: venue,
    close() {
      clearTimeout(timer)
      return listening.close()
    },
  }
}
