import { describe, expect, test } from "bun:test"
import type { AddressInfo, Socket as TcpSocket } from "node:net"
import { platform } from "#platform"
import { WebSocketServer } from "ws"
import { systemClock } from "../../../../src/runtime/platform/shared/clock.ts"
import { wsSockets } from "../../../../src/runtime/platform/shared/sockets.ts"
import { unsentBytesMax } from "../../../../src/runtime/domain/backlog.ts"
import type { InboundSockets, Listening, Socket, SocketTarget } from "../../../../src/runtime/ports.ts"
import { acceptUpgrade, closedPort, peer } from "./peer.ts"

const clock = systemClock()
const { listener } = platform.outside({ log: { level: "silent" } })
const sockets = wsSockets({ clock })

function serve(handler: Partial<InboundSockets>): Promise<Listening> {
  return listener.listen({
    host: "127.0.0.1",
    port: 0,
    request: () => new Response("plain"),
    sockets: { open: () => undefined, text() {}, alive() {}, closed() {}, ...handler },
  })
}

/** Everything that one connection's handler was told, in order, until it closed and 20 ms beyond. */
function record(target: Partial<SocketTarget> & { url: string }, onEvent?: (event: string) => void) {
  const events: string[] = []
  const closed = Promise.withResolvers<string[]>()
  const told = (event: string): void => {
    events.push(event)
    onEvent?.(event)
  }
  const socket = sockets.open(
    { connectMsMax: 5_000, ...target },
    {
      open: () => told("open"),
      text: (text, receivedAt) => told(Math.abs(receivedAt - clock.now()) < 1e6 ? text : "wrong time"),
      alive: () => told("alive"),
      closed(code, reason) {
        told(`closed ${code} ${reason}`)
        clock.timer(20, () => closed.resolve(events))
      },
    },
  )
  return { socket, closed: closed.promise }
}

describe("a WebSocket", () => {
  test("opens, carries text both ways, is pinged and pinging, and closes last with the peer's reason", async () => {
    const seen: string[] = []
    const server = await serve({
      open(connection, path, headers) {
        seen.push(path, headers["x-key"] ?? "")
        connection.send("hello")
        connection.ping()
        return undefined
      },
      text(connection, text) {
        seen.push(text)
        if (text === "bye") connection.close(4001, "so long")
      },
      alive: () => seen.push("alive"),
      closed: () => seen.push("closed"),
    })
    const { socket, closed } = record(
      { url: `ws://127.0.0.1:${server.port}/ws?a=1`, headers: { "X-Key": "k" } },
      (event) => {
        if (event !== "alive" || seen.includes("größe")) return
        expect(socket.send("größe")).toBe(true)
        socket.ping()
        socket.send("bye")
      },
    )
    const events = await closed
    await server.close()
    expect(events.filter((event) => event !== "alive")).toEqual(["open", "hello", "closed 4001 so long"])
    expect(events.filter((event) => event === "alive")).toHaveLength(2)
    expect(seen.filter((event) => event !== "alive")).toEqual(["/ws?a=1", "k", "größe", "bye", "closed"])
    expect(seen.filter((event) => event === "alive").length).toBeGreaterThanOrEqual(2)
  })

  test("reads a binary frame as text", async () => {
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1" })
    await new Promise((listening) => server.once("listening", listening))
    server.on("connection", (client) => {
      client.send(Buffer.from('{"größe":1}'))
      client.close(1000, "done")
    })
    const { port } = server.address() as AddressInfo
    const { closed } = record({ url: `ws://127.0.0.1:${port}/` })
    expect(await closed).toEqual(["open", '{"größe":1}', "closed 1000 done"])
    server.close()
  })

  test("gives bytes to whoever takes them, of a text as of a binary frame, and no text then", async () => {
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1" })
    await new Promise((listening) => server.once("listening", listening))
    server.on("connection", (client) => {
      client.send("größe")
      client.send(Buffer.from("größer"))
      client.close(1000, "done")
    })
    const { port } = server.address() as AddressInfo
    const told: string[] = []
    const closed = Promise.withResolvers<void>()
    const handler = {
      open() {},
      text: (text: string) => void told.push(`text ${text}`),
      bytes(bytes: Buffer, receivedAt: number) {
        if (Math.abs(receivedAt - clock.now()) < 1e6) told.push(bytes.toString("utf8"))
      },
      closed: () => closed.resolve(),
    }
    sockets.open({ url: `ws://127.0.0.1:${port}/`, connectMsMax: 5_000 }, handler)
    await closed.promise
    expect(told).toEqual(["größe", "größer"])
    server.close()
  })

  test("tells once that nobody listens, and sends nothing", async () => {
    const { socket, closed } = record({ url: `ws://127.0.0.1:${await closedPort()}/` })
    expect(socket.send("lost")).toBe(false)
    const events = await closed
    expect(events).toHaveLength(1)
    expect(events[0]).toMatch(/^closed 1006 .*ECONNREFUSED/)
    expect(socket.send("lost")).toBe(false)
  })

  test("tells once that its address is none", async () => {
    const { closed } = record({ url: "htp://x/" })
    const events = await closed
    expect(events).toHaveLength(1)
    expect(events[0]).toStartWith("closed 1006 ")
  })

  test("tells once that the upgrade was refused, and with which status", async () => {
    const server = await serve({ open: () => ({ status: 403, body: "no" }) })
    const { closed } = record({ url: `ws://127.0.0.1:${server.port}/` })
    const events = await closed
    await server.close()
    expect(events).toHaveLength(1)
    expect(events[0]).toMatch(/^closed 1006 .*403/)
  })

  test("gives up on a peer that never answers the upgrade", async () => {
    await using server = await peer(() => {})
    const { closed } = record({ url: `ws://127.0.0.1:${server.port}/`, connectMsMax: 50 })
    expect(await closed).toEqual(["closed 1006 no connection within 50 ms"])
  })

  test("closed by us while connecting tells so once and never opens", async () => {
    await using server = await peer(() => {})
    const { socket, closed } = record({ url: `ws://127.0.0.1:${server.port}/` })
    clock.timer(10, () => socket.close(1000, "changed my mind"))
    expect(await closed).toEqual(["closed 1006 changed my mind"])
  })

  test("is cut when the peer does not answer the closing handshake", async () => {
    await using server = await peer(acceptUpgrade)
    const start = clock.monotonic()
    const { socket, closed } = record({ url: `ws://127.0.0.1:${server.port}/` }, (event) => {
      if (event === "open") socket.close(1000, "done")
    })
    const events = await closed
    expect(events[0]).toBe("open")
    expect(events).toHaveLength(2)
    expect(clock.monotonic() - start).toBeLessThan(4_000_000)
  })

  test.skipIf(process.platform !== "linux")("leaves from the local address that was chosen", async () => {
    const from = Promise.withResolvers<string>()
    await using server = await peer((socket) => {
      from.resolve(socket.remoteAddress ?? "")
      socket.destroy()
    })
    const closed = Promise.withResolvers<void>()
    const target = { url: `ws://127.0.0.1:${server.port}/`, connectMsMax: 2_000 }
    const handler = { open() {}, text() {}, closed: () => closed.resolve() }
    wsSockets({ clock, localAddress: "127.0.0.2" }).open(target, handler)
    await closed.promise
    expect(await from.promise).toBe("127.0.0.2")
  })

  test("tells that the connection was cut without a word", async () => {
    await using server = await peer((socket, text) => {
      if (acceptUpgrade(socket, text)) setTimeout(() => socket.destroy(), 10)
    })
    const { closed } = record({ url: `ws://127.0.0.1:${server.port}/` })
    expect(await closed).toEqual(["open", "closed 1006 "])
  })
})

/** A peer that shakes hands and reads no byte more; `theirs` is its end. */
async function deaf() {
  const theirs = Promise.withResolvers<TcpSocket>()
  const server = await peer((socket, text) => {
    if (!acceptUpgrade(socket, text)) return
    socket.pause()
    theirs.resolve(socket)
  })
  const opened = Promise.withResolvers<void>()
  const told: string[] = []
  const { socket, closed } = record({ url: `ws://127.0.0.1:${server.port}/` }, (event) => {
    if (event === "open") opened.resolve()
    else told.push(event)
  })
  await opened.promise
  /** Sends, and tells when it has left, or why not. */
  const send = (name: string, bytes: number): boolean =>
    socket.send("x".repeat(bytes), (failure) => told.push(failure === undefined ? `${name} left` : `${name} stayed`))
  return { server, theirs: await theirs.promise, socket, closed, told, send }
}

const MEGABYTE = 1_000_000
const wait = (ms: number): Promise<void> => new Promise((resolve) => void clock.timer(ms, resolve))

/** Gives it texts until some wait. */
function clog(socket: Socket): void {
  while (socket.bufferedBytes() === 0) socket.send("x".repeat(MEGABYTE))
  socket.send("x".repeat(MEGABYTE))
}

describe("a text handed to a socket", () => {
  test("has left when the kernel took it, though the peer reads nothing", async () => {
    const { server, told, send } = await deaf()
    expect(send("small", 100)).toBe(true)
    expect(told).toEqual([])
    await wait(50)
    expect(told).toEqual(["small left"])
    await server[Symbol.asyncDispose]()
  })

  test("that waits has left once the peer reads on", async () => {
    const { server, theirs, socket, told, send } = await deaf()
    clog(socket)
    expect(send("last", 100)).toBe(true)
    await wait(100)
    expect(told).toEqual([])
    expect(socket.bufferedBytes()).toBeGreaterThan(MEGABYTE)
    theirs.resume()
    for (let looks = 0; looks < 100 && told.length === 0; looks++) await wait(20)
    expect(told).toEqual(["last left"])
    expect(socket.bufferedBytes()).toBe(0)
    await server[Symbol.asyncDispose]()
  })

  test("that waits has not left when the connection is reset, and is told so before its end", async () => {
    const { server, theirs, socket, told, send, closed } = await deaf()
    clog(socket)
    send("last", 100)
    await wait(50)
    theirs.resetAndDestroy()
    await closed
    expect(told).toHaveLength(2)
    expect(told[0]).toBe("last stayed")
    expect(told[1]).toStartWith("closed 1006")
    await server[Symbol.asyncDispose]()
  })

  test("has not left when the connection was reset and nobody has noticed yet", async () => {
    const { server, theirs, told, send, closed } = await deaf()
    theirs.resetAndDestroy()
    send("late", 100)
    await closed
    expect(told).toHaveLength(2)
    expect(told[0]).toBe("late stayed")
    await server[Symbol.asyncDispose]()
  })

  test("is refused while more wait than the bound, and memory stays bounded", async () => {
    const { server, socket, told, send } = await deaf()
    clog(socket)
    let taken = 0
    while (taken < 100 && socket.send("x".repeat(MEGABYTE))) taken++
    expect(taken).toBeLessThan(20)
    expect(socket.bufferedBytes()).toBeGreaterThan(unsentBytesMax)
    expect(socket.bufferedBytes()).toBeLessThan(unsentBytesMax + 2 * MEGABYTE)
    expect(send("more", 1)).toBe(false)
    await wait(20)
    expect(told).toEqual([])
    await server[Symbol.asyncDispose]()
  })
})
