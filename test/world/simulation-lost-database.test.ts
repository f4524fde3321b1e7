// The whole bot on its simulated exchange loses its database, and begins anew on the same account.
import { expect, test } from "bun:test"
import { binanceUm } from "../../src/exchanges/binance/index.ts"
import type { Channel } from "../../src/runtime/domain/channel.ts"
import { type Witness, witness } from "../../src/runtime/simulation/witness.ts"
import type { RunningOrders } from "../../src/runtime/tasks/task.ts"
import { openSimulation, type Simulation } from "../../src/world/simulation.ts"
import { SIM_ACCOUNT } from "../../src/world/simulator.ts"
import { INST, type Mood, newMood, trader } from "./simulated/trader.ts"

const CHANNEL: Channel = { kind: "lob", form: "incremental", everyMs: 0 }
const START_AT = 1_790_000_000_000_000

async function opened(seed: number, mood: Mood): Promise<{ simulation: Simulation; watching: Witness }> {
  let watching: Witness | undefined
  const simulation = await openSimulation({
    bot: () => trader(mood),
    seed,
    startAt: START_AT,
    rate: 60,
    faults: { latencyMsMin: 1, latencyMsMax: 20 },
    through(front, clock) {
      const venue = binanceUm({ endpoint: "http://exchange:8080" })
      watching = witness({ front, venue, clock, credentials: SIM_ACCOUNT, channel: CHANNEL, insts: [INST] })
      return watching.front
    },
  })
  return { simulation, watching: watching! }
}

const router = ({ world }: Simulation): RunningOrders =>
  world.engine.tasks.find((task): task is RunningOrders => task.spec.kind === "orders")!

const idsAt = (watching: Witness): (string | undefined)[] =>
  watching.ask("orderHistory", { inst: INST, startAt: START_AT, limit: 1_000 }).map(({ clientId }) => clientId)

const openAt = (watching: Witness): (string | undefined)[] =>
  watching.ask("openOrders", {}).map(({ clientId }) => clientId)

test.each([1, 2, 3])(
  "a bot that lost its database finds its orders and position, and repeats no client id: seed %d",
  async (seed) => {
    const mood = newMood()
    const { simulation, watching } = await opened(seed, mood)
    simulation.advance(20_000)
    const firstIds = idsAt(watching)
    simulation.kill("now")
    simulation.advance(1_000)
    simulation.loseDatabase()
    const resting = openAt(watching)
    expect(resting.length).toBeGreaterThan(0)
    simulation.revive()
    expect(simulation.runUntil(() => simulation.world.reasons().length === 0, 10_000)).toBe(true)
    const known = simulation.world.journal.orders({ limit: 10_000 }).map(({ clientId }) => clientId)
    expect(resting.filter((clientId) => !known.includes(clientId ?? ""))).toEqual([])
    const [held] = watching.ask("positions", {})
    expect(Number(router(simulation).position(INST).own)).toBe(Number(held?.size ?? "0"))
    simulation.advance(20_000)
    const ids = idsAt(watching)
    expect(ids.length).toBeGreaterThan(firstIds.length + 20)
    expect(ids.length).toBeLessThan(1_000)
    expect(new Set(ids).size).toBe(ids.length)
    mood.trades = false
    simulation.advance(1_000)
    simulation.settle("canceling all orders", simulation.world.engine.cancelAll())
    simulation.advance(5_000)
    expect([openAt(watching), router(simulation).openOrders()]).toEqual([[], []])
    const [position] = watching.ask("positions", {})
    expect(Number(router(simulation).position(INST).own)).toBe(Number(position?.size ?? "0"))
    const troubles = simulation.outside.log.lines
      .filter(({ event }) => event === "orders.trouble")
      .map(({ fields }) => fields?.["kind"])
    expect(new Set(troubles)).toEqual(new Set(["order adopted", "earlier life"]))
    expect(troubles.filter((kind) => kind === "earlier life")).toHaveLength(1)
    simulation.stop("the test is over")
  },
  30_000,
)
