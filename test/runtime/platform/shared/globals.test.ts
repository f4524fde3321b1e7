// What a bot's code meets in a simulation where live it meets JavaScript's own clock, timers and chance. Also run on Deno.
import { describe, expect, test } from "bun:test"
import nodeCrypto from "node:crypto"
import process from "node:process"
import { promisify } from "node:util"
import { UsageError } from "../../../../src/runtime/domain/errors.ts"
import { withGlobals } from "../../../../src/runtime/platform/shared/globals.ts"
import type { VirtualClock } from "../../../../src/runtime/simulation/clock.ts"
import { virtualOutside } from "../../../../src/runtime/simulation/outside.ts"
import { platform } from "#platform"

/** 2023-11-14T22:13:20Z */
const START_AT = 1_700_000_000_000_000

/** Runs `work` in a simulated world, on its own turn of the event loop. */
const inside = <T>(work: (clock: VirtualClock) => T, seed = 1): Promise<T> =>
  platform.inOwnTask(() => {
    const outside = virtualOutside({ startAt: START_AT, seed, drain: () => platform.drainMicrotasks(), faults: {} })
    return withGlobals(
      () => outside,
      () => work(outside.clock),
    )
  })

/** Chance in every form a bot may reach for, as text. */
const chances = (): readonly string[] => [
  String(Math.random()),
  crypto.randomUUID(),
  String(crypto.getRandomValues(new Uint32Array(4))),
  nodeCrypto.randomUUID(),
  nodeCrypto.randomBytes(8).toString("hex"),
  String(nodeCrypto.randomInt(1_000_000)),
  String(nodeCrypto.randomInt(1_000_000, 2_000_000)),
]

const UTC = { timeZone: "UTC", dateStyle: "medium", timeStyle: "medium" } as const

interface Runtime {
  readonly Bun?: { nanoseconds(): number; sleep(ms: number): Promise<void>; sleepSync(ms: number): void }
  readonly Temporal?: {
    readonly Now: { instant(): { epochMilliseconds: number }; plainDateISO(zone: string): unknown }
  }
}
const { Bun: bun, Temporal: temporal } = globalThis as unknown as Runtime

/** Time in every form, in ms: since the epoch or since the start. */
const times = (): readonly unknown[] => [
  Date.now() - START_AT / 1_000,
  new Date().getTime() - START_AT / 1_000,
  new (new Date(0).constructor as DateConstructor)().getTime() - START_AT / 1_000,
  performance.now(),
  performance.timeOrigin - START_AT / 1_000,
  process.hrtime(),
  Number(process.hrtime.bigint()) / 1e6,
  process.uptime(),
  new Intl.DateTimeFormat("en-GB", UTC).format(),
  new Intl.DateTimeFormat("en-GB", { ...UTC, dateStyle: "short" })
    .formatToParts()
    .map(({ value }) => value)
    .join(""),
  temporal === undefined ? START_AT / 1_000 + 1_500 : temporal.Now.instant().epochMilliseconds,
  temporal === undefined ? "2023-11-14" : String(temporal.Now.plainDateISO("UTC")),
  bun === undefined ? 1_500_000_000 : bun.nanoseconds(),
]

describe("in a simulation", () => {
  test("chance in every form is the seed's", async () => {
    const [one, same, other] = [await inside(chances), await inside(chances), await inside(chances, 2)]
    expect(same).toEqual(one)
    expect(other.filter((text, at) => text === one[at])).toEqual([])
    expect(one[1]!).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  })

  test("time in every form is the virtual clock's", async () => {
    const told = await inside((clock) => {
      clock.advance(1_500)
      return times()
    })
    expect(told.map(String)).toEqual(
      [1_500, 1_500, 1_500, 1_500, 0, [1, 500_000_000], 1_500, 1.5]
        .map(String)
        .concat(
          "14 Nov 2023, 22:13:21",
          "14/11/2023, 22:13:21",
          String(START_AT / 1_000 + 1_500),
          "2023-11-14",
          "1500000000",
        ),
    )
  })

  test("a date that is given is the one that is shown", async () => {
    const format = new Intl.DateTimeFormat("en-GB", UTC)
    expect(await inside(() => [format.format(0), format.format(new Date(0))])).toEqual([
      "1 Jan 1970, 00:00:00",
      "1 Jan 1970, 00:00:00",
    ])
  })

  test("what timers give can be asked what the runtimes' own can be asked", async () => {
    const fired: string[] = []
    await inside((clock) => {
      const once = setTimeout(() => fired.push(`once at ${clock.monotonic() / 1_000}`), 100)
      const again = setInterval(() => fired.push(`again at ${clock.monotonic() / 1_000}`), 40)
      fired.push(String([once.hasRef(), once.unref().hasRef(), once.ref().hasRef()]))
      clock.advance(60)
      once.refresh()
      clock.advance(90)
      clearInterval(Number(again))
      clock.advance(100)
      const soon = setImmediate(() => fired.push("soon"))
      fired.push(String(soon.unref().hasRef()))
      const never = setTimeout(() => fired.push("never"), 1)
      never[Symbol.dispose]()
      clock.advance(10)
      fired.push(String(clock.pending))
    })
    expect(fired).toEqual([
      "true,false,true",
      "again at 40",
      "again at 80",
      "again at 120",
      "once at 160",
      "false",
      "soon",
      "0",
    ])
  })

  test("a timer made outside is nobody's here", async () => {
    const real = setTimeout(() => undefined, 60_000)
    const fired = await inside((clock) => {
      let count = 0
      for (let id = 0; id < 20; id++) setTimeout(() => count++, 1)
      clearTimeout(real)
      clock.advance(5)
      return count
    })
    clearTimeout(real)
    expect(fired).toBe(20)
  })

  test("what waits, waits in virtual time", async () => {
    const told: unknown[] = []
    await inside((clock) => {
      const at = (what: string) => () => void told.push([what, clock.monotonic() / 1_000])
      void promisify(setTimeout)(30).then(at("promisified"))
      const signal = AbortSignal.timeout(70)
      signal.addEventListener("abort", () => at((signal.reason as Error).name)())
      if (bun === undefined) setTimeout(at("slept"), 50)
      else void bun.sleep(50).then(at("slept"))
      clock.advance(100)
    })
    expect(told).toEqual([
      ["promisified", 30],
      ["slept", 50],
      ["TimeoutError", 70],
    ])
  })

  const refusals: Readonly<Record<string, () => unknown>> = {
    "crypto.subtle": () => crypto.subtle.digest("SHA-256", new Uint8Array(1)),
    "Atomics.wait": () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1),
    "performance.mark": () => performance.mark("here"),
    "randomBytes with a callback": () => nodeCrypto.randomBytes(4, () => undefined),
    fetch: () => fetch("http://127.0.0.1:1/"),
  }
  test.each(Object.keys(refusals))("%s is refused by name", async (name) => {
    await inside(() => {
      expect(refusals[name]!).toThrow(UsageError)
    })
  })

  test("everything is as it was afterwards", async () => {
    const all = () =>
      [
        [globalThis, Date.prototype, Math, performance, process, crypto, nodeCrypto, Atomics, AbortSignal, bun ?? {}],
        [Intl.DateTimeFormat.prototype, temporal?.Now ?? {}],
      ]
        .flat()
        .map((of) => JSON.stringify(Object.getOwnPropertyNames(of).toSorted()))
    const functions = () => [Date, setTimeout, crypto.randomUUID, performance.now, process.hrtime, Atomics.wait]
    const before = [all(), functions()]
    await inside(() => undefined)
    expect([all(), functions()]).toEqual(before)
    expect(Math.abs(performance.timeOrigin + performance.now() - Date.now())).toBeLessThan(60_000)
  })
})
