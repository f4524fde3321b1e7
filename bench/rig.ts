import { bot, orders, trades } from "../src/index.ts"
import { outside as realOutside, watchdog } from "../src/world/machine.ts"
import { type Bot, openWorld, type World } from "../src/world.ts"
import type { Peer } from "./peer.ts"

export const INST = "BTC_USDT_PERP"

/** What a measurement hangs on a strategy: called once an event, and no more. */
export interface Probe {
  price: number
  left: number
  done: () => void
}

export const newProbe = (): Probe => ({ price: 0, left: 0, done: () => undefined })

/** Resolves when so many events have come. */
export const counted = (probe: Probe, count: number): Promise<void> =>
  new Promise((resolve) => {
    probe.left = count
    probe.done = resolve
  })

const tape = trades("binance-um", [INST], { each: true })
const router = orders("binance-um")

/** Hears trades. */
export const listener = (probe: Probe): Bot =>
  bot({ name: "listener" })
    .task(tape)
    .strategy({
      onTrade({ data }) {
        probe.price = data.price
        if (--probe.left === 0) probe.done()
      },
    }) as unknown as Bot

/** Answers every trade with an order that nothing will meet. */
export const answerer = (): Bot =>
  bot({ name: "answerer", account: "exclusive", limits: { orderNotionalMax: "100000", positionNotionalMax: "100000" } })
    .task(tape)
    .task(router)
    .strategy({
      onTrade({ data }, ctx) {
        if (data.size > 0)
          ctx.submit(router, { inst: INST, side: "BUY", size: "0.002", price: "60000", timeInForce: "ioc" })
      },
    }) as unknown as Bot

/** A bot as `perigee run` has it, watchdog included, against the other end. Resolves when it is safe to trade. */
export async function openBot(
  bot: Bot,
  peer: Peer,
  database = ":memory:",
): Promise<{ world: World; close(): Promise<void> }> {
  const outside = realOutside({ level: "warn", to: 2 })
  const guard = watchdog(75, () => undefined)
  const world = await openWorld({
    bot,
    modelFile: (source) => source,
    parts: { venues: { "binance-um": (options) => peer.venue(options) }, runners: {} },
    outside,
    version: "bench",
    mode: "demo",
    venue: {},
    database,
    credentials: peer.credentials,
    set: {},
    watch: guard,
    ended: () => undefined,
  })
  await world.start()
  const giveUpAt = performance.now() + 15_000
  while (world.reasons().length > 0) {
    if (performance.now() > giveUpAt) throw new Error(`not ready: ${world.reasons().join("; ")}`)
    await Bun.sleep(10)
  }
  return {
    world,
    async close() {
      await world.stop("measured")
      guard.stop()
    },
  }
}
