// The other end of a measurement, in a process of its own, so that its work is not counted: the simulated exchange for REST
// and the account's stream, and beside it a server that sends market frames as fast as they are taken, or one at a time
// with a stop watch on the order that follows. Told what to do over IPC by `bench/peer.ts`.
import type { ServerWebSocket } from "bun"
import { openSimulator, SIM_ACCOUNT } from "../../src/world/simulator.ts"
import { outside } from "../../src/world/machine.ts"
import type { FromPeer, Side, ToPeer } from "../peer.ts"
import { tradeFrame } from "../frames.ts"

interface Line {
  readonly side: Side
  readonly isEntry: boolean
}

const bufferedBytesMax = 1 << 20
/** Frames a system call: a burst, as a venue sends it when the market moves. */
const burst = 100
const orderMsMax = 2_000

const feeds = new Map<Side, ServerWebSocket<Line>>()
let ordered: ((side: Side, at: number) => void) | undefined
let orders = 0

const tell = (message: FromPeer): void => void process.send?.(message)

const server = Bun.serve<Line>({
  hostname: "127.0.0.1",
  port: 0,
  fetch(request, server) {
    const { pathname } = new URL(request.url)
    const side: Side = pathname.startsWith("/bare/") ? "bare" : "venue"
    const isEntry = pathname.includes("entry") || pathname.includes("ws-fapi")
    if (server.upgrade(request, { data: { side, isEntry } })) return undefined
    return new Response("only WebSockets here\n", { status: 404 })
  },
  websocket: {
    idleTimeout: 0,
    backpressureLimit: 1 << 26,
    open(client) {
      if (!client.data.isEntry) feeds.set(client.data.side, client)
    },
    message(client, message) {
      const at = performance.now()
      const text = message.toString()
      if (!client.data.isEntry) return void client.send(`{"result":null,"id":${/"id":(\d+)/.exec(text)?.[1] ?? 0}}`)
      ordered?.(client.data.side, at)
      client.send(placed(text))
    },
  },
})

/** An order that nothing met: over with its answer, so that none pile up. */
function placed(text: string): string {
  const { id, params } = JSON.parse(text) as { id: string; params: Record<string, string> }
  const result = {
    symbol: params["symbol"],
    status: "EXPIRED",
    clientOrderId: params["newClientOrderId"],
    price: params["price"],
    avgPrice: "0.00",
    origQty: params["quantity"],
    executedQty: "0",
    cumQty: "0",
    cumQuote: "0",
    timeInForce: "IOC",
    type: "LIMIT",
    reduceOnly: false,
    side: params["side"],
    positionSide: "BOTH",
    updateTime: Date.now(),
  }
  const body = JSON.stringify(result).slice(1)
  return `{"id":${JSON.stringify(id)},"status":200,"result":{"orderId":${4_000_000_000_000_000_000n + BigInt(++orders)},${body}}`
}

function blast(side: Side, count: number): void {
  const client = feeds.get(side)
  if (client?.readyState !== WebSocket.OPEN) return
  let sent = 0
  while (sent < count && client.getBufferedAmount() < bufferedBytesMax) sent += sendBurst(client, count - sent)
  if (sent < count) setImmediate(blast, side, count - sent)
  else tell({ kind: "done" })
}

function sendBurst(client: ServerWebSocket<Line>, most: number): number {
  const size = Math.min(burst, most)
  const now = Date.now()
  client.cork(() => {
    for (let at = 0; at < size; at++) client.send(tradeFrame(most - at, now))
  })
  return size
}

/** One tick, then the order it led to, then a pause in which its answer is dealt with; the sides take turns. */
async function ticks(count: number, pauseMs: number): Promise<void> {
  const tookUs: Record<Side, number[]> = { venue: [], bare: [] }
  for (let tick = 0; tick < count; tick++) {
    for (const side of ["venue", "bare"] as const) {
      const took = await tickToOrder(side, tick)
      if (!Number.isNaN(took)) tookUs[side].push(took)
      await pause(pauseMs)
    }
  }
  tell({ kind: "ticks", tookUs })
}

async function tickToOrder(side: Side, tick: number): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>()
  ordered = (from, at) => {
    if (from === side) resolve(at)
  }
  const late = setTimeout(() => resolve(Number.NaN), orderMsMax)
  const frame = tradeFrame(tick, Date.now())
  const sentAt = performance.now()
  feeds.get(side)?.send(frame)
  const at = await promise
  clearTimeout(late)
  ordered = undefined
  return (at - sentAt) * 1_000
}

/** Awake, so that the next tick leaves from a core that is not asleep; in steps, so that answers are sent meanwhile. */
async function pause(ms: number): Promise<void> {
  const until = performance.now() + ms
  while (performance.now() < until) await new Promise<void>((resolve) => setImmediate(resolve))
}

const { url } = await openSimulator({
  market: "binance-um",
  outside: outside({ level: "warn", to: 2 }),
  host: "127.0.0.1",
  port: 0,
  seed: 1,
  pace: 1,
  rate: 0,
})

process.on("message", (message: ToPeer) => {
  if (message.kind === "blast") blast(message.side, message.count)
  else void ticks(message.count, message.pauseMs)
})
// Whoever asked is gone.
process.on("disconnect", () => process.exit(0))
tell({ kind: "ready", rest: url, sockets: `ws://127.0.0.1:${server.port}`, ...SIM_ACCOUNT })
