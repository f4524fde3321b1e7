import { type Channel, channelName, isPrivate } from "../../runtime/domain/channel.ts"
import { UsageError } from "../../runtime/domain/errors.ts"
import type { Inst } from "../../runtime/domain/inst.ts"
import type { Auth, Subscription } from "../../runtime/ports.ts"
import type { Hosts } from "../kit/hosts.ts"
import { toNative } from "./map/inst.ts"

/**
 * Streams are split over three routes, and a stream asked for on a wrong one is acknowledged and stays silent.
 * Source: websocket-market-streams/Important-WebSocket-Change-Notice, in force since 2026-04-23. The `trade` stream is on
 * none of its lists; it was seen on /public and not on /market in 2026-09.
 */
type Route = "public" | "market"

interface Stream {
  readonly route: Route
  /** What follows `<symbol>@`. */
  readonly name: string
}

const refuse = (channel: Channel, offer: string): never => {
  throw new UsageError(`binance-um has no stream "${channelName(channel)}"; it offers ${offer}`)
}

/** 250 ms is the venue's own pace and has no suffix. */
const IMAGE_PACES: Readonly<Record<number, string>> = { 100: "@100ms", 250: "", 500: "@500ms" }
/** 0 ms, every change at once, is not documented but served; the captured tape is of it. */
const DIFF_PACES: Readonly<Record<number, string>> = { ...IMAGE_PACES, 0: "@0ms" }
const DEPTHS = [5, 10, 20]

/** Depth images of 20 levels unless told otherwise; diffs every 100 ms. */
function streamOf(channel: Channel): Stream {
  switch (channel.kind) {
    case "trades":
      return channel.each === true ? { route: "public", name: "trade" } : { route: "market", name: "aggTrade" }
    case "candles":
      if (channel.interval === "1s") refuse(channel, "candles from 1m on")
      return { route: "market", name: `kline_${channel.interval}` }
    case "lob":
      return { route: "public", name: bookStream(channel) }
    case "accOrders":
    case "accBalPos":
    case "accPos":
      return refuse(channel, "it over the listen key's connection")
  }
}

function bookStream(channel: Channel & { kind: "lob" }): string {
  if (channel.form === "bbo") return "bookTicker"
  if (channel.form === "snapshot") {
    const pace = IMAGE_PACES[channel.everyMs ?? 250]
    const depth = channel.depth ?? 20
    if (pace === undefined || !DEPTHS.includes(depth))
      return refuse(channel, "5, 10 or 20 levels every 100, 250 or 500 ms")
    return `depth${depth}${pace}`
  }
  const pace = DIFF_PACES[channel.everyMs ?? 100]
  if (pace === undefined || channel.depth !== undefined)
    return refuse(channel, "whole-book diffs every 0, 100, 250 or 500 ms")
  return `depth${pace}`
}

/** An allow list: what it does not name is not sent, the expiry of the key included. */
const PRIVATE_EVENTS = [
  "ORDER_TRADE_UPDATE",
  "ACCOUNT_UPDATE",
  "ACCOUNT_CONFIG_UPDATE",
  "MARGIN_CALL",
  "listenKeyExpired",
].join("/")

/** Over 4 KB the venue closes the connection; 100 of the longest stream names stay below. */
export const instsPerMessage = 100

/** Distinct for distinct content, so that several subscriptions on one connection can tell their answers apart. */
function idOf(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash >>> 1 || 1
}

export function subscriptionOf(
  method: "SUBSCRIBE" | "UNSUBSCRIBE",
  hosts: Hosts<"stream">,
  channel: Channel,
  insts: readonly Inst[],
  auth: Auth | undefined,
): Subscription {
  if (isPrivate(channel)) return privateSubscription(hosts, channel, auth)
  if (insts.length === 0) throw new UsageError(`${channelName(channel)} on binance-um needs at least one instrument`)
  const { route, name } = streamOf(channel)
  const params = insts.map((inst) => `${toNative(inst).toLowerCase()}@${name}`)
  const messages: string[] = []
  const ids: string[] = []
  for (let from = 0; from < params.length; from += instsPerMessage) {
    const some = JSON.stringify(params.slice(from, from + instsPerMessage))
    const id = idOf(method + some)
    ids.push(String(id))
    messages.push(`{"method":"${method}","params":${some},"id":${id}}`)
  }
  // `stream`, not `ws`: only the envelope's stream name tells a depth image from a diff.
  return { url: `${hosts.stream}/${route}/stream`, messages, ids }
}

/** Orders, balances and positions come over one connection, opened with the session's key; there is nothing to send. */
function privateSubscription(hosts: Hosts<"stream">, channel: Channel, auth: Auth | undefined): Subscription {
  const key = auth?.session
  if (key === undefined) {
    throw new UsageError(`${channelName(channel)} on binance-um needs a session: ask for createSession first`)
  }
  return {
    url: `${hosts.stream}/private/ws?listenKey=${encodeURIComponent(key)}&events=${PRIVATE_EVENTS}`,
    messages: [],
    ids: [],
  }
}
