/** What a bot file may import. */
export { bot, isBot } from "./runtime/engine/declaration/bot.ts"
export type { Bot, BotOptions } from "./runtime/engine/declaration/bot.ts"
export type {
  BookView,
  Context,
  Json,
  Log,
  ManualFeed,
  OwnAndAccount,
  StrategyMetrics,
  StrategyState,
  Submission,
  Timer,
} from "./runtime/engine/declaration/context.ts"
export type {
  FeedHandle,
  Handle,
  IntentHandle,
  OrdersHandle,
  PredictHandle,
  RelayHandle,
  ScheduleHandle,
} from "./runtime/engine/declaration/handle.ts"
export type { Part } from "./runtime/engine/declaration/part.ts"
export { choice, decimal, flag, number, params, text } from "./runtime/engine/declaration/params.ts"
export type { StateOptions, StrategyOptions, ThrowPolicy } from "./runtime/engine/declaration/strategy.ts"
export {
  accountBalances,
  accountOrders,
  accountPositions,
  bbo,
  book,
  candles,
  intents,
  lob,
  onnx,
  orders,
  relay,
  schedule,
  trades,
  zmq,
} from "./runtime/engine/declaration/task.ts"
export type * from "./runtime/engine/declaration/messages.ts"
export * from "./runtime/domain/decimal.ts"
export {
  fromCoins,
  notionalOf,
  orderMistakes,
  priceOnTick,
  sizeOnLot,
  sizeWithin,
  toCoins,
} from "./runtime/domain/instrument.ts"
export type { InstrumentInfo } from "./runtime/domain/instrument.ts"
export { UsageError } from "./runtime/domain/errors.ts"
export type { RiskLimits } from "./runtime/domain/limits.ts"
export { MARKETS } from "./runtime/domain/market.ts"
export type { Market } from "./runtime/domain/market.ts"
export { checkTensor } from "./runtime/domain/tensor.ts"
export type { AltTensor } from "./runtime/domain/tensor.ts"
export type {
  AccBalPos,
  AccOrder,
  AccPos,
  Candle,
  Interval,
  Levels,
  Lob,
  LobMbo,
  MboUpdate,
  Trade,
} from "./runtime/domain/events.ts"
export type { Inst } from "./runtime/domain/inst.ts"
export type {
  AmendRequest,
  Balance,
  Fill,
  MarginMode,
  Order,
  OrderRequest,
  OrderState,
  OrderType,
  Position,
  PositionSide,
  Side,
  TimeInForce,
} from "./runtime/domain/order.ts"
export type {
  BookImage,
  CandleRow,
  FundingRate,
  OrderAck,
  OrderDetail,
  PastTrade,
  Question,
  Ticker,
} from "./runtime/domain/operation.ts"
export type { Outcome } from "./runtime/domain/outcome.ts"
export type {
  AltIntent,
  AltOrder,
  BookStateChanged,
  FeedStateChanged,
  FeedWanted,
  InstrumentChanged,
  IntentTarget,
  Lag,
  Message,
  OrderChanged,
  Pnl,
  ScheduleTick,
  TaskRef,
  TaskStarted,
  Trouble,
} from "./runtime/domain/callbacks.ts"
export { type PnlTotal, pnlTotals } from "./runtime/domain/pnl.ts"
