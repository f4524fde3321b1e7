import { describe, expect, test } from "bun:test"
import * as fc from "fast-check"
import { drainMicrotasks } from "../../../src/runtime/platform/bun/microtasks.ts"
import { hashOf } from "../../../src/runtime/simulation/hash.ts"
import { virtualOutside } from "../../../src/runtime/simulation/outside.ts"
import { differenceText, firstDifference, Trace, traced } from "../../../src/runtime/simulation/trace.ts"

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

  test("tells values apart by shape and content, and not by where something happened", () => {
    const values = [0, -0, "", "0", true, false, null, undefined, [], [[]], {}, { a: 1 }, { a: "1" }, { b: 1 }, 1n]
    const more = [new Float64Array([1, 2]), new Float64Array([1, 3]), [1, 2], ["ab"], ["a", "b"], new Error("no")]
    const hashes = [...values, ...more].map(hashOf)
    expect(new Set(hashes).size).toBe(hashes.length)
    expect(hashOf({ a: 1, stack: "at /srv/one:1", version: "1" })).toBe(
      hashOf({ a: 1, stack: "at /srv:2", version: "2" }),
    )
  })

  test("refuses what holds itself", () => {
    const loop: { self?: unknown } = {}
    loop.self = loop
    expect(() => hashOf(loop)).toThrow("holds itself")
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

  test("is compared line by line: the first that differs, or where one ends", () => {
    expect(firstDifference(["a", "b"], ["a", "b"])).toBeUndefined()
    expect(firstDifference(["a", "b", "c"], ["a", "x", "c"])).toEqual({ line: 2, one: "b", other: "x" })
    const short = firstDifference(["a"], ["a", "b"])!
    expect(differenceText(short)).toBe("line 2 differs:\n  one:   (ends here)\n  other: b")
  })
})
