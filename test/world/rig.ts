import { openSimulator, type SimulatorOptions } from "../../src/world/simulator.ts"
import { outside as realOutside } from "../../src/world/machine.ts"
import { everyPart } from "../../src/world/parts.ts"
import { type Bot, openWorld, type World, type WorldOptions } from "../../src/world.ts"
import type { Outside } from "../../src/runtime/ports.ts"
import type { Served } from "../../src/runtime/simulation/serve.ts"

/** The real world, its log kept as lines. */
export function loud(): { readonly outside: Outside; readonly lines: string[] } {
  const lines: string[] = []
  return { outside: realOutside({ level: "debug", to: (line) => void lines.push(line) }), lines }
}

export interface Rig {
  readonly served: Served
  readonly world: World
  readonly lines: readonly string[]
  /** Why the endpoint or the runtime wanted the process to end. */
  readonly ended: readonly string[]
  close(): Promise<void>
}

export interface RigOptions {
  readonly bot: Bot
  readonly simulator?: Partial<SimulatorOptions>
  readonly world?: Partial<WorldOptions>
}

/** A bot and a simulated exchange in this process, over real sockets on loopback. */
export async function openRig({ bot, simulator, world: more }: RigOptions): Promise<Rig> {
  const { outside, lines } = loud()
  const market = { market: "binance-um", host: "127.0.0.1", port: 0, seed: 1, pace: 1 } as const
  const served = await openSimulator({ ...market, outside: loud().outside, ...simulator })
  const ended: string[] = []
  const world = await openWorld({
    bot,
    modelFile: (source) => source,
    parts: everyPart(),
    outside,
    version: "test",
    mode: "demo",
    venue: { endpoint: served.url },
    database: ":memory:",
    set: {},
    ended: (why) => void ended.push(why),
    ...more,
  })
  const close = async () => {
    await world.stop("the test is over")
    await served.close()
  }
  try {
    await world.start()
  } catch (error) {
    await close()
    throw error
  }
  return { served, world, lines, ended, close }
}
