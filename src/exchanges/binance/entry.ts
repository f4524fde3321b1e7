import { UsageError } from "../../runtime/domain/errors.ts"
import type { OperationName, ParamsOf } from "../../runtime/domain/operation.ts"
import type { EntryFrame, OrderEntry, RateUsage } from "../../runtime/ports.ts"
import type { Fields } from "../kit/endpoint.ts"
import { isList, isObject, type JsonObject, parseExact } from "../kit/json.ts"
import { credentialsOf } from "../kit/venue.ts"
import { toAmend, toNewOrder, toOrderRef } from "./map/order.ts"
import { plainPlace } from "./place.ts"
import { sealMessage } from "./sign.ts"

/**
 * Orders over the WebSocket API. Replies are given in REST's terms. Source: websocket-api-general-info and
 * trade/websocket-api, as of 2026-05-28.
 */
interface Method<O extends OperationName> {
  readonly method: string
  readonly encode: (params: ParamsOf<O>) => Fields
}

const METHODS: { readonly [O in OperationName]?: Method<O> } = {
  place: { method: "order.place", encode: toNewOrder },
  amend: { method: "order.modify", encode: toAmend },
  cancel: { method: "order.cancel", encode: toOrderRef },
  order: { method: "order.status", encode: toOrderRef },
}

export function orderEntry(
  url: string,
  requestLifeMs: number,
  credentialNames: Readonly<Record<string, string>>,
): OrderEntry {
  return {
    url,
    operations: Object.keys(METHODS) as OperationName[],
    encode: (operation, params, auth, requestId) => {
      const row = METHODS[operation] as Method<typeof operation> | undefined
      if (row === undefined) throw new UsageError(`binance-um takes no "${operation}" over its WebSocket API`)
      const credentials = credentialsOf(auth, "binance-um", credentialNames)
      if (operation === "place") {
        const plain = plainPlace(params as ParamsOf<"place">, credentials, auth.now, requestLifeMs, requestId)
        if (plain !== undefined) return plain
      }
      return sealMessage(row.method, row.encode(params), credentials, auth.now, requestLifeMs, requestId)
    },
    decode: decodeReply,
  }
}

function decodeReply(frame: string): EntryFrame {
  let reply: unknown
  try {
    reply = parseExact(frame)
  } catch {
    return { unreadable: "the frame is no JSON" }
  }
  if (!isObject(reply)) return { unreadable: "the frame is no object" }
  const { id, status, result, error } = reply
  if (reply.e === "serverShutdown") return { control: { kind: "notice", message: "the server is about to shut down" } }
  if (typeof status !== "number") return { unreadable: "status is missing" }
  if (id === null || id === undefined) return withoutId(status, error)
  if (typeof id !== "string" && typeof id !== "number") return { unreadable: "id is neither text nor number" }
  const body = status >= 200 && status < 300 ? result : error
  if (body === undefined) return { unreadable: `a reply with status ${status} has neither result nor error` }
  return { reply: { requestId: String(id), status, body: JSON.stringify(body), usage: usageOf(reply) } }
}

/** An answer to nothing that was asked: the key was revoked, or a request was not even read. */
function withoutId(status: number, error: unknown): EntryFrame {
  const { code, msg } = isObject(error) ? error : ({} as JsonObject)
  const message = typeof msg === "string" ? msg : `status ${status}`
  const kind = status === 401 ? "loginRefused" : "refused"
  return { control: { kind, code: typeof code === "number" ? String(code) : String(status), message } }
}

const isOf = (limit: JsonObject, type: string, interval: string, count: number): boolean =>
  limit.rateLimitType === type && limit.interval === interval && limit.intervalNum === count

function usageOf(reply: JsonObject): RateUsage {
  const usage: { -readonly [K in keyof RateUsage]: RateUsage[K] } = {}
  for (const limit of isList(reply.rateLimits) ? reply.rateLimits : []) {
    if (!isObject(limit) || typeof limit.count !== "number") continue
    if (isOf(limit, "REQUEST_WEIGHT", "MINUTE", 1)) usage.weight = limit.count
    if (isOf(limit, "ORDERS", "SECOND", 10)) usage.orders10s = limit.count
    if (isOf(limit, "ORDERS", "MINUTE", 1)) usage.orders1m = limit.count
  }
  const data = isObject(reply.error) ? reply.error.data : undefined
  if (isObject(data) && typeof data.retryAfter === "number" && typeof data.serverTime === "number") {
    usage.retryAfterMs = Math.max(0, data.retryAfter - data.serverTime)
  }
  return usage
}
