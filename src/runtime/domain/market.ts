/** A market is a venue's product line. */
export const MARKETS = [
  "binance-spot",
  "binance-um",
  "binance-cm",
  "okx",
  "gate-spot",
  "gate-futures",
  "gate-delivery",
  "gate-unified",
  "hyperliquid",
] as const

export type Market = (typeof MARKETS)[number]

export const isMarket = (name: string): name is Market => (MARKETS as readonly string[]).includes(name)

export const INSTRUMENT_TYPES = ["spot", "perpetual", "future", "option", "equity"] as const
export type InstrumentType = (typeof INSTRUMENT_TYPES)[number]

/** What a market lists; names of other types are refused at `build`. */
export const LISTED: Readonly<Record<Market, readonly InstrumentType[]>> = {
  "binance-spot": ["spot"],
  "binance-um": ["perpetual", "future"],
  "binance-cm": ["perpetual", "future"],
  okx: ["spot", "perpetual", "future"],
  "gate-spot": ["spot"],
  "gate-futures": ["perpetual"],
  "gate-delivery": ["future"],
  "gate-unified": ["spot"],
  hyperliquid: ["spot", "perpetual"],
}
