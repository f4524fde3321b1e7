// A bot that trades all the time is killed again and again; what it knows in the end is what the exchange knows.
import { Database } from "bun:sqlite"
import { afterAll, expect, test } from "bun:test"
import { join } from "node:path"
import { accountAt } from "./account.ts"
import { folder, keysOf, type Program, type Simulator, start, startSimulator } from "./program.ts"
import { until } from "./until.ts"

const SYMBOL = "BTCUSDT"
const KILLS = 20
const SEED = 20_261_122
/** Twenty-one starts in a minute come close to the weight the venue grants: the last of them may have to wait for the next minute. */
const READY_MS_MAX = 75_000
const churn = join(import.meta.dir, "bots", "churn.ts")

const home = folder()
const running: Program[] = []
afterAll(() => {
  for (const program of running) program.signal("SIGKILL")
  home.remove()
})

/** Even numbers in [0, 1) from a seed (mulberry32). */
function chance(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

function startBot(sim: Simulator, more: readonly string[] = []): Program {
  const words = ["run", churn, "--live", "--endpoint", sim.url, "--db", join(home.path, "churn.db"), "--http-port", "0"]
  const bot = start([...words, ...more], { cwd: home.path, env: keysOf(sim) })
  running.push(bot)
  return bot
}

const isReady = (bot: Program): boolean => bot.out().includes('"event":"bot.ready"')
const sendings = (bot: Program): number => bot.out().split("sent\n").length - 1

/** Half of the times anywhere in its life, else right behind orders that have just left. */
async function killed(bot: Program, next: () => number): Promise<string> {
  if (next() < 0.5) {
    await Bun.sleep(100 + next() * 2_400)
  } else {
    const wanted = 1 + Math.floor(next() * 4)
    await until("orders were sent", () => sendings(bot) >= wanted || bot.isOver(), READY_MS_MAX)
    await Bun.sleep(next() * 2)
  }
  if (bot.isOver()) throw new Error(`it ended by itself: ${bot.err()}`)
  const when = isReady(bot) ? "trading" : "starting"
  bot.signal("SIGKILL")
  expect(await bot.ended).toBe(137)
  return when
}

const FINAL: Readonly<Record<string, string>> = {
  FILLED: "filled",
  CANCELED: "canceled",
  EXPIRED: "expired",
  EXPIRED_IN_MATCH: "expired",
  REJECTED: "rejected",
}

interface OrderRow {
  readonly client_id: string
  readonly order_id: string | null
  readonly state: string
  readonly filled: string
}
interface FillRow {
  readonly trade_id: string
  readonly order_id: string
  readonly side: string
  readonly size: string
  readonly price: string
  readonly fee: string
}

function journal() {
  const database = new Database(join(home.path, "churn.db"), { readonly: true })
  const orders = database.query<OrderRow, []>("SELECT client_id, order_id, state, filled FROM all_orders").all()
  const fills = database.query<FillRow, []>("SELECT trade_id, order_id, side, size, price, fee FROM fills").all()
  const own = database.query<{ size: string }, []>("SELECT size FROM own_positions").all()
  const runs = database.query<{ run: number }, []>("SELECT run FROM runs").all()
  database.close()
  return { orders, fills, own, runs }
}

const byText = (a: string, b: string): number => (a < b ? -1 : 1)

test(`killed ${KILLS} times at any moment, a bot knows every order and counts every fill once`, async () => {
  const sim = await startSimulator(["--seed", "7"])
  running.push(sim.program)
  const next = chance(SEED)
  const moments: string[] = []
  for (let count = 0; count < KILLS; count++) moments.push(await killed(startBot(sim), next))
  expect(moments.filter((when) => when === "trading").length).toBeGreaterThan(KILLS / 2)

  const last = startBot(sim, ["--set", "trades=false"])
  await until("ready after the last kill", () => isReady(last) || last.isOver(), READY_MS_MAX)
  last.signal("SIGTERM")
  expect([await last.ended, last.err()]).toEqual([0, ""])

  const account = accountAt(sim)
  const [orders, trades, open] = [
    await account.orders(SYMBOL),
    await account.trades(SYMBOL),
    await account.openOrders(SYMBOL),
  ]
  const known = journal()
  // Some end before they have opened their database.
  expect(known.runs.length).toBeGreaterThan(KILLS / 2)
  expect(open).toEqual([])

  // Sent once: the exchange has no client id twice.
  expect(new Set(orders.map(({ clientOrderId }) => clientOrderId)).size).toBe(orders.length)

  // Every order is known, in the same final state, filled as much; what the exchange never saw is known as that.
  const there = orders.map((order) => [
    order.clientOrderId,
    order.orderId,
    FINAL[order.status],
    Number(order.executedQty),
  ])
  expect(new Set(known.orders.map((order) => order.client_id)).size).toBe(known.orders.length)
  const mine = new Map(known.orders.map((order) => [order.client_id, order]))
  const here = orders.map(({ clientOrderId }) => {
    const order = mine.get(clientOrderId)
    return [order?.client_id, order?.order_id, order?.state, Number(order?.filled)]
  })
  expect(here).toEqual(there)
  const arrived = new Set(orders.map(({ clientOrderId }) => clientOrderId))
  const others = known.orders.filter(({ client_id }) => !arrived.has(client_id))
  expect(others.filter(({ state, filled }) => state !== "rejected" || filled !== "0")).toEqual([])

  // Every fill once, of the same size at the same price.
  const toldFills = trades.map(({ id, orderId, side, qty, price, commission }) =>
    [id, orderId, side, Number(qty), Number(price), Number(commission)].join(" "),
  )
  const ownFills = known.fills.map(({ trade_id, order_id, side, size, price, fee }) =>
    [trade_id, order_id, side, Number(size), Number(price), Number(fee)].join(" "),
  )
  expect(ownFills.sort(byText)).toEqual(toldFills.sort(byText))
  expect(trades.length).toBeGreaterThan(KILLS)

  const position = await account.position(SYMBOL)
  expect(known.own.map(({ size }) => Number(size))).toEqual([position])
  sim.program.signal("SIGTERM")
  expect(await sim.program.ended).toBe(0)
}, 160_000)
