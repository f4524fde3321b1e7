import { bounds, type Candle, isInterval } from "./candles.ts"
import { top } from "./depth.ts"
import type { Exchange } from "./exchange.ts"
import { ordersPer10s, ordersPerMinute, weightPerMinute } from "./limits.ts"
import { symbolInfo } from "./listing.ts"
import { pitOf } from "./orders.ts"
import type { Params } from "./params.ts"
import type { Pit } from "./pit.ts"
import { refusal } from "./refusal.ts"

export type Handler = (exchange: Exchange, params: Params) => string

const depthLimits = [5, 10, 20, 50, 100, 500, 1000]

/** One instrument's answer, or all of them as a list where no symbol is given. */
const oneOrAll =
  (answer: (exchange: Exchange, pit: Pit) => string): Handler =>
  (exchange, params) =>
    params.get("symbol") === undefined
      ? `[${[...exchange.pits.values()].map((pit) => answer(exchange, pit)).join(",")}]`
      : answer(exchange, pitOf(exchange, params))

export const time: Handler = (exchange) => `{"serverTime":${exchange.ms}}`

export const exchangeInfo: Handler = (exchange) =>
  JSON.stringify({
    exchangeFilters: [],
    rateLimits: [
      { rateLimitType: "REQUEST_WEIGHT", interval: "MINUTE", intervalNum: 1, limit: weightPerMinute },
      { rateLimitType: "ORDERS", interval: "MINUTE", intervalNum: 1, limit: ordersPerMinute },
      { rateLimitType: "ORDERS", interval: "SECOND", intervalNum: 10, limit: ordersPer10s },
    ],
    serverTime: exchange.ms,
    assets: [{ asset: "USDT", marginAvailable: true, autoAssetExchange: "-10000" }],
    symbols: [...exchange.pits.values()].map((pit) => symbolInfo(pit.listing)),
    timezone: "UTC",
  })

export const depth: Handler = (exchange, params) => {
  const pit = pitOf(exchange, params)
  const limit = params.int("limit") ?? 500
  if (!depthLimits.includes(limit)) throw refusal(-4021, String(limit))
  if (exchange.tape?.symbol === pit.listing.symbol) {
    const taped = exchange.tape.depth(limit, exchange.now)
    if (taped !== undefined) return taped
  }
  if (exchange.playback !== undefined) return exchange.playback.depth(pit, limit)
  const { book, listing } = pit
  const sides = `"bids":[${top(book, 1, limit, listing)}],"asks":[${top(book, -1, limit, listing)}]`
  return `{"lastUpdateId":${book.updateId},"E":${exchange.ms},"T":${exchange.ms},${sides}}`
}

/** Weight of depth by its limit. */
export const depthWeight = (params: Params): number => {
  const limit = Number(params.get("limit") ?? 500)
  if (limit <= 50) return 2
  if (limit <= 100) return 5
  return limit <= 500 ? 10 : 20
}

/** Weight of candles by their limit. */
export const candleWeight = (params: Params): number => {
  const limit = Number(params.get("limit") ?? 500)
  if (limit < 100) return 1
  if (limit < 500) return 2
  return limit <= 1000 ? 5 : 10
}

function candlesOf(exchange: Exchange, params: Params): { readonly pit: Pit; readonly list: readonly Candle[] } {
  const pit = pitOf(exchange, params)
  const interval = params.need("interval")
  if (!isInterval(interval)) throw refusal(-1120)
  const { start, end } = params.span()
  return { pit, list: pit.candles.list(interval, start, end, params.limit(500, 1500), exchange.ms) }
}

export const klines: Handler = (exchange, params) => {
  const { pit, list } = candlesOf(exchange, params)
  const rows = list.map((candle) => {
    const prices = [candle.open, candle.high, candle.low, candle.close]
      .map((ticks) => `"${pit.price(ticks)}"`)
      .join(",")
    const quote = pit.value(candle.value)
    const taker = `"${pit.size(candle.takerLots)}","${pit.value(candle.takerValue)}"`
    return `[${candle.openMs},${prices},"${pit.size(candle.lots)}",${candle.closeMs},"${quote}",${candle.trades},${taker},"0"]`
  })
  return `[${rows.join(",")}]`
}

/** The premium is made up from each candle's own numbers: small, both ways, and always the same. */
export const premiumIndexKlines: Handler = (exchange, params) => {
  const rows = candlesOf(exchange, params).list.map((candle) => {
    const premium = (ticks: number): string => `"${(((ticks % 997) - 498) / 1e6).toFixed(8)}"`
    const values = [candle.open, candle.close].map((ticks) => Number(premium(ticks).slice(1, -1)))
    const [high, low] = [Math.max(...values), Math.min(...values)].map((value) => `"${value.toFixed(8)}"`)
    return `[${candle.openMs},${premium(candle.open)},${high},${low},${premium(candle.close)},"0",${candle.closeMs},"0",12,"0","0","0"]`
  })
  return `[${rows.join(",")}]`
}

export const tickerPrice = oneOrAll(
  (exchange, pit) => `{"symbol":"${pit.listing.symbol}","price":"${pit.price(pit.lastTicks)}","time":${exchange.ms}}`,
)

export const bookTicker = oneOrAll((exchange, pit) => {
  const outside = pit.listing.symbol === exchange.tape?.symbol ? exchange.tape.top() : undefined
  const { bids, asks, updateId } = pit.book
  const [bid, ask] = outside === undefined ? [bids.best?.ticks ?? 0, asks.best?.ticks ?? 0] : [outside.bid, outside.ask]
  const bidSize = pit.size(outside?.bidLots ?? bids.best?.lots ?? 0)
  const askSize = pit.size(outside?.askLots ?? asks.best?.lots ?? 0)
  const sides = `"bidPrice":"${pit.price(bid)}","bidQty":"${bidSize}","askPrice":"${pit.price(ask)}","askQty":"${askSize}"`
  return `{"symbol":"${pit.listing.symbol}",${sides},"time":${exchange.ms},"lastUpdateId":${updateId}}`
})

export const ticker24hr = oneOrAll((exchange, pit) => {
  const minutes = pit.candles.list("1m", exchange.ms - 86_400_000, exchange.ms, 1441, exchange.ms)
  const day = minutes.reduce(
    (sum, minute) => ({
      high: Math.max(sum.high, minute.high),
      low: Math.min(sum.low, minute.low),
      lots: sum.lots + minute.lots,
      value: sum.value + minute.value,
      trades: sum.trades + minute.trades,
    }),
    { high: 0, low: Number.MAX_SAFE_INTEGER, lots: 0, value: 0, trades: 0 },
  )
  const open = minutes[0]!.open
  const change = pit.lastTicks - open
  const weighted = day.lots === 0 ? pit.lastTicks : Math.round(day.value / day.lots)
  const last = pit.trades.at(-1)
  return JSON.stringify({
    symbol: pit.listing.symbol,
    priceChange: pit.price(change),
    priceChangePercent: ((change / open) * 100).toFixed(3),
    weightedAvgPrice: pit.price(weighted),
    lastPrice: pit.price(pit.lastTicks),
    lastQty: pit.size(last?.lots ?? 0),
    openPrice: pit.price(open),
    highPrice: pit.price(day.high),
    lowPrice: pit.price(day.low),
    volume: pit.size(day.lots),
    quoteVolume: pit.value(day.value),
    openTime: minutes[0]!.openMs,
    closeTime: exchange.ms,
    firstId: 1,
    lastId: day.trades,
    count: day.trades,
  })
})

export const premiumIndex = oneOrAll((exchange, pit) =>
  JSON.stringify({
    symbol: pit.listing.symbol,
    markPrice: pit.markText(),
    indexPrice: pit.indexText(),
    estimatedSettlePrice: pit.indexText(),
    lastFundingRate: exchange.funding.rateText(pit.listing.symbol, exchange.nextFundingMs()),
    interestRate: "0.00010000",
    nextFundingTime: exchange.nextFundingMs(),
    time: exchange.ms,
  }),
)

export const fundingInfo: Handler = (exchange) =>
  JSON.stringify(
    [...exchange.pits.values()].map((pit) => ({
      symbol: pit.listing.symbol,
      adjustedFundingRateCap: "0.02000000",
      adjustedFundingRateFloor: "-0.02000000",
      fundingIntervalHours: exchange.funding.everyHours,
      disclaimer: false,
    })),
  )

export const fundingRate: Handler = (exchange, params) => {
  const pits = params.get("symbol") === undefined ? [...exchange.pits.values()] : [pitOf(exchange, params)]
  const { start, end } = params.span()
  const limit = params.limit(100, 1000)
  const { funding } = exchange
  const { everyMs } = funding
  const last = funding.lastMs(Math.min(end, exchange.ms))
  const first = start === 0 ? last - (limit - 1) * everyMs : Math.ceil(start / everyMs) * everyMs
  const rows = []
  for (let at = first; at <= last && rows.length < limit; at += everyMs) {
    for (const pit of pits) {
      const { symbol } = pit.listing
      const markPrice = funding.markAt(symbol, at) ?? pit.markText()
      rows.push({ symbol, fundingTime: at, fundingRate: funding.rateText(symbol, at), markPrice })
    }
  }
  return JSON.stringify(rows.slice(0, limit))
}

export const trades: Handler = (exchange, params) => {
  const pit = pitOf(exchange, params)
  const rows = pit.trades.slice(-params.limit(500, 1000)).map((trade) => {
    const quote = pit.value(trade.ticks * trade.lots)
    return `{"id":${trade.id},"price":"${pit.price(trade.ticks)}","qty":"${pit.size(trade.lots)}","quoteQty":"${quote}","time":${trade.ms},"isBuyerMaker":${trade.side === -1},"isRPITrade":false}`
  })
  return `[${rows.join(",")}]`
}

export const aggTrades: Handler = (exchange, params) => {
  const pit = pitOf(exchange, params)
  const { start, end } = params.span()
  const from = params.id("fromId")
  const limit = params.limit(500, 1000)
  const found = pit
    .closedAggregates()
    .filter((of) => of.ms >= start && of.ms <= end && (from === undefined || of.id >= from))
  const chosen = from === undefined && start === 0 ? found.slice(-limit) : found.slice(0, limit)
  const rows = chosen.map((of) => {
    const size = pit.size(of.lots)
    return `{"a":${of.id},"p":"${pit.price(of.ticks)}","q":"${size}","nq":"${size}","f":${of.firstId},"l":${of.lastId},"T":${of.ms},"m":${of.side === -1}}`
  })
  return `[${rows.join(",")}]`
}

/** Open interest is made up: a slow tide over the day around a round number. */
const openLotsAt = (ms: number): number => 80_000_000 + Math.round(Math.sin(ms / 4e7) * 6_000_000)

export const openInterest: Handler = (exchange, params) => {
  const pit = pitOf(exchange, params)
  return `{"symbol":"${pit.listing.symbol}","openInterest":"${pit.size(openLotsAt(exchange.ms))}","time":${exchange.ms}}`
}

const PERIODS = ["5m", "15m", "30m", "1h", "2h", "4h", "6h", "12h", "1d"]

/** GET /futures/data/openInterestHist: the time is text. */
export const openInterestHist: Handler = (exchange, params) => {
  const pit = pitOf(exchange, params)
  const period = params.need("period")
  if (!PERIODS.includes(period)) throw refusal(-1130, "period")
  const limit = params.limit(30, 500)
  const { start, end } = params.span()
  const step = bounds(period, 0).closeMs + 1
  const last = Math.floor(Math.min(end, exchange.ms) / step) * step
  const first = Math.max(last - (limit - 1) * step, Math.ceil(start / step) * step)
  const rows = []
  for (let at = first; at <= last; at += step) {
    const lots = openLotsAt(at)
    rows.push({
      symbol: pit.listing.symbol,
      sumOpenInterest: pit.size(lots),
      sumOpenInterestValue: pit.value(lots * pit.markTicks),
      CMCCirculatingSupply: "0",
      timestamp: String(at),
    })
  }
  return JSON.stringify(rows)
}
