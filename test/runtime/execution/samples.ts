import type { AccOrder } from "../../../src/runtime/domain/events.ts"
import type { InstrumentInfo } from "../../../src/runtime/domain/instrument.ts"
import type { OrderAck, OrderDetail } from "../../../src/runtime/domain/operation.ts"
import type { Fill, Order } from "../../../src/runtime/domain/order.ts"

export const IDENTITY = "00000000a1"
export const INST = "BTC_USDT_PERP"
export const CLIENT_ID = `${IDENTITY}000001${"0".repeat(15)}1`
/** µs; orders are signed here and expire five seconds later. */
export const SIGNED_AT = 1_700_000_000_000_000
export const EXPIRES_AT = SIGNED_AT + 5_000_000

export const order = (changes: Partial<Order> = {}): Order => ({
  clientId: CLIENT_ID,
  market: "binance-um",
  inst: INST,
  side: "BUY",
  type: "limit",
  timeInForce: "gtc",
  size: "1",
  price: "100",
  reduceOnly: false,
  state: "pending",
  filled: "0",
  createdAt: SIGNED_AT,
  updatedAt: SIGNED_AT,
  expiresAt: EXPIRES_AT,
  ...changes,
})

export const fill = (tradeId: string, size: string, changes: Partial<Fill> = {}): Fill => ({
  market: "binance-um",
  inst: INST,
  tradeId,
  orderId: "77",
  side: "BUY",
  price: "100",
  size,
  fee: "0.01",
  feeAsset: "USDT",
  isMaker: false,
  timestamp: SIGNED_AT + 1_000,
  ...changes,
})

export const event = (changes: Partial<AccOrder> = {}): AccOrder => ({
  kind: "accOrder",
  market: "binance-um",
  inst: INST,
  type: "perpetual",
  orderId: "77",
  clientId: CLIENT_ID,
  side: "BUY",
  orderType: "limit",
  timeInForce: "gtc",
  status: "open",
  price: "100",
  size: "1",
  filledSize: "0",
  timestamp: SIGNED_AT + 1_000,
  receivedAt: SIGNED_AT + 2_000,
  ...changes,
})

export const detail = (changes: Partial<OrderDetail> = {}): OrderDetail => ({
  inst: INST,
  orderId: "77",
  clientId: CLIENT_ID,
  side: "BUY",
  orderType: "limit",
  timeInForce: "gtc",
  status: "open",
  price: "100",
  size: "1",
  filledSize: "0",
  createdAt: SIGNED_AT + 1_000,
  updatedAt: SIGNED_AT + 1_000,
  ...changes,
})

export const ack = (changes: Partial<OrderAck> = {}): OrderAck => ({
  orderId: "77",
  clientId: CLIENT_ID,
  status: "open",
  timestamp: SIGNED_AT + 1_000,
  ...changes,
})

export const instrument = (changes: Partial<InstrumentInfo> = {}): InstrumentInfo => ({
  market: "binance-um",
  inst: INST,
  symbol: "BTCUSDT",
  type: "perpetual",
  status: "live",
  sizeUnit: "coin",
  tickSize: "0.1",
  lotSize: "0.001",
  limitSizeMin: "0.001",
  limitSizeMax: "1000",
  marketSizeMin: "0.001",
  marketSizeMax: "120",
  notionalMin: "5",
  ...changes,
})
