import type { CallbackData, Message } from "../../domain/callbacks.ts"

// What a class's methods annotate: `onTrade({ data }: TradeMsg, ctx: Context)`.
export type AltEventMsg = Message<CallbackData["onAltEvent"]>
export type WsEventMsg = Message<CallbackData["onWsEvent"]>
export type ScheduleMsg = Message<CallbackData["onSchedule"]>
export type OrderExecutionMsg = Message<CallbackData["onOrderExecution"]>
export type InstIntentMsg = Message<CallbackData["onInstIntent"]>
export type PredsMsg = Message<CallbackData["onPreds"]>
export type TradeMsg = Message<CallbackData["onTrade"]>
export type LobMsg = Message<CallbackData["onLob"]>
export type LobMboMsg = Message<CallbackData["onLobMbo"]>
export type CandleMsg = Message<CallbackData["onCandle"]>
export type AccOrderMsg = Message<CallbackData["onAccOrder"]>
export type AccBalPosMsg = Message<CallbackData["onAccBalPos"]>
export type AccPosMsg = Message<CallbackData["onAccPos"]>
export type BookStateMsg = Message<CallbackData["onBookState"]>
export type FeedStateMsg = Message<CallbackData["onFeedState"]>
export type OrderMsg = Message<CallbackData["onOrder"]>
export type InstrumentMsg = Message<CallbackData["onInstrument"]>
export type LagMsg = Message<CallbackData["onLag"]>
export type ErrorMsg = Message<CallbackData["onError"]>
