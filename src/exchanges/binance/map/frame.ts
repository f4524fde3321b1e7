import { WireError } from "../../../runtime/domain/errors.ts"
import type { Control, Decoded } from "../../../runtime/domain/events.ts"
import { NOTHING } from "../../kit/frame.ts"
import { isObject, type Json, type JsonObject } from "../../kit/json.ts"
import * as read from "../../kit/read.ts"
import { isImageStream } from "../scan.ts"
import type {
  AccountFrame,
  AggTradeFrame,
  DepthFrame,
  KlineFrame,
  OrderFrame,
  TickerFrame,
  TradeFrame,
} from "../wire.ts"
import { toAccountEvents, toAccOrder } from "./account.ts"
import { toAggTrade, toCandle, toDepth, toTicker, toTrade } from "./market.ts"

type ReadKind = (frame: JsonObject, receivedAt: number, isImage: boolean) => Decoded

const control = (control: Control): Decoded => ({ events: [], control })
const notice = (message: string): Decoded => control({ kind: "notice", message })

/** Every kind of frame by its `e`. Kinds that repeat what another tells, or concern the venue's own bots, give nothing. */
const KINDS: Readonly<Record<string, ReadKind>> = {
  trade: (frame, receivedAt) => toTrade(frame as TradeFrame, receivedAt),
  aggTrade: (frame, receivedAt) => toAggTrade(frame as AggTradeFrame, receivedAt),
  bookTicker: (frame, receivedAt) => toTicker(frame as TickerFrame, receivedAt),
  depthUpdate: (frame, receivedAt, isImage) => toDepth(frame as DepthFrame, isImage, receivedAt),
  kline: (frame, receivedAt) => toCandle(frame as KlineFrame, receivedAt),
  ORDER_TRADE_UPDATE: (frame, receivedAt) => toAccOrder(frame as OrderFrame, receivedAt),
  ACCOUNT_UPDATE: (frame, receivedAt) => toAccountEvents(frame as AccountFrame, receivedAt),
  listenKeyExpired: () => control({ kind: "sessionEnded", why: "the listen key expired" }),
  MARGIN_CALL: () => notice("margin call: a position nears liquidation"),
  ACCOUNT_CONFIG_UPDATE: () => notice("leverage or asset mode of the account was changed"),
  serverShutdown: () => notice("the server is about to shut down"),
  // The same fill comes in ORDER_TRADE_UPDATE, with its fee.
  TRADE_LITE: () => NOTHING,
  STRATEGY_UPDATE: () => NOTHING,
  GRID_UPDATE: () => NOTHING,
  ALGO_UPDATE: () => NOTHING,
  CONDITIONAL_ORDER_TRIGGER_REJECT: () => NOTHING,
}

/** A frame of any stream: bare, in the combined-stream envelope, or the answer to a SUBSCRIBE. */
export function readFrame(frame: Json, receivedAt: number): Decoded {
  const root = read.object(frame, "the frame")
  if (typeof root.e === "string") return readKind(root.e, root, receivedAt, false)
  if (typeof root.stream === "string" && isObject(root.data)) {
    return readKind(read.text(root.data, "e"), root.data, receivedAt, isImageStream(root.stream))
  }
  return readControl(root)
}

function readKind(kind: string, frame: JsonObject, receivedAt: number, isImage: boolean): Decoded {
  const reader = Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined
  if (reader === undefined) throw new WireError(`"${kind.slice(0, 40)}" is no frame kind known`)
  return read.within(kind, () => reader(frame, receivedAt, isImage))
}

/** `{"result":null,"id":1}`, `{"error":{"code":2,"msg":"…"},"id":1}` or the error alone. */
function readControl(root: JsonObject): Decoded {
  const asked = root.id === undefined || root.id === null ? {} : { id: read.id(root, "id") }
  const failure = isObject(root.error) ? root.error : root.code === undefined ? undefined : root
  if (failure !== undefined) {
    const message = read.maybe(failure, "msg", read.text) ?? "no reason given"
    return control({ kind: "refused", ...asked, code: read.id(failure, "code"), message })
  }
  if (root.result === undefined) throw new WireError(`a frame with ${Object.keys(root).join(", ") || "nothing in it"}`)
  return root.result === null
    ? control({ kind: "subscribed", ...asked })
    : notice(`answer ${asked.id ?? "without id"}: ${JSON.stringify(root.result).slice(0, 200)}`)
}
