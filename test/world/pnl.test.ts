// Random trading in bad weather, deaths and funding every few seconds: what the bot says it made is what the exchange's
// own books say, to the last decimal. A failing seed is the whole of its report: run it alone with PNL_SEED=n.
import { describe, expect, test } from "bun:test"
import { type Bot, bot, canonical, fromNumber, orders, priceOnTick, schedule, type Side, trades } from "perigee"
import type { BinanceFront } from "../../src/exchanges/binance/front.ts"
import { binanceUm } from "../../src/exchanges/binance/index.ts"
import { minus, plus, times } from "../../src/runtime/domain/decimal.ts"
import type { Pnl } from "../../src/runtime/domain/callbacks.ts"
import type { Faults } from "../../src/runtime/simulation/faults.ts"
import { type Witness, witness } from "../../src/runtime/simulation/witness.ts"
import type { RunningOrders } from "../../src/runtime/tasks/task.ts"
import { type Death, openSimulation, type Simulation } from "../../src/world/simulation.ts"
import { SIM_ACCOUNT } from "../../src/world/simulator.ts"
import { seededRandom } from "../../src/runtime/simulation/random.ts"

const INSTS = ["BTC_USDT_PERP", "ETH_USDT_PERP"] as const
const SYMBOLS = { BTCUSDT: "BTC_USDT_PERP", ETHUSDT: "ETH_USDT_PERP" } as const
const SIZES = { BTC_USDT_PERP: 4, ETH_USDT_PERP: 90 } as const
const FUNDING_MS = 10_000
const START_AT = 1_790_000_000_000_000
const DEATHS: readonly Death[] = ["now", "before commit", "after commit"]
const WEATHER: Faults = {
  latencyMsMin: 1,
  latencyMsMax: 60,
  dropRate: 0.01,
  duplicateRate: 0.02,
  cutRate: 0.0005,
  lostRequestRate: 0.03,
  lostReplyRate: 0.03,
}

interface Punter {
  trades: boolean
  /** The newest price heard of each inst: what an open size is valued at. */
  readonly prices: Map<string, number>
}

/** Takes, rests and turns around at random on both insts. */
function punter(mood: Punter, account: "exclusive" | "shared"): Bot {
  const tape = trades("binance-um", INSTS)
  const tick = schedule({ everyMs: 200 })
  const router = orders("binance-um")
  return bot({ name: "punter", account, limits: { openOrdersMax: 6 } })
    .task(tape)
    .task(tick)
    .task(router)
    .strategy(
      {
        onTrade({ data }) {
          mood.prices.set(data.inst, data.price)
        },
        onSchedule(_, ctx) {
          const inst = INSTS[ctx.random() < 0.5 ? 0 : 1]
          const [info, last] = [ctx.instrument(inst), mood.prices.get(inst)]
          const resting = ctx.openOrders(inst)[0]
          if (!mood.trades || info === undefined || last === undefined) return
          if (resting?.state === "open" && ctx.random() < 0.4) return void ctx.cancel(router, resting.clientId)
          const side: Side = ctx.random() < 0.5 ? "BUY" : "SELL"
          const size = ((1 + Math.floor(ctx.random() * SIZES[inst])) / 1_000).toFixed(3)
          if (ctx.random() < 0.3) return void ctx.submit(router, { inst, side, size, type: "market" })
          const away = (ctx.random() - 0.6) * last * 0.0004 * (side === "BUY" ? 1 : -1)
          const price = priceOnTick(info, side, fromNumber(Number((last + away).toFixed(2))))
          ctx.submit(router, { inst, side, size, price })
        },
      },
      { on: [tape, tick] },
    ) as unknown as Bot
}

interface Scene {
  readonly simulation: Simulation
  readonly mood: Punter
  readonly front: BinanceFront
  readonly witness: Witness
}

async function open(seed: number, account: "exclusive" | "shared"): Promise<Scene> {
  const mood: Punter = { trades: true, prices: new Map() }
  let front: BinanceFront | undefined
  let seen: Witness | undefined
  const simulation = await openSimulation({
    bot: () => punter(mood, account),
    seed,
    startAt: START_AT,
    rate: 40,
    funding: { everyMs: FUNDING_MS },
    faults: { latencyMsMin: 1, latencyMsMax: 20 },
    through(made, clock) {
      front = made as BinanceFront
      const venue = binanceUm({ endpoint: "http://exchange:8080" })
      const channel = { kind: "lob", form: "incremental", everyMs: 0 } as const
      seen = witness({ front, venue, clock, credentials: SIM_ACCOUNT, channel, insts: INSTS })
      return seen.front
    },
  })
  return { simulation, mood, front: front!, witness: seen! }
}

/** Bad weather and deaths; then all is told, and a settlement is some seconds old. */
function weather({ simulation, mood }: Scene, seed: number, meanwhile: (draw: number) => void = () => undefined): void {
  const random = seededRandom(`weather ${seed}`)
  simulation.advance(2_000)
  simulation.outside.network.setFaults(WEATHER)
  for (let step = 0; step < 240; step++) {
    simulation.advance(250)
    meanwhile(random.next())
    if (!simulation.isAlive) {
      if (random.next() < 0.15) simulation.revive()
    } else if (random.next() < 0.012) simulation.kill(DEATHS[Math.floor(random.next() * 3)]!)
    else if (random.next() < 0.02) simulation.outside.network.cutAll()
  }
  simulation.outside.network.setFaults({ latencyMsMin: 1, latencyMsMax: 5 })
  simulation.advance(5_000)
  if (!simulation.isAlive) simulation.revive()
  simulation.advance(20_000)
  mood.trades = false
  simulation.settle("canceling all orders", simulation.world.engine.cancelAll())
  simulation.advance(30_000)
  const now = simulation.outside.clock.now()
  const atUs = FUNDING_MS * 1_000
  simulation.advance((atUs - (now % atUs)) / 1_000 + 8_000)
}

const routerOf = ({ simulation }: Scene): RunningOrders =>
  simulation.world.engine.tasks.find((task): task is RunningOrders => task.spec.kind === "orders")!

const seeds = process.env["PNL_SEED"] === undefined ? [1, 2, 3, 4, 5, 6, 7, 8] : [Number(process.env["PNL_SEED"])]

describe("profit and loss of an account of its own is the exchange's, per inst and in total", () => {
  test.each(seeds)(
    "seed %d",
    async (seed) => {
      const scene = await open(seed, "exclusive")
      weather(scene, seed)
      const { simulation, front, mood } = scene
      const books = front.books(SIM_ACCOUNT.apiKey)
      const there = books.map((one): Pnl => {
        const inst = SYMBOLS[one.symbol as keyof typeof SYMBOLS]
        const { realized, fees, funding } = one
        const unrealized = one.unrealized(fromNumber(mood.prices.get(inst)!))
        const exact = { realized, unrealized, fees, funding }
        const entries = Object.entries(exact).map(([name, amount]) => [name, canonical(amount)])
        return { inst, ...Object.fromEntries(entries), fundingBasis: "paid" } as Pnl
      })
      const here = routerOf(scene).pnl()
      const byInst = (a: Pnl, b: Pnl): number => (a.inst < b.inst ? -1 : 1)
      expect(here.toSorted(byInst)).toEqual(there.toSorted(byInst))
      expect(simulation.world.stats().pnl).toBe(there.reduce(net, "0"))
      expect(there.map(({ inst }) => inst).toSorted()).toEqual([...INSTS])
      for (const { funding, realized, fees } of there) {
        expect(Number(funding)).not.toBe(0)
        expect(Number(realized)).not.toBe(0)
        expect(Number(fees)).toBeGreaterThan(0)
      }
      const { journal } = simulation.world
      const payments = journal.fundings({ limit: 10_000 })
      expect(new Set(payments.map(({ inst, id }) => `${inst} ${id}`)).size).toBe(payments.length)
      expect(payments.length).toBeGreaterThan(8)
      simulation.stop("the test is over")
    },
    60_000,
  )
})

const net = (total: string, { realized, unrealized = "0", fees, funding }: Pnl): string =>
  plus(plus(plus(total, realized), unrealized), minus(funding, fees))

test("on a shared account the bot counts its own part of funding, not what others' positions pay", async () => {
  const scene = await open(11, "shared")
  const { witness: other, simulation } = scene
  let placed = 0
  const meanwhile = (draw: number): void => {
    if (draw > 0.1) return
    const side = placed % 3 === 0 ? "SELL" : "BUY"
    const clientId = `ffffffffff000001${String(++placed).padStart(16, "0")}`
    other.ask("place", { inst: "BTC_USDT_PERP", side, size: "0.05", type: "market", clientId })
  }
  weather(scene, 11, meanwhile)
  // A share is reckoned a minute after its settlement.
  simulation.advance(70_000)
  expect(placed).toBeGreaterThan(10)
  const mine = new Set(simulation.world.journal.orders({ limit: 10_000 }).map(({ orderId }) => orderId))
  const now = simulation.outside.clock.now()
  for (const { inst, funding, fundingBasis } of routerOf(scene).pnl()) {
    const fills = other.ask("fills", { inst, startAt: START_AT, limit: 1_000 }).filter((fill) => mine.has(fill.orderId))
    // The newest settlements are not over yet: fills of a moment before may still be on their way.
    const endAt = simulation.world.journal.fundings({ inst, limit: 1 })[0]!.timestamp
    expect(now - endAt).toBeLessThan(150_000_000)
    const rates = other.ask("fundingHistory", { inst, startAt: START_AT, endAt, limit: 1_000 })
    const due = rates.map(({ rate, markPrice, fundingAt }) => {
      const held = fills
        .filter(({ timestamp }) => timestamp <= fundingAt)
        .reduce((sum, { side, size }) => (side === "BUY" ? plus(sum, size) : minus(sum, size)), "0")
      const exact = times(times(held, fromNumber(markPrice!)), fromNumber(rate))
      return canonical(minus("0", exact).replace(/(\.\d{8})\d+$/, "$1"))
    })
    expect(fundingBasis).toBe("share")
    expect(funding).toBe(due.reduce((sum, amount) => plus(sum, amount), "0"))
    expect(Number(funding)).not.toBe(0)
  }
  const whole = other.ask("fundingPaid", { inst: "BTC_USDT_PERP", startAt: START_AT, limit: 1_000 })
  const account = whole.reduce((sum, { amount }) => plus(sum, amount), "0")
  expect(account).not.toBe(
    routerOf(scene)
      .pnl()
      .find(({ inst }) => inst === "BTC_USDT_PERP")!.funding,
  )
  simulation.stop("the test is over")
}, 60_000)
