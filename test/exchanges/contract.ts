import { describe, expect, test } from "bun:test"
import * as fc from "fast-check"
import { isPrivate, type Channel } from "../../src/runtime/domain/channel.ts"
import { UsageError, WireError } from "../../src/runtime/domain/errors.ts"
import type { Decoded, MarketEvent } from "../../src/runtime/domain/events.ts"
import { parseInst } from "../../src/runtime/domain/inst.ts"
import type { OperationName, ParamsOf } from "../../src/runtime/domain/operation.ts"
import type { Auth, Venue, VenueOptions } from "../../src/runtime/ports.ts"
import type { FrameFixture, ReplyFixture } from "./fixture.ts"

/** What a market brings to the suite that every market passes. */
export interface VenueFixtures {
  readonly frames: readonly FrameFixture[]
  readonly replies: readonly ReplyFixture[]
  /** Names both ways. */
  readonly insts: readonly { readonly inst: string; readonly symbol: string }[]
  /** Names the market cannot list. */
  readonly strangers: readonly string[]
  /** Channels it streams. */
  readonly channels: readonly Channel[]
  /** Extra fields of the auth its private channels want. */
  readonly session?: string
  /** Operations that must be `unknown` when their answer is lost. */
  readonly changes: readonly OperationName[]
  /** The same decoder without its scan, where it has one. */
  readonly general?: (frame: string, receivedAt: number) => Decoded
}

const secret = "Sixteen-Tons-Of-Secret"
const auth: Auth = {
  credentials: { apiKey: "the-api-key", secret, passphrase: `${secret}-2`, userId: "7" },
  now: 1_732_264_800_123_456,
  nonce: 1,
}
const receivedAt = 1_732_264_800_000_001

const isDecoded = (decoded: Decoded): boolean =>
  Array.isArray(decoded.events) && (decoded.unreadable === undefined || decoded.unreadable !== "")

function eventMistakes(venue: Venue, event: MarketEvent): string[] {
  const mistakes: string[] = []
  if (event.market !== venue.market) mistakes.push(`market is ${event.market}`)
  if (event.receivedAt !== receivedAt) mistakes.push("receivedAt is not the frame's")
  if (!Number.isSafeInteger(event.timestamp) || event.timestamp < 1e15 || event.timestamp > 4e15) {
    mistakes.push(`timestamp ${event.timestamp} is no time in µs`)
  }
  if ("inst" in event && parseInst(event.inst) === undefined) mistakes.push(`${event.inst} is no instrument name`)
  if (event.kind === "trade" && !(event.price > 0 && event.size > 0)) mistakes.push("a trade has price and size")
  if (event.kind === "lob" && (event.bids.length % 2 !== 0 || event.asks.length % 2 !== 0))
    mistakes.push("levels are pairs")
  return mistakes
}

/** One character of a frame replaced, removed, doubled or inserted, or the frame cut. */
export const mutations = (frames: readonly string[]): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.constantFrom(...frames),
      fc.nat(),
      fc.constantFrom("replace", "remove", "double", "insert", "cut", "swap"),
      fc.constantFrom(...Array.from('{}[]",:.-+eE0123456789 \\n\tnulltrue@_A')),
    )
    .map(([frame, seed, how, char]) => {
      const at = seed % frame.length
      const head = frame.slice(0, at)
      const tail = frame.slice(at + 1)
      if (how === "replace") return head + char + tail
      if (how === "remove") return head + tail
      if (how === "double") return head + frame.charAt(at) + frame.slice(at)
      if (how === "insert") return head + char + frame.slice(at)
      return how === "cut" ? head : head + tail.charAt(0) + frame.charAt(at) + tail.slice(1)
    })

/** The behaviour that every market shares. */
export function venueContract(make: (options?: VenueOptions) => Venue, fixtures: VenueFixtures): void {
  const venue = make()
  const frames = fixtures.frames.map(({ frame }) => frame)
  const asParams = (params: ReplyFixture["params"]): ParamsOf<OperationName> => params as ParamsOf<OperationName>

  describe(`${venue.market} as a market`, () => {
    test("every operation it offers has a reply among its fixtures", () => {
      const shown = new Set(fixtures.replies.map(({ operation }) => operation))
      expect(venue.operations.filter((operation) => !shown.has(operation))).toEqual([])
    })

    test.each(fixtures.replies.map((reply) => [reply.name, reply] as const))("reply %s is read whole", (_, reply) => {
      const outcome = venue.response(reply.operation, asParams(reply.params), reply.status, reply.body)
      expect(outcome.kind).toBe("accepted")
      expect(outcome).toMatchSnapshot()
    })

    test.each(fixtures.frames.map((frame) => [frame.name, frame.frame] as const))("frame %s is read", (_, frame) => {
      const decoded = venue.decode(frame, receivedAt)
      expect(decoded.unreadable).toBeUndefined()
      expect(decoded.events.flatMap((event) => eventMistakes(venue, event))).toEqual([])
      expect(decoded).toMatchSnapshot()
    })

    test("whatever arrives is decoded or refused with a reason, and nothing throws", () => {
      const anything = fc.oneof(
        fc.string({ unit: "binary" }),
        fc.json(),
        fc.constantFrom(
          "",
          "null",
          "[]",
          "{}",
          '"x"',
          "1",
          '{"e":null}',
          '{"stream":"x","data":{}}',
          '{"__proto__":1}',
        ),
        mutations(frames),
      )
      fc.assert(
        fc.property(anything, (frame) => {
          const decoded = venue.decode(frame, receivedAt)
          expect(isDecoded(decoded)).toBe(true)
          const says = decoded.events.length > 0 || decoded.control !== undefined || decoded.unreadable !== undefined
          // Kinds that nobody needs give an empty list, and those alone.
          if (!says) expect(() => JSON.parse(frame) as unknown).not.toThrow()
        }),
        { numRuns: 2000 },
      )
    })

    if (fixtures.general !== undefined) {
      const { general } = fixtures
      test("the scan reads every fixture as the general decoder does", () => {
        for (const frame of frames) {
          expect(venue.decode(frame, receivedAt)).toEqual(general(frame, receivedAt))
          expect(venue.decode(Buffer.from(frame), receivedAt)).toEqual(general(frame, receivedAt))
        }
      })

      test("the scan and the general decoder agree on damaged bytes, text or not", () => {
        const damages = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 })
        fc.assert(
          fc.property(fc.constantFrom(...frames), damages, fc.nat(), (frame, all, cut) => {
            // As a socket gives it: a part of something larger.
            const larger = Buffer.from(`{"x":1}${frame}{"x":1}`)
            const bytes = larger.subarray(7, larger.length - 7 - (cut % 4 === 0 ? cut % frame.length : 0))
            for (const [at, value] of all) if (bytes.length > 0) bytes[at % bytes.length] = value
            expect(venue.decode(bytes, receivedAt)).toEqual(general(bytes.toString(), receivedAt))
          }),
          { numRuns: 10_000 },
        )
      })

      test("the scan and the general decoder agree on damaged frames: the same reading, or both refuse", () => {
        fc.assert(
          fc.property(mutations(frames), (frame) => {
            expect(venue.decode(frame, receivedAt)).toEqual(general(frame, receivedAt))
          }),
          { numRuns: 20_000 },
        )
      })
    }

    test("names go both ways, and names it cannot list are refused by name", () => {
      for (const { inst, symbol } of fixtures.insts) {
        expect(venue.inst.toNative(inst)).toBe(symbol)
        expect(venue.inst.fromNative(symbol)).toBe(inst)
      }
      for (const stranger of fixtures.strangers) {
        expect(() => venue.inst.toNative(stranger)).toThrow(WireError)
        expect(() => venue.inst.toNative(stranger)).toThrow(stranger)
      }
    })

    test("a request never shows the secret, in no part of it", () => {
      for (const reply of fixtures.replies) {
        const call = venue.encode(reply.operation, asParams(reply.params), auth)
        expect(JSON.stringify(call)).not.toContain(secret)
      }
    })

    test("a signed request depends on the secret, and without credentials names what to set", () => {
      const other: Auth = { ...auth, credentials: { ...auth.credentials, apiKey: "the-api-key", secret: "another" } }
      const { now } = auth
      let signed = 0
      for (const { operation, params } of fixtures.replies) {
        const calls = [auth, other].map((one) => JSON.stringify(venue.encode(operation, asParams(params), one)))
        if (calls[0] === calls[1]) continue
        signed++
        expect(() => venue.encode(operation, asParams(params), { now })).toThrow(UsageError)
        expect(() => venue.encode(operation, asParams(params), { now })).toThrow(
          Object.values(venue.credentialNames)[0] ?? "",
        )
      }
      expect(signed).toBeGreaterThan(0)
    })

    test("lost answers to what changes something are unknown; lost answers to questions are not", () => {
      for (const reply of fixtures.replies) {
        const params = asParams(reply.params)
        const kinds = [
          venue.response(reply.operation, params, 502, "<html>Bad Gateway</html>"),
          venue.response(reply.operation, params, 500, ""),
          venue.response(reply.operation, params, 200, "<html>"),
          venue.response(reply.operation, params, 408, ""),
        ].map((outcome) => outcome.kind)
        const wanted = fixtures.changes.includes(reply.operation) ? "unknown" : "refused"
        expect([reply.operation, ...kinds]).toEqual([reply.operation, wanted, wanted, wanted, wanted])
      }
    })

    test("too many requests is a refusal that says so, whatever the body", () => {
      for (const reply of fixtures.replies) {
        const outcome = venue.response(reply.operation, asParams(reply.params), 429, "slow down")
        expect(outcome).toMatchObject({ kind: "refused", meaning: "rate-limited" })
      }
    })

    test("every request has a weight, and an operation it lacks is refused by name", () => {
      for (const { operation, params } of fixtures.replies) {
        expect(venue.weight(operation, asParams(params))).toBeGreaterThanOrEqual(0)
      }
      expect(() => venue.weight("nonsense" as OperationName, {})).toThrow("nonsense")
    })

    test("the endpoint option moves every path, and the two environments share no host", () => {
      const session = fixtures.session === undefined ? {} : { session: fixtures.session }
      const urlsOf = (one: Venue): string[] => [
        ...fixtures.replies.map((reply) => one.encode(reply.operation, asParams(reply.params), auth).url),
        ...fixtures.channels.map(
          (channel) =>
            one.subscribe(
              channel,
              fixtures.insts.slice(0, 1).map(({ inst }) => inst),
              { ...auth, ...session },
            ).url,
        ),
        ...(one.entry === undefined ? [] : [one.entry.url]),
      ]
      const hostsOf = (one: Venue): Set<string> => new Set(urlsOf(one).map((url) => new URL(url).host))
      expect([...hostsOf(make({ endpoint: "http://127.0.0.1:8123" }))]).toEqual(["127.0.0.1:8123"])
      const production = hostsOf(venue)
      const testnet = hostsOf(make({ environment: "testnet" }))
      expect([...production].filter((host) => testnet.has(host))).toEqual([])
      for (const url of urlsOf(make({ endpoint: "http://127.0.0.1:8123" }))) expect(url).toMatch(/^(http|ws):/)
      for (const url of urlsOf(venue)) expect(url).toMatch(/^(https|wss):/)
    })

    test("public channels subscribe without credentials, each message with an id of its own", () => {
      const insts = fixtures.insts.map(({ inst }) => inst)
      const ids: string[] = []
      for (const channel of fixtures.channels) {
        if (isPrivate(channel)) continue
        const subscription = venue.subscribe(channel, insts)
        expect(subscription.messages.length).toBeGreaterThan(0)
        if (subscription.ids !== undefined) expect(subscription.ids.length).toBe(subscription.messages.length)
        expect(venue.unsubscribe(channel, insts).url).toBe(subscription.url)
        ids.push(...(subscription.ids ?? []))
      }
      expect(new Set(ids).size).toBe(ids.length)
    })

    test("its limits and heartbeat are above zero, and a dead connection is noticed after more than one heartbeat", () => {
      for (const [name, limit] of Object.entries(venue.limits)) expect([name, limit > 0]).toEqual([name, true])
      expect(venue.heartbeat.silenceMsMax).toBeGreaterThan(venue.heartbeat.everyMs)
      expect(venue.requestLifeMs).toBeGreaterThan(0)
    })
  })
}
