import type { Interval } from "./events.ts"

/** What a feed can ask a venue to stream. */
export type Channel =
  | { readonly kind: "trades"; /** Every fill instead of the venue's aggregate. */ readonly each?: boolean }
  | { readonly kind: "lob"; readonly form: "bbo" }
  | { readonly kind: "lob"; readonly form: "snapshot"; readonly depth?: number; readonly everyMs?: number }
  | { readonly kind: "lob"; readonly form: "incremental"; readonly depth?: number; readonly everyMs?: number }
  | { readonly kind: "candles"; readonly interval: Interval }
  /** The account's own events: orders with fills, balances and positions. */
  | { readonly kind: "accOrders" }
  | { readonly kind: "accBalPos" }
  | { readonly kind: "accPos" }

export type ChannelKind = Channel["kind"]

export const isPrivate = (channel: Channel): boolean =>
  channel.kind === "accOrders" || channel.kind === "accBalPos" || channel.kind === "accPos"

/** A channel in words, for messages: `lob incremental 100 ms`. */
export function channelName(channel: Channel): string {
  if (channel.kind === "candles") return `candles ${channel.interval}`
  if (channel.kind === "trades") return channel.each === true ? "trades each" : "trades"
  if (channel.kind !== "lob") return channel.kind
  if (channel.form === "bbo") return "lob bbo"
  const depth = channel.depth === undefined ? "" : ` depth ${channel.depth}`
  const every = channel.everyMs === undefined ? "" : ` ${channel.everyMs} ms`
  return `lob ${channel.form}${depth}${every}`
}
