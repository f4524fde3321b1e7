import { describe, expect, test } from "bun:test"
import { apiKey, Desk, type Json, secret, startedAt } from "./front-desk.ts"

const open = (desk: Desk): Json[] =>
  desk.signed("GET", "/fapi/v1/openOrders", { symbol: "BTCUSDT" }).json as unknown as Json[]

describe("an order over REST", () => {
  test("rests, is found by either id, is listed, is canceled once", () => {
    const desk = new Desk()
    const placed = desk.limit("BUY", 61000, 0.01, { newClientOrderId: "mine-1" })
    expect(placed).toMatchObject({
      symbol: "BTCUSDT",
      status: "NEW",
      clientOrderId: "mine-1",
      price: "61000.00",
      origQty: "0.010",
      executedQty: "0.000",
      timeInForce: "GTC",
      type: "LIMIT",
      side: "BUY",
      positionSide: "BOTH",
      reduceOnly: false,
      goodTillDate: 0,
    })
    expect(placed.orderId).toMatch(/^\d{19}$/)
    const byId = desk.signed("GET", "/fapi/v1/order", { symbol: "BTCUSDT", orderId: placed.orderId }).json
    const byClientId = desk.signed("GET", "/fapi/v1/order", { symbol: "BTCUSDT", origClientOrderId: "mine-1" }).json
    expect(byId).toEqual(byClientId)
    expect(open(desk).map((order) => order.orderId)).toEqual([placed.orderId])
    expect(
      desk.signed("DELETE", "/fapi/v1/order", { symbol: "BTCUSDT", origClientOrderId: "mine-1" }).json.status,
    ).toBe("CANCELED")
    expect(desk.signed("DELETE", "/fapi/v1/order", { symbol: "BTCUSDT", orderId: placed.orderId }).json).toEqual({
      code: -2011,
      msg: "Unknown order sent.",
    })
    expect(desk.signed("GET", "/fapi/v1/openOrder", { symbol: "BTCUSDT", orderId: placed.orderId }).json.code).toBe(
      -2013,
    )
    expect(desk.signed("GET", "/fapi/v1/order", { symbol: "BTCUSDT", orderId: placed.orderId }).json.status).toBe(
      "CANCELED",
    )
    expect(desk.signed("GET", "/fapi/v1/order", { symbol: "BTCUSDT", origClientOrderId: "never" }).json.code).toBe(
      -2013,
    )
    expect(open(desk)).toEqual([])
  })

  test("an acknowledgement shows the order as accepted, a result what became of it", () => {
    const desk = new Desk()
    const { ask } = desk.best()
    const order = {
      symbol: "BTCUSDT",
      side: "BUY",
      type: "LIMIT",
      timeInForce: "GTC",
      price: ask + 50,
      quantity: "0.002",
    }
    expect(desk.signed("POST", "/fapi/v1/order", order).json).toMatchObject({
      status: "NEW",
      executedQty: "0.000",
      cumQuote: "0.00000",
    })
    const result = desk.signed("POST", "/fapi/v1/order", { ...order, newOrderRespType: "RESULT" }).json
    expect(result).toMatchObject({ status: "FILLED", executedQty: "0.002" })
    expect(Number(result.avgPrice)).toBeLessThanOrEqual(ask + 50)
    expect(Number(result.cumQuote)).toBeCloseTo(Number(result.avgPrice) * 0.002, 3)
  })

  test("fills are in userTrades with exact ids, fee and side, and their sums are in balance and position", () => {
    const desk = new Desk()
    const bought = desk.market("BUY", "0.300")
    const fills = desk.signed("GET", "/fapi/v1/userTrades", { symbol: "BTCUSDT", orderId: bought.orderId })
      .json as unknown as Json[]
    expect(fills.length).toBeGreaterThan(0)
    let [quote, fee] = [0, 0]
    for (const fill of fills) {
      expect(fill).toMatchObject({
        symbol: "BTCUSDT",
        orderId: bought.orderId,
        side: "BUY",
        buyer: true,
        maker: false,
        commissionAsset: "USDT",
      })
      expect(fill.id).toMatch(/^\d{19}$/)
      expect(Number(fill.commission)).toBeCloseTo(Number(fill.quoteQty) * 0.0005, 7)
      quote += Number(fill.quoteQty)
      fee += Number(fill.commission)
    }
    expect(quote).toBeCloseTo(Number(bought.cumQuote), 6)
    const [position] = desk.signed("GET", "/fapi/v3/positionRisk").json as unknown as Json[]
    expect(position).toMatchObject({
      symbol: "BTCUSDT",
      positionAmt: "0.300",
      positionSide: "BOTH",
      marginAsset: "USDT",
    })
    expect(Number(position!.entryPrice)).toBeCloseTo(quote / 0.3, 4)
    const [balance] = desk.signed("GET", "/fapi/v3/balance").json as unknown as Json[]
    expect(Number(balance!.balance)).toBeCloseTo(100_000 - fee, 7)
    expect(Number(balance!.availableBalance)).toBeLessThan(Number(balance!.balance))
    const account = desk.signed("GET", "/fapi/v3/account").json
    expect(Number(account.totalInitialMargin)).toBeCloseTo((Number(position!.markPrice) * 0.3) / 20, 1)
    desk.market("SELL", "0.300", { reduceOnly: true })
    expect(desk.signed("GET", "/fapi/v3/positionRisk").json as unknown as Json[]).toEqual([])
  })

  const base = { symbol: "BTCUSDT", side: "BUY", type: "LIMIT", timeInForce: "GTC", quantity: "0.01", price: "61000" }
  test.each([
    ["an unknown symbol", { symbol: "DOGEUSDT" }, -1121],
    ["no symbol", { symbol: "" }, -1102],
    ["an unknown side", { side: "LONG" }, -1117],
    ["an unknown type", { type: "POST_ONLY" }, -1116],
    ["a conditional type", { type: "STOP_MARKET" }, -4120],
    ["a limit order without time in force", { timeInForce: "" }, -1102],
    ["an unknown time in force", { timeInForce: "DAY" }, -1115],
    ["a market order with a time in force", { type: "MARKET" }, -1106],
    ["no quantity", { quantity: "" }, -1102],
    ["a quantity that is no number", { quantity: "1e-2" }, -1102],
    ["too fine a quantity", { quantity: "0.0105" }, -1111],
    ["nothing", { quantity: "0" }, -4003],
    ["too much", { quantity: "1000.001" }, -4005],
    ["too fine a price", { price: "61000.001" }, -1111],
    ["a price between two ticks", { price: "61000.05" }, -4014],
    ["a price of nothing", { price: "0" }, -4001],
    ["a price below the least", { price: "100" }, -4013],
    ["a buy far above the mark", { price: "90000" }, -4016],
    ["a sell far below the mark", { side: "SELL", price: "40000" }, -4024],
    ["too small a notional", { quantity: "0.001" }, -4164],
    ["a hedge-mode side", { positionSide: "LONG" }, -4061],
    ["a client id of strange letters", { newClientOrderId: "a b" }, -4015],
    ["a client id too long", { newClientOrderId: "x".repeat(37) }, -4015],
    ["a GTD order without its date", { timeInForce: "GTD" }, -1102],
    ["a GTD order that ends too soon", { timeInForce: "GTD", goodTillDate: 1_790_000_100_000 }, -5040],
    ["an unknown response type", { newOrderRespType: "FULL" }, -1136],
    ["reduce-only without a position", { reduceOnly: true }, -2022],
    ["more than the margin covers", { quantity: "900" }, -2019],
    ["post-only that would take", { timeInForce: "GTX", price: "62500" }, -5022],
    ["fill-or-kill that cannot fill", { timeInForce: "FOK", price: "60000" }, -5021],
  ] as const)("%s is refused, and leaves nothing behind", (_what, more, code) => {
    const desk = new Desk()
    const { status, json } = desk.signed("POST", "/fapi/v1/order", { ...base, ...more })
    expect([status, json.code]).toEqual([400, code])
    expect(json.msg).not.toContain("%s")
    expect(desk.signed("GET", "/fapi/v1/allOrders", { symbol: "BTCUSDT" }).json as unknown as Json[]).toEqual([])
  })

  test("a client id is refused while an open order has it, and free afterwards", () => {
    const desk = new Desk()
    desk.limit("BUY", 61000, 0.01, { newClientOrderId: "one" })
    expect(desk.limit("BUY", 60990, 0.01, { newClientOrderId: "one" }).code).toBe(-4116)
    desk.signed("DELETE", "/fapi/v1/allOpenOrders", { symbol: "BTCUSDT" })
    const again = desk.limit("BUY", 60990, 0.01, { newClientOrderId: "one" })
    expect(again.status).toBe("NEW")
    // The client id now names the later order.
    const found = desk.signed("GET", "/fapi/v1/order", { symbol: "BTCUSDT", origClientOrderId: "one" }).json
    expect(found.orderId).toBe(again.orderId)
  })

  test("an amendment moves price and size; the same again, a side that differs and an ended order are refused", () => {
    const desk = new Desk()
    const placed = desk.limit("BUY", 61000, 0.01)
    const amend = (more: Record<string, string | number>) =>
      desk.signed("PUT", "/fapi/v1/order", {
        symbol: "BTCUSDT",
        orderId: placed.orderId,
        side: "BUY",
        quantity: 0.02,
        price: 61010,
        ...more,
      }).json
    expect(amend({})).toMatchObject({ orderId: placed.orderId, status: "NEW", price: "61010.00", origQty: "0.020" })
    expect(amend({}).code).toBe(-5027)
    expect(amend({ side: "SELL", price: 63000 }).code).toBe(-1130)
    expect(amend({ price: "" }).code).toBe(-1102)
    expect(amend({ price: 61000.05 }).code).toBe(-4014)
    expect(open(desk)).toMatchObject([{ price: "61010.00", origQty: "0.020" }])
    desk.signed("DELETE", "/fapi/v1/order", { symbol: "BTCUSDT", orderId: placed.orderId })
    expect(amend({ price: 61020 }).code).toBe(-2013)
  })

  test("a batch answers each item by itself; more than five are refused", () => {
    const desk = new Desk()
    const order = (price: string, id: string) => ({
      symbol: "BTCUSDT",
      side: "BUY",
      type: "LIMIT",
      timeInForce: "GTC",
      quantity: "0.01",
      price,
      newClientOrderId: id,
    })
    const place = (orders: unknown[]) =>
      desk.signed("POST", "/fapi/v1/batchOrders", { batchOrders: JSON.stringify(orders) }).json as unknown as Json[]
    const placed = place([order("61000", "a"), order("1", "b"), order("60990", "c")])
    expect(placed.map((item) => item.code ?? item.status)).toEqual(["NEW", -4013, "NEW"])
    expect(place(Array.from({ length: 6 }, (_, index) => order("61000", `n${index}`)))).toMatchObject({ code: -4082 })
    // Ids of 19 digits go out as bare numbers, as the venue's documents have them.
    const ids = `[${placed[0]!.orderId},${placed[2]!.orderId},1]`
    const canceled = desk.signed("DELETE", "/fapi/v1/batchOrders", { symbol: "BTCUSDT", orderIdList: ids })
      .json as unknown as Json[]
    expect(canceled.map((item) => item.code ?? item.status)).toEqual(["CANCELED", "CANCELED", -2011])
    place([order("61000", "d")])
    const byName = desk.signed("DELETE", "/fapi/v1/batchOrders", { symbol: "BTCUSDT", origClientOrderIdList: '["d"]' })
      .json as unknown as Json[]
    expect(byName[0]).toMatchObject({ clientOrderId: "d", status: "CANCELED" })
  })

  test("a GTD order expires at its date, and a countdown cancels what is open when it is not renewed", () => {
    const desk = new Desk({ flow: false })
    const till = Math.floor(desk.now / 1000) + 700_000
    expect(desk.limit("BUY", 61000, 0.01, { timeInForce: "GTD", goodTillDate: till })).toMatchObject({
      timeInForce: "GTD",
      goodTillDate: till,
    })
    desk.pass(699_000)
    expect(open(desk)).toHaveLength(1)
    desk.pass(1_100)
    expect(desk.signed("GET", "/fapi/v1/allOrders", { symbol: "BTCUSDT" }).json[0]).toMatchObject({ status: "EXPIRED" })
    desk.limit("BUY", 61000, 0.01)
    const countdown = (ms: number) =>
      desk.signed("POST", "/fapi/v1/countdownCancelAll", { symbol: "BTCUSDT", countdownTime: ms }).json
    expect(countdown(5_000)).toEqual({ symbol: "BTCUSDT", countdownTime: "5000" })
    desk.pass(4_000)
    countdown(5_000)
    desk.pass(4_000)
    expect(open(desk)).toHaveLength(1)
    desk.pass(1_100)
    expect(open(desk)).toEqual([])
  })

  test("two members trade with each other as maker and taker, each at his own fee", () => {
    const desk = new Desk({ flow: false })
    desk.limit("BUY", 61000, 0.01)
    const order = {
      symbol: "BTCUSDT",
      side: "SELL",
      type: "LIMIT",
      timeInForce: "IOC",
      price: "60999.90",
      quantity: "0.02",
      newOrderRespType: "RESULT",
    }
    const sold = desk.signed("POST", "/fapi/v1/order", order, "bob").json
    expect(sold).toMatchObject({ status: "EXPIRED", executedQty: "0.010", avgPrice: "61000.0000" })
    const fill = (by: "ann" | "bob"): Json =>
      (desk.signed("GET", "/fapi/v1/userTrades", { symbol: "BTCUSDT" }, by).json as unknown as Json[])[0]!
    expect(fill("ann")).toMatchObject({ maker: true, buyer: true, price: "61000.00", commission: "0.12200000" })
    expect(fill("bob")).toMatchObject({ maker: false, buyer: false, price: "61000.00", commission: "0.30500000" })
    expect(fill("ann").id).toBe(fill("bob").id)
  })
})

test("a venue started again gives no order, trade or update id a second time", () => {
  const [first, second] = [new Desk(), new Desk({ startedAt: startedAt + 1_000_000 })]
  const ids = (desk: Desk) => {
    const { orderId } = desk.market("BUY", "0.010")
    const [fill] = desk.signed("GET", "/fapi/v1/userTrades", { symbol: "BTCUSDT" }).json as unknown as Json[]
    return {
      order: BigInt(orderId),
      fill: BigInt(fill!.id),
      update: desk.get("/fapi/v1/depth", "symbol=BTCUSDT").lastUpdateId as number,
    }
  }
  const before = ids(first)
  const after = ids(second)
  expect(after.order - before.order).toBeGreaterThan(1_000_000n)
  expect(after.fill - before.fill).toBeGreaterThan(1_000_000n)
  expect(after.update).toBeGreaterThan(before.update)
})

describe("the account over REST", () => {
  test("leverage, margin type and the two modes are set and read, within what is supported", () => {
    const desk = new Desk()
    const post = (path: string, params: Record<string, string | number | boolean>) =>
      desk.signed("POST", path, params).json
    expect(post("/fapi/v1/leverage", { symbol: "BTCUSDT", leverage: 10 })).toMatchObject({
      symbol: "BTCUSDT",
      leverage: 10,
    })
    expect(post("/fapi/v1/leverage", { symbol: "BTCUSDT", leverage: 126 }).code).toBe(-4028)
    expect(post("/fapi/v1/marginType", { symbol: "BTCUSDT", marginType: "CROSSED" }).code).toBe(-4046)
    expect(post("/fapi/v1/marginType", { symbol: "BTCUSDT", marginType: "ISOLATED" }).code).toBe(200)
    expect(desk.signed("GET", "/fapi/v1/symbolConfig", { symbol: "BTCUSDT" }).json[0]).toMatchObject({
      leverage: 10,
      marginType: "ISOLATED",
    })
    expect(desk.signed("GET", "/fapi/v1/positionSide/dual").json).toEqual({ dualSidePosition: false })
    expect(post("/fapi/v1/positionSide/dual", { dualSidePosition: false }).code).toBe(-4059)
    expect(post("/fapi/v1/positionSide/dual", { dualSidePosition: true }).code).toBe(-1020)
    expect(post("/fapi/v1/multiAssetsMargin", { multiAssetsMargin: false }).code).toBe(-4171)
    expect(desk.signed("GET", "/fapi/v1/accountConfig").json).toMatchObject({ canTrade: true, dualSidePosition: false })
    expect(desk.signed("GET", "/fapi/v1/commissionRate", { symbol: "BTCUSDT" }).json).toMatchObject({
      makerCommissionRate: "0.000200",
      takerCommissionRate: "0.000500",
    })
    const risks = desk.signed("GET", "/fapi/v2/positionRisk").json as unknown as Json[]
    expect(risks[0]).toMatchObject({ symbol: "BTCUSDT", leverage: "10", marginType: "isolated", positionAmt: "0.000" })
    expect(desk.signed("GET", "/fapi/v2/account").json.positions).toHaveLength(3)
  })

  test("funding is paid at its hour: event, wallet, income and rate history are one truth, position by position", () => {
    const eight = 8 * 3_600 * 1_000_000
    const startedAt = 1_790_000_000_000_000 - (1_790_000_000_000_000 % eight) + eight - 2_000_000
    const desk = new Desk({ startedAt })
    const user = desk.open(`/private/ws?listenKey=${desk.listenKey()}&events=ACCOUNT_UPDATE`)
    desk.market("BUY", "1.000")
    desk.signed("POST", "/fapi/v1/marginType", { symbol: "ETHUSDT", marginType: "ISOLATED" })
    const short = { symbol: "ETHUSDT", side: "SELL", type: "MARKET", quantity: "3.000" }
    desk.signed("POST", "/fapi/v1/order", short)
    const wallet = (): number => Number((desk.signed("GET", "/fapi/v3/balance").json as unknown as Json[])[0]!.balance)
    const before = wallet()
    user.frames.length = 0
    desk.pass(3_000)
    const paid = user.frames.filter((frame) => frame.a.m === "FUNDING_FEE")
    // Of a cross position the wallet alone is told, of an isolated one the position too.
    expect(paid.map((frame) => frame.a.P?.[0].s)).toEqual([undefined, "ETHUSDT"])
    const income = desk.signed("GET", "/fapi/v1/income", { incomeType: "FUNDING_FEE" }).json as unknown as Json[]
    expect(income.map(({ symbol, income: amount }) => [symbol, amount])).toEqual([
      ["BTCUSDT", paid[0]!.a.B[0].bc],
      ["ETHUSDT", paid[1]!.a.B[0].bc],
    ])
    for (const [index, [symbol, size]] of (
      [
        ["BTCUSDT", 1],
        ["ETHUSDT", -3],
      ] as const
    ).entries()) {
      const [rate] = desk.get("/fapi/v1/fundingRate", `symbol=${symbol}&limit=1`) as unknown as Json[]
      expect(rate).toMatchObject({ fundingTime: (startedAt + 2_000_000) / 1_000 })
      const due = -size * Number(rate!.markPrice) * Number(rate!.fundingRate)
      expect(Number(income[index]!.income)).toBeCloseTo(due, 6)
    }
    const sum = income.reduce((total, row) => total + Number(row.income), 0)
    expect(wallet() - before).toBeCloseTo(sum, 6)
  })

  test("an account in hedge mode says so, and takes no order of the other mode", () => {
    const desk = new Desk({ accounts: [{ apiKey, secret, balances: { USDT: "1000" }, isHedge: true }] })
    expect(desk.signed("GET", "/fapi/v1/positionSide/dual").json).toEqual({ dualSidePosition: true })
    expect(desk.signed("GET", "/fapi/v1/accountConfig").json).toMatchObject({ dualSidePosition: true })
    const order = { symbol: "BTCUSDT", side: "BUY", type: "MARKET", quantity: "0.010" }
    expect(desk.signed("POST", "/fapi/v1/order", order).json).toMatchObject({ code: -4061 })
  })

  test("income names each payment once, by kind, span, limit and page", () => {
    const desk = new Desk({ funding: { everyMs: 1_000, rate: "0.0002" } })
    desk.market("BUY", "1.000")
    desk.pass(5_000)
    const ask = (params: Record<string, string | number>) =>
      desk.signed("GET", "/fapi/v1/income", params).json as unknown as Json[]
    const all = ask({ incomeType: "FUNDING_FEE" })
    expect(all).toHaveLength(5)
    expect(new Set(all.map(({ tranId }) => tranId)).size).toBe(5)
    expect(all.every(({ income }) => Number(income) < 0)).toBe(true)
    const [, second, third] = all
    expect(ask({ incomeType: "FUNDING_FEE", startTime: second!.time, endTime: third!.time })).toEqual([second!, third!])
    expect(ask({ incomeType: "FUNDING_FEE", limit: 2, page: 2 })).toEqual([third!, all[3]!])
    expect(ask({ incomeType: "COMMISSION" }).length).toBeGreaterThan(0)
    expect(ask({ incomeType: "FUNDING_FEE", symbol: "ETHUSDT" })).toEqual([])
    expect(desk.signed("GET", "/fapi/v1/income", { incomeType: "ALMS" }).json).toMatchObject({ code: -1130 })
  })
})
