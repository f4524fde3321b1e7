import { describe, expect, test } from "bun:test"
import { type AddressInfo, connect, createServer, type Socket } from "node:net"
import { platform } from "#platform"
import { wallClock } from "../../../../src/runtime/platform/shared/clock.ts"

/** A machine whose wall clock and free-running counter are set by hand; `Date.now()` shows whole milliseconds. */
function machine(wallMs: number) {
  let wall = wallMs
  let counter = 0
  return {
    source: { date: () => Math.floor(wall), performance: () => counter },
    pass(ms: number, driftPerMs = 0) {
      wall += ms * (1 + driftPerMs)
      counter += ms
    },
    setWall(ms: number) {
      wall = ms
    },
    errorUs: (now: number) => Math.abs(now - wall * 1_000),
  }
}

describe("the wall clock", () => {
  test("counts whole microseconds between the milliseconds of the system's clock", () => {
    const { source, pass } = machine(1_723_161_255_030)
    const now = wallClock(source)
    const first = now()
    pass(0.25)
    expect([first, now() - first]).toEqual([1_723_161_255_030_000, 250])
  })

  test("stays within a millisecond of a system clock that runs at another speed", () => {
    const { source, pass, errorUs } = machine(1_000_000_000_000)
    const now = wallClock(source)
    let worst = 0
    for (let step = 0; step < 10_000; step++) {
      pass(7.3, 0.0005)
      worst = Math.max(worst, errorUs(now()))
    }
    expect(worst).toBeLessThanOrEqual(1_030)
  })

  test("follows the system's clock when that is set, both ways", () => {
    const { source, pass, setWall, errorUs } = machine(1_000_000_000_000)
    const now = wallClock(source)
    now()
    for (const wall of [1_000_000_060_000.4, 999_999_990_000.7]) {
      setWall(wall)
      pass(60)
      expect(errorUs(now())).toBeLessThanOrEqual(1_000)
    }
  })
})

describe("the system's clock", () => {
  test("tells the system's time in integer microseconds, and a monotonic one that never goes back", () => {
    const { clock } = platform.outside({ log: { level: "silent" } })
    const before = Date.now() * 1_000
    const now = clock.now()
    expect(Number.isSafeInteger(now)).toBe(true)
    expect(now).toBeWithin(before - 1_000, (Date.now() + 2) * 1_000)
    let last = clock.monotonic()
    for (let look = 0; look < 10_000; look++) {
      const next = clock.monotonic()
      expect(next).toBeGreaterThanOrEqual(last)
      last = next
    }
  })

  test("fires a timer once and no earlier than asked", async () => {
    const { clock } = platform.outside({ log: { level: "silent" } })
    const early: number[] = []
    await Promise.all(
      [0, 1, 1.5, 2, 3, 7, 12].map(async (delayMs) => {
        const start = clock.monotonic()
        await new Promise<void>((fired) => {
          clock.timer(delayMs, fired)
        })
        if (clock.monotonic() - start < delayMs * 1_000) early.push(delayMs)
      }),
    )
    expect(early).toEqual([])
  })

  test("does not fire a canceled timer, nor one that is due in a month", async () => {
    const { clock } = platform.outside({ log: { level: "silent" } })
    let fired = 0
    const canceled = clock.timer(1, () => fired++)
    const distant = clock.timer(30 * 86_400_000, () => fired++)
    canceled.cancel()
    await new Promise<void>((done) => {
      clock.timer(5, done)
    })
    distant.cancel()
    expect(fired).toBe(0)
  })

  test("serves waiting sockets before what a timer deferred", async () => {
    const { clock } = platform.outside({ log: { level: "silent" } })
    const accepted = Promise.withResolvers<Socket>()
    const server = createServer((socket) => accepted.resolve(socket)).listen(0, "127.0.0.1")
    await new Promise((listening) => server.once("listening", listening))
    const { port } = server.address() as AddressInfo
    const client = connect(port, "127.0.0.1")
    const peer = await accepted.promise
    const order: string[] = []
    await new Promise<void>((done) => {
      client.on("data", () => order.push("socket"))
      clock.timer(1, () => {
        peer.write("x")
        // The bytes cross loopback while this turn is still running.
        const until = clock.monotonic() + 2_000
        while (clock.monotonic() < until);
        clock.defer(() => {
          order.push("deferred")
          done()
        })
      })
    })
    client.destroy()
    server.close()
    expect(order).toEqual(["socket", "deferred"])
  })
})
