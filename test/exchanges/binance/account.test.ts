import { describe, expect, test } from "bun:test"
import { binanceUm } from "../../../src/exchanges/binance/index.ts"
import type { AccOrder, Decoded } from "../../../src/runtime/domain/events.ts"
import type { Position } from "../../../src/runtime/domain/order.ts"

const venue = binanceUm()

const base = {
  s: "BTCUSDT",
  c: "0a1b2c3d4e0000010000000000000001",
  S: "SELL",
  o: "LIMIT",
  f: "GTC",
  q: "0.010",
  p: "61800.20",
  ap: "0",
  x: "NEW",
  X: "NEW",
  i: 8389765531,
  l: "0",
  z: "0",
  L: "0",
  T: 1723161256298,
  t: 0,
  m: false,
  R: false,
  rp: "0",
  er: "0",
}

const decode = (order: Record<string, unknown>): Decoded =>
  venue.decode(JSON.stringify({ e: "ORDER_TRADE_UPDATE", E: 2, T: 1723161256298, o: { ...base, ...order } }), 5)

function orderOf(order: Record<string, unknown>): AccOrder {
  const { events, unreadable } = decode(order)
  expect(unreadable).toBeUndefined()
  const [event] = events
  if (event?.kind !== "accOrder") throw new Error("an order event was expected")
  return event
}

describe("an order event", () => {
  test("tells the order's own price and the cumulative filled size, and its fill with id, fee and maker flag", () => {
    const order = orderOf({
      x: "TRADE",
      X: "PARTIALLY_FILLED",
      l: "0.004",
      z: "0.006",
      L: "61800.30",
      ap: "61800.25",
      t: 5266583935,
      n: "0.0494",
      N: "USDT",
      m: true,
      rp: "-1.50",
    })
    expect(order).toMatchObject({
      price: "61800.2",
      size: "0.01",
      filledSize: "0.006",
      avgPrice: "61800.25",
      status: "open",
    })
    expect(order.fill).toEqual({
      market: "binance-um",
      inst: "BTC_USDT_PERP",
      tradeId: "5266583935",
      orderId: "8389765531",
      clientId: base.c,
      side: "SELL",
      price: "61800.3",
      size: "0.004",
      fee: "0.0494",
      feeAsset: "USDT",
      isMaker: true,
      realizedPnl: "-1.5",
      timestamp: 1723161256298000,
    })
  })

  test("has no price where the order is a market order, and no average where nothing is filled", () => {
    const order = orderOf({ o: "MARKET", p: "0" })
    expect("price" in order || "avgPrice" in order || "fill" in order).toBe(false)
    expect(order.orderType).toBe("market")
  })

  test("without commission is a fill without fee", () => {
    const order = orderOf({ x: "TRADE", X: "FILLED", l: "0.010", z: "0.010", L: "1", t: 3 })
    expect(order.fill).toMatchObject({ fee: "0", feeAsset: "USDT" })
  })

  test("of a liquidation is a fill only where something was filled", () => {
    expect(orderOf({ o: "LIQUIDATION", f: "IOC", x: "CALCULATED", X: "NEW", c: "autoclose-1" }).fill).toBeUndefined()
    expect(
      orderOf({ o: "LIQUIDATION", f: "IOC", x: "CALCULATED", X: "FILLED", l: "1", L: "2", t: 9 }).fill,
    ).toMatchObject({
      tradeId: "9",
    })
  })

  test("says why an order ended, in words", () => {
    expect(orderOf({ x: "EXPIRED", X: "EXPIRED", f: "IOC", er: "2" }).reason).toBe(
      "the rest of an immediate-or-cancel order",
    )
    expect(orderOf({ x: "EXPIRED", X: "EXPIRED", er: "77" }).reason).toBe("expiry reason 77")
    expect(orderOf({ x: "CANCELED", X: "CANCELED" }).reason).toBeUndefined()
  })

  test("carries a client id only where it is one of ours", () => {
    expect(orderOf({ c: "web_AbCd" }).clientId).toBeUndefined()
    expect(orderOf({}).clientId).toBe(base.c)
  })

  test("with an unknown word or an unparsable number is refused, naming it", () => {
    const wrong: [Record<string, unknown>, string][] = [
      [{ X: "FROZEN" }, 'X is "FROZEN"'],
      [{ o: "ICEBERG" }, 'o is "ICEBERG"'],
      [{ f: "GTW" }, 'f is "GTW"'],
      [{ S: "HOLD" }, 'S is "HOLD"'],
      [{ x: "PONDERED" }, 'x is "PONDERED"'],
      [{ z: "lots" }, 'z is "lots"'],
      [{ p: "", q: null }, "q is null"],
      [{ i: null }, "i is null"],
      [{ x: "TRADE", l: "1", L: "cheap", t: 1 }, 'L is "cheap"'],
    ]
    for (const [order, named] of wrong) {
      const { events, unreadable } = decode(order)
      expect(events).toEqual([])
      expect(unreadable).toStartWith("ORDER_TRADE_UPDATE: ")
      expect(unreadable).toContain(named)
    }
  })
})

test("an account update gives positions with market and time, to both who want balances with them and who do not", () => {
  const frame =
    '{"e":"ACCOUNT_UPDATE","E":2,"T":1564745798938,"a":{"m":"ORDER","B":[],"P":[{"s":"BTCUSDT","pa":"-10","ep":"6563.86000","up":"-1","mt":"cross","iw":"0","ps":"BOTH"}]}}'
  const position: Position = {
    market: "binance-um",
    inst: "BTC_USDT_PERP",
    size: "-10",
    avgPrice: "6563.86",
    side: "both",
    marginMode: "cross",
    unrealizedPnl: "-1",
    timestamp: 1564745798938000,
  }
  const stamps = { market: "binance-um", timestamp: 1564745798938000, receivedAt: 5 } as const
  expect(venue.decode(frame, 5).events).toEqual([
    { kind: "accBalPos", ...stamps, cause: "ORDER", balances: [], positions: [position] },
    { kind: "accPos", ...stamps, positions: [position], isImage: false },
  ])
})

test("the end of a listen key is told without the key", () => {
  const decoded = venue.decode('{"e":"listenKeyExpired","E":1,"listenKey":"WsCMN0a4KHUPTQuX6"}', 5)
  expect(decoded).toEqual({ events: [], control: { kind: "sessionEnded", why: "the listen key expired" } })
})
