import { describe, expect, test } from "bun:test"
import * as fc from "fast-check"
import { ENGINE } from "../../../src/runtime/engine/event.ts"
import { drainMicrotasks } from "../../../src/runtime/platform/bun/microtasks.ts"
import type { LogFields } from "../../../src/runtime/ports.ts"
import { hashOf } from "../../../src/runtime/simulation/hash.ts"
import { virtualOutside } from "../../../src/runtime/simulation/outside.ts"
import { differenceText, eventContent, firstDifference, Trace, traced } from "../../../src/runtime/simulation/trace.ts"

describe("a hash", () => {
  test("differs where one character of a text does, wherever it is", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.nat(), fc.integer({ min: 1, max: 65_535 }), (text, where, by) => {
        const at = where % text.length
        const other = String.fromCharCode((text.charCodeAt(at) + by) % 65_536)
        expect(hashOf(text.slice(0, at) + other + text.slice(at + 1))).not.toBe(hashOf(text))
      }),
    )
  })

  test("tells values apart by shape and content", () => {
    const values = [0, -0, NaN, "", "0", true, false, null, undefined, [], [[]], {}, { a: 1 }, { a: "1" }, { b: 1 }, 1n]
    const more = [2n, [1, 2], ["ab"], ["a", "b"], [undefined], { a: undefined }, Symbol("a"), Symbol("b"), () => 1]
    const views = [Float64Array, Float32Array, Int8Array, Uint8Array, Uint16Array].map((Made) => new Made([1, 2]))
    const bytes = [new Float64Array([1, 3]), new Float64Array([NaN, 2]), new DataView(new ArrayBuffer(2))]
    const buffers = [new ArrayBuffer(2), new ArrayBuffer(3), new BigInt64Array([1n]), new BigInt64Array([2n])]
    const dates = [new Date(0), new Date(1), new Date(NaN)]
    const maps = [new Map(), new Map([["a", 1]]), new Map([["a", 2]]), new Map([["b", 1]])]
    const sets = [new Set(), new Set([1]), new Set([2]), new Set([1, 2]), new Set([2, 1])]
    const errors = [new Error("no"), new TypeError("no"), new Error("no", { cause: 1 }), new Error("no", { cause: 2 })]
    const texts = [/a/, /a/g, /b/, new URL("http://a/"), new URL("http://b/")]
    const own = [
      { version: 1 },
      { version: 2 },
      { stack: "a" },
      { pid: 1 },
      { a: { version: 1 } },
      { a: { version: 2 } },
    ]
    const all = [values, more, views, bytes, buffers, dates, maps, sets, errors, texts, own].flat()
    const hashes = all.map(hashOf)
    expect(all.filter((_, at) => hashes.indexOf(hashes[at]!) !== at)).toEqual([])
  })

  test("is the same for the same content, also of NaN, of what is shared and of what is nested deeply", () => {
    const odd = new Float64Array(new BigUint64Array([0xfff8000000000001n]).buffer)
    expect(hashOf(odd)).toBe(hashOf(new Float64Array([NaN])))
    expect(hashOf(odd[0])).toBe(hashOf(NaN))
    const shared = { a: [1] }
    expect(hashOf([shared, shared])).toBe(hashOf([{ a: [1] }, { a: [1] }]))
    const nested = (depth: number, inner: unknown): unknown => (depth === 0 ? inner : [nested(depth - 1, inner)])
    expect(hashOf(nested(400, 1))).not.toBe(hashOf(nested(400, 2)))
    expect(hashOf(nested(5_000, 1))).toBe(hashOf(nested(5_000, 1)))
    let wide: unknown = 1
    for (let depth = 0; depth < 100; depth++) wide = [wide, wide]
    expect(hashOf(wide)).toBe(hashOf(wide))
  })

  test("knows what holds itself by its content, and reads past what cannot be read", () => {
    const loop = (n: number) => {
      const made: Record<string, unknown> = { n, list: [] }
      ;(made["list"] as unknown[]).push(made, made["list"])
      return made
    }
    expect(hashOf(loop(1))).toBe(hashOf(loop(1)))
    expect(hashOf(loop(1))).not.toBe(hashOf(loop(2)))
    const closed = (n: number) => ({
      get shut() {
        throw new Error("not to be read")
      },
      n,
    })
    expect(hashOf(closed(1))).not.toBe(hashOf(closed(2)))
    const walled = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error("no")
        },
      },
    )
    expect(hashOf([walled, 1])).not.toBe(hashOf([walled, 2]))
  })
})

describe("a trace", () => {
  test("has a line for every crossing, with its virtual time", async () => {
    const outside = virtualOutside({ startAt: 1_000_000, seed: 1, drain: drainMicrotasks, faults: { latencyMsMin: 2 } })
    void outside.listener.listen({ host: "h", port: 1, request: () => new Response("fine") })
    const lines: string[] = []
    const trace = new Trace(outside.clock, (line) => void lines.push(line.replace(/ [0-9a-f]{16}$/, "")))
    const { clock, http, log, random, sockets, env } = traced(outside, trace)
    outside.clock.advance(0)
    random.next()
    env.get("NAME")
    log.info("begun", { at: 1 })
    clock.timer(1, () => log.warn("late"))
    clock.timer(2, () => log.warn("never")).cancel()
    const answer = http.request({ method: "GET", url: "http://h:1/", headers: {} }, 100)
    const socket = sockets.open({ url: "ws://nobody:1/", connectMsMax: 10 }, { open() {}, text() {}, closed() {} })
    socket.send("too early")
    outside.clock.advance(10)
    await answer
    expect(lines).toEqual([
      "0 random",
      "0 env",
      "0 log begun",
      "0 timer set",
      "0 timer set",
      "0 timer cancel",
      "0 http 1 request",
      "0 socket 1 opening",
      "0 socket 1 sent",
      "1000 timer",
      "1000 log late",
      "2000 socket 1 closed",
      "4000 http 1 reply",
    ])
    expect(trace.lines).toBe(lines.length)
  })

  test("leaves out of a log line's own fields, and of what a handler threw, what is of the machine, and nothing below", () => {
    const hashes = (fields: LogFields) => {
      const outside = virtualOutside({ startAt: 1_000_000, seed: 1, drain: drainMicrotasks })
      const lines: string[] = []
      traced(outside, new Trace(outside.clock, (line) => void lines.push(line))).log.info("begun", fields)
      return lines
    }
    const here = { at: 1, version: "1", pid: 1, memoryBytes: 1, stack: "at /srv/one:1" }
    expect(hashes(here)).toEqual(hashes({ at: 1, version: "2", pid: 2, memoryBytes: 2, stack: "at /srv:2" }))
    expect(hashes({ params: { version: 1 } })).not.toEqual(hashes({ params: { version: 2 } }))
    const threw = (stack: string, message = "no", kind = "handler") =>
      hashOf(eventContent({ data: { kind, message, detail: { stack } }, task: ENGINE, receivedAt: 1, sequence: 1 }))
    expect(threw("at one")).toBe(threw("at two"))
    expect(threw("at one")).not.toBe(threw("at one", "yes"))
    expect(threw("at one", "no", "prediction")).not.toBe(threw("at two", "no", "prediction"))
  })

  test("is compared line by line: the first that differs, or where one ends", () => {
    expect(firstDifference(["a", "b"], ["a", "b"])).toBeUndefined()
    expect(firstDifference(["a", "b", "c"], ["a", "x", "c"])).toEqual({ line: 2, one: "b", other: "x" })
    const short = firstDifference(["a"], ["a", "b"])!
    expect(differenceText(short)).toBe("line 2 differs:\n  one:   (ends here)\n  other: b")
  })
})
