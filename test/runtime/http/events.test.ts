import { expect, test } from "bun:test"
import { bunListener } from "../../../src/runtime/platform/bun/listener.ts"
import { endpoint } from "../../../src/runtime/http/endpoint.ts"
import { elsewhere, here, testBot } from "./support.ts"

const ask = (signal?: AbortSignal): Request =>
  new Request("http://127.0.0.1:8080/events", signal === undefined ? {} : { signal })

async function pieces(reply: Response, count: number): Promise<string[]> {
  const reader = reply.body?.pipeThrough(new TextDecoderStream()).getReader()
  const read: string[] = []
  while (read.length < count) {
    const piece = await reader?.read()
    if (piece === undefined || piece.done) break
    read.push(piece.value)
  }
  return read
}

test("events arrive as server-sent events, and a heartbeat in between", async () => {
  const bot = testBot()
  const served = endpoint(bot.deps)
  const reply = await served.fetch(ask(), here)
  expect(reply.headers.get("content-type")).toBe("text/event-stream")
  bot.emit({ name: "order", data: { clientId: "01", text: "two\nlines" } })
  bot.clock.pass(15_000)
  bot.emit({ name: "mode\r\nevent: forged", data: undefined })
  expect(await pieces(reply, 4)).toEqual([
    "retry: 2000\n\n",
    'event: order\ndata: {"clientId":"01","text":"two\\nlines"}\n\n',
    ": alive\n\n",
    "event: mode  event: forged\ndata: null\n\n",
  ])
})

test("the bot is listened to only while somebody listens here", async () => {
  const bot = testBot()
  const served = endpoint(bot.deps)
  expect(bot.listeners()).toBe(0)
  const gone = new AbortController()
  const [first, second] = [await served.fetch(ask(gone.signal), here), await served.fetch(ask(), here)]
  expect([bot.listeners(), served.events.size]).toEqual([1, 2])
  gone.abort()
  expect([bot.listeners(), served.events.size]).toEqual([1, 1])
  await second.body?.cancel()
  expect([bot.listeners(), served.events.size]).toEqual([0, 0])
  await first.body?.cancel()
  const again = await served.fetch(ask(), here)
  expect(bot.listeners()).toBe(1)
  served.close()
  expect((await pieces(again, 9)).length).toBe(1)
  expect(bot.listeners()).toBe(0)
})

test("a client that does not read is dropped at its bound, and the others hear everything", async () => {
  const bot = testBot()
  const served = endpoint(bot.deps, { events: { bufferBytesMax: 1000 } })
  const slow = await served.fetch(ask(), here)
  const fast = await served.fetch(ask(), here)
  const reader = fast.body?.getReader()
  await reader?.read()
  let heard = 0
  for (let count = 0; count < 50; count++) {
    bot.emit({ name: "tick", data: "x".repeat(50) })
    heard += (await reader?.read())?.value?.length === undefined ? 0 : 1
  }
  expect({ heard, size: served.events.size, dropped: served.events.dropped }).toEqual({
    heard: 50,
    size: 1,
    dropped: 1,
  })
  expect(slow.text()).rejects.toThrow("the client reads too slowly")
  served.close()
})

test("more clients than may be are refused", async () => {
  const served = endpoint(testBot().deps, { events: { clientsMax: 1 } })
  await served.fetch(ask(), here)
  const refused = await served.fetch(ask(), here)
  expect([refused.status, await refused.json()]).toEqual([503, { error: "too many clients listen already" }])
  expect((await served.fetch(ask(), elsewhere)).status).toBe(401)
  served.close()
})

test("over a real socket: a client that hangs up is forgotten, one that stops reading is dropped", async () => {
  const bot = testBot()
  const served = endpoint(bot.deps)
  const server = await bunListener().listen({
    host: "127.0.0.1",
    port: 0,
    request: (request, remote) => served.fetch(request, remote),
  })
  const url = `http://127.0.0.1:${server.port}/events`
  const gone = new AbortController()
  const reply = await fetch(url, { signal: gone.signal })
  bot.emit({ name: "hello", data: 1 })
  expect((await pieces(reply, 2)).join("")).toBe("retry: 2000\n\nevent: hello\ndata: 1\n\n")
  gone.abort()
  while (served.events.size > 0) await Bun.sleep(1)
  expect(bot.listeners()).toBe(0)

  // Raw, because fetch would read ahead for as long as memory lasts.
  const silent = await Bun.connect({
    hostname: "127.0.0.1",
    port: server.port,
    socket: { data: (socket) => void socket.pause(), error: () => undefined },
  })
  silent.write(`GET /events HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\n\r\n`)
  while (served.events.size === 0) await Bun.sleep(1)
  const wide = "x".repeat(64 * 1024)
  let sent = 0
  while (served.events.size > 0 && sent < 4000) {
    bot.emit({ name: "wide", data: wide })
    sent += 1
    await Bun.sleep(0)
  }
  expect(served.events.dropped).toBe(1)
  silent.end()
  await server.close()
})
