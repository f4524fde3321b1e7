import { describe, expect, test } from "bun:test"
import { platform } from "#platform"
import { ConfigError } from "../../../../src/runtime/domain/errors.ts"
import { systemClock } from "../../../../src/runtime/platform/shared/clock.ts"
import { wsSockets } from "../../../../src/runtime/platform/shared/sockets.ts"
import type { InboundConnection } from "../../../../src/runtime/ports.ts"

const clock = systemClock()
const { listener } = platform.outside({ log: { level: "silent" } })
const local = { host: "127.0.0.1", port: 0 }

async function bindFailure(host: string, port: number): Promise<string> {
  try {
    const listening = await listener.listen({ host, port, request: () => new Response() })
    await listening.close()
    return "listening"
  } catch (error) {
    return error instanceof ConfigError ? error.message : `no ConfigError: ${String(error)}`
  }
}

describe("a listener", () => {
  test("picks a free port, answers, and knows a caller on this machine", async () => {
    const listening = await listener.listen({ ...local, request: (_request, remote) => Response.json(remote) })
    const reply = await fetch(`http://127.0.0.1:${listening.port}/`)
    expect(await reply.json()).toEqual({ isLoopback: true })
    await listening.close()
    expect(await bindFailure("127.0.0.1", listening.port)).toBe("listening")
  })

  test("names the address and the remedy when the port is taken", async () => {
    const listening = await listener.listen({ ...local, request: () => new Response() })
    expect(await bindFailure("127.0.0.1", listening.port)).toBe(
      `cannot listen on 127.0.0.1:${listening.port}: the port is in use; stop what holds it, or choose another (0 picks a free one)`,
    )
    await listening.close()
  })

  test.each([
    ["192.0.2.1", 0, "this machine has no such address"],
    ["127.0.0.1", 99_999, "a port is a number from 0 to 65535"],
  ])("names the address and the remedy for %s:%d", async (host, port, remedy) => {
    expect(await bindFailure(host, port)).toStartWith(`cannot listen on ${host}:${port}: ${remedy}`)
  })

  test("answers a failing handler with 500 and goes on", async () => {
    const listening = await listener.listen({
      ...local,
      request: () => {
        throw new Error("broken")
      },
    })
    const statuses = [0, 0].map(async () => (await fetch(`http://127.0.0.1:${listening.port}/`)).status)
    expect(await Promise.all(statuses)).toEqual([500, 500])
    await listening.close()
  })

  test("refuses upgrades with 426 where no sockets are served", async () => {
    const listening = await listener.listen({ ...local, request: () => new Response() })
    const reply = await fetch(`http://127.0.0.1:${listening.port}/`, { headers: { upgrade: "websocket" } })
    expect(reply.status).toBe(426)
    await listening.close()
  })

  test("answers an upgrade with the refusal it was given, and never tells of that connection again", async () => {
    const told: string[] = []
    const listening = await listener.listen({
      ...local,
      request: () => new Response(),
      sockets: {
        open: (_connection, path) => ({ status: 404, body: `nothing at ${path}` }),
        text: () => told.push("text"),
        alive: () => told.push("alive"),
        closed: () => told.push("closed"),
      },
    })
    const headers = {
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
      "sec-websocket-version": "13",
    }
    const reply = await fetch(`http://127.0.0.1:${listening.port}/a?b`, { headers })
    expect([reply.status, await reply.text(), told]).toEqual([404, "nothing at /a?b", []])
    await listening.close()
  })

  test("shows what piles up for a client that does not read, and tells when it has left", async () => {
    const drained = Promise.withResolvers<number>()
    let piledUp = 0
    const flood = (connection: InboundConnection): void => {
      const text = "x".repeat(100_000)
      for (let sent = 0; sent < 200; sent++) connection.send(text)
      piledUp = connection.bufferedBytes()
    }
    const listening = await listener.listen({
      ...local,
      request: () => new Response(),
      sockets: {
        open: () => undefined,
        text: flood,
        alive() {},
        closed() {},
        drained: (connection) => {
          if (connection.bufferedBytes() === 0) drained.resolve(connection.id)
        },
      },
    })
    let received = 0
    const all = Promise.withResolvers<void>()
    const socket = wsSockets({ clock }).open(
      { url: `ws://127.0.0.1:${listening.port}/`, connectMsMax: 5_000 },
      {
        open: () => void socket.send("go"),
        text: () => {
          if (++received === 200) all.resolve()
        },
        closed() {},
      },
    )
    expect(await drained.promise).toBe(1)
    await all.promise
    expect(piledUp).toBeGreaterThan(1_000_000)
    await listening.close()
  })

  test("closes every connection it has", async () => {
    const closed = Promise.withResolvers<number>()
    const listening = await listener.listen({
      ...local,
      request: () => new Response(),
      sockets: { open: () => undefined, text() {}, alive() {}, closed: ({ id }) => closed.resolve(id) },
    })
    const gone = Promise.withResolvers<void>()
    wsSockets({ clock }).open(
      { url: `ws://127.0.0.1:${listening.port}/`, connectMsMax: 5_000 },
      { open: () => void listening.close(), text() {}, closed: () => gone.resolve() },
    )
    await gone.promise
    expect(await closed.promise).toBe(1)
  })
})
