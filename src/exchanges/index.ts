import type { Channel } from "../runtime/domain/channel.ts"
import { ConfigError } from "../runtime/domain/errors.ts"
import type { Inst } from "../runtime/domain/inst.ts"
import { isMarket, type Market } from "../runtime/domain/market.ts"
import type { Auth, Subscription, Venue, VenueOptions } from "../runtime/ports.ts"
import { binanceUm } from "./binance/index.ts"
import { coinNames } from "./binance/map/inst-coin.ts"
import { spotNames } from "./binance/map/inst-spot.ts"
import { usdNames } from "./binance/map/inst.ts"
import { gateDeliveryNames, gateFuturesNames, gateSpotNames, gateUnifiedNames } from "./gate/map/inst.ts"
import { type Dex, hyperliquidNames } from "./hyperliquid/map/inst.ts"
import { type ChannelText, parseChannel } from "./kit/channel.ts"
import { type Listed, type Names, withListing } from "./kit/names.ts"
import { okxNames } from "./okx/map/inst.ts"

/** The markets there are, by name. A bundle that wants only some imports their modules instead. */
const REGISTRY: Readonly<Partial<Record<Market, (options?: VenueOptions) => Venue>>> = {
  "binance-um": binanceUm,
}

/** How every market names its instruments, built or not. */
const NAMES: Readonly<Record<Market, Names>> = {
  "binance-spot": spotNames,
  "binance-um": usdNames,
  "binance-cm": coinNames,
  okx: okxNames,
  "gate-spot": gateSpotNames,
  "gate-futures": gateFuturesNames,
  "gate-delivery": gateDeliveryNames,
  "gate-unified": gateUnifiedNames,
  hyperliquid: hyperliquidNames(),
}

/** Names of the markets that are built. */
export const marketNames = (): Market[] => Object.keys(REGISTRY) as Market[]

/** A venue whose channels may also be named in short text: `subscribe("lob:snapshot:20", ["BTC_USDT_PERP"])`. */
export interface MarketCore extends Venue {
  subscribe(channel: Channel | ChannelText, insts: readonly Inst[], auth?: Auth): Subscription
  unsubscribe(channel: Channel | ChannelText, insts: readonly Inst[], auth?: Auth): Subscription
}

const asChannel = (channel: Channel | ChannelText): Channel =>
  typeof channel === "string" ? parseChannel(channel) : channel

export interface NameOptions {
  /** The venue's own listing, before the rules: `InstrumentInfo` rows, or symbols with their names. */
  readonly listing?: Iterable<Listed>
  /** Of Hyperliquid: the dex whose instruments are meant instead of its own. */
  readonly dex?: Dex
}

/**
 * Instrument names of a market both ways, of those that are not built yet, too: `names("okx").toNative("BTC_USDT_PERP")` is
 * `BTC-USDT-SWAP`, and `fromNative` goes back. Each throws WireError where the market writes no such name; nothing is handed
 * on as it came. Throws ConfigError where there is no such market, or the options contradict themselves.
 */
export function names(market: string, { listing, dex }: NameOptions = {}): Names {
  if (!isMarket(market)) throw unknownMarket(market)
  if (dex !== undefined && market !== "hyperliquid") throw new ConfigError(`${market} has no dexes`)
  const rules = dex === undefined ? NAMES[market] : hyperliquidNames(dex)
  return listing === undefined ? rules : withListing(market, rules, listing)
}

const unknownMarket = (name: string): ConfigError => {
  const why = isMarket(name) ? `market ${name} is not built yet` : `there is no market "${name}"`
  return new ConfigError(`${why}; known: ${marketNames().join(", ")}`)
}

/** Of a market that is not built yet: its names are there, anything else of it says so. */
const namesAlone = (market: Market): MarketCore =>
  new Proxy({ market, inst: NAMES[market] } as MarketCore, {
    get(core, member) {
      if (typeof member === "symbol" || member in core) return Reflect.get(core, member)
      throw unknownMarket(market)
    },
  })

/**
 * The pure core of one market, for tools and tests: no socket, no timer, no clock of its own. Of a market that is not built
 * yet it has `inst` alone, and the use of anything else throws ConfigError; so does a name that is no market's.
 */
export function market(name: string, options?: VenueOptions): MarketCore {
  if (!isMarket(name)) throw unknownMarket(name)
  const make = REGISTRY[name]
  if (make === undefined) return namesAlone(name)
  const venue = make(options)
  return {
    ...venue,
    subscribe: (channel, insts, auth) => venue.subscribe(asChannel(channel), insts, auth),
    unsubscribe: (channel, insts, auth) => venue.unsubscribe(asChannel(channel), insts, auth),
  }
}
