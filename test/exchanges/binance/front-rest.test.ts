import { describe, expect, test } from "bun:test"
import { apiKey, Desk, hmac, secret, sign } from "./front-desk.ts"

const key = { "X-MBX-APIKEY": apiKey }

describe("the front's door", () => {
  test("accepts the venue's published signature, in either case, over the query, over the body, and split between both", () => {
    // "SIGNED Endpoint Examples for POST /api/v3/order": the key, the payload and its signature as published. The symbol is
    // not listed here: -1121 says that the door let it through.
    const published = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
    const payload =
      "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559"
    const signature = "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"
    const startedAt = 1_499_827_319_559_000
    const desk = new Desk({ startedAt, accounts: [{ apiKey, secret: published, balances: { USDT: "1" } }] })
    const post = (query: string, body: string) => desk.raw("POST", "/fapi/v1/order", query, key, body).json.code
    expect(post(`${payload}&signature=${signature}`, "")).toBe(-1121)
    expect(post(`${payload}&signature=${signature.toUpperCase()}`, "")).toBe(-1121)
    expect(post("", `${payload}&signature=${signature}`)).toBe(-1121)
    // Split: the query, then the body, with nothing between (published too).
    const [query, body] = [
      "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC",
      "quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559",
    ]
    expect(post(query, `${body}&signature=0fd168b8ddb4876a0358a8d14d0c9f3da0e9b20c5d52b2a00fcf7d1c602f9a77`)).toBe(
      -1121,
    )
    expect(post(`${payload}&signature=${signature.replace("c8", "c9")}`, "")).toBe(-1022)
    expect(post(`${payload.replace("quantity=1", "quantity=2")}&signature=${signature}`, "")).toBe(-1022)
  })

  test("refuses a request without key, with a wrong key, without time or signature, by the documented codes", () => {
    const desk = new Desk()
    const path = "/fapi/v3/balance"
    const now = Math.floor(desk.now / 1000)
    const code = (query: string, headers: Record<string, string> = key) => {
      const { status, json } = desk.raw("GET", path, query, headers)
      return [status, json.code]
    }
    expect(code(sign(secret, { timestamp: now }), {})).toEqual([401, -2014])
    expect(code(sign(secret, { timestamp: now }), { "x-mbx-apikey": "nobody" })).toEqual([401, -2015])
    expect(code("")).toEqual([400, -1102])
    expect(code(`timestamp=${now}`)).toEqual([400, -1102])
    expect(code(sign("wrong", { timestamp: now }))).toEqual([400, -1022])
    expect(code(sign(secret, { timestamp: now - 5_001 }))).toEqual([400, -1021])
    expect(code(sign(secret, { timestamp: now - 5_000 }))[0]).toBe(200)
    expect(code(sign(secret, { timestamp: now - 8_000, recvWindow: 9_000 }))[0]).toBe(200)
    expect(code(sign(secret, { timestamp: now - 8_000, recvWindow: 60_001 }))).toEqual([400, -1130])
    expect(code(sign(secret, { timestamp: now + 999 }))[0]).toBe(200)
    expect(code(sign(secret, { timestamp: now + 1_000 }))).toEqual([400, -1021])
    expect(code(`${sign(secret, { timestamp: now })}&timestamp=${now}`)).toEqual([400, -1101])
    expect(desk.raw("GET", "/fapi/v9/order").json).toEqual({
      code: -5000,
      msg: "Path /fapi/v9/order, Method GET is invalid",
    })
  })

  test("counts weight and orders in its headers, answers 429 past the limit, and starts anew with the minute", () => {
    const desk = new Desk({ startedAt: 1_790_000_000_000_000 - (1_790_000_000_000_000 % 60_000_000) })
    const used = () => Number(desk.raw("GET", "/fapi/v1/ping").headers["x-mbx-used-weight-1m"])
    expect(used()).toBe(1)
    desk.get("/fapi/v1/depth", "symbol=BTCUSDT&limit=1000")
    expect(used()).toBe(22)
    const order = { symbol: "BTCUSDT", side: "BUY", type: "MARKET", quantity: "0.002" }
    expect(desk.signed("POST", "/fapi/v1/order", order).headers["x-mbx-order-count-10s"]).toBe("1")
    expect(desk.signed("POST", "/fapi/v1/order", order).headers["x-mbx-order-count-1m"]).toBe("2")
    for (let call = 0; call < 118; call++) desk.get("/fapi/v1/depth", "symbol=BTCUSDT&limit=1000")
    const refused = desk.raw("GET", "/fapi/v1/depth", "symbol=BTCUSDT&limit=1000")
    expect([refused.status, refused.json.code]).toEqual([429, -1003])
    expect(Number(refused.headers["retry-after"])).toBeGreaterThan(0)
    desk.pass(60_000)
    expect(used()).toBe(1)
  })

  test("too many orders in ten seconds are refused with -1015, and counted", () => {
    const desk = new Desk({ flow: false })
    const codes = Array.from({ length: 301 }, () => desk.market("BUY", "0.002").code)
    expect(codes.slice(0, 300)).not.toContain(-1015)
    expect(codes[300]).toBe(-1015)
  })
})

describe("market data over REST", () => {
  test("a market that has just opened has traded before: trades, their sums and the candles agree, and what comes joins on", () => {
    interface Past {
      readonly a: string
      readonly f: string
      readonly l: string
      readonly q: string
      readonly T: number
    }
    const desk = new Desk({ flow: true })
    const openedMs = desk.now / 1_000
    const past = desk.get("/fapi/v1/aggTrades", "symbol=BTCUSDT&limit=1000") as unknown as Past[]
    expect(past.length).toBeGreaterThan(900)
    expect(past.every(({ T }) => T < openedMs)).toBe(true)
    const joins = (one: Past, next: Past) =>
      BigInt(next.a) === BigInt(one.a) + 1n && BigInt(next.f) === BigInt(one.l) + 1n
    expect(past.every((next, at) => at === 0 || joins(past[at - 1]!, next))).toBe(true)
    const [minute] = desk.get("/fapi/v1/klines", "symbol=BTCUSDT&interval=1m&limit=1") as unknown as string[][]
    const within = past.filter(({ T }) => T >= Number(minute![0]))
    expect(within.length).toBeGreaterThan(10)
    const sum = within.reduce((total, { q }) => total + Math.round(Number(q) * 1_000), 0)
    expect(Math.round(Number(minute![5]) * 1_000)).toBe(sum)
    const other = new Desk({ flow: true }).get("/fapi/v1/aggTrades", "symbol=BTCUSDT&limit=1000")
    expect(other as unknown).toEqual(past)
    desk.pass(2_000)
    const later = desk.get(
      "/fapi/v1/aggTrades",
      `symbol=BTCUSDT&limit=1000&fromId=${past.at(-1)!.a}`,
    ) as unknown as Past[]
    expect(later.length).toBeGreaterThan(5)
    expect(later.every((next, at) => BigInt(next.a) === BigInt(past.at(-1)!.a) + BigInt(at))).toBe(true)
    const still = new Desk({ flow: false }).get("/fapi/v1/aggTrades", "symbol=BTCUSDT")
    expect(still as unknown).toEqual([])
  })

  test("candles of every interval join without gap, end with the running one, and hold the trades", () => {
    const desk = new Desk()
    desk.pass(50_000)
    for (const [interval, ms] of [
      ["1m", 60_000],
      ["5m", 300_000],
      ["1h", 3_600_000],
      ["1d", 86_400_000],
    ] as const) {
      const rows = desk.get("/fapi/v1/klines", `symbol=BTCUSDT&interval=${interval}&limit=5`) as unknown as (
        | string
        | number
      )[][]
      expect(rows).toHaveLength(5)
      for (const [index, row] of rows.entries()) {
        expect(row).toHaveLength(12)
        expect(Number(row[0]) % ms).toBe(0)
        expect(row[6]).toBe(Number(row[0]) + ms - 1)
        const [open, high, low, close] = row.slice(1, 5).map(Number) as [number, number, number, number]
        expect(high).toBeGreaterThanOrEqual(Math.max(open, close))
        expect(low).toBeLessThanOrEqual(Math.min(open, close))
        if (index > 0) expect([row[0], row[1]]).toEqual([Number(rows[index - 1]![0]) + ms, rows[index - 1]![4]!])
      }
      expect(Number(rows[4]![6])).toBeGreaterThan(desk.now / 1000)
    }
    const [minute] = desk.get("/fapi/v1/klines", "symbol=BTCUSDT&interval=1m&limit=1") as unknown as (
      | string
      | number
    )[][]
    const trades = desk.get("/fapi/v1/trades", "symbol=BTCUSDT&limit=1000") as unknown as {
      time: number
      qty: string
    }[]
    const within = trades.filter((trade) => trade.time >= Number(minute![0]))
    expect(minute![8]).toBe(within.length)
    const lots = within.reduce((sum, trade) => sum + Math.round(Number(trade.qty) * 1000), 0)
    expect(minute![5]).toBe((lots / 1000).toFixed(3))
  })

  test("a span and a limit choose candles; an unknown interval and an unknown symbol are refused", () => {
    const desk = new Desk()
    const hour = 3_600_000
    const end = Math.floor(desk.now / 1000 / hour) * hour
    const rows = desk.get(
      "/fapi/v1/klines",
      `symbol=BTCUSDT&interval=1h&startTime=${end - 10 * hour}&endTime=${end - 5 * hour}&limit=3`,
    ) as unknown as number[][]
    expect(rows.map((row) => row[0])).toEqual([end - 10 * hour, end - 9 * hour, end - 8 * hour])
    expect(desk.get("/fapi/v1/klines", "symbol=BTCUSDT&interval=1s").code).toBe(-1120)
    expect(desk.get("/fapi/v1/klines", "symbol=NOPE&interval=1m").code).toBe(-1121)
    expect(desk.get("/fapi/v1/depth", "symbol=BTCUSDT&limit=7").code).toBe(-4021)
    expect(desk.get("/fapi/v1/klines", "symbol=BTCUSDT&interval=1m&startTime=2&endTime=1").code).toBe(-1023)
  })

  test("prices, funding, premium and open interest answer for one symbol and for all", () => {
    const desk = new Desk()
    desk.pass(2_000)
    const { bid, ask } = desk.best()
    const price = Number(desk.get("/fapi/v2/ticker/price", "symbol=BTCUSDT").price)
    expect(price).toBeGreaterThan(bid * 0.99)
    expect(price).toBeLessThan(ask * 1.01)
    expect((desk.get("/fapi/v2/ticker/price") as unknown as unknown[]).length).toBe(3)
    const premium = desk.get("/fapi/v1/premiumIndex", "symbol=BTCUSDT")
    expect(premium.markPrice).toMatch(/^\d+\.\d{8}$/)
    expect(premium.nextFundingTime % (8 * 3_600_000)).toBe(0)
    expect(premium.nextFundingTime * 1000).toBeGreaterThan(desk.now)
    const funding = desk.get("/fapi/v1/fundingRate", "symbol=BTCUSDT&limit=3") as unknown as { fundingTime: number }[]
    expect(funding.map((row) => row.fundingTime % (8 * 3_600_000))).toEqual([0, 0, 0])
    expect(desk.get("/fapi/v1/fundingInfo")[0]).toMatchObject({ symbol: "BTCUSDT", fundingIntervalHours: 8 })
    const interest = desk.get("/futures/data/openInterestHist", "symbol=BTCUSDT&period=5m&limit=2") as unknown as {
      timestamp: string
    }[]
    expect(interest.map((row) => typeof row.timestamp)).toEqual(["string", "string"])
    const premiums = desk.get(
      "/fapi/v1/premiumIndexKlines",
      "symbol=BTCUSDT&interval=1h&limit=2",
    ) as unknown as unknown[][]
    expect(premiums.map((row) => row.length)).toEqual([12, 12])
  })

  test("exchangeInfo states filters that the front itself holds to", () => {
    const desk = new Desk()
    const symbol = desk.get("/fapi/v1/exchangeInfo").symbols[0]
    const filters = Object.fromEntries(
      symbol.filters.map((filter: { filterType: string }) => [filter.filterType, filter]),
    )
    expect(symbol).toMatchObject({
      symbol: "BTCUSDT",
      contractType: "PERPETUAL",
      status: "TRADING",
      marginAsset: "USDT",
    })
    expect(filters.PRICE_FILTER.tickSize).toBe("0.10")
    expect(filters.LOT_SIZE).toMatchObject({ stepSize: "0.001", minQty: "0.001" })
    expect(filters.MIN_NOTIONAL.notional).toBe("100")
  })
})

test("the signature of a request is over the bytes as received: another encoding of the same values does not pass", () => {
  const desk = new Desk()
  const timestamp = Math.floor(desk.now / 1000)
  const query = `symbol=BTCUSDT&origClientOrderId=a%3Ab&timestamp=${timestamp}`
  const get = (sent: string) =>
    desk.raw("GET", "/fapi/v1/order", `${sent}&signature=${hmac(secret, query)}`, key).json.code
  expect(get(query)).toBe(-2013)
  expect(get(query.replace("%3A", ":"))).toBe(-1022)
})
