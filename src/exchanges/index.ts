import type { Channel } from "../runtime/domain/channel.ts"
import { ConfigError } from "../runtime/domain/errors.ts"
import type { Inst } from "../runtime/domain/inst.ts"
import { isMarket, type Market } from "../runtime/domain/market.ts"
import type { Auth, Subscription, Venue, VenueOptions } from "../runtime/ports.ts"
import { binanceUm } from "./binance/index.ts"
import { type ChannelText, parseChannel } from "./kit/channel.ts"

/** The markets there are, by name. A bundle that wants only some imports their modules instead. */
const REGISTRY: Readonly<Partial<Record<Market, (options?: VenueOptions) => Venue>>> = {
  "binance-um": binanceUm,
}

/** Names of the markets that `market` knows. */
export const marketNames = (): Market[] => Object.keys(REGISTRY) as Market[]

/** A venue whose channels may also be named in short text: `subscribe("lob:snapshot:20", ["BTC_USDT_PERP"])`. */
export interface MarketCore extends Venue {
  subscribe(channel: Channel | ChannelText, insts: readonly Inst[], auth?: Auth): Subscription
  unsubscribe(channel: Channel | ChannelText, insts: readonly Inst[], auth?: Auth): Subscription
}

const asChannel = (channel: Channel | ChannelText): Channel =>
  typeof channel === "string" ? parseChannel(channel) : channel

/**
 * The pure core of one market, for tools and tests: no socket, no timer, no clock of its own.
 * Throws ConfigError where the name is no market there is.
 */
export function market(name: string, options?: VenueOptions): MarketCore {
  const make = Object.hasOwn(REGISTRY, name) ? REGISTRY[name as Market] : undefined
  if (make === undefined) {
    const why = isMarket(name) ? `market ${name} is not built yet` : `there is no market "${name}"`
    throw new ConfigError(`${why}; known: ${marketNames().join(", ")}`)
  }
  const venue = make(options)
  return {
    ...venue,
    subscribe: (channel, insts, auth) => venue.subscribe(asChannel(channel), insts, auth),
    unsubscribe: (channel, insts, auth) => venue.unsubscribe(asChannel(channel), insts, auth),
  }
}
