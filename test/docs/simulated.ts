// A whole bot against the simulated exchange, on a virtual clock: what docs/strategies.md tests strategies with.
import { drainMicrotasks } from "../../src/runtime/platform/bun/microtasks.ts"
import { virtualOutside, type VirtualOutside } from "../../src/runtime/simulation/outside.ts"
import type { Faults } from "../../src/runtime/simulation/faults.ts"
import { everyPart } from "../../src/world/parts.ts"
import { openSimulator, SIM_ACCOUNT } from "../../src/world/simulator.ts"
import { type Bot, openWorld, type Stats, type World } from "../../src/world.ts"

export interface SimulateOptions {
  readonly bot: object
  readonly seed: number
  /** Virtual time from the start of the bot to its stop. */
  readonly seconds: number
  readonly set?: Readonly<Record<string, string>>
  readonly faults?: Faults
  /** Looks at the bot before it stops. */
  inspect?(world: World): void
}

export interface Simulated extends Stats {
  readonly reasons: readonly string[]
  readonly log: VirtualOutside["log"]["lines"]
}

const START_AT = 1_700_000_000_000_000
const SETTLE_US_MAX = 60_000_000

/** Runs at once, without waiting: the clock jumps from one due thing to the next. The same options give the same result. */
export function simulate({ bot, seed, seconds, set = {}, faults = {}, inspect }: SimulateOptions): Simulated {
  const outside = virtualOutside({ startAt: START_AT, seed, drain: drainMicrotasks, faults })
  const { clock } = outside
  const market = { market: "binance-um", host: "exchange", port: 8080, seed, pace: 1 } as const
  const served = settled(clock, openSimulator({ ...market, outside }))
  const world = settled(
    clock,
    openWorld({
      bot: bot as Bot,
      modelFile: (source) => source,
      parts: everyPart(),
      outside,
      version: "simulated",
      mode: "demo",
      venue: { endpoint: served.url },
      database: ":memory:",
      credentials: SIM_ACCOUNT,
      set,
      ended: () => undefined,
    }),
  )
  settled(clock, world.start())
  clock.advance(seconds * 1_000)
  inspect?.(world)
  const result = { ...world.stats(), reasons: world.reasons(), log: outside.log.lines }
  settled(clock, world.stop("the simulation is over"))
  settled(clock, served.close())
  return result
}

/** What the promise comes to when virtual time goes on. */
function settled<T>(clock: VirtualOutside["clock"], promise: Promise<T>): T {
  let end: { readonly value: T } | { readonly error: unknown } | undefined
  promise.then(
    (value) => (end = { value }),
    (error: unknown) => (end = { error }),
  )
  clock.runUntil(() => end !== undefined, clock.now() + SETTLE_US_MAX)
  // Assigned in callbacks, where the compiler does not look.
  const reached = end as { readonly value: T } | { readonly error: unknown } | undefined
  if (reached === undefined) throw new Error("a promise has not settled within a virtual minute")
  if ("error" in reached) throw reached.error
  return reached.value
}
