import { afterEach, describe, expect, test } from "bun:test"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { front } from "../../../src/exchanges/binance/front.ts"
import { binanceUm } from "../../../src/exchanges/binance/index.ts"
import type { OrderChanged, Trouble } from "../../../src/runtime/domain/callbacks.ts"
import { clientIds } from "../../../src/runtime/domain/client-id.ts"
import { fromNumber, plus } from "../../../src/runtime/domain/decimal.ts"
import type { Fill, Side } from "../../../src/runtime/domain/order.ts"
import { drainMicrotasks } from "../../../src/runtime/platform/bun/microtasks.ts"
import type { Outside, Venue } from "../../../src/runtime/ports.ts"
import { type VirtualOutside, virtualOutside } from "../../../src/runtime/simulation/outside.ts"
import { seededRandom } from "../../../src/runtime/simulation/random.ts"
import { serveFront } from "../../../src/runtime/simulation/serve.ts"
import { openJournal, type OpenJournal } from "../../../src/runtime/storage/journal.ts"
import { Instruments } from "../../../src/runtime/tasks/instruments.ts"
import { Limiter } from "../../../src/runtime/tasks/limiter.ts"
import { Offset } from "../../../src/runtime/tasks/offset.ts"
import { ordersTask, type OrdersTask } from "../../../src/runtime/tasks/orders.ts"
import { PrivateStream } from "../../../src/runtime/tasks/orders/private-stream.ts"
import { restClient, type RestClient } from "../../../src/runtime/tasks/rest.ts"
import type { TaskHost } from "../../../src/runtime/tasks/task.ts"
import { Turn } from "../../../src/runtime/tasks/turn.ts"
import { Mortal } from "./scripted/mortal.ts"

const IDENTITY = "00000000b2"
const INST = "BTC_USDT_PERP"
const credentials = { apiKey: "key-for-tests", secret: "secret-for-tests" }
const startAt = 1_790_000_000_000_000

const directories: string[] = []
afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true })
})

interface Life {
  readonly mortal: Mortal
  readonly task: OrdersTask
  readonly rest: RestClient
  readonly journal: OpenJournal
  readonly turn: Turn
  readonly troubles: Trouble[]
  readonly changes: OrderChanged[]
  readonly failures: string[]
}

/** The bot's own adapter and journal file against the venue's front, on virtual time. */
async function born(outside: VirtualOutside, venue: Venue, file: string, entry: "socket" | "rest"): Promise<Life> {
  const mortal = new Mortal(outside)
  const mine: Outside = mortal.outside
  const { clock, http, random, log } = mine
  const journal = openJournal({
    file,
    clock,
    bot: "storm",
    version: "0",
    pid: 1,
    checkpoint: "off",
    retention: "forever",
  })
  const failures: string[] = []
  const troubles: Trouble[] = []
  const changes: OrderChanged[] = []
  const turn = new Turn(journal, (error) => failures.push(error.message))
  const host: TaskHost = {
    outside: mine,
    turn,
    publisher: (callback) => (data) => {
      if (callback === "onError") troubles.push(data as Trouble)
      if (callback === "onOrder") changes.push(data as OrderChanged)
    },
    halt: (why) => failures.push(why),
    counter: () => ({ value: 0 }),
  }
  const offset = new Offset({ venue, http, clock, random, log })
  const limiter = new Limiter(clock, venue.limits)
  const rest = restClient({ venue, http, clock, random, limiter, offset, credentials, log })
  const task = ordersTask({ kind: "orders", id: "1", market: "binance-um" }, host, {
    venue,
    journal,
    rest,
    limiter,
    offset,
    stream: new PrivateStream({ venue, outside: mine, turn, rest }),
    instruments: new Instruments({ venue, rest, clock, random, log }),
    identity: IDENTITY,
    clientId: clientIds(IDENTITY, journal.restored.run, outside.clock.now()),
    account: "shared",
    limits: {},
    entry,
    referencePrice: () => undefined,
  })
  task.start()
  return { mortal, task, rest, journal, turn, troubles, changes, failures }
}

function die(life: Life, outside: VirtualOutside): void {
  life.mortal.isAlive = false
  outside.network.cutAll()
  // The file's lock is the process's: it ends with it.
  life.journal.close("killed")
}

async function setup(seed: number, entry: "socket" | "rest") {
  const outside = virtualOutside({
    startAt,
    seed,
    drain: drainMicrotasks,
    faults: { latencyMsMin: 1, latencyMsMax: 40 },
  })
  const served = serveFront({
    front: front({ seed, startedAt: startAt, flow: 60, accounts: [{ ...credentials, balances: { USDT: "1000000" } }] }),
    listener: outside.listener,
    clock: outside.clock,
    host: "127.0.0.1",
    port: 0,
  })
  outside.clock.advance(1)
  const { url } = await served
  const directory = mkdtempSync(join(tmpdir(), "perigee-orders-"))
  directories.push(directory)
  const file = join(directory, "bot.db")
  const venue = binanceUm({ endpoint: url })
  return { outside, venue, file, life: await born(outside, venue, file, entry) }
}

const answered = async <T>(outside: VirtualOutside, asked: Promise<T>): Promise<T> => {
  let isDone = false
  void asked.finally(() => (isDone = true))
  outside.clock.runUntil(() => isDone, outside.clock.now() + 60_000_000)
  return asked
}

/** The middle of the venue's book, on the tick. */
async function middle(outside: VirtualOutside, life: Life): Promise<number> {
  const outcome = await answered(outside, life.rest.call("orderbook", { inst: INST, depth: 5 }))
  if (outcome.kind !== "accepted") throw new Error("no book")
  return Math.round(((outcome.value.bids[0] ?? 0) + (outcome.value.asks[0] ?? 0)) * 5) / 10
}

describe("orders on binance-um, with the venue's own front at the other end", () => {
  const storms: [seed: number, entry: "socket" | "rest"][] = [
    [1, "socket"],
    [2, "rest"],
    [3, "socket"],
    [4, "rest"],
  ]
  test.each(storms)("seed %d by %s: lost connections, answers and lives leave one truth", async (seed, entry) => {
    const { outside, venue, file, life: first } = await setup(seed, entry)
    const { clock, network } = outside
    const random = seededRandom(`storm ${seed}`)
    let life = first
    clock.advance(3_000)
    expect(life.task.reasons()).toEqual([])
    const price = await middle(outside, life)
    const fair = { latencyMsMin: 1, latencyMsMax: 40 }
    network.setFaults({ ...fair, lostRequestRate: 0.05, lostReplyRate: 0.1, cutRate: 0.002 })
    let sent = 0
    for (let step = 0; step < 200; step++) {
      const draw = random.next()
      const open = life.task.openOrders()
      const mine = open[Math.floor(random.next() * open.length)]
      if (draw < 0.4) {
        const side: Side = random.next() < 0.5 ? "BUY" : "SELL"
        const away = Math.floor((random.next() - 0.5) * 200) / 10
        const wished = fromNumber(Math.round((side === "BUY" ? price - away : price + away) * 10) / 10)
        const request = { inst: INST, side, size: "0.005", price: wished }
        if (life.turn.run(() => life.task.submit("storm", request)).kind === "submitted") sent++
      } else if (draw < 0.6 && mine !== undefined) void life.task.cancel(mine.clientId)
      else if (draw < 0.65 && mine !== undefined) void life.task.amend({ clientId: mine.clientId, size: "0.006" })
      if (random.next() < 0.06) network.cutAll()
      if (random.next() < 0.03) {
        die(life, outside)
        life = await born(outside, venue, file, entry)
      }
      clock.advance(random.next() * 1_500)
    }
    network.setFaults(fair)
    clock.advance(120_000)
    expect(life.task.reasons()).toEqual([])
    const canceled = life.task.cancelAll()
    await answered(outside, canceled)
    clock.advance(60_000)
    expect(sent).toBeGreaterThan(10)
    await compare(outside, life)
    die(life, outside)
  })
})

/** Journal and venue, order by order and fill by fill. */
async function compare(outside: VirtualOutside, life: Life): Promise<void> {
  const history = await answered(outside, life.rest.call("orderHistory", { inst: INST, startAt, limit: 1000 }))
  const fills = await answered(outside, life.rest.call("fills", { inst: INST, startAt, limit: 1000 }))
  const positions = await answered(outside, life.rest.call("positions", {}))
  if (history.kind !== "accepted" || fills.kind !== "accepted" || positions.kind !== "accepted") throw new Error("lost")
  const there = new Map(history.value.map((detail) => [detail.clientId, detail]))
  expect(there.size).toBe(history.value.length)
  const here = life.journal.orders({ limit: 10_000 })
  const known = new Set(here.map(({ clientId }) => clientId))
  expect([...there.keys()].filter((clientId) => clientId === undefined || !known.has(clientId))).toEqual([])
  for (const order of here) {
    const detail = there.get(order.clientId)
    const told =
      detail === undefined
        ? { state: "rejected", filled: 0 }
        : { state: detail.status, filled: Number(detail.filledSize) }
    expect({ state: order.state as string, filled: Number(order.filled) }).toEqual(told)
  }
  const idOf = ({ tradeId, orderId, size }: Fill): string => `${tradeId} ${orderId} ${Number(size)}`
  const counted = life.journal.fills({ limit: 10_000 })
  expect(counted.map(idOf).sort()).toEqual(fills.value.map(idOf).sort())
  expect(counted.length).toBeGreaterThan(3)
  const net = fills.value.reduce((sum, fill) => plus(sum, fill.side === "BUY" ? fill.size : `-${fill.size}`), "0")
  expect(life.task.position(INST).own).toBe(net)
  expect(Number(positions.value.find(({ inst }) => inst === INST)?.size ?? "0")).toBe(Number(net))
  expect(life.failures).toEqual([])
}
