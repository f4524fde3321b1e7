import { describe, expect, test } from "bun:test"
import type { Control } from "../../../src/runtime/domain/events.ts"
import { drainMicrotasks } from "../../../src/runtime/platform/bun/microtasks.ts"
import type { InboundConnection, InboundSockets, Subscription } from "../../../src/runtime/ports.ts"
import { virtualOutside } from "../../../src/runtime/simulation/outside.ts"
import { Connection, type ConnectionOptions } from "../../../src/runtime/tasks/connection.ts"

const startAt = 1_700_000_000_000_000
const URL = "ws://10.0.0.1:80/ws"

/** What a frame of the scripted venue says of the connection: `ok 1`, `no 1`, `in`, `out`, `ping x`, `over`. */
function read(text: string): Control | undefined {
  const [word, id = ""] = text.split(" ")
  if (word === "ok") return { kind: "subscribed", id }
  if (word === "no") return { kind: "refused", id, code: "-1", message: "no such stream" }
  if (word === "in") return { kind: "loggedIn" }
  if (word === "out") return { kind: "loginRefused", code: "-2", message: "wrong key" }
  if (word === "ping") return { kind: "ping", reply: `pong ${id}` }
  return word === "over" ? { kind: "sessionEnded", why: "the listen key expired" } : undefined
}

interface Script {
  /** The venue's answers to each text it gets. */
  readonly answers?: (text: string, connection: number) => readonly string[]
  readonly options?: Partial<ConnectionOptions>
  readonly subscription?: Partial<Subscription>
  readonly isDown?: boolean
}

function scripted({ answers = (text) => [`ok ${text.slice(-1)}`], options, subscription, isDown }: Script = {}) {
  const outside = virtualOutside({ startAt, seed: 1, drain: drainMicrotasks, faults: { latencyMsMin: 5 } })
  const { clock } = outside
  const venue = { opened: [] as number[], heard: [] as string[], open: [] as InboundConnection[] }
  const sockets: InboundSockets = {
    open(connection) {
      venue.opened.push(clock.monotonic() / 1_000)
      venue.open.push(connection)
      return undefined
    },
    text(connection, text) {
      venue.heard.push(text)
      for (const answer of answers(text, venue.opened.length)) connection.send(answer)
    },
    alive: () => void venue.heard.push("(ping)"),
    closed: () => void venue.heard.push("(closed)"),
  }
  const listen = () =>
    void outside.listener.listen({ host: "10.0.0.1", port: 80, request: () => new Response(""), sockets })
  if (isDown !== true) listen()
  const states: string[] = []
  const frames: string[] = []
  const refusals: (string | undefined)[] = []
  const connection = new Connection(outside, {
    name: "test",
    target: () => ({ url: URL, messages: ["want 1", "want 2"], ids: ["1", "2"], ...subscription }),
    frame(frame) {
      frames.push(frame.toString())
      return read(frame.toString())
    },
    changed(state, why, retryMs) {
      const pause = retryMs === undefined ? "" : ` (again in ${retryMs} ms)`
      states.push(`${clock.monotonic() / 1_000} ${state}: ${why}${pause}`)
    },
    refused: (id) => refusals.push(id),
    heartbeat: { everyMs: 60_000, silenceMsMax: 600_000 },
    connectionAgeMsMax: 86_400_000,
    messagesPerSecond: 10,
    ...options,
  })
  return { outside, clock, venue, states, frames, refusals, connection, listen }
}

type Scripted = ReturnType<typeof scripted>
const short = ({ states }: Scripted): string[] => states.map((state) => state.split(" ")[1]!.replace(":", ""))
const pauses = ({ states }: Scripted): number[] =>
  states.flatMap((state) => /again in (\d+) ms/.exec(state)?.[1] ?? []).map(Number)

describe("a connection", () => {
  test("opens, subscribes, and is live once the venue has answered every subscription", () => {
    const world = scripted()
    world.connection.start()
    expect(world.connection.send("too early")).toBe(false)
    world.clock.advance(100)
    expect(world.states).toEqual([
      "0 connecting: opening the socket",
      "10 subscribing: awaiting 2 of 2 answers",
      "20 live: subscribed",
    ])
    expect([world.venue.heard, world.connection.isLive]).toEqual([["want 1", "want 2"], true])
    expect(world.connection.send("more")).toBe(true)
  })

  test("logs in first and waits for the answer before it subscribes", () => {
    const world = scripted({
      options: { login: () => "login" },
      answers: (text) => (text === "login" ? ["in"] : [`ok ${text.slice(-1)}`]),
    })
    world.connection.start()
    world.clock.advance(100)
    expect(short(world)).toEqual(["connecting", "loggingIn", "subscribing", "live"])
    expect(world.venue.heard).toEqual(["login", "want 1", "want 2"])
  })

  test.each([
    ["is refused", (): string[] => ["out"], "login refused (-2): wrong key"],
    ["is never answered", (): string[] => [], "the venue did not answer the login"],
  ])("whose login %s subscribes nothing, and tries again later", (_, answers, why) => {
    const world = scripted({ options: { login: () => "login" }, answers })
    world.connection.start()
    world.clock.advance(12_000)
    expect(world.states.find((state) => state.includes("lost"))).toContain(`lost: ${why} (again in `)
    expect(world.venue.heard.filter((text) => text.startsWith("want"))).toEqual([])
    expect(world.venue.opened.length).toBeGreaterThan(1)
  })

  test("goes on with the other subscriptions where one is refused, and says which", () => {
    const world = scripted({ answers: (text) => [text === "want 1" ? "no 1" : "ok 2"] })
    world.connection.start()
    world.clock.advance(100)
    expect([world.refusals, world.connection.isLive]).toEqual([["1"], true])
  })

  test("is given up where a subscription is never answered", () => {
    const world = scripted({ answers: (text) => (text === "want 1" ? ["ok 1"] : []) })
    world.connection.start()
    world.clock.advance(10_300)
    expect(world.states.at(-1)).toContain("lost: the venue did not answer every subscription")
  })

  test("sends no more messages a second than the venue takes", () => {
    const messages = Array.from({ length: 25 }, (_, index) => `want ${index}`)
    const world = scripted({ subscription: { messages, ids: [] } })
    world.connection.start()
    world.clock.advance(500)
    expect(world.venue.heard.length).toBe(10)
    world.clock.advance(2_500)
    expect(world.venue.heard).toEqual(messages)
  })

  test("counts what was asked for before: several asks together are no faster than one, and stay in order", () => {
    const world = scripted({ subscription: { messages: ["want 1", "want 2"] } })
    world.connection.start()
    world.clock.advance(100)
    const more = Array.from({ length: 6 }, (_, at) => [`more ${2 * at}`, `more ${2 * at + 1}`])
    for (const messages of more) expect(world.connection.ask(messages)).toBe(true)
    world.clock.advance(900)
    expect(world.venue.heard.length).toBe(10)
    world.clock.advance(1_000)
    expect(world.venue.heard).toEqual(["want 1", "want 2", ...more.flat()])
  })

  test("that is lost says so, backs off, and resumes with its subscriptions", () => {
    const world = scripted()
    world.connection.start()
    world.clock.advance(10_000)
    world.venue.open[0]?.close(1012, "restart")
    world.clock.advance(1_000)
    expect(world.states.slice(2)).toEqual([
      "20 live: subscribed",
      expect.stringMatching(/^10005 lost: closed by the peer \(1012 restart\) \(again in \d+ ms\)$/),
      expect.stringMatching(/^\d+ connecting: /),
      expect.stringMatching(/^\d+ subscribing: /),
      expect.stringMatching(/^\d+ live: /),
    ])
    expect(world.venue.heard).toEqual(["want 1", "want 2", "(closed)", "want 1", "want 2"])
  })

  test("doubles its pauses up to half a minute while nobody is there, each with jitter, and then finds whoever came", () => {
    const world = scripted({ isDown: true })
    world.connection.start()
    world.clock.advance(120_000)
    const ceilings = pauses(world).map((_, attempt) => Math.min(30_000, 200 * 2 ** attempt))
    expect(pauses(world).length).toBeGreaterThan(8)
    for (const [attempt, ms] of pauses(world).entries()) {
      expect(ms).toBeGreaterThanOrEqual(ceilings[attempt]! / 2)
      expect(ms).toBeLessThanOrEqual(ceilings[attempt]!)
    }
    expect(new Set(pauses(world).map((ms, attempt) => ms / ceilings[attempt]!)).size).toBeGreaterThan(5)
    world.listen()
    world.clock.advance(31_000)
    expect(world.connection.isLive).toBe(true)
  })

  test("backs off further where each connection ends soon, and begins anew after one that held", () => {
    const world = scripted()
    world.connection.start()
    for (let count = 0; count < 4; count++) {
      world.clock.runUntil(() => world.connection.isLive, world.clock.now() + 60_000_000)
      world.venue.open.at(-1)?.close(1006, "")
      world.clock.advance(10)
    }
    expect(pauses(world)[3]).toBeGreaterThanOrEqual(800)
    world.clock.runUntil(() => world.connection.isLive, world.clock.now() + 60_000_000)
    world.clock.advance(6_000)
    world.venue.open.at(-1)?.close(1006, "")
    world.clock.advance(10)
    expect(pauses(world)[4]).toBeLessThanOrEqual(200)
  })

  test("pings what is quiet and gives up what stays silent: a half-open socket never says so itself", () => {
    const world = scripted({ options: { heartbeat: { everyMs: 1_000, silenceMsMax: 5_000 } } })
    world.connection.start()
    world.clock.advance(3_100)
    expect(world.venue.heard.filter((text) => text === "(ping)").length).toBe(3)
    expect(world.connection.isLive).toBe(true)
    world.outside.network.setFaults({ latencyMsMin: 5, dropRate: 1 })
    world.clock.advance(6_000)
    expect(world.states[3]).toMatch(/^\d+ lost: no frame for \d+ ms \(again in \d+ ms\)$/)
    world.outside.network.setFaults({ latencyMsMin: 5 })
    world.clock.advance(12_000)
    expect(world.connection.isLive).toBe(true)
  })

  test("answers the venue's own pings, and leaves an ended session at once", () => {
    const world = scripted()
    world.connection.start()
    world.clock.advance(100)
    world.venue.open[0]?.send("ping 77")
    world.clock.advance(20)
    expect(world.venue.heard.at(-1)).toBe("pong 77")
    world.venue.open[0]?.send("over")
    world.clock.advance(50)
    expect(world.states.slice(3).map((state) => state.split(" ").slice(1).join(" "))).toEqual([
      "lost: the listen key expired (again in 0 ms)",
      "connecting: opening the socket",
      "subscribing: awaiting 2 of 2 answers",
      "live: subscribed",
    ])
  })

  test("leaves a little before the venue would cut it for its age", () => {
    const world = scripted({ options: { connectionAgeMsMax: 3_600_000 } })
    world.connection.start()
    world.clock.advance(0.9 * 3_600_000 - 1)
    expect(world.venue.opened.length).toBe(1)
    world.clock.advance(0.05 * 3_600_000 + 100)
    expect([world.venue.opened.length, world.connection.isLive]).toEqual([2, true])
    expect(world.states[3]).toContain("lost: left before the venue's age limit")
  })

  test("whose target cannot be had tries again, and hears nothing of an attempt that was given up", () => {
    let isThere = false
    const world = scripted({
      options: {
        target: () => (isThere ? Promise.resolve({ url: URL, messages: [] }) : Promise.reject(new Error("no session"))),
      },
    })
    world.connection.start()
    world.clock.advance(10)
    expect(world.states.at(-1)).toContain("lost: no session (again in ")
    isThere = true
    world.clock.advance(250)
    expect(world.connection.isLive).toBe(true)
    const [first] = world.venue.open
    world.connection.restart("a wish")
    first?.send("late frame")
    world.clock.advance(100)
    expect([world.frames, world.connection.isLive]).toEqual([[], true])
  })

  test("stops once and for good, with nothing left to run", async () => {
    const world = scripted()
    world.connection.start()
    world.clock.advance(100)
    const [one, two] = [world.connection.stop(), world.connection.stop()]
    world.clock.advance(50)
    await Promise.all([one, two])
    expect([short(world).at(-1), world.clock.pending, world.connection.send("x")]).toEqual(["stopped", 0, false])
    world.connection.start()
    world.connection.restart("a wish")
    world.clock.advance(100)
    expect(world.venue.opened.length).toBe(1)
  })

  test.each(["connecting", "lost"])("stops while it is %s", async (state) => {
    const world = scripted({ isDown: state === "lost" })
    world.connection.start()
    world.clock.advance(state === "lost" ? 20 : 3)
    expect(world.connection.state).toBe(state as never)
    const stopped = world.connection.stop()
    world.clock.advance(60_000)
    await stopped
    expect([world.connection.state, world.clock.pending]).toEqual(["stopped", 0])
    expect(world.venue.heard.filter((text) => text.startsWith("want"))).toEqual([])
  })
})
