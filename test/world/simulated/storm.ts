import { binanceUm } from "../../../src/exchanges/binance/index.ts"
import type { Channel } from "../../../src/runtime/domain/channel.ts"
import type { OrderDetail } from "../../../src/runtime/domain/operation.ts"
import type { Fill } from "../../../src/runtime/domain/order.ts"
import type { Faults } from "../../../src/runtime/simulation/faults.ts"
import { violations } from "../../../src/runtime/simulation/invariants.ts"
import { seededRandom } from "../../../src/runtime/simulation/random.ts"
import { type Witness, witness } from "../../../src/runtime/simulation/witness.ts"
import { type Death, openSimulation, type Simulation } from "../../../src/world/simulation.ts"
import { SIM_ACCOUNT } from "../../../src/world/simulator.ts"
import type { RunningFeed, RunningOrders } from "../../../src/runtime/tasks/task.ts"
import { INST, type Mood, newMood, trader } from "./trader.ts"

export interface StormOptions {
  readonly seed: number
  /** Virtual, of bad weather. */
  readonly seconds: number
  /** The weather, instead of what the seed makes of it; nobody dies in it. */
  readonly faults?: Faults
  readonly trace?: (line: string) => void
}

export interface Aftermath {
  /** Everything that should not be so. */
  readonly wrong: readonly string[]
  readonly orders: number
  readonly fills: number
  readonly deaths: number
  /** Books held against the exchange's own. */
  readonly compared: number
  /** Times that the log tells of a message nobody could read. */
  readonly unreadable: number
}

const CHANNEL: Channel = { kind: "lob", form: "incremental", everyMs: 0 }
const START_AT = 1_790_000_000_000_000
const STEP_MS = 250
const HEALING_MS = 35_000
const LEVELS = 20

/** What goes wrong in this seed's weather, and how much: now this, now that, now everything. */
function weatherOf(next: () => number): Faults {
  const some = (most: number): number => (next() < 0.5 ? 0 : next() * most)
  return {
    latencyMsMin: 0.2 + next() * 5,
    latencyMsMax: 6 + next() * next() * 300,
    refuseRate: some(0.05),
    dropRate: some(0.03),
    duplicateRate: some(0.02),
    cutRate: some(0.001),
    halfCutRate: some(0.03),
    stallRate: some(0.02),
    lateRequestRate: some(0.1),
    lostRequestRate: some(0.08),
    lostReplyRate: some(0.08),
    corruptRate: some(0.001),
    garbleRate: some(0.02),
  }
}

const DEATHS: readonly Death[] = ["now", "before commit", "after commit"]

/** A trader in bad weather that dies now and then; then the sky clears, and it must know what the exchange knows. */
export async function storm({ seed, seconds, faults: given, trace }: StormOptions): Promise<Aftermath> {
  const random = seededRandom(`storm ${seed}`)
  const next = (): number => random.next()
  const faults = given ?? weatherOf(next)
  const deathRate = given !== undefined || next() < 0.5 ? 0 : 0.02
  const mood = newMood()
  let watching: Witness | undefined
  const simulation = await openSimulation({
    bot: () => trader(mood),
    seed,
    startAt: START_AT,
    rate: 60,
    faults: { latencyMsMin: 1, latencyMsMax: 20 },
    ...(trace === undefined ? {} : { trace }),
    through(front, clock) {
      const venue = binanceUm({ endpoint: "http://exchange:8080" })
      watching = witness({ front, venue, clock, credentials: SIM_ACCOUNT, channel: CHANNEL, insts: [INST] })
      return watching.front
    },
  })
  const { network } = simulation.outside
  const wrong = new Set<string>()
  let deaths = 0
  simulation.advance(2_000)
  network.setFaults(faults)
  for (let at = 0; at < seconds * 1_000; at += STEP_MS) {
    simulation.advance(STEP_MS)
    if (next() < 0.01) network.cutAll()
    if (!simulation.isAlive) {
      if (next() < 0.2) simulation.revive()
      continue
    }
    if (next() < deathRate) {
      deaths++
      simulation.kill(DEATHS[Math.floor(next() * 3)]!)
      continue
    }
    look(simulation, watching!, wrong)
  }
  heal(simulation, mood, wrong)
  look(simulation, watching!, wrong)
  for (const word of compare(simulation, watching!, (faults.garbleRate ?? 0) > 0)) wrong.add(word)
  const { length: orders } = simulation.world.journal.orders({ limit: 100_000 })
  const { length: fills } = simulation.world.journal.fills({ limit: 100_000 })
  const unreadable = simulation.outside.log.lines.filter((line) => isUnreadable(JSON.stringify(line))).length
  simulation.stop("the storm is over")
  return { wrong: [...wrong], orders, fills, deaths, compared: watching!.compared, unreadable }
}

/** A book that is believed must be the exchange's, at the same update. */
function look(simulation: Simulation, watching: Witness, wrong: Set<string>): void {
  for (const task of simulation.world.engine.tasks) {
    if (task.spec.kind !== "feed") continue
    const view = (task as RunningFeed).book(INST)
    if (view?.state !== "live") continue
    const { bids, asks } = view.levels(LEVELS)
    const mistake = watching.mistake({ inst: INST, seq: view.seq, bids, asks })
    if (mistake !== undefined) wrong.add(mistake)
  }
}

function heal(simulation: Simulation, mood: Mood, wrong: Set<string>): void {
  simulation.outside.network.setFaults({ latencyMsMin: 1, latencyMsMax: 5 })
  // Whoever is doomed to die at a commit does so while it still trades.
  simulation.advance(5_000)
  if (!simulation.isAlive) simulation.revive()
  simulation.advance(5_000)
  mood.trades = false
  simulation.advance(HEALING_MS)
  for (const reason of simulation.world.reasons()) wrong.add(`not ready after healing: ${reason}`)
  simulation.settle("canceling all orders", simulation.world.engine.cancelAll())
  simulation.advance(8_000)
  for (const [what, count] of mood.waiting) if (count > 0) wrong.add(`${count} answers to ${what} never came`)
}

function compare(simulation: Simulation, watching: Witness, isGarbled: boolean): string[] {
  const { journal, engine } = simulation.world
  const router = engine.tasks.find((task): task is RunningOrders => task.spec.kind === "orders")!
  const positions = watching.ask("positions", {})
  const truth = {
    orders: allOrders(watching),
    fills: allFills(watching),
    position: (inst: string) => positions.find((position) => position.inst === inst)?.size ?? "0",
  }
  const belief = {
    orders: journal.orders({ limit: 100_000 }),
    fills: journal.fills({ limit: 100_000 }),
    own: (inst: string) => router.position(inst).own,
    account: (inst: string) => router.position(inst).account?.size ?? "0",
  }
  const troubles = simulation.outside.log.lines
    .filter(({ level, event }) => level === "error" || TROUBLES.test(event))
    .map(({ event, fields }) => `${event}: ${JSON.stringify(fields)}`)
    // The weather doubles answers too, and mangles what says so then.
    .filter((line) => !line.includes("which nobody sent") && !(isGarbled && isUnreadable(line)))
  const unwritten = belief.orders
    .filter(({ clientId }) => journal.history(clientId)[0]?.cause !== "submit")
    .map(({ clientId }) => `order ${clientId} was sent before it was written down`)
  return [...violations(truth, belief, [INST]), ...unwritten, ...troubles]
}

/** What no weather is an excuse for: an order that moves after its end, one that nobody sent, a handler that never settles. */
const TROUBLES = /^(?:orders\.trouble|handler\.)/

const isUnreadable = (line: string): boolean => line.includes('"kind":"unreadable frame"')

const PAGE = 1_000

function allOrders(watching: Witness): OrderDetail[] {
  const found = new Map<string, OrderDetail>()
  for (let startAt = START_AT; ;) {
    const page = watching.ask("orderHistory", { inst: INST, startAt, limit: PAGE })
    for (const detail of page) found.set(detail.orderId, detail)
    if (page.length < PAGE) return [...found.values()]
    startAt = page.at(-1)!.createdAt
  }
}

function allFills(watching: Witness): Fill[] {
  const found = new Map<string, Fill>()
  for (let startAt = START_AT; ;) {
    const page = watching.ask("fills", { inst: INST, startAt, limit: PAGE })
    for (const fill of page) found.set(`${fill.tradeId} ${fill.orderId}`, fill)
    if (page.length < PAGE) return [...found.values()]
    startAt = page.at(-1)!.timestamp
  }
}
