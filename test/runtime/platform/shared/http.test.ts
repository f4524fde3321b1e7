import { describe, expect, test } from "bun:test"
import { setTimeout } from "node:timers/promises"
import { platform } from "#platform"
import { describe as inWords, NetworkError } from "../../../../src/runtime/domain/errors.ts"
import { systemClock } from "../../../../src/runtime/platform/shared/clock.ts"
import { nodeHttp } from "../../../../src/runtime/platform/shared/http.ts"
import type { HttpCall } from "../../../../src/runtime/ports.ts"
import { closedPort, peer } from "./peer.ts"

const { listener } = platform.outside({ log: { level: "silent" } })
const http = nodeHttp({ clock: systemClock() })
const get = (url: string): HttpCall => ({ method: "GET", url, headers: {} })
const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok"

/** How a request failed: whether it may have been sent, and the message. */
async function failure(call: HttpCall, timeoutMs = 2_000): Promise<{ wasSent: boolean; message: string }> {
  try {
    const reply = await http.request(call, timeoutMs)
    throw new Error(`answered ${reply.status}`)
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error
    return { wasSent: error.wasSent, message: inWords(error) }
  }
}

describe("an HTTP request", () => {
  test("carries method, headers, query and body, and reads status, headers and body", async () => {
    const server = await listener.listen({
      host: "127.0.0.1",
      port: 0,
      async request(request) {
        const { pathname, search } = new URL(request.url)
        const seen = [request.method, pathname + search, request.headers.get("X-MBX-APIKEY"), await request.text()]
        return Response.json(seen, { status: 418, headers: { "X-MBX-Used-Weight-1m": "7" } })
      },
    })
    const reply = await http.request(
      {
        method: "POST",
        url: `http://127.0.0.1:${server.port}/fapi/v1/order?a=%20b`,
        headers: { "X-MBX-APIKEY": "k" },
        body: "side=BUY&q=ü",
      },
      2_000,
    )
    await server.close()
    expect({
      status: reply.status,
      weight: reply.headers["x-mbx-used-weight-1m"],
      body: JSON.parse(reply.body),
    }).toEqual({ status: 418, weight: "7", body: ["POST", "/fapi/v1/order?a=%20b", "k", "side=BUY&q=ü"] })
  })

  test("does not follow a redirect", async () => {
    const server = await listener.listen({
      host: "127.0.0.1",
      port: 0,
      request: () => new Response("", { status: 302, headers: { location: "/elsewhere" } }),
    })
    const reply = await http.request(get(`http://127.0.0.1:${server.port}/`), 2_000)
    await server.close()
    expect([reply.status, reply.headers.location]).toEqual([302, "/elsewhere"])
  })

  test("uses one connection for one request after the other", async () => {
    await using server = await peer((socket) => socket.write(ok))
    for (let request = 0; request < 3; request++) await http.request(get(`http://127.0.0.1:${server.port}/`), 2_000)
    expect(server.received).toEqual(Array.from({ length: 3 }, () => "1:GET / HTTP/1.1"))
  })

  test.each(["GET", "POST", "PUT", "DELETE"] as const)(
    "%s is sent once even when a kept connection dies under it",
    async (method) => {
      await using server = await peer((socket) => {
        if (server.received.length === 1) socket.write(ok)
        else socket.destroy()
      })
      const call = { ...get(`http://127.0.0.1:${server.port}/`), method }
      await http.request(call, 2_000)
      expect((await failure(call)).wasSent).toBe(true)
      await setTimeout(20)
      expect(server.received).toEqual([`1:${method} / HTTP/1.1`, `1:${method} / HTTP/1.1`])
    },
  )

  test.skipIf(process.platform !== "linux")("leaves from the local address that was chosen", async () => {
    await using server = await peer((socket) => {
      const body = socket.remoteAddress ?? ""
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
    })
    const other = nodeHttp({ clock: systemClock(), localAddress: "127.0.0.2" })
    expect((await other.request(get(`http://127.0.0.1:${server.port}/`), 2_000)).body).toBe("127.0.0.2")
  })

  test("that nobody listens to was not sent", async () => {
    const port = await closedPort()
    const { wasSent, message } = await failure(get(`http://127.0.0.1:${port}/x?signature=abc`))
    expect(wasSent).toBe(false)
    expect(message).toContain(`GET http://127.0.0.1:${port}/x failed: `)
    expect(message).not.toContain("abc")
  })

  test.each(["htp://x/?signature=abc", "no address"])("to %s was not sent", async (url) => {
    const { wasSent, message } = await failure(get(url), 10_000)
    expect({ wasSent, leaks: message.includes("abc") }).toEqual({ wasSent: false, leaks: false })
  })

  test("whose answer stops in the middle was sent", async () => {
    await using server = await peer((socket) => {
      socket.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
      void setTimeout(10).then(() => socket.destroy())
    })
    expect((await failure(get(`http://127.0.0.1:${server.port}/`))).wasSent).toBe(true)
  })

  test("whose answer is no HTTP was sent", async () => {
    await using server = await peer((socket) => socket.end("what?\r\n\r\n"))
    expect((await failure(get(`http://127.0.0.1:${server.port}/`))).wasSent).toBe(true)
  })

  test("without an answer gives up at its deadline and was sent", async () => {
    await using server = await peer(() => {})
    const { wasSent, message } = await failure(get(`http://127.0.0.1:${server.port}/`), 60)
    expect(wasSent).toBe(true)
    expect(message).toBe(`GET http://127.0.0.1:${server.port}/ had no answer within 60 ms`)
  })

  test("over a TLS session that never stood was not sent", async () => {
    await using server = await peer(() => {})
    expect((await failure(get(`https://127.0.0.1:${server.port}/`), 60)).wasSent).toBe(false)
  })
})
