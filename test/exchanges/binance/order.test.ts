import { describe, expect, test } from "bun:test"
import { binanceUm } from "../../../src/exchanges/binance/index.ts"
import type { OperationName, ParamsOf, PlaceParams } from "../../../src/runtime/domain/operation.ts"
import { UsageError, WireError } from "../../../src/runtime/domain/errors.ts"

const venue = binanceUm()
const auth = { credentials: { apiKey: "key", secret: "secret" }, now: 1_700_000_000_000_000 }
const clientId = "0a1b2c3d4e0000010000000000000001"
const inst = "BTC_USDT_PERP"
const limit: PlaceParams = { inst, side: "BUY", size: "0.010", price: "60000.1", clientId }

function sent<O extends OperationName>(operation: O, params: ParamsOf<O>): Record<string, string> {
  const { searchParams } = new URL(venue.encode(operation, params, auth).url)
  for (const name of ["recvWindow", "timestamp", "signature"]) searchParams.delete(name)
  return Object.fromEntries(searchParams)
}

describe("an order on the wire", () => {
  test("a limit order without a time in force is GTC", () => {
    expect(sent("place", limit)).toEqual({
      symbol: "BTCUSDT",
      side: "BUY",
      type: "LIMIT",
      quantity: "0.010",
      price: "60000.1",
      timeInForce: "GTC",
      newClientOrderId: clientId,
      newOrderRespType: "RESULT",
    })
  })

  test("post-only is LIMIT with GTX, IOC and FOK are LIMIT with themselves: no type the venue does not list", () => {
    const words = { "post-only": "GTX", ioc: "IOC", fok: "FOK", gtc: "GTC" } as const
    for (const [timeInForce, word] of Object.entries(words)) {
      const order = sent("place", { ...limit, timeInForce: timeInForce as keyof typeof words })
      expect([order.type, order.timeInForce]).toEqual(["LIMIT", word])
    }
  })

  test("an order that is good till a time is GTD with the venue's milliseconds", () => {
    const order = sent("place", { ...limit, goodTillAt: 1_790_000_600_123_999 })
    expect(order).toMatchObject({ type: "LIMIT", timeInForce: "GTD", goodTillDate: "1790000600123" })
    expect(sent("place", { ...limit, timeInForce: "gtc", goodTillAt: 1_790_000_600_000_000 })).toMatchObject({
      timeInForce: "GTD",
    })
    for (const timeInForce of ["ioc", "fok", "post-only"] as const) {
      expect(() => sent("place", { ...limit, timeInForce, goodTillAt: 1_790_000_600_000_000 })).toThrow("goodTillAt")
    }
  })

  test("a market order carries neither price nor time in force", () => {
    const order = sent("place", {
      ...limit,
      type: "market",
      timeInForce: "ioc",
      reduceOnly: true,
      positionSide: "both",
    })
    expect(order).toEqual({
      symbol: "BTCUSDT",
      side: "BUY",
      positionSide: "BOTH",
      type: "MARKET",
      quantity: "0.010",
      reduceOnly: "true",
      newClientOrderId: clientId,
      newOrderRespType: "RESULT",
    })
  })

  test("the venue's own fields pass through, but not the ones that order truth and limits rest on", () => {
    expect(sent("place", { ...limit, extra: { selfTradePreventionMode: "EXPIRE_BOTH" } })).toMatchObject({
      selfTradePreventionMode: "EXPIRE_BOTH",
    })
    for (const name of [
      "quantity",
      "newClientOrderId",
      "side",
      "recvWindow",
      "reduceOnly",
      "timeInForce",
      "goodTillDate",
      "orderId",
      "positionSide",
    ]) {
      expect(() => sent("place", { ...limit, extra: { [name]: "1" } })).toThrow(UsageError)
    }
  })

  test("what cannot be an order is refused before it is signed, by name", () => {
    const { price: _, ...priceless } = limit
    const wrong: [Partial<PlaceParams>, string][] = [
      [{ size: "0" }, 'size "0"'],
      [{ size: "-1" }, 'size "-1"'],
      [{ size: "1e3" }, 'size "1e3"'],
      [{ price: "x" }, 'price "x"'],
      [{ clientId: "" }, 'client id ""'],
      [{ clientId: "a b" }, 'client id "a b"'],
      [{ clientId: "a".repeat(37) }, "client id"],
      [{ type: "market", timeInForce: "post-only" }, "post-only"],
    ]
    for (const [change, named] of wrong) {
      expect(() => sent("place", { ...limit, ...change })).toThrow(UsageError)
      expect(() => sent("place", { ...limit, ...change })).toThrow(named)
    }
    expect(() => sent("place", priceless)).toThrow("needs a price")
    expect(() => sent("place", { ...limit, inst: "BTC_USDT" })).toThrow(WireError)
  })

  test("a word that is none of ours is refused, and never goes out as another", () => {
    const wrong: [object, string][] = [
      [{ type: "stop-market" }, 'type "stop-market" is not known; write limit or market'],
      [{ type: "MARKET" }, 'type "MARKET" is not known'],
      [{ side: "buy" }, 'side "buy" is not known; write BUY or SELL'],
      [{ side: undefined }, 'side "undefined" is not known'],
      [{ side: "constructor" }, 'side "constructor" is not known'],
      [{ timeInForce: "gtx" }, 'timeInForce "gtx" is not known; write gtc or ioc or fok or post-only'],
      [{ type: "market", timeInForce: "gtx" }, 'timeInForce "gtx" is not known'],
      [{ type: "market", timeInForce: "fok" }, "a market order cannot be fok"],
      [{ positionSide: "LONG" }, 'positionSide "LONG" is not known'],
      [{ reduceOnly: "false" }, 'reduceOnly "false" is neither true nor false'],
      [{ reduceOnly: 1 }, 'reduceOnly "1" is neither true nor false'],
      [{ size: 0.002 }, 'size "0.002" is not a decimal number above zero'],
      [{ price: 60_000 }, 'price "60000" is not a decimal number above zero'],
      [{ clientId: 5 }, 'client id "5"'],
      [{ extra: { a: 5 } }, 'extra field "a" is not text'],
    ]
    for (const [change, named] of wrong) {
      const order = { ...limit, ...change } as PlaceParams
      expect(() => sent("place", order)).toThrow(UsageError)
      expect(() => sent("place", order)).toThrow(named)
      expect(() => sent("placeBatch", { orders: [limit, order] })).toThrow(named)
      expect(() => venue.entry?.encode("place", order, auth, "1")).toThrow(named)
    }
    const amend = { inst, orderId: "7", side: "SELL", size: "2", price: "3" } as const
    expect(() => sent("amend", { ...amend, side: "sell" as never })).toThrow('side "sell" is not known')
    expect(() => sent("amend", { ...amend, size: 2 as never })).toThrow('size "2" is not a decimal number')
    expect(() => sent("cancel", { inst, orderId: 7 as never })).toThrow('order id "7"')
  })

  test("an order is named by either id or both, and never by none", () => {
    expect(sent("cancel", { inst, clientId })).toEqual({ symbol: "BTCUSDT", origClientOrderId: clientId })
    expect(sent("order", { inst, orderId: "7", clientId })).toEqual({
      symbol: "BTCUSDT",
      orderId: "7",
      origClientOrderId: clientId,
    })
    expect(() => sent("cancel", { inst })).toThrow("neither is given")
    expect(() => sent("cancel", { inst, orderId: "7a" })).toThrow('order id "7a"')
  })

  test("an amend carries side, size and price together", () => {
    expect(sent("amend", { inst, orderId: "7", side: "SELL", size: "2", price: "3" })).toEqual({
      symbol: "BTCUSDT",
      orderId: "7",
      side: "SELL",
      quantity: "2",
      price: "3",
    })
  })

  test("batches keep to the venue's size and to one instrument, and speak of one kind of id", () => {
    const placed = JSON.parse(sent("placeBatch", { orders: [limit, limit] }).batchOrders ?? "") as unknown[]
    expect(placed[1]).toMatchObject({ symbol: "BTCUSDT", timeInForce: "GTC", quantity: "0.010" })
    expect(
      sent("cancelBatch", {
        orders: [
          { inst, clientId },
          { inst, clientId },
        ],
      }).origClientOrderIdList,
    ).toBe(`["${clientId}","${clientId}"]`)
    expect(() => sent("placeBatch", { orders: Array.from({ length: 6 }, () => limit) })).toThrow("at most 5")
    expect(() => sent("cancelBatch", { orders: Array.from({ length: 11 }, () => ({ inst, orderId: "1" })) })).toThrow(
      "at most 10",
    )
    expect(() => sent("cancelBatch", { orders: [] })).toThrow(UsageError)
    expect(() =>
      sent("cancelBatch", {
        orders: [
          { inst, orderId: "1" },
          { inst, clientId },
        ],
      }),
    ).toThrow("all by")
    expect(() =>
      sent("cancelBatch", {
        orders: [
          { inst, orderId: "1" },
          { inst: "ETH_USDT_PERP", orderId: "1" },
        ],
      }),
    ).toThrow("one instrument")
  })

  test("history by order id asks for that order, not for a range from it on", () => {
    expect(sent("orderHistory", { inst, orderId: "1917641", startAt: 5 })).toEqual({
      symbol: "BTCUSDT",
      orderId: "1917641",
      limit: "1",
    })
    const later =
      '[{"symbol":"BTCUSDT","orderId":1917642,"clientOrderId":"x","side":"BUY","positionSide":"BOTH","type":"LIMIT","timeInForce":"GTC","status":"NEW","price":"1","avgPrice":"0","origQty":"1","executedQty":"0","reduceOnly":false,"time":1,"updateTime":1}]'
    expect(venue.response("orderHistory", { inst, orderId: "1917641" }, 200, later)).toEqual({
      kind: "accepted",
      value: [],
    })
  })

  test("times go out in ms, both ends", () => {
    expect(sent("fills", { inst, startAt: 1_700_000_000_123_456, endAt: 1_700_000_001_000_000, limit: 3 })).toEqual({
      symbol: "BTCUSDT",
      startTime: "1700000000123",
      endTime: "1700000001000",
      limit: "3",
    })
    expect(() => sent("fills", { inst, fromTradeId: "1", startAt: 1 })).toThrow("not both")
  })
})

describe("ids of 19 digits", () => {
  const orderId = "9223372036854775807"
  const order =
    `{"symbol":"BTCUSDT","orderId":${orderId},"clientOrderId":"${clientId}","side":"BUY","positionSide":"BOTH","type":"LIMIT",` +
    '"timeInForce":"GTX","status":"NEW","price":"1","avgPrice":"0","origQty":"1","executedQty":"0","reduceOnly":false,"time":1,"updateTime":1}'
  const ref = { inst, orderId }

  test("come whole out of every reply that names an order or a fill", () => {
    const place = venue.response("place", limit, 200, order)
    const cancel = venue.response("cancel", ref, 200, order)
    const amend = venue.response("amend", { ...ref, side: "BUY", price: "1", size: "1" }, 200, order)
    for (const outcome of [place, cancel, amend]) expect(outcome).toMatchObject({ value: { orderId, clientId } })
    expect(venue.response("order", ref, 200, order)).toMatchObject({ value: { orderId, clientId } })
    expect(venue.response("openOrders", { inst }, 200, `[${order}]`)).toMatchObject({ value: [{ orderId }] })
    expect(venue.response("orderHistory", ref, 200, `[${order}]`)).toMatchObject({ value: [{ orderId }] })
    expect(venue.response("cancelBatch", { orders: [ref] }, 200, `[${order}]`)).toMatchObject({
      value: [{ kind: "accepted", value: { orderId } }],
    })
    expect(venue.response("placeBatch", { orders: [limit] }, 200, `[${order}]`)).toMatchObject({
      value: [{ kind: "accepted", value: { orderId } }],
    })
    const fill = `[{"symbol":"BTCUSDT","id":1234567890123456789,"orderId":${orderId},"side":"BUY","price":"1","qty":"1","commission":"0","commissionAsset":"BNB","maker":true,"realizedPnl":"0","time":1}]`
    expect(venue.response("fills", { inst }, 200, fill)).toMatchObject({
      value: [{ tradeId: "1234567890123456789", orderId }],
    })
    const print = '[{"id":1234567890123456789,"price":"1","qty":"1","time":1,"isBuyerMaker":true}]'
    expect(venue.response("trades", { inst }, 200, print)).toMatchObject({
      value: [{ tradeId: "1234567890123456789" }],
    })
    const book = '{"lastUpdateId":1234567890123456789,"E":1,"T":1,"bids":[],"asks":[]}'
    expect(venue.response("orderbook", { inst }, 200, book)).toMatchObject({
      value: { sequence: "1234567890123456789" },
    })
  })

  test("go whole into every request that names an order, over HTTP and over the WebSocket API", () => {
    expect(sent("cancel", ref).orderId).toBe(orderId)
    expect(sent("order", ref).orderId).toBe(orderId)
    expect(sent("amend", { ...ref, side: "BUY", price: "1", size: "1" }).orderId).toBe(orderId)
    expect(sent("orderHistory", ref).orderId).toBe(orderId)
    expect(sent("fills", { inst, orderId, fromTradeId: orderId })).toMatchObject({ orderId, fromId: orderId })
    expect(sent("cancelBatch", { orders: [ref, ref] }).orderIdList).toBe(`[${orderId},${orderId}]`)
    expect(venue.entry?.encode("cancel", ref, auth, "1")).toContain(`"orderId":${orderId},`)
    expect(venue.entry?.encode("order", ref, auth, "1")).toContain(`"orderId":${orderId},`)
  })

  test("go round: the id an account event brings is the id that cancels", () => {
    const frame = `{"e":"ORDER_TRADE_UPDATE","E":2,"T":1,"o":{"s":"BTCUSDT","c":"${clientId}","S":"BUY","o":"LIMIT","f":"GTC","q":"1","p":"1","ap":"0","x":"NEW","X":"NEW","i":${orderId},"l":"0","z":"0","L":"0","T":1,"t":0,"m":false,"R":false,"rp":"0","er":"0"}}`
    const [event] = venue.decode(frame, 1).events
    if (event?.kind !== "accOrder") throw new Error("the frame is an order's")
    expect(sent("cancel", { inst: event.inst, orderId: event.orderId }).orderId).toBe(orderId)
  })
})
