import { describe, expect, test } from "bun:test"
import { apiKey, Desk, type Json, Keeper, topOf } from "./front-desk.ts"

const of = (frames: readonly Json[], event: string): Json[] => frames.filter((frame) => frame.e === event)

describe("stream control", () => {
  test("subscribes, lists, unsubscribes and sets properties with the documented replies", () => {
    const desk = new Desk()
    const socket = desk.open("/public/ws")
    const ask = (message: unknown): Json => {
      socket.send(message)
      return socket.frames.at(-1)!
    }
    expect(ask({ method: "SUBSCRIBE", params: ["btcusdt@depth", "btcusdt@bookTicker"], id: 1 })).toEqual({
      result: null,
      id: 1,
    })
    expect(ask({ method: "LIST_SUBSCRIPTIONS", id: 2 })).toEqual({
      result: ["btcusdt@depth", "btcusdt@bookTicker"],
      id: 2,
    })
    expect(ask({ method: "UNSUBSCRIBE", params: ["btcusdt@depth", "btcusdt@bookTicker"], id: 3 })).toEqual({
      result: null,
      id: 3,
    })
    expect(ask({ method: "GET_PROPERTY", params: ["combined"], id: 4 })).toEqual({ result: false, id: 4 })
    expect(ask({ method: "SET_PROPERTY", params: ["combined", true], id: 5 })).toEqual({ result: null, id: 5 })
    expect(ask({ method: "SET_PROPERTY", params: ["speed", true], id: 6 }).error.code).toBe(0)
    expect(ask({ method: "SET_PROPERTY", params: ["combined", 1], id: 6 }).error.code).toBe(1)
    expect(ask({ method: "FLY", params: [], id: 6 }).error.code).toBe(2)
    expect(ask({ method: "SUBSCRIBE", params: ["x"], id: -1 }).error.code).toBe(2)
    expect(ask("{").error.code).toBe(3)
    socket.frames.length = 0
    desk.pass(1_000)
    expect(socket.frames).toEqual([])
  })

  test("a path carries its own kinds of stream and stays silent for the rest; the unrouted one carries public data", () => {
    const desk = new Desk()
    const names = ["btcusdt@bookTicker", "btcusdt@aggTrade", "btcusdt@markPrice@1s"]
    const kinds = (path: string) => {
      const socket = desk.open(path)
      socket.send({ method: "SUBSCRIBE", params: names, id: 1 })
      desk.pass(1_500)
      return [...new Set(socket.frames.map((frame) => (frame.e ?? "reply") as string))].toSorted((a, b) =>
        a.localeCompare(b),
      )
    }
    expect(kinds("/public/ws")).toEqual(["bookTicker", "reply"])
    expect(kinds("/market/ws")).toEqual(["aggTrade", "markPriceUpdate", "reply"])
    expect(kinds("/ws")).toEqual(["bookTicker", "reply"])
    expect(kinds("/private/ws")).toEqual(["reply"])
    expect(desk.front.open(99, "/nowhere", {}, desk.now)).toEqual({ status: 404, body: "" })
  })

  test("a stream that does not exist is accepted and stays silent", () => {
    const desk = new Desk()
    const market = desk.open("/market/ws/btcusdt@kline_1s/nopeusdt@aggTrade/btcusdt@magic")
    const open = desk.open("/public/ws/btcusdt@depth7/btcusdt@depth@50ms/0")
    desk.pass(2_000)
    expect([...market.frames, ...open.frames]).toEqual([])
  })

  test("streams named in the path come raw under /ws and in an envelope under /stream", () => {
    const desk = new Desk()
    const raw = desk.open("/public/ws/btcusdt@bookTicker/ethusdt@bookTicker")
    const combined = desk.open("/public/stream?streams=btcusdt@bookTicker/ethusdt@depth@100ms")
    desk.pass(1_000)
    expect(new Set(raw.frames.map((frame) => frame.s))).toEqual(new Set(["BTCUSDT", "ETHUSDT"]))
    expect(new Set(combined.frames.map((frame) => frame.stream))).toEqual(
      new Set(["btcusdt@bookTicker", "ethusdt@depth@100ms"]),
    )
    expect(combined.frames.every((frame) => typeof frame.data.e === "string")).toBe(true)
  })

  test("the eleventh message in a second ends a stream connection; the WebSocket API counts weight instead", () => {
    const desk = new Desk({ startedAt: 1_790_000_000_000_000 })
    const [socket, entry] = [desk.open("/market/ws"), desk.open("/ws-fapi/v1")]
    for (let id = 1; id <= 10; id++) socket.send({ method: "LIST_SUBSCRIPTIONS", id })
    expect(socket.closed).toBeUndefined()
    socket.send({ method: "LIST_SUBSCRIPTIONS", id: 11 })
    expect(socket.closed).toMatchObject({ code: 1008 })
    for (let id = 1; id <= 50; id++) entry.send({ method: "ping", id })
    expect(entry.closed).toBeUndefined()
  })

  test("pings come every three minutes; silence for ten, and a day, end a connection", () => {
    const desk = new Desk({ flow: false })
    const [silent, lively] = [desk.open("/market/ws"), desk.open("/public/ws")]
    for (let minute = 0; minute < 11; minute++) {
      desk.pass(60_000)
      desk.front.pong(lively.id, desk.now)
    }
    expect(lively.pings).toBe(3)
    expect([silent.closed?.code, lively.closed]).toEqual([1008, undefined])
    for (let minute = 11; minute < 24 * 60 + 1; minute += 5) {
      desk.pass(300_000)
      desk.front.pong(lively.id, desk.now)
    }
    expect(lively.closed?.code).toBe(1001)
  })
})

describe("market streams", () => {
  test.each([
    ["depth", 250],
    ["depth@100ms", 100],
    ["depth@500ms", 500],
    ["depth@0ms", 0],
  ])("%s diffs build the same book as REST, chained by pu, at their cadence", (suffix, cadence) => {
    const desk = new Desk()
    const socket = desk.open(`/public/ws/btcusdt@${suffix}/btcusdt@bookTicker`)
    desk.pass(700)
    const keeper = new Keeper(desk.get("/fapi/v1/depth", "symbol=BTCUSDT&limit=1000"))
    desk.pass(20_000)
    // The next boundary, so that the last diff is out.
    desk.pass(1_000 - (Math.floor(desk.now / 1000) % 500) - 499)
    const diffs = of(socket.frames, "depthUpdate")
    for (const diff of diffs) keeper.diff(diff)
    expect(keeper.gaps).toBe(0)
    expect(keeper.applied).toBeGreaterThan(30)
    if (cadence > 0) {
      expect(diffs.every((diff) => diff.E % cadence === 0)).toBe(true)
      expect(diffs.length).toBeLessThanOrEqual(22_000 / cadence)
    }
    const now = desk.get("/fapi/v1/depth", "symbol=BTCUSDT&limit=1000")
    if (keeper.lastUpdateId === now.lastUpdateId) {
      expect(keeper.side("bids")).toEqual(now.bids)
      expect(keeper.side("asks")).toEqual(now.asks)
    } else expect(cadence).toBeGreaterThan(0)
    const joined = of(socket.frames, "bookTicker").filter((ticker) => keeper.tops.has(ticker.u))
    expect(joined.length).toBeGreaterThan(cadence === 0 ? 100 : 3)
    for (const ticker of joined) expect(keeper.tops.get(ticker.u)).toBe(topOf(ticker))
    // Update numbers are shared by all instruments: they rise in jumps, and a client must not expect U = pu + 1.
    expect(diffs.some((diff) => diff.U > diff.pu + 1)).toBe(true)
  })

  test("best prices never cross and change with every event", () => {
    const desk = new Desk()
    const socket = desk.open("/public/ws/ethusdt@bookTicker")
    desk.pass(10_000)
    const tickers = of(socket.frames, "bookTicker")
    expect(tickers.length).toBeGreaterThan(100)
    let [before, update] = ["", 0]
    for (const ticker of tickers) {
      expect(Number(ticker.b)).toBeLessThan(Number(ticker.a))
      expect(ticker.u).toBeGreaterThan(update)
      expect(topOf(ticker)).not.toBe(before)
      ;[before, update] = [topOf(ticker), ticker.u]
    }
  })

  test("limited depth shows the best levels, best first", () => {
    const desk = new Desk()
    const socket = desk.open("/public/ws/btcusdt@depth5@100ms/btcusdt@depth20@500ms")
    desk.pass(3_000)
    const images = of(socket.frames, "depthUpdate")
    expect(new Set(images.map((image) => image.b.length))).toEqual(new Set([5, 20]))
    for (const { a, b } of images) {
      const prices = [...b.toReversed(), ...a].map(([price]: [string]) => Number(price))
      expect(prices).toEqual(prices.toSorted((x, y) => x - y))
    }
  })

  test("aggregates add up to the trades behind them, each 100 ms, with ids that rise by one", () => {
    const desk = new Desk()
    const market = desk.open("/market/ws/btcusdt@aggTrade/btcusdt@trade")
    desk.pass(20_000 - (Math.floor(desk.now / 1000) % 100))
    const trades = of(market.frames, "trade")
    const aggregates = of(market.frames, "aggTrade")
    expect(aggregates.length).toBeGreaterThan(50)
    const lots = (list: Json[]) => list.reduce((sum, each) => sum + Math.round(Number(each.q) * 1000), 0)
    expect(lots(aggregates)).toBe(lots(trades))
    expect(aggregates.every((each) => each.E % 100 === 0)).toBe(true)
    for (const [index, each] of aggregates.entries()) {
      const parts = trades.filter(
        (trade) => BigInt(trade.t) >= BigInt(each.f) && BigInt(trade.t) <= BigInt(each.l) && trade.s === each.s,
      )
      expect(lots(parts)).toBe(lots([each]))
      expect(new Set(parts.map((part) => `${part.p} ${part.m}`))).toEqual(new Set([`${each.p} ${each.m}`]))
      if (index > 0) expect(BigInt(each.a) - BigInt(aggregates[index - 1]!.a)).toBe(1n)
    }
    expect(aggregates[0]!.a).toHaveLength(19)
  })

  test("a candle stream closes each candle once, and what it closed is what REST shows", () => {
    const desk = new Desk()
    const market = desk.open("/market/ws/btcusdt@kline_1m")
    desk.pass(130_000)
    const candles = of(market.frames, "kline")
    const closed = candles.filter((candle) => candle.k.x === true)
    expect(closed).toHaveLength(2)
    expect(candles.every((candle) => candle.E % 250 === 0)).toBe(true)
    const rows = desk.get(
      "/fapi/v1/klines",
      `symbol=BTCUSDT&interval=1m&startTime=${closed[0]!.k.t}&limit=2`,
    ) as unknown as Json[]
    for (const [index, { k }] of closed.entries()) {
      expect([k.t, k.o, k.h, k.l, k.c, k.v, k.T, k.q, k.n, k.V, k.Q]).toEqual(rows[index]!.slice(0, 11))
    }
  })

  test("the mark price comes each second or each three", () => {
    const desk = new Desk()
    const market = desk.open("/market/ws/btcusdt@markPrice@1s/ethusdt@markPrice")
    desk.pass(9_000)
    const marks = of(market.frames, "markPriceUpdate")
    expect(marks.filter((mark) => mark.s === "BTCUSDT")).toHaveLength(9)
    expect(marks.filter((mark) => mark.s === "ETHUSDT")).toHaveLength(3)
    expect(marks[0]).toMatchObject({
      r: expect.stringMatching(/^-?0\.000\d{5}$/),
      p: expect.stringMatching(/^\d+\.\d{8}$/),
    })
  })

  test("the same seed and the same calls give the same bytes, whatever steps time passes in", () => {
    const run = (seed: number, stepMs: number) => {
      const desk = new Desk({ seed })
      const socket = desk.open("/market/stream?streams=btcusdt@aggTrade/ethusdt@kline_5m")
      const book = desk.open("/public/ws/btcusdt@depth@0ms/solusdt@bookTicker")
      for (let ms = 0; ms < 3_000; ms += stepMs) {
        desk.now += stepMs * 1000
        desk.front.advance(desk.now)
        desk.deliver()
      }
      return [...socket.texts, ...book.texts]
    }
    expect(run(4, 10)).toEqual(run(4, 750))
    expect(run(4, 10)).not.toEqual(run(6, 10))
  })
})

describe("the user data stream", () => {
  test("tells an order's whole life with 19-digit ids, fee, maker flag, and the account behind it", () => {
    const desk = new Desk()
    const key = desk.listenKey()
    const user = desk.open(`/private/ws?listenKey=${key}&events=ORDER_TRADE_UPDATE/ACCOUNT_UPDATE`)
    const placed = desk.limit("BUY", 61000, 0.01, { newClientOrderId: "life" })
    desk.signed("PUT", "/fapi/v1/order", {
      symbol: "BTCUSDT",
      orderId: placed.orderId,
      side: "BUY",
      quantity: 0.02,
      price: 61010,
    })
    desk.signed("DELETE", "/fapi/v1/order", { symbol: "BTCUSDT", orderId: placed.orderId })
    expect(user.frames.map((frame) => [frame.e, frame.o.x, frame.o.X, frame.o.q])).toEqual([
      ["ORDER_TRADE_UPDATE", "NEW", "NEW", "0.010"],
      ["ORDER_TRADE_UPDATE", "AMENDMENT", "NEW", "0.020"],
      ["ORDER_TRADE_UPDATE", "CANCELED", "CANCELED", "0.020"],
    ])
    expect(user.frames[0]!.o).toMatchObject({
      s: "BTCUSDT",
      c: "life",
      S: "BUY",
      o: "LIMIT",
      f: "GTC",
      p: "61000.00",
      i: placed.orderId,
      z: "0.000",
      t: 0,
    })
    user.frames.length = 0
    const bought = desk.market("BUY", "0.500")
    const fills = desk.signed("GET", "/fapi/v1/userTrades", { symbol: "BTCUSDT", orderId: bought.orderId })
      .json as unknown as Json[]
    const events = of(user.frames, "ORDER_TRADE_UPDATE").filter((frame) => frame.o.x === "TRADE")
    expect(events.map(({ o }) => [o.t, o.L, o.l, o.n, o.N, o.m])).toEqual(
      fills.map((fill) => [fill.id, fill.price, fill.qty, fill.commission, "USDT", false]),
    )
    expect(events.at(-1)!.o).toMatchObject({ X: "FILLED", z: "0.500", q: "0.500" })
    expect(events.slice(0, -1).every(({ o }) => o.X === "PARTIALLY_FILLED")).toBe(true)
    const account = of(user.frames, "ACCOUNT_UPDATE")
    expect(account).toHaveLength(fills.length)
    const [balance] = desk.signed("GET", "/fapi/v3/balance").json as unknown as Json[]
    expect(account.at(-1)!.a).toMatchObject({
      m: "ORDER",
      B: [{ a: "USDT", wb: balance!.balance }],
      P: [{ s: "BTCUSDT", pa: "0.500", mt: "cross", ps: "BOTH" }],
    })
  })

  test("a resting order filled by the flow is a maker fill; nobody else hears of it", () => {
    const desk = new Desk()
    const mine = desk.open(`/private/ws/${desk.listenKey()}`)
    const other = desk.raw("POST", "/fapi/v1/listenKey", "", { "X-MBX-APIKEY": "key-of-bob" }).json.listenKey as string
    const his = desk.open(`/private/ws/${other}`)
    const { bid } = desk.best()
    desk.limit("BUY", bid, 0.01)
    desk.pass(60_000)
    const fill = mine.frames.find((frame) => frame.e === "ORDER_TRADE_UPDATE" && frame.o.x === "TRADE")
    expect(fill?.o).toMatchObject({ m: true, L: bid.toFixed(2) })
    expect(Number(fill!.o.n)).toBeCloseTo(Number(fill!.o.l) * bid * 0.0002, 7)
    expect(his.frames).toEqual([])
  })

  test("without a choice of events everything comes; an order that expires by its terms says EXPIRED", () => {
    const desk = new Desk()
    const user = desk.open(`/private/stream?streams=${desk.listenKey()}`)
    desk.limit("BUY", 61000, 0.01, { timeInForce: "IOC" })
    expect(user.frames.map((frame) => frame.data.o.x)).toEqual(["NEW", "EXPIRED"])
    desk.market("BUY", "0.010")
    desk.signed("POST", "/fapi/v1/leverage", { symbol: "BTCUSDT", leverage: 5 })
    expect(new Set(user.frames.map((frame) => frame.data.e))).toEqual(
      new Set(["ORDER_TRADE_UPDATE", "TRADE_LITE", "ACCOUNT_UPDATE", "ACCOUNT_CONFIG_UPDATE"]),
    )
  })

  test("a listen key lives an hour from its last renewal, ends with an event, and a dead one stays silent", () => {
    const desk = new Desk({ flow: false })
    const key = desk.listenKey()
    expect(desk.listenKey()).toBe(key)
    const user = desk.open(`/private/ws?listenKey=${key}&events=ORDER_TRADE_UPDATE`)
    desk.pass(50 * 60_000)
    const put = () => desk.raw("PUT", "/fapi/v1/listenKey", "", { "X-MBX-APIKEY": apiKey }).json
    expect(put()).toEqual({ listenKey: key })
    desk.pass(59 * 60_000)
    expect(user.frames).toEqual([])
    desk.pass(61_000)
    expect(user.frames).toEqual([{ e: "listenKeyExpired", E: expect.any(Number), listenKey: key }])
    expect(put().code).toBe(-1125)
    desk.limit("BUY", 61000, 0.01)
    expect(user.frames).toHaveLength(1)
    expect(desk.listenKey()).not.toBe(key)
  })
})
