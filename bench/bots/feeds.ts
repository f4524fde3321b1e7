import { bbo, book, trades } from "perigee"

export const INST = "BTC_USDT_PERP"
const OTHER = "ETH_USDT_PERP"

/** Five rings: more than the bytes all rings of a bot may hold. */
export const feeds = [
  trades("binance-um", [INST], { each: true }),
  trades("binance-um", [OTHER], { each: true }),
  book("binance-um", [INST], { everyMs: 0 }),
  book("binance-um", [OTHER], { everyMs: 0 }),
  bbo("binance-um", [INST]),
] as const

const never = new Promise<void>(() => undefined)

/** Never finishes its first event: all that comes waits for it. */
export const laggard = { name: "laggard", onTrade: () => never, onLob: () => never }
export const patience = { on: feeds, settleMsMax: 1e9 }
