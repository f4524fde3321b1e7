// From a tick to its order on the wire, measured at the other end: a trade leaves there, and the order that it led to comes
// back over the order-entry WebSocket. The product's whole way (adapter, strategy, rules, signature, journal on disk, socket)
// against a bare loop that signs, inserts one row in WAL and sends.
import { mkdtempSync, rmSync } from "node:fs"
import { createHmac } from "node:crypto"
import { tmpdir } from "node:os"
import { join } from "node:path"
import Database from "better-sqlite3"
import { WebSocket } from "ws"
import { answerer, openBot } from "./rig.ts"
import { type Bench, median, quantile, ratioRow, type Row } from "./measure.ts"
import { openPeer, type Peer, type TickTimes } from "./peer.ts"

const pauseMs = 2
const baseline = "bare loop: signs, inserts one row, sends"

export const bench: Bench = {
  name: "order",
  processes: 3,
  async run({ isQuick }) {
    const count = isQuick ? 200 : 1_000
    const folder = mkdtempSync(join(tmpdir(), "perigee-bench-"))
    const peer = await openPeer()
    const { close } = await openBot(answerer(), peer, join(folder, "bot.db"))
    const stop = await bareLoop(peer, join(folder, "bare.db"))
    try {
      const rounds: TickTimes[] = []
      for (let round = -1; round < 3; round++) {
        const times = await peer.ticks(count, pauseMs)
        const fewest = Math.min(times.venue.length, times.bare.length)
        if (fewest < count * 0.99) throw new Error(`${count - fewest} of ${count} ticks led to no order`)
        // The first warms up.
        if (round >= 0) rounds.push(times)
      }
      return rowsOf(rounds)
    } finally {
      stop()
      await close()
      peer.close()
      rmSync(folder, { recursive: true })
    }
  },
}

const SHARES: readonly [name: string, share: number, budget: number | null][] = [
  ["p50", 0.5, 1.5],
  ["p99", 0.99, 1.5],
  ["p99.9", 0.999, null],
]

const rowsOf = (rounds: readonly TickTimes[]): Row[] =>
  SHARES.map(([name, share, budget]) => {
    const [ours, bare] = (["venue", "bare"] as const).map((side) => {
      // The far tail needs all rounds together; the others are the median round's.
      if (share > 0.99)
        return quantile(
          rounds.flatMap((times) => times[side]),
          share,
        )
      return median(rounds.map((times) => quantile(times[side], share)))
    }) as [number, number]
    return ratioRow(`tick to order on the wire, ${name}`, "µs", ours, bare, baseline, budget)
  })

async function bareLoop(peer: Peer, file: string): Promise<() => void> {
  const { apiKey, secret } = peer.credentials
  const database = new Database(file)
  database.pragma("journal_mode = WAL")
  database.pragma("synchronous = NORMAL")
  database.exec("CREATE TABLE orders (id TEXT PRIMARY KEY, symbol TEXT, price TEXT, at INTEGER)")
  const insert = database.prepare("INSERT INTO orders VALUES (?, ?, ?, ?)")
  const feed = await opened(`${peer.sockets}/bare/feed`)
  const entry = await opened(`${peer.sockets}/bare/entry`)
  let sent = 0
  feed.on("message", (data) => {
    const { data: trade } = JSON.parse((data as Buffer).toString()) as { data: { q: string } }
    if (Number(trade.q) <= 0) return
    const id = `bare-${++sent}`
    const now = Date.now()
    const payload =
      `apiKey=${apiKey}&newClientOrderId=${id}&price=60000&quantity=0.002&recvWindow=5000&side=BUY&symbol=BTCUSDT` +
      `&timeInForce=IOC&timestamp=${now}&type=LIMIT`
    const signature = createHmac("sha256", secret).update(payload).digest("hex")
    const params = {
      apiKey,
      newClientOrderId: id,
      price: "60000",
      quantity: "0.002",
      recvWindow: 5000,
      side: "BUY",
      symbol: "BTCUSDT",
      timeInForce: "IOC",
      timestamp: now,
      type: "LIMIT",
      signature,
    }
    insert.run(id, "BTCUSDT", "60000", now)
    entry.send(JSON.stringify({ id: String(sent), method: "order.place", params }))
  })
  entry.on("message", (data) => void JSON.parse((data as Buffer).toString()))
  return () => {
    feed.terminate()
    entry.terminate()
    database.close()
  }
}

async function opened(url: string): Promise<WebSocket> {
  const client = new WebSocket(url, { perMessageDeflate: false })
  await new Promise((resolve) => client.once("open", resolve))
  return client
}
