import type { PnlTotal } from "../domain/pnl.ts"
import type { StateImage } from "../http/deps.ts"

/** A running bot's state for a person: what is not as it should be, what it holds, what it waits for. */
export function stateText(state: unknown): string {
  if (!isState(state)) return `${JSON.stringify(state, null, 2)}\n`
  const { bot, version, mode, status, statusWhy, run, tasks, books, positions, pnlTotals, orders, latencies } = state
  const rows: readonly (readonly [name: string, words: readonly string[]])[] = [
    ["bot", [`${bot} ${version}, ${mode}, ${status}${reason(statusWhy)}, up ${duration(run.uptimeMs)}`]],
    ["tasks", tasks.map((task) => `${task.name}: ${task.state}${reason(task.why)}`)],
    ["books", books.map((book) => `${book.inst}: ${touch(book)}`)],
    ["positions", positions.map(({ inst, own, account }) => `${inst} ${own}${owned(own, account)}`)],
    ["PnL", pnlTotals.map(money)],
    ["orders", ordersOf(orders)],
    ["latency", latencies.map(({ name, p50Us, p99Us }) => `${name} p50 ${us(p50Us)}  p99 ${us(p99Us)}`)],
  ]
  const lines = rows.flatMap(([name, words]) => (words.length === 0 ? ["none"] : words).map(headed(name)))
  return `${lines.join("\n")}\n`
}

const LISTS = ["tasks", "books", "positions", "pnlTotals", "orders", "latencies"] as const

/** Whoever answers at an address may be of another version, or no bot at all. */
function isState(body: unknown): body is StateImage {
  if (typeof body !== "object" || body === null) return false
  const { run, ...rest } = body as Partial<StateImage>
  return typeof run === "object" && LISTS.every((list) => Array.isArray(rest[list]))
}

const headed = (name: string) => (words: string, at: number) => `${(at === 0 ? name : "").padEnd(11)}${words}`
const reason = (why: string | undefined): string => (why === undefined || why === "" ? "" : ` (${why})`)
const owned = (own: string, account: string | undefined): string =>
  account === undefined || account === own ? "" : `, the account ${account}`

const money = ({ quote, realized, unrealized = "unknown", fees, funding, net = "unknown" }: PnlTotal): string =>
  `${net} ${quote}: realized ${realized}  unrealized ${unrealized}  fees ${fees}  funding ${funding}`

function touch({ state, why, bid, ask }: StateImage["books"][number]): string {
  return bid === undefined || ask === undefined ? `${state}${reason(why)}` : `${state}, ${bid[0]} | ${ask[0]}`
}

const OPEN = ["pending", "open", "unknown"]

/** Those that are not over, and how many of the last were filled. */
function ordersOf(orders: StateImage["orders"]): readonly string[] {
  const open = orders.filter(({ state }) => OPEN.includes(state))
  const ended = orders.length - open.length
  return [
    ...open.map(
      ({ side, size, inst, price, state, filled, clientId }) =>
        `${side} ${size} ${inst} at ${price ?? "market"}: ${state}, ${filled} filled, ${clientId}`,
    ),
    `${open.length} open${ended === 0 ? "" : `, ${ended} ended of late (--json lists them)`}`,
  ]
}

const us = (value: number): string => (value < 1_000 ? `${value.toFixed(1)} µs` : `${(value / 1_000).toFixed(1)} ms`)

function duration(ms: number): string {
  const seconds = Math.floor(ms / 1_000)
  if (seconds < 120) return `${seconds} s`
  return seconds < 7_200 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 3_600)} h`
}
