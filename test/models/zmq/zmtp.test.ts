import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { addressOf } from "../../../src/models/zmq/endpoint.ts"
import type { Mode } from "../../../src/models/zmq/message.ts"
import { framed, greeting, marginOf, ping, Protocol } from "../../../src/models/zmq/zmtp.ts"

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex")
const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"))

// What a REP socket of libzmq 4.3.5 sends over loopback, captured on 2026-11-22.
const GREETING = bytesOf(`ff0000000000000000 7f 03 01 4e554c4c ${"00".repeat(48)}`)
const REP = bytesOf("0419 05 5245414459 0b 536f636b65742d54797065 00000003 524550")

const property = (name: string, value: string) =>
  Buffer.concat([
    Uint8Array.of(name.length),
    Buffer.from(name),
    Uint8Array.of(0, 0, 0, value.length),
    Buffer.from(value),
  ])
/** As other sockets introduce themselves: with an identity that may be empty. */
const readyOf = (type: string) => {
  const body = Buffer.concat([Buffer.from("\u0005READY"), property("Identity", ""), property("Socket-Type", type)])
  return Buffer.concat([Uint8Array.of(4, body.length), body])
}

interface Heard {
  readonly sent: string[]
  readonly frames: [string, number, boolean][]
  ups: number
}

function heard(mode: Mode = "req", frameBytesMax = 1_000) {
  const all: Heard = { sent: [], frames: [], ups: 0 }
  const protocol = new Protocol(mode, frameBytesMax, {
    send: (bytes) => void all.sent.push(hex(bytes)),
    up: () => void all.ups++,
    frame: (bytes, index, isLast) => void all.frames.push([hex(bytes), index, isLast]),
  })
  return { all, protocol }
}

const up = (mode: Mode = "req", frameBytesMax = 1_000) => {
  const ears = heard(mode, frameBytesMax)
  ears.protocol.take(GREETING)
  ears.protocol.take(mode === "req" ? REP : readyOf("ROUTER"))
  ears.all.sent.length = 0
  return ears
}

describe("a greeting", () => {
  test("says 3.1, no encryption, not the server, as libzmq's own does", () => {
    expect(hex(greeting())).toBe(hex(GREETING))
  })

  test("is answered with who we are, and the service's with messages", () => {
    const { all, protocol } = heard()
    expect(protocol.take(GREETING)).toBeUndefined()
    expect(all.sent).toEqual([
      `0419${hex(Buffer.from("\u0005READY\u000bSocket-Type"))}00000003${hex(Buffer.from("REQ"))}`,
    ])
    expect(all.ups).toBe(0)
    expect(protocol.take(readyOf("ROUTER"))).toBeUndefined()
    expect([all.ups, protocol.knowsPing]).toEqual([1, true])
  })

  test.each([
    ["HTTP/1.1 400", bytesOf("48545450"), "what answers there is no ZeroMQ service"],
    ["a signature that is none", bytesOf(`ff${"00".repeat(63)}`), "what answers there is no ZeroMQ service"],
    ["ZMTP 2", bytesOf(`ff0000000000000000 7f 01 ${"00".repeat(53)}`), "the service speaks a ZMTP older than 3.0"],
    [
      "CURVE",
      bytesOf(`ff0000000000000000 7f 03 01 ${Buffer.from("CURVE").toString("hex")} ${"00".repeat(47)}`),
      "the service wants CURVE, set its key",
    ],
  ])("of %s is refused by name", (_, bytes, why) => {
    expect(heard().protocol.take(bytes)).toEqual({ kind: "handshake", why })
  })

  test.each([
    [readyOf("PUB"), "the service's socket is PUB, which does not answer"],
    [bytesOf(`040a 05 ${Buffer.from("ERROR").toString("hex")} 03 616263`), "the service refused: abc"],
    [bytesOf("0406 05 5245414459"), "the service did not introduce itself"],
    [bytesOf("000161"), "the service sent a message before it was ready"],
  ])("is followed by who the service is, or refused by name (%#)", (bytes, why) => {
    const { protocol } = heard()
    protocol.take(GREETING)
    expect(protocol.take(bytes)).toEqual({ kind: "handshake", why })
  })

  test("of 3.0 is understood, and is not asked for signs of life", () => {
    const older = GREETING.slice()
    older[11] = 0
    const { protocol } = heard()
    protocol.take(older)
    expect(protocol.knowsPing).toBe(false)
  })
})

describe("a message", () => {
  const body = (size: number) => Uint8Array.from({ length: size }, (_, at) => at)
  const message = (mode: Mode, size: number) => {
    const bytes = new Uint8Array(marginOf(mode) + size)
    bytes.set(body(size), marginOf(mode))
    return framed(bytes, mode, 0x1_0203)
  }

  test("is an empty frame and the body; before them, where requests are numbered, the number", () => {
    expect(hex(message("req", 2))).toBe("0100 0002 0001".replaceAll(" ", ""))
    expect(hex(message("dealer", 2))).toBe("0108 0000000000010203 0100 0002 0001".replaceAll(" ", ""))
    expect(hex(message("req", 256)).slice(0, 22)).toBe("0100 02 0000000000000100".replaceAll(" ", ""))
  })

  test("is heard as it was sent, in whatever pieces it comes", () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 700 }), { minLength: 1, maxLength: 6 })
    const run = fc.property(sizes, fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1 }), (all, cuts) => {
      const stream = Buffer.concat([GREETING, readyOf("ROUTER"), ...all.map((size) => message("dealer", size))])
      const { all: got, protocol } = heard("dealer")
      for (let at = 0, turn = 0; at < stream.length; turn++) {
        const end = Math.min(stream.length, at + (cuts[turn % cuts.length] as number))
        expect(protocol.take(Uint8Array.from(stream.subarray(at, end)))).toBeUndefined()
        at = end
      }
      expect(got.frames).toEqual(
        all.flatMap((size) => [
          ["0000000000010203", 0, false],
          ["", 1, false],
          [hex(body(size)), 2, true],
        ]),
      )
    })
    fc.assert(run, { numRuns: 200 })
  })

  test("larger than the bound is refused at its head, before any of it is kept", () => {
    const { protocol } = up("req", 1_000)
    expect(protocol.take(bytesOf("0100 02 00000000000003e8"))).toBeUndefined()
    expect(up("req", 1_000).protocol.take(bytesOf("0100 02 0000000000000400"))).toEqual({
      kind: "protocol",
      why: "a reply was larger than 1000 bytes",
    })
    expect(up("req", 1_000).protocol.take(bytesOf("02 ffffffffffffffff"))).toMatchObject({ kind: "protocol" })
  })

  test("that is asked for a sign of life is answered with one, its context given back", () => {
    const { all, protocol } = up()
    expect(protocol.take(bytesOf("0409 04 50494e47 0000 abcd"))).toBeUndefined()
    expect(all.sent).toEqual(["0407 04 504f4e47 abcd".replaceAll(" ", "")])
    expect(hex(ping())).toBe("0407 04 50494e47 0000".replaceAll(" ", ""))
    expect(protocol.take(bytesOf("0405 04 504f4e47"))).toBeUndefined()
    expect(all.frames).toEqual([])
  })

  test("never makes it throw, whatever comes", () => {
    const run = fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, isUp) => {
      const { protocol } = isUp ? up() : heard()
      expect(() => protocol.take(bytes)).not.toThrow()
    })
    fc.assert(run, { numRuns: 1_000 })
  })
})

describe("an endpoint", () => {
  test.each([
    ["tcp://127.0.0.1:5555", { hostname: "127.0.0.1", port: 5555 }],
    ["tcp://model:80", { hostname: "model", port: 80 }],
    ["tcp://[::1]:5555", { hostname: "::1", port: 5555 }],
    ["ipc:///run/model.sock", { unix: "/run/model.sock" }],
    ["ipc://@model", { unix: "\0model" }],
  ])("%s is understood", (endpoint, address) => {
    expect(addressOf(endpoint)).toEqual(address)
  })

  test.each([
    "tcp://nowhere",
    "tcp://a:0",
    "tcp://a:65536",
    "tcp://*:1",
    "tcp://eth0;a:1",
    "ipc://",
    "udp://a:1",
    "a:1",
  ])("%s is refused", (endpoint) => {
    expect(() => addressOf(endpoint)).toThrow(`cannot connect to ${endpoint}: `)
  })
})
