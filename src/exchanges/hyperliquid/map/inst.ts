import { ConfigError } from "../../../runtime/domain/errors.ts"
import type { InstParts } from "../../../runtime/domain/inst.ts"
import { type Names, namesOf } from "../../kit/names.ts"

/** A dex that somebody else has deployed on Hyperliquid (HIP-3): its perpetuals are named `dex:COIN`. */
export interface Dex {
  readonly name: string
  /** Its collateral, the quote of its instruments; may be left out for those in the table below. */
  readonly quote?: string
}

/** Collateral by dex, as the venue's `meta` gave it in 2026; a dex that is not here must say its own. */
const DEX_QUOTES: Readonly<Record<string, string>> = {
  xyz: "USDC",
  abcd: "USDC",
  para: "USDC",
  flx: "USDH",
  vntl: "USDH",
  km: "USDH",
  hyna: "USDE",
  cash: "USDT0",
}
const MAIN_QUOTE = "USDC"

const COIN = /^[A-Z0-9]+$/

/** Coins worth little are listed by the thousand: `kPEPE` is `1000PEPE`. A coin in small letters otherwise is none. */
function readCoin(raw: string): string | undefined {
  if (/^k[A-Z0-9]+$/.test(raw)) return `1000${raw.slice(1)}`
  return COIN.test(raw) && !isThousand(raw) ? raw : undefined
}

const isThousand = (coin: string): boolean => coin.length > 4 && coin.startsWith("1000")
const writeCoin = (coin: string): string => (isThousand(coin) ? `k${coin.slice(4)}` : coin)

/** The one spot pair that goes by its name (asset ids in the venue's documentation); the others are `@` and a number. */
const NAMED_PAIR = { symbol: "PURR/USDC", inst: "PURR_USDC" }

/**
 * Names of the market `hyperliquid`: `BTC` ↔ `BTC_USDC_PERP`, `kPEPE` ↔ `1000PEPE_USDC_PERP`, `PURR/USDC` ↔ `PURR_USDC`. Names
 * of a dex are names of that dex alone (`xyz:AAPL` ↔ `AAPL_USDC_PERP`), so that one name never stands for the instruments of
 * two; a dex whose quote nobody has told throws ConfigError. Spot pairs `@N` want a listing.
 */
export function hyperliquidNames(dex?: Dex): Names {
  const prefix = dex === undefined ? "" : `${dex.name}:`
  const quote = dex === undefined ? MAIN_QUOTE : quoteOf(dex)
  return namesOf({
    market: "hyperliquid",
    lists: `BASE_${quote}_PERP${dex === undefined ? ", PURR_USDC" : ` on the dex ${dex.name}`}; other spot pairs want a listing`,
    writes: `${prefix}COIN${dex === undefined ? ", PURR/USDC; another dex must be named" : ""}; spot pairs @N want a listing`,
    read(symbol) {
      if (dex === undefined && symbol === NAMED_PAIR.symbol) return NAMED_PAIR.inst
      const coin = symbol.startsWith(prefix) ? readCoin(symbol.slice(prefix.length)) : undefined
      return coin === undefined ? undefined : `${coin}_${quote}_PERP`
    },
    write(parts: InstParts) {
      if (parts.type === "spot") {
        return dex === undefined && `${parts.base}_${parts.quote}` === NAMED_PAIR.inst ? NAMED_PAIR.symbol : undefined
      }
      return parts.quote === quote ? prefix + writeCoin(parts.base) : undefined
    },
  })
}

function quoteOf({ name, quote }: Dex): string {
  const known = quote ?? (Object.hasOwn(DEX_QUOTES, name) ? DEX_QUOTES[name] : undefined)
  if (known !== undefined) return known
  throw new ConfigError(`hyperliquid: the collateral of dex "${name}" is not known; name its quote`)
}
