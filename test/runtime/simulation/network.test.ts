import { describe, expect, test } from "bun:test"
import { unsentBytesMax } from "../../../src/runtime/domain/backlog.ts"
import { ConfigError, NetworkError } from "../../../src/runtime/domain/errors.ts"
import { drainMicrotasks } from "../../../src/runtime/platform/bun/microtasks.ts"
import type { HttpCall, InboundConnection, InboundSockets, ListenOptions } from "../../../src/runtime/ports.ts"
import type { Faults } from "../../../src/runtime/simulation/faults.ts"
import { virtualOutside } from "../../../src/runtime/simulation/outside.ts"

const startAt = 1_700_000_000_000_000
const world = (faults: Faults = {}, seed = 1) => virtualOutside({ startAt, seed, drain: drainMicrotasks, faults })
type World = ReturnType<typeof world>

function serve({ listener }: World, sockets: Partial<InboundSockets>, request?: ListenOptions["request"]): void {
  void listener.listen({
    host: "10.0.0.1",
    port: 80,
    request: request ?? (() => new Response("")),
    sockets: { open: () => undefined, text() {}, alive() {}, closed() {}, ...sockets },
  })
}

function connect({ clock, sockets }: World, url = "ws://10.0.0.1:80/ws?a=1", headers = { "X-Key": "k" }) {
  const events: string[] = []
  const told = (event: string): void => void events.push(`${clock.monotonic() / 1_000} ${event}`)
  const socket = sockets.open(
    { url, headers, connectMsMax: 1_000 },
    {
      open: () => told("open"),
      text: told,
      alive: () => told("alive"),
      closed: (code, reason) => told(`closed ${code} ${reason}`),
    },
  )
  return { socket, events }
}

const get: HttpCall = { method: "GET", url: "http://10.0.0.1:80/x?y=1", headers: { "X-Key": "k" } }

describe("a virtual WebSocket", () => {
  test("opens, carries, pings and closes as a real one, each after its latency", () => {
    const outside = world({ latencyMsMin: 5 })
    const seen: string[] = []
    serve(outside, {
      open(connection, path, headers) {
        seen.push(`open ${path} ${headers["x-key"]}`)
        connection.send("hello")
        return undefined
      },
      text(connection, text) {
        seen.push(text)
        connection.send(`echo ${text}`)
        if (text === "bye") connection.close(4001, "so long")
      },
      alive: () => seen.push("alive"),
      closed: () => seen.push("closed"),
    })
    const { socket, events } = connect(outside)
    expect(socket.send("too early")).toBe(false)
    outside.clock.advance(20)
    socket.ping()
    expect(socket.send("bye")).toBe(true)
    outside.clock.advance(100)
    expect(socket.send("too late")).toBe(false)
    expect(events).toEqual(["10 open", "10 hello", "30 alive", "30 echo bye", "30 closed 4001 so long"])
    expect(seen).toEqual(["open /ws?a=1 k", "alive", "bye", "closed"])
  })

  test("keeps its order whatever the latency of each message", () => {
    const outside = world({ latencyMsMin: 0, latencyMsMax: 50 })
    const inbound: InboundConnection[] = []
    serve(outside, { open: (connection) => void inbound.push(connection) })
    const { events } = connect(outside)
    outside.clock.advance(200)
    const sent = Array.from({ length: 100 }, (_, index) => `m${index}`)
    for (const text of sent) inbound[0]?.send(text)
    expect(inbound[0]?.bufferedBytes()).toBe(sent.join("").length)
    outside.clock.advance(200)
    expect(events.slice(1).map((event) => event.split(" ")[1])).toEqual(sent)
    expect(inbound[0]?.bufferedBytes()).toBe(0)
  })

  test("to nobody, or refused, closes once", () => {
    const outside = world()
    serve(outside, { open: () => ({ status: 403, body: "no" }) })
    const nobody = connect(outside, "ws://10.0.0.2:80/")
    const refused = connect(outside)
    outside.clock.advance(10)
    expect(nobody.events).toEqual(["0 closed 1006 connect ECONNREFUSED 10.0.0.2:80"])
    expect(refused.events).toEqual(["0 closed 1006 Unexpected server response: 403"])
  })

  test("that is cut closes both ends once and loses what was under way", () => {
    const outside = world({ latencyMsMin: 5 })
    let closed = 0
    let inbound: InboundConnection | undefined
    serve(outside, { open: (connection) => void (inbound = connection), closed: () => closed++ })
    const { events } = connect(outside)
    outside.clock.advance(20)
    inbound?.send("lost")
    expect(outside.network.cutAll()).toBe(1)
    outside.clock.advance(20)
    expect([events, closed]).toEqual([["10 open", "20 closed 1006 "], 1])
  })

  test("drops, doubles and cuts as its seed says, and no other way", () => {
    const play = (seed: number) => {
      const outside = world({ dropRate: 0.1, duplicateRate: 0.1, cutRate: 0.01, latencyMsMax: 3 }, seed)
      serve(outside, {
        open(connection) {
          for (let index = 0; index < 50; index++) connection.send(String(index))
          return undefined
        },
      })
      const runs = Array.from({ length: 5 }, () => connect(outside))
      outside.clock.advance(1_000)
      return runs.map(({ events }) => events)
    }
    expect(play(3)).toEqual(play(3))
    expect(play(3)).not.toEqual(play(4))
    const texts = play(3).map((events) => events.map((event) => event.split(" ")[1]))
    expect(texts.some((run) => new Set(run).size < run.length)).toBe(true)
    expect(texts.every((run) => new Set(run).size < 51)).toBe(true)
  })

  test("half cut, is lost to its client at once, and the server still gets what was sent", () => {
    const outside = world({ latencyMsMin: 1, lateMsMax: 500 })
    const seen: string[] = []
    const told = (event: string): void => void seen.push(`${outside.clock.monotonic() / 1_000} ${event}`)
    serve(outside, { text: (_, text) => told(text), closed: () => told("closed") })
    const { socket, events } = connect(outside)
    outside.clock.advance(10)
    outside.network.setFaults({ halfCutRate: 1, latencyMsMin: 1, lateMsMax: 500 })
    expect(socket.send("order")).toBe(true)
    outside.clock.advance(0)
    expect(events.at(-1)).toBe("10 closed 1006 ")
    expect(socket.send("more")).toBe(false)
    outside.clock.advance(1_000)
    expect(seen.map((event) => event.split(" ")[1])).toEqual(["order", "closed"])
    expect(Number(seen[0]?.split(" ")[0])).toBeWithin(11, 511)
  })

  describe("handed a text", () => {
    /** Open, with a server that notes what arrives; `told`: what becomes of each text, and the connection's end. */
    function opened() {
      const outside = world({ latencyMsMin: 1 })
      const seen: string[] = []
      serve(outside, { text: (_, text) => void seen.push(text) })
      const { socket, events } = connect(outside)
      outside.clock.advance(10)
      const told = events
      told.length = 0
      const send = (text: string): boolean =>
        socket.send(text, (failure) => told.push(`${outside.clock.monotonic() / 1_000} ${text} ${failure ?? "left"}`))
      return { outside, socket, told, seen, send }
    }

    test("lets it leave at once, whatever becomes of it on its way", () => {
      const { outside, socket, told, send } = opened()
      outside.network.setFaults({ latencyMsMin: 1, dropRate: 1 })
      expect(send("a")).toBe(true)
      expect([told, socket.bufferedBytes()]).toEqual([[], 0])
      outside.clock.advance(0)
      expect(told).toEqual(["10 a left"])
    })

    test("keeps it while its server reads nothing, and then lets all leave in order", () => {
      const { outside, socket, told, seen, send } = opened()
      outside.network.setFaults({ latencyMsMin: 1, stallRate: 1, lateMsMax: 1_000 })
      send("a")
      outside.network.setFaults({ latencyMsMin: 1 })
      send("bc")
      outside.clock.advance(1)
      expect([told, seen, socket.bufferedBytes()]).toEqual([[], [], 3])
      outside.clock.advance(1_001)
      expect(told.map((line) => line.replace(/^\S+ /, ""))).toEqual(["a left", "bc left"])
      expect([seen, socket.bufferedBytes()]).toEqual([["a", "bc"], 0])
    })

    test("loses what still waits when it is cut, and says so before its end", () => {
      const { outside, told, seen, send } = opened()
      outside.network.setFaults({ stallRate: 1, lateMsMax: 60_000 })
      send("a")
      outside.network.cutAll()
      outside.clock.advance(100_000)
      expect([told, seen]).toEqual([["10 a the connection ended first", "10 closed 1006 "], []])
    })

    test("that cuts it says that it has not left, whether or not it arrives", () => {
      for (const [faults, arrives] of [
        [{ cutRate: 1 }, []],
        [{ halfCutRate: 1, lateMsMax: 10 }, ["a"]],
      ] as const) {
        const { outside, told, seen, send } = opened()
        outside.network.setFaults(faults)
        send("a")
        outside.clock.advance(100)
        expect(told).toEqual(["10 a the connection ended first", "10 closed 1006 "])
        expect(seen).toEqual([...arrives])
      }
    })

    test("refuses it while more than the bound wait", () => {
      const { outside, socket, told, send } = opened()
      outside.network.setFaults({ stallRate: 1, lateMsMax: 1e9 })
      const text = "x".repeat(1_000_000)
      let taken = 0
      while (socket.send(text)) taken++
      expect(taken).toBe(Math.ceil((unsentBytesMax + 1) / 1_000_000))
      expect([send("more"), told]).toEqual([false, []])
    })
  })

  test("is closed when its server stops", async () => {
    const outside = world()
    const listening = await outside.listener.listen({
      host: "10.0.0.1",
      port: 0,
      request: () => new Response(""),
      sockets: { open: () => undefined, text() {}, alive() {}, closed() {} },
    })
    const { events } = connect(outside, `ws://10.0.0.1:${listening.port}/`)
    outside.clock.advance(1)
    await listening.close()
    expect(events).toEqual(["0 open", "1 closed 1001 Server closed"])
  })
})

describe("a virtual HTTP request", () => {
  test("may arrive after its caller has given up", async () => {
    const outside = world({ lateRequestRate: 1, lateMsMax: 5_000 }, 2)
    const served: number[] = []
    serve(outside, {}, () => (served.push(outside.clock.monotonic() / 1_000), new Response("")))
    const asked = outside.http.request(get, 10).catch((error: unknown) => error)
    outside.clock.advance(10)
    expect(await asked).toMatchObject({ wasSent: true })
    outside.clock.advance(5_000)
    expect(served).toHaveLength(1)
    expect(served[0]).toBeGreaterThan(10)
  })

  function ask(outside: World, call = get, timeoutMs = 100) {
    const answers: unknown[] = []
    outside.http.request(call, timeoutMs).then(
      (reply) => answers.push([outside.clock.monotonic() / 1_000, reply.status, reply.headers["x-weight"], reply.body]),
      (error: unknown) =>
        answers.push([
          outside.clock.monotonic() / 1_000,
          error instanceof NetworkError && error.wasSent,
          String(error),
        ]),
    )
    outside.clock.advance(1_000)
    return answers
  }
  const echo: ListenOptions["request"] = async (request) =>
    new Response(`${request.method} ${request.url} ${request.headers.get("x-key")} ${await request.text()}`, {
      status: 201,
      headers: { "X-Weight": "7" },
    })

  test("is answered after both latencies", () => {
    const outside = world({ latencyMsMin: 5 })
    serve(outside, {}, echo)
    expect(ask(outside, { ...get, method: "POST", body: "a=1" })).toEqual([
      [10, 201, "7", "POST http://10.0.0.1:80/x?y=1 k a=1".replace(":80", "")],
    ])
  })

  test("to nobody was not sent; one that was lost, or its reply, may have been", () => {
    const refused = "NetworkError: GET http://10.0.0.1:80/x failed: connect ECONNREFUSED"
    const silent = "NetworkError: GET http://10.0.0.1:80/x had no answer within 100 ms"
    expect(ask(world())).toEqual([[0, false, refused]])
    let served = 0
    const lossy = (faults: Faults) => {
      const outside = world(faults)
      serve(outside, {}, () => new Response(String(served++)))
      return ask(outside)
    }
    expect(lossy({ lostRequestRate: 1 })).toEqual([[100, true, silent]])
    expect(served).toBe(0)
    expect(lossy({ lostReplyRate: 1 })).toEqual([[100, true, silent]])
    expect(served).toBe(1)
  })
})

test("an address is listened to once", async () => {
  const outside = world()
  serve(outside, {})
  const again = outside.listener.listen({ host: "10.0.0.1", port: 80, request: () => new Response("") })
  await expect(again).rejects.toThrow(ConfigError)
})
