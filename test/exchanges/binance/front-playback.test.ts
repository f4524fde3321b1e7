// Captured frames in place of the market: what a listener hears, and what orders meet.
import { describe, expect, test } from "bun:test"
import { listingOf } from "../../../src/exchanges/binance/front.ts"
import type { InstrumentInfo } from "../../../src/runtime/domain/instrument.ts"
import { Desk, type Json } from "./front-desk.ts"

const DEPTH = "btcusdt@depth@100ms"
const STREAMS = [DEPTH, "btcusdt@trade", "btcusdt@bookTicker", "ethusdt@aggTrade", "solusdt@kline_1m"]
const frame = (stream: string, data: Json): string => `{"stream":"${stream}","data":${JSON.stringify(data)}}`

/** A diff of BTCUSDT: update numbers follow one another by ten. */
const diff = (number: number, b: [string, string][], a: [string, string][], pu = number * 10 - 10): string =>
  frame(DEPTH, { e: "depthUpdate", E: 1_000 + number, T: 1_000, s: "BTCUSDT", U: pu + 1, u: number * 10, pu, b, a })
const print = (p: string, q: string, m: boolean): string =>
  frame("btcusdt@trade", { e: "trade", E: 1_000, T: 1_000, s: "BTCUSDT", t: 7, p, q, X: "MARKET", m })

const LISTED: InstrumentInfo = {
  market: "binance-um",
  inst: "BTC_USDT_PERP",
  symbol: "BTCUSDT",
  type: "perpetual",
  status: "live",
  sizeUnit: "coin",
  tickSize: "0.1",
  lotSize: "0.001",
  limitSizeMin: "0.001",
  limitSizeMax: "1000",
  marketSizeMin: "0.001",
  notionalMin: "500",
}

const filledAt = ({ status, avgPrice }: Json) => [status, Number(avgPrice)]

const image = (lastUpdateId: number) =>
  JSON.stringify({ lastUpdateId, E: 1, T: 1, bids: [["61800.00", "5.000"]], asks: [["61800.10", "2.000"]] })
const TARGET = "GET /fapi/v1/depth?symbol=BTCUSDT&limit=1000"

function playing(streams: readonly string[] = STREAMS) {
  const desk = new Desk({ playback: { streams } })
  const playback = desk.front.playback!
  return {
    desk,
    frame: (text: string) => {
      playback.frame(text, desk.now)
      desk.deliver()
    },
    reply: (body: string, target = TARGET) => playback.reply(target, body, desk.now),
    cut: (...names: string[]) => {
      playback.cut(names, desk.now)
      desk.deliver()
    },
    depth: () => desk.get("/fapi/v1/depth", "symbol=BTCUSDT&limit=5"),
  }
}

describe("captured frames in place of the market", () => {
  test("go out as they came to those who listen, and nothing else does", () => {
    const { desk, frame: play } = playing()
    const combined = desk.open(`/public/stream?streams=${DEPTH}`)
    const raw = desk.open("/public/ws/btcusdt@trade/btcusdt@depth/btcusdt@markPrice")
    const texts = [diff(1, [["61800.00", "5.000"]], []), print("61800.10", "0.5", false)]
    for (const text of texts) play(text)
    play('{"result":null,"id":1}')
    desk.pass(10_000)
    expect(combined.texts).toEqual([texts[0]!])
    expect(raw.frames.map(({ e }) => e as string)).toEqual(["trade"])
  })

  test("make the book that REST tells: none before there is an image, none behind a gap, without orders of this place", () => {
    const { desk, frame: play, reply, depth } = playing()
    expect(depth()).toEqual({
      code: -1020,
      msg: "This operation is not supported: the tape has no image of this book up to here.",
    })
    play(diff(1, [["61799.00", "1.000"]], []))
    play(diff(2, [["61798.00", "2.000"]], []))
    reply(image(10))
    expect(depth()).toMatchObject({
      lastUpdateId: 20,
      bids: [
        ["61800.00", "5.000"],
        ["61798.00", "2.000"],
      ],
      asks: [["61800.10", "2.000"]],
    })
    expect(desk.limit("BUY", "61800.00", "0.500").status).toBe("NEW")
    play(diff(3, [["61800.00", "4.000"]], []))
    expect(depth().bids[0]).toEqual(["61800.00", "4.000"])
    play(diff(5, [["61800.00", "3.000"]], []))
    expect(depth().code).toBe(-1020)
    // An image from before the gap is of no use, one behind it is.
    reply(image(30))
    expect(depth().code).toBe(-1020)
    reply(image(45))
    expect(depth()).toMatchObject({ lastUpdateId: 50, bids: [["61800.00", "3.000"]] })
  })

  test("are not made smaller by somebody's question for a few levels", () => {
    const { frame: play, reply, depth } = playing()
    play(diff(1, [["61799.00", "1.000"]], []))
    reply(image(5))
    play(diff(2, [["61798.00", "2.000"]], []))
    const before = depth() as unknown
    for (const query of ["symbol=BTCUSDT&limit=5", "symbol=BTCUSDT"]) reply(image(30), `GET /fapi/v1/depth?${query}`)
    expect(depth() as unknown).toEqual(before)
  })

  test("are what orders meet: a taker the displayed size, a maker the trades at its price", () => {
    const { desk, frame: play, reply } = playing()
    reply(image(10))
    expect(filledAt(desk.market("BUY", "1.500"))).toEqual(["FILLED", 61800.1])
    const own = desk.limit("BUY", "61800.00", "0.400").orderId as string
    const status = () => desk.signed("GET", "/fapi/v1/order", { symbol: "BTCUSDT", orderId: own }).json.status as string
    play(print("61800.00", "4.900", true))
    // Damaged ones tell nothing.
    play('{"stream":"btcusdt@trade","data":{"p":"61800.00","q":"9.000","m":tr}}')
    play(print("61800.0x", "9.000", true))
    expect(status()).toBe("NEW")
    play(print("61800.00", "0.300", true))
    expect(status()).toBe("PARTIALLY_FILLED")
    play(print("61799.90", "0.001", true))
    expect(status()).toBe("FILLED")
  })

  test("of best prices, trades or candles alone make a book of one level, so that orders are filled", () => {
    const tops = playing(["btcusdt@bookTicker"])
    tops.frame(frame("btcusdt@bookTicker", { b: "61800.00", B: "1.000", a: "61800.50", A: "2.000" }))
    expect(filledAt(tops.desk.market("BUY", "1"))).toEqual(["FILLED", 61800.5])
    const trades = playing(["btcusdt@aggTrade"])
    trades.frame(frame("btcusdt@aggTrade", { p: "61800.00", q: "3.000", m: true }))
    expect(filledAt(trades.desk.market("SELL", "1"))).toEqual(["FILLED", 61800.0])
    const candles = playing(["btcusdt@kline_1m"])
    candles.frame(frame("btcusdt@kline_1m", { k: { c: "61800.00", v: "9.000" } }))
    expect(filledAt(candles.desk.market("BUY", "1"))).toEqual(["FILLED", 61800.0])
  })

  test("whose connection was lost cut that of their listeners, who get what came meanwhile behind their next subscription", () => {
    const { desk, frame: play, cut } = playing()
    const first = desk.open(`/public/stream?streams=${DEPTH}`)
    const other = desk.open("/public/stream?streams=btcusdt@bookTicker")
    play(diff(1, [], []))
    cut(DEPTH)
    expect([first.closed?.code, other.closed]).toEqual([1001, undefined])
    play(diff(2, [], []))
    play(print("61800.00", "1.000", true))
    const again = desk.open("/public/stream")
    again.send({ method: "SUBSCRIBE", params: [DEPTH], id: 4 })
    expect(again.frames.map(({ id }) => id as number)).toEqual([4])
    desk.pass(60)
    play(diff(3, [], []))
    expect(again.texts.slice(1)).toEqual([diff(2, [], []), diff(3, [], [])])
  })

  test("leave no other past than what they tell", () => {
    const { desk } = playing()
    for (const path of ["klines", "trades", "aggTrades", "ticker/24hr"]) {
      expect(desk.raw("GET", `/fapi/v1/${path}`, "symbol=BTCUSDT&interval=1m").json).toEqual({
        code: -1020,
        msg: "This operation is not supported: the tape has no answer to this request.",
      })
    }
  })

  test("come with the venue's own listing, where there is one", () => {
    const listed = listingOf({
      market: "binance-um",
      inst: "PEPE_USDT_PERP",
      symbol: "PEPEUSDT",
      type: "perpetual",
      status: "live",
      sizeUnit: "coin",
      tickSize: "0.0000001",
      lotSize: "1",
      limitSizeMin: "1",
      limitSizeMax: "1000000",
      marketSizeMin: "1",
      notionalMin: "5.5",
    })
    const desk = new Desk({ instruments: [listed], playback: { streams: ["pepeusdt@trade"] } })
    desk.front.playback!.frame(frame("pepeusdt@trade", { p: "0.0000123", q: "900000", m: false }), desk.now)
    const order = { symbol: "PEPEUSDT", side: "BUY", type: "MARKET", quantity: "500000", newOrderRespType: "RESULT" }
    const answer = desk.signed("POST", "/fapi/v1/order", order).json
    expect([...filledAt(answer), answer.executedQty]).toEqual(["FILLED", 0.0000123, "500000"])
  })

  test("come with a listing that may change: its steps, its bounds and whether it trades hold from then on", () => {
    const steps = { price: "0.1", size: "0.001" }
    const as = (info: Partial<InstrumentInfo>) => listingOf({ ...LISTED, ...info }, steps)
    const desk = new Desk({ instruments: [as({})], playback: { streams: ["btcusdt@bookTicker"] } })
    const playback = desk.front.playback!
    const play = (b: string, a: string) => {
      playback.frame(frame("btcusdt@bookTicker", { b, B: "9.000", a, A: "9.000" }), desk.now)
      desk.deliver()
    }
    play("61800.1", "61800.2")
    const limit = (price: string, size: string, more = {}) => {
      const { status, code } = desk.limit("BUY", price, size, more)
      return (status ?? code) as string | number
    }
    expect([limit("61800.0", "0.010"), limit("61800.1", "0.010"), limit("61800.0", "0.005")]).toEqual([
      "NEW",
      "NEW",
      -4164,
    ])
    playback.relist([as({ tickSize: "0.5", lotSize: "0.01", limitSizeMax: "5", notionalMin: "700" })], desk.now)
    expect([limit("61800.0", "0.010"), limit("61800.1", "0.010"), limit("61800.5", "0.020")]).toEqual([
      -4164,
      -4014,
      "FILLED",
    ])
    expect([limit("61800.0", "0.025"), limit("61800.0", "5.010")]).toEqual([-4023, -4005])
    // What rests from before, at a price that none may have now, is filled as the market goes on.
    play("61799.9", "61800.0")
    const [info] = desk.raw("GET", "/fapi/v1/exchangeInfo").json.symbols as Json[]
    expect(info).toMatchObject({ status: "TRADING" })
    expect(JSON.stringify(info)).toContain('"tickSize":"0.5"')
    playback.relist([as({ status: "delisting" })], desk.now)
    expect(limit("61800.0", "0.010")).toBe(-4140)
    expect(desk.limit("SELL", "61900.0", "0.010", { reduceOnly: "true" }).status).toBe("NEW")
    expect((desk.raw("GET", "/fapi/v1/exchangeInfo").json.symbols as Json[])[0]?.status).toBe("SETTLING")
  })
})
