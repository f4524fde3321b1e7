// Bytes that go wrong: on the wire, where TLS notices, and at the venue, where only the reader can.
import { describe, expect, test } from "bun:test"
import * as fc from "fast-check"
import { market } from "../../../src/exchanges/index.ts"
import { NetworkError } from "../../../src/runtime/domain/errors.ts"
import { drainMicrotasks } from "../../../src/runtime/platform/bun/microtasks.ts"
import type { InboundConnection } from "../../../src/runtime/ports.ts"
import { type Faults, Weather } from "../../../src/runtime/simulation/faults.ts"
import { virtualOutside } from "../../../src/runtime/simulation/outside.ts"
import { seededRandom } from "../../../src/runtime/simulation/random.ts"
import { framesOf } from "../../exchanges/fixture.ts"

const startAt = 1_700_000_000_000_000

/** A server that echoes, and a client that tells what became of its connection. */
function pair(faults: Faults, seed = 1) {
  const outside = virtualOutside({ startAt, seed, drain: drainMicrotasks, faults: { latencyMsMin: 5 } })
  const server: string[] = []
  const client: string[] = []
  let inbound: InboundConnection | undefined
  void outside.listener.listen({
    host: "h",
    port: 80,
    request: (request) => (server.push(`request ${new URL(request.url).pathname}`), new Response('{"a":1}')),
    sockets: {
      open: (connection) => void (inbound = connection),
      text: (_, text) => void server.push(text),
      alive() {},
      closed: () => void server.push("closed"),
    },
  })
  const socket = outside.sockets.open(
    { url: "ws://h:80/", connectMsMax: 1_000 },
    {
      open() {},
      text: (text) => void client.push(text),
      closed: (code, reason) => void client.push(`closed ${code} ${reason}`),
    },
  )
  outside.clock.advance(20)
  outside.network.setFaults({ latencyMsMin: 5, ...faults })
  const get = () => outside.http.request({ method: "GET", url: "http://h:80/x", headers: {} }, 1_000)
  return { outside, server, client, socket, get, send: (text: string) => inbound!.send(text) }
}

describe("a byte that flips on the wire", () => {
  test("is never read: the message is lost, and both ends lose the connection and learn why as it arrives", () => {
    const { outside, server, client, send } = pair({ corruptRate: 1 })
    send("one")
    send("two")
    outside.clock.advance(4)
    expect([client, server]).toEqual([[], []])
    outside.clock.advance(1)
    expect([client, server]).toEqual([["closed 1006 bad record mac"], ["closed"]])
    outside.clock.advance(100)
    expect(client).toHaveLength(1)
  })

  test("in what the client sends ends it, too, and the server has heard nothing", () => {
    const { outside, server, client, socket } = pair({ corruptRate: 1 })
    expect(socket.send("an order")).toBe(true)
    outside.clock.advance(100)
    expect([client, server]).toEqual([["closed 1006 bad record mac"], ["closed"]])
    expect(socket.send("another")).toBe(false)
  })

  test("in a request or in its reply fails it as one that was sent; only the latter was served", async () => {
    const seen = new Set<string>()
    for (let seed = 1; seed <= 20; seed++) {
      const { outside, server, get } = pair({ corruptRate: 0.5 }, seed)
      const answer = get().then(
        ({ body }) => body,
        (error: unknown) => error,
      )
      outside.clock.advance(100)
      const came = await answer
      const wasServed = server.includes("request /x")
      if (came instanceof NetworkError) {
        expect([came.message, came.wasSent]).toEqual(["GET http://h:80/x failed: bad record mac", true])
        seen.add(wasServed ? "reply" : "request")
      } else seen.add(`${String(came)} ${wasServed}`)
    }
    expect([...seen].toSorted()).toEqual(["reply", "request", '{"a":1} true'])
  })
})

const garble = (seed: number, text: string): string =>
  new Weather(seededRandom(seed), () => ({ garbleRate: 1 })).garbled(text)

describe("a message that leaves its server mangled", () => {
  test("is no JSON any more, whatever it was and wherever it is hit", () => {
    const texts = fc
      .oneof(fc.dictionary(fc.string(), fc.jsonValue()), fc.array(fc.jsonValue()))
      .map((value) => JSON.stringify(value))
    fc.assert(
      fc.property(texts, fc.nat(), (text, seed) => {
        const garbled = garble(seed, text)
        expect(() => JSON.parse(garbled)).toThrow(SyntaxError)
        expect(garble(seed, text)).toBe(garbled)
      }),
      { numRuns: 2_000 },
    )
  })

  test("arrives in its place, mangled; what the client sends does not suffer", () => {
    const { outside, server, client, socket, send } = pair({ garbleRate: 1 })
    const text = '{"price":"100.5"}'
    send(text)
    socket.send(text)
    outside.clock.advance(100)
    expect(client).toHaveLength(1)
    expect(client[0]).not.toBe(text)
    expect(server).toEqual([text])
  })

  test("may be a reply's body; its status stays", async () => {
    const { outside, get } = pair({ garbleRate: 1 })
    const answer = get()
    outside.clock.advance(100)
    const { status, body } = await answer
    expect(status).toBe(200)
    expect(() => JSON.parse(body)).toThrow(SyntaxError)
  })

  test("is unreadable to the market's decoder, and nothing of it is believed", () => {
    const venue = market("binance-um")
    const frames = framesOf("binance/um-frames.json").map(({ frame }) => frame)
    fc.assert(
      fc.property(fc.constantFrom(...frames), fc.nat(), (frame, seed) => {
        const decoded = venue.decode(garble(seed, frame), startAt)
        expect(decoded).toEqual({ events: [], unreadable: expect.any(String) })
      }),
      { numRuns: 5_000 },
    )
  })

  test("as an answer to an order leaves it in doubt, not refused and not placed", () => {
    const venue = market("binance-um")
    const order = { inst: "BTC_USDT_PERP", side: "BUY", size: "1", price: "1", type: "limit" } as const
    const params = { ...order, timeInForce: "gtc", reduceOnly: false, clientId: "0".repeat(32) } as never
    fc.assert(
      fc.property(fc.nat(), fc.constantFrom(200, 502), (seed, status) => {
        const body = garble(seed, '{"orderId":7160000000000002528,"symbol":"BTCUSDT","status":"NEW"}')
        expect(venue.response("place", params, status, body).kind).toBe("unknown")
      }),
    )
  })
})
