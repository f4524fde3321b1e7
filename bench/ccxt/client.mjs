// An unmodified ccxt against a simulated exchange: node client.mjs http://127.0.0.1:PORT API_KEY SECRET
// Nothing but its base URLs is changed. Prints one JSON line of what it saw; exits 1 where something is not as it must be.
import ccxt from "ccxt"

const [base, apiKey, secret] = process.argv.slice(2)
if (base === undefined || apiKey === undefined || secret === undefined) {
  console.error("usage: client.mjs BASE_URL API_KEY SECRET")
  process.exit(2)
}

// A client that listens has to be stopped from outside where nothing comes.
const deadline = setTimeout(() => {
  console.error(`nothing came for 30 s; last step: ${step}`)
  process.exit(1)
}, 30_000)
let step = "start"

const exchange = new ccxt.pro.binanceusdm({ apiKey, secret })
const local = (url) => url.replace(/^https:\/\/[^/]+/, base).replace(/^wss:\/\/[^/]+/, base.replace(/^http/, "ws"))
const moved = (urls) =>
  typeof urls === "string"
    ? local(urls)
    : Object.fromEntries(Object.entries(urls).map(([key, url]) => [key, moved(url)]))
exchange.urls.api = moved(exchange.urls.api)
// Its own way of allowing sockets without TLS.
await exchange.loadHttpProxyAgent()

const symbol = "BTC/USDT:USDT"
const wrong = []
const check = (what, holds) => {
  if (!holds) wrong.push(what)
}

const markets = await exchange.loadMarkets()
const market = exchange.market(symbol)
const book = await exchange.fetchOrderBook(symbol, 20)
check("the book is sorted and not crossed", book.bids.length === 20 && book.bids[0][0] < book.asks[0][0])
const candles = await exchange.fetchOHLCV(symbol, "1m", undefined, 10)
check("ten candles", candles.length === 10)
const ticker = await exchange.fetchTicker(symbol)
const balanceBefore = await exchange.fetchBalance()
check("there is a balance", balanceBefore.USDT.free > 0)

const price = Number(exchange.priceToPrecision(symbol, book.bids[0][0] * 0.97))
const placed = await exchange.createOrder(symbol, "limit", "buy", 0.002, price, { newClientOrderId: "ccxt-limit-1" })
const queried = await exchange.fetchOrder(placed.id, symbol)
check(
  "the order is open",
  queried.status === "open" && queried.price === price && queried.clientOrderId === "ccxt-limit-1",
)
check("its id is exact", queried.id === placed.id && placed.id.length === 19)
const open = await exchange.fetchOpenOrders(symbol)
check("it is listed", open.length === 1 && open[0].id === placed.id)
const canceled = await exchange.cancelOrder(placed.id, symbol)
check("it is canceled", canceled.status === "canceled")
const gone = await exchange.fetchOpenOrders(symbol)
check("it is no longer listed", gone.length === 0)

const held = async () =>
  (await exchange.fetchPositions([symbol])).reduce(
    (sum, each) => sum + (each.side === "long" ? 1 : -1) * each.contracts,
    0,
  )
const heldBefore = await held()
const taking = await exchange.createOrder(
  symbol,
  "limit",
  "buy",
  0.005,
  Number(exchange.priceToPrecision(symbol, book.asks[0][0] * 1.01)),
)
const filled = await exchange.fetchOrder(taking.id, symbol)
check("the marketable order is filled", filled.status === "closed" && filled.filled === 0.005)
const fills = (await exchange.fetchMyTrades(symbol)).filter((fill) => fill.order === taking.id)
const amount = fills.reduce((sum, fill) => sum + Math.round(fill.amount * 1000), 0)
check("its fills add up", amount === 5)
check(
  "a fill has a fee and says who took",
  fills.every((fill) => fill.fee.cost > 0 && fill.takerOrMaker === "taker"),
)
check("the position is there", Math.round(((await held()) - heldBefore) * 1000) === 5)
const closing = await exchange.createOrder(symbol, "market", "sell", 0.005, undefined, { reduceOnly: true })
const closed = await exchange.fetchOrder(closing.id, symbol)
check("the market order closes it", closed.status === "closed")
const balanceAfter = await exchange.fetchBalance()
check("fees were paid", balanceAfter.USDT.total < balanceBefore.USDT.total)

// ---- the same over WebSockets: streams, user data, order entry ----

step = "book stream"
let live
for (let update = 0; update < 20; update++) live = await exchange.watchOrderBook(symbol)
check("the streamed book is not crossed", live.bids[0][0] < live.asks[0][0])
step = "trade stream"
const trades = await exchange.watchTrades(symbol)
check("a streamed trade has an exact id", trades[0].id.length === 19)
step = "candle stream"
const streamed = await exchange.watchOHLCV(symbol, "1m")
check("a streamed candle", streamed.length > 0)
step = "mark price stream"
const mark = await exchange.watchMarkPrice(symbol)
check("a mark price", mark.markPrice > 0)
step = "user data stream"
const orders = exchange.watchOrders(symbol)
const mine = exchange.watchMyTrades(symbol)
// The private socket opens on its own time; an order placed before that would not be seen.
while (!Object.values(exchange.clients).some((client) => client.url.includes("private") && client.isConnected)) {
  await new Promise((resolve) => setTimeout(resolve, 20))
}
const overSocket = await exchange.createOrderWs(
  symbol,
  "limit",
  "buy",
  0.002,
  Number(exchange.priceToPrecision(symbol, live.asks[0][0] * 1.01)),
)
const told = (await orders).find((order) => order.id === overSocket.id)
check("the stream tells of the order", told !== undefined)
step = "fill stream"
const toldFill = (await mine)[0]
check("the stream tells of the fill", toldFill.order === overSocket.id && toldFill.fee.cost > 0)
clearTimeout(deadline)

console.log(
  JSON.stringify({
    ccxt: ccxt.version,
    markets: Object.keys(markets).length,
    tick: market.precision.price,
    bid: book.bids[0],
    ask: book.asks[0],
    last: ticker.last,
    balance: balanceBefore.USDT.total,
    placed: { id: placed.id, status: queried.status },
    canceled: canceled.status,
    fills: fills.map((fill) => ({ id: fill.id, price: fill.price, amount: fill.amount, fee: fill.fee.cost })),
    balanceAfter: balanceAfter.USDT.total,
    streamed: { bid: live.bids[0], trade: trades[0].id, mark: mark.markPrice, order: told?.status, fill: toldFill.id },
    wrong,
  }),
)
process.exit(wrong.length === 0 ? 0 : 1)
