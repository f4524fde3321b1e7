import type { OperationName } from "../../../../src/runtime/domain/operation.ts"
import type { Auth, HttpCall, RateUsage, Venue } from "../../../../src/runtime/ports.ts"
import { REQUEST_LIFE_MS } from "./exchange.ts"

const OPERATIONS: OperationName[] = [
  "serverTime",
  "instruments",
  "place",
  "amend",
  "cancel",
  "cancelAll",
  "countdownCancelAll",
  "order",
  "openOrders",
  "orderHistory",
  "fills",
  "balance",
  "positions",
  "fundingPaid",
  "fundingHistory",
  "createSession",
  "renewSession",
]
const CHANGING = new Set<string>(["place", "amend", "cancel", "cancelAll", "countdownCancelAll"])

/** A venue whose wire is JSON of the domain's own words. */
export function scriptedVenue(changes: Partial<Venue> = {}): Venue {
  return {
    market: "binance-um",
    exchange: "scripted",
    limits: {
      weightPerMinute: 2_400,
      ordersPer10s: 300,
      ordersPerMinute: 1_200,
      subscriptionsPerConnection: 100,
      instsPerMessage: 100,
      messagesPerSecond: 100,
      connectionAgeMsMax: 86_400_000,
      sessionRenewMs: 1_800_000,
      batchPlaceMax: 5,
      batchCancelMax: 5,
      orderRetentionMs: 3_600_000,
    },
    heartbeat: { everyMs: 1_000, silenceMsMax: 4_000 },
    book: { image: "rest", chain: "prev", depth: 100 },
    credentialNames: {},
    operations: OPERATIONS,
    requestLifeMs: REQUEST_LIFE_MS,
    decode: (frame, receivedAt) => {
      const { event, control } = JSON.parse(frame.toString())
      if (control !== undefined) return { events: [], control }
      if (event === undefined) return { events: [], unreadable: "no event" }
      return { events: [{ ...event, receivedAt }] }
    },
    encode: (operation, params, auth): HttpCall => ({
      method: "POST",
      url: `http://venue/${operation}`,
      headers: {},
      body: JSON.stringify({ operation, params, signedAt: auth.now }),
    }),
    response: (operation, _params, status, body) => {
      if (status >= 500) {
        if (CHANGING.has(operation)) return { kind: "unknown", why: `HTTP ${status}` }
        return { kind: "refused", reason: `HTTP ${status}` }
      }
      return JSON.parse(body)
    },
    weight: () => 1,
    usage: (headers): RateUsage => {
      const weight = headers["x-weight"]
      const retryAfter = headers["retry-after"]
      return {
        ...(weight === undefined ? {} : { weight: Number(weight) }),
        ...(retryAfter === undefined ? {} : { retryAfterMs: Number(retryAfter) * 1_000 }),
      }
    },
    subscribe: (_channel, _insts, auth) => ({ url: `ws://venue/private/${auth?.session ?? ""}`, messages: [] }),
    unsubscribe: () => ({ url: "ws://venue", messages: [] }),
    entry: {
      url: "ws://venue/entry",
      operations: ["place", "cancel", "amend"],
      encode: (operation, params, auth: Auth, requestId) =>
        JSON.stringify({ id: requestId, operation, params, signedAt: auth.now }),
      decode: (frame) => JSON.parse(frame),
    },
    inst: { toNative: (inst) => inst, fromNative: (symbol) => symbol },
    ...changes,
  }
}
