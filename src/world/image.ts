import type { BookImage, FeedImage, LatencyImage, PnlImage, PositionImage, StateImage } from "../runtime/http/deps.ts"
import type { Balance, Order } from "../runtime/domain/order.ts"
import type { Pnl } from "../runtime/domain/callbacks.ts"
import type { Inst } from "../runtime/domain/inst.ts"
import { pnlTotals } from "../runtime/domain/pnl.ts"
import { taskName } from "../runtime/domain/task.ts"
import type { Engine } from "../runtime/engine/engine.ts"
import type { Journal } from "../runtime/ports.ts"
import type { RunningFeed, RunningOrders, RunningTask } from "../runtime/tasks/task.ts"

const ENDED_ORDERS = 20

type Ended = Pick<Journal, "orders">
type Head = Pick<StateImage, "bot" | "version" | "mode" | "run" | "parameters">

/** What `/state` shows, gathered from the running tasks. */
export function stateImage(head: Head, engine: Engine, journal: Ended): StateImage {
  const { tasks } = engine
  const orders = tasks.filter((task): task is RunningOrders => task.spec.kind === "orders")
  const feeds = tasks.filter((task): task is RunningFeed => task.spec.kind === "feed")
  const pnl = orders.flatMap((task) => task.pnl())
  const raw = engine.state() as {
    latencyUs: { count: number; p50: number; p99: number; p999: number }
    modeWhy: string
  }
  const latency: LatencyImage = {
    name: "frame to handler",
    count: raw.latencyUs.count,
    p50Us: raw.latencyUs.p50,
    p99Us: raw.latencyUs.p99,
    p999Us: raw.latencyUs.p999,
  }
  return {
    ...head,
    status: engine.mode,
    statusWhy: raw.modeWhy,
    tasks: tasks.map(taskImage),
    feeds: feeds.map(feedImage),
    books: feeds.flatMap(bookImages),
    orders: [...orders.flatMap((task) => task.openOrders()), ...ended(journal)],
    positions: orders.flatMap(positionImages),
    balances: orders.flatMap((task) => (task.state() as { balances: readonly Balance[] }).balances),
    pnl: pnl.map(pnlImage),
    pnlTotals: pnlTotals(pnl),
    latencies: [latency],
  }
}

const FINAL = ["filled", "canceled", "expired", "rejected"] as const

const ended = (journal: Ended): readonly Order[] => journal.orders({ states: FINAL, limit: ENDED_ORDERS })

function taskImage(task: RunningTask): StateImage["tasks"][number] {
  const reasons = task.reasons()
  const image = { name: taskName(task.spec), kind: task.spec.kind, state: reasons.length === 0 ? "ready" : "not ready" }
  return reasons.length === 0 ? image : { ...image, why: reasons.join("; ") }
}

function feedImage(task: RunningFeed): FeedImage {
  const reasons = task.reasons()
  const { messages = 0, receivedAt = 0 } = task.state() as { messages?: number; receivedAt?: number }
  const market = (task.spec as { market: FeedImage["market"] }).market
  const image = { name: taskName(task.spec), market, state: reasons.length === 0 ? "live" : "not live", messages }
  const told = receivedAt === 0 ? image : { ...image, receivedAt }
  return reasons.length === 0 ? told : { ...told, why: reasons.join("; ") }
}

interface BookSummary {
  readonly state: BookImage["state"]
  readonly why: string
  readonly applied: number
  readonly gaps: number
}

function bookImages(task: RunningFeed): BookImage[] {
  const { market, books = {} } = task.state() as { market: BookImage["market"]; books?: Record<Inst, BookSummary> }
  return Object.entries(books).map(([inst, { state, why, applied, gaps }]) => {
    const view = task.book(inst)
    const best = view?.state === "live" ? view.best() : undefined
    return {
      market,
      inst,
      state,
      applied,
      gaps,
      ...(why === "" ? {} : { why }),
      ...(best === undefined ? {} : { bid: [best.bidPrice, best.bidSize], ask: [best.askPrice, best.askSize] }),
    }
  })
}

interface OrdersState {
  readonly market: PositionImage["market"]
  readonly own: readonly { readonly inst: Inst; readonly size: string }[]
  readonly positions: readonly { readonly inst: Inst }[]
}

function positionImages(task: RunningOrders): PositionImage[] {
  const { market, own, positions } = task.state() as unknown as OrdersState
  const insts = new Set([...own.map(({ inst }) => inst), ...positions.map(({ inst }) => inst)])
  return [...insts].map((inst) => {
    const { own: size, account } = task.position(inst)
    if (account === undefined) return { market, inst, own: size }
    return { market, inst, own: size, account: account.size, avgPrice: account.avgPrice }
  })
}

/** One row an inst, in the inst's quote or settlement currency. */
const pnlImage = ({ inst, realized, unrealized, fees, funding, fundingBasis }: Pnl): PnlImage => ({
  asset: inst,
  realized,
  ...(unrealized === undefined ? {} : { unrealized }),
  fees,
  funding,
  ...(fundingBasis === undefined ? {} : { fundingBasis }),
})
