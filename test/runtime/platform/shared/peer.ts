// Raw TCP peers that misbehave on purpose.
import { createHash } from "node:crypto"
import { createServer, type AddressInfo, type Socket } from "node:net"

export interface Peer extends AsyncDisposable {
  readonly port: number
  /** Every chunk of bytes that arrived, as `connection:bytes`. */
  readonly received: string[]
}

/** Listens on loopback; `behave` is called with each chunk that arrives. */
export async function peer(behave: (socket: Socket, text: string, connection: number) => void): Promise<Peer> {
  const received: string[] = []
  const open = new Set<Socket>()
  let connections = 0
  const server = createServer((socket) => {
    const connection = ++connections
    open.add(socket)
    socket.on("error", () => {})
    socket.on("close", () => open.delete(socket))
    socket.on("data", (bytes) => {
      received.push(`${connection}:${bytes.toString().split("\r\n", 1)[0]}`)
      behave(socket, bytes.toString(), connection)
    })
  }).listen(0, "127.0.0.1")
  await new Promise((listening) => server.once("listening", listening))
  return {
    port: (server.address() as AddressInfo).port,
    received,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy()
      await new Promise((closed) => server.close(closed))
    },
  }
}

/** A port of loopback on which nobody listens. */
export async function closedPort(): Promise<number> {
  const { port, [Symbol.asyncDispose]: dispose } = await peer(() => {})
  await dispose()
  return port
}

/** Answers a WebSocket handshake, if these bytes are one, and nothing after it. */
export function acceptUpgrade(socket: Socket, text: string): boolean {
  const key = /sec-websocket-key: (\S+)/i.exec(text)?.[1]
  if (key === undefined) return false
  // RFC 6455, section 1.3.
  const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64")
  const lines = ["Upgrade: websocket", "Connection: Upgrade", `Sec-WebSocket-Accept: ${accept}`]
  return socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join("\r\n")}\r\n\r\n`)
}
