import { describe, expect, test } from "bun:test"
import { platform } from "#platform"
import { drainMicrotasks } from "../../../src/runtime/platform/bun/microtasks.ts"
import type { Front, FrontOutput, Outside } from "../../../src/runtime/ports.ts"
import { virtualOutside } from "../../../src/runtime/simulation/outside.ts"
import { frontGate, serveFront } from "../../../src/runtime/simulation/serve.ts"

/** Tells everybody the time on a raster, answers what it is told, and writes down what it was called with. */
class TickingFront implements Front {
  readonly calls: string[] = []
  readonly everyUs: number
  advances = 0
  #outputs: FrontOutput[] = []
  #nextAt: number
  readonly #listeners = new Set<number>()

  constructor(startAt: number, everyUs: number) {
    this.everyUs = everyUs
    this.#nextAt = startAt + everyUs
  }

  request({ method, path, query, headers, body }: Parameters<Front["request"]>[0]) {
    this.calls.push(`${method} ${path} ${query} ${headers["x-key"]} ${body}`)
    for (const connection of this.#listeners) this.#outputs.push({ kind: "text", connection, text: `asked ${path}` })
    return { status: 418, headers: { "x-weight": "3" }, body: `{"path":"${path}"}` }
  }

  open(connection: number, path: string) {
    this.calls.push(`open ${path}`)
    if (path === "/none") return { status: 404, body: "nothing here" }
    this.#listeners.add(connection)
    this.#outputs.push({ kind: "text", connection, text: "welcome" }, { kind: "ping", connection })
    return undefined
  }

  message(connection: number, text: string): void {
    this.calls.push(text)
    this.#outputs.push({ kind: "text", connection, text: `echo ${text}` })
    if (text === "bye") this.#outputs.push({ kind: "close", connection, code: 4000, reason: "bye" })
  }

  pong(): void {
    this.calls.push("pong")
  }

  closed(connection: number): void {
    this.calls.push("closed")
    this.#listeners.delete(connection)
  }

  advance(now: number): void {
    this.advances++
    for (; this.#nextAt <= now; this.#nextAt += this.everyUs) {
      for (const connection of this.#listeners) this.#outputs.push({ kind: "text", connection, text: "tick" })
    }
  }

  drain(): readonly FrontOutput[] {
    const outputs = this.#outputs
    this.#outputs = []
    return outputs
  }

  nextAt(): number {
    return this.#nextAt
  }
}

interface Place {
  readonly outside: Outside
  /** Lets time pass until this holds. */
  until(isDone: () => boolean): Promise<void>
}

const places: Record<string, () => Place> = {
  "a real listener": () => {
    const outside = platform.outside({ log: { level: "silent" } })
    const until = async (isDone: () => boolean): Promise<void> => {
      while (!isDone()) await new Promise<void>((soon) => void outside.clock.timer(1, soon))
    }
    return { outside, until }
  },
  "a virtual one": () => {
    const outside = virtualOutside({ startAt: 1_700_000_000_000_000, seed: 1, drain: drainMicrotasks })
    const until = async (isDone: () => boolean): Promise<void> => {
      if (!outside.clock.runUntil(isDone, outside.clock.now() + 10_000_000)) throw new Error("it never came to that")
    }
    return { outside, until }
  },
}

async function served(place: Place, everyUs = 1_000, more: { bufferedBytesMax?: number } = {}) {
  const { clock, listener } = place.outside
  const front = new TickingFront(clock.now(), everyUs)
  const serving = await serveFront({ front, listener, clock, host: "127.0.0.1", port: 0, ...more })
  return { front, serving }
}

function listen({ outside, until }: Place, url: string) {
  const events: string[] = []
  const socket = outside.sockets.open(
    { url, connectMsMax: 5_000 },
    {
      open: () => void events.push("open"),
      text: (text) => void events.push(text),
      closed: (code, reason) => void events.push(`closed ${code} ${reason}`),
    },
  )
  return { socket, events, has: (text: string) => until(() => events.some((event) => event.startsWith(text))) }
}

describe.each(Object.keys(places))("a front behind %s", (name) => {
  const open = places[name]!

  test("answers requests, and sends what they caused", async () => {
    const place = open()
    const { front, serving } = await served(place)
    const client = listen(place, `${serving.url.replace("http", "ws")}/ws?x=1`)
    await client.has("tick")
    const answers: unknown[] = []
    const call = { method: "POST", url: `${serving.url}/fapi/v1/order?a=%20b`, headers: { "X-Key": "k" }, body: "c=ü" }
    place.outside.http.request({ ...call, method: "POST" }, 5_000).then((reply) => answers.push(reply), answers.push)
    await place.until(() => answers.length === 1)
    await client.has("asked")
    expect(answers).toMatchObject([{ status: 418, headers: { "x-weight": "3" }, body: '{"path":"/fapi/v1/order"}' }])
    expect(front.calls.filter((call) => call !== "pong")).toEqual(["open /ws?x=1", "POST /fapi/v1/order a=%20b k c=ü"])
    await serving.close()
  })

  test("talks over sockets in order, is told of pongs, and closes them", async () => {
    const place = open()
    const { front, serving } = await served(place)
    const client = listen(place, `${serving.url.replace("http", "ws")}/ws`)
    await client.has("tick")
    client.socket.send("one")
    client.socket.send("bye")
    await client.has("closed")
    await place.until(() => front.calls.includes("closed"))
    expect(client.events.filter((event) => event !== "tick")).toEqual([
      "open",
      "welcome",
      "echo one",
      "echo bye",
      "closed 4000 bye",
    ])
    expect(front.calls).toEqual(["open /ws", "pong", "one", "bye", "closed"])
    expect(serving.connections).toBe(0)
    await serving.close()
  })

  test("refuses what it does not serve", async () => {
    const place = open()
    const { front, serving } = await served(place)
    const client = listen(place, `${serving.url.replace("http", "ws")}/none`)
    await client.has("closed 1006")
    expect(client.events).toHaveLength(1)
    expect([front.calls, serving.connections]).toEqual([["open /none"], 0])
    await serving.close()
  })

  test("closed, stops time and leaves nobody connected", async () => {
    const place = open()
    const { front, serving } = await served(place)
    const client = listen(place, `${serving.url.replace("http", "ws")}/ws`)
    await client.has("tick")
    await serving.close()
    await client.has("closed 1001")
    const { advances } = front
    let isLater = false
    place.outside.clock.timer(30, () => (isLater = true))
    await place.until(() => isLater)
    expect(front.advances).toBe(advances)
  })

  test("keeps its cadence", async () => {
    const place = open()
    const { serving } = await served(place, 2_000)
    const client = listen(place, `${serving.url.replace("http", "ws")}/ws`)
    await client.has("tick")
    const { clock } = place.outside
    const [before, start] = [client.events.length, clock.monotonic()]
    let isLater = false
    clock.timer(200, () => (isLater = true))
    await place.until(() => isLater)
    // Busy machines are late, not wrong: as many ticks as time has passed, but for those under way.
    const expected = (clock.monotonic() - start) / 2_000
    expect(client.events.length - before).toBeWithin(expected * 0.9 - 5, expected + 6)
    await serving.close()
  })
})

test("a front that wants to act every 10 µs is advanced over many moments at a time", async () => {
  const place = places["a virtual one"]!()
  const { front, serving } = await served(place, 10)
  const client = listen(place, `${serving.url.replace("http", "ws")}/ws`)
  let isLater = false
  place.outside.clock.timer(100, () => (isLater = true))
  await place.until(() => isLater)
  expect(front.advances).toBeLessThan(110)
  expect(client.events.filter((event) => event === "tick").length).toBeGreaterThan(9_800)
  await serving.close()
})

describe("a client that does not keep up", () => {
  test("is seen by the front's gate, until it has caught up", async () => {
    const outside = virtualOutside({
      startAt: 1_700_000_000_000_000,
      seed: 1,
      drain: drainMicrotasks,
      faults: { latencyMsMin: 10 },
    })
    const { clock, listener } = outside
    const gate = frontGate(100)
    const front = new TickingFront(clock.now(), 1_000_000)
    const serving = await serveFront({ front, listener, clock, host: "127.0.0.1", port: 0, gate })
    const client = listen({ outside, until: async () => {} }, `${serving.url.replace("http", "ws")}/ws`)
    clock.advance(50)
    expect(gate.ready(1)).toBe(true)
    client.socket.send("x".repeat(200))
    clock.advance(11)
    expect(gate.ready(1)).toBe(false)
    clock.advance(10)
    expect(gate.ready(1)).toBe(true)
    await serving.close()
  })

  test("is cut off beyond the bound", async () => {
    const outside = virtualOutside({
      startAt: 1_700_000_000_000_000,
      seed: 1,
      drain: drainMicrotasks,
      faults: { latencyMsMin: 100 },
    })
    const place = { outside, until: places["a virtual one"]!().until }
    const { front, serving } = await served(place, 1_000, { bufferedBytesMax: 100 })
    const client = listen(place, `${serving.url.replace("http", "ws")}/ws`)
    outside.clock.advance(1_000)
    expect(client.events.at(-1)).toBe("closed 1008 too slow")
    expect(client.events.filter((event) => event === "tick").length).toBeLessThan(30)
    expect(front.calls.at(-1)).toBe("closed")
    await serving.close()
  })
})
