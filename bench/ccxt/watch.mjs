// CPU a trade frame costs ccxt Pro: node watch.mjs REST_URL SOCKET_URL COUNT ROUNDS, one line of JSON a round. Told to go on
// by a line on standard input; says "ready" when it listens.
import { createInterface } from "node:readline"
import ccxt from "ccxt"

const [rest, sockets, count = "100000"] = process.argv.slice(2)
const exchange = new ccxt.pro.binanceusdm({ newUpdates: true })
const local = (url) => url.replace(/^https:\/\/[^/]+/, rest).replace(/^wss:\/\/[^/]+/, sockets)
const moved = (urls) =>
  typeof urls === "string"
    ? local(urls)
    : Object.fromEntries(Object.entries(urls).map(([key, url]) => [key, moved(url)]))
exchange.urls.api = moved(exchange.urls.api)
// Its own way of allowing sockets without TLS.
await exchange.loadHttpProxyAgent()
await exchange.loadMarkets()

const symbol = "BTC/USDT:USDT"
let seen = 0
let wanted = 0
let before
const handle = exchange.handleTrade.bind(exchange)
// Counted where ccxt has made its trade of a frame: its own queue gives several at once to whoever awaits.
exchange.handleTrade = (client, message) => {
  handle(client, message)
  if (++seen !== wanted) return
  const { user, system } = process.cpuUsage(before)
  console.log(JSON.stringify({ nsPerFrame: ((user + system) * 1000) / Number(count) }))
}

createInterface({ input: process.stdin })
  .on("line", () => {
    wanted = seen + Number(count)
    before = process.cpuUsage()
    console.log("go")
  })
  .on("close", () => process.exit(0))

const first = exchange.watchTrades(symbol)
while (!Object.values(exchange.clients).some((client) => client.isConnected)) {
  await new Promise((resolve) => setTimeout(resolve, 20))
}
console.log("ready")
await first
for (;;) await exchange.watchTrades(symbol)
