import { type InstrumentType, LISTED, type Market } from "./market.ts"

/** A normalized instrument name: `BTC_USDT`, `BTC_USDT_PERP`, `BTC_USDT_FUT_240329`, `AAPL_NASDAQ_EQ`. */
export type Inst = string

export interface InstParts {
  readonly type: InstrumentType
  readonly base: string
  readonly quote: string
  /** Venue's own expiry digits: YYMMDD or YYYYMMDD. */
  readonly expiry?: string
}

/** Capitals and digits; also of scripts that have no small letters: venues list `币安人生`. */
const WORD = "[\\p{Lu}\\p{Lo}\\p{Nd}]+"
const FORMS: readonly { type: InstrumentType; form: RegExp }[] = [
  { type: "perpetual", form: new RegExp(`^(${WORD})_(${WORD})_PERP$`, "u") },
  { type: "future", form: new RegExp(`^(${WORD})_(${WORD})_FUT_(\\d{6}|\\d{8})$`, "u") },
  { type: "equity", form: new RegExp(`^(${WORD})_(${WORD})_EQ$`, "u") },
  { type: "spot", form: new RegExp(`^(${WORD})_(${WORD})$`, "u") },
]

/** Splits a name into its parts; undefined where it is no instrument name. */
export function parseInst(inst: string): InstParts | undefined {
  for (const { type, form } of FORMS) {
    const match = form.exec(inst)
    if (match === null) continue
    const parts = { type, base: match[1] ?? "", quote: match[2] ?? "" }
    return match[3] === undefined ? parts : { ...parts, expiry: match[3] }
  }
  return undefined
}

/** Why this market cannot list this name, or undefined where it can. */
export function instMistake(market: Market, inst: string): string | undefined {
  const parts = parseInst(inst)
  if (parts === undefined) {
    return `"${inst}" is not an instrument name; write BASE_QUOTE, BASE_QUOTE_PERP or BASE_QUOTE_FUT_YYMMDD in capitals`
  }
  const digits = market === "gate-delivery" ? 8 : 6
  if (parts.expiry !== undefined && parts.expiry.length !== digits && LISTED[market].includes("future")) {
    return `${market} writes an expiry with ${digits} digits, but ${inst} has ${parts.expiry.length}`
  }
  if (LISTED[market].includes(parts.type)) return undefined
  return `${market} lists ${LISTED[market].join(" and ")} instruments, but ${inst} is a ${parts.type}`
}

// ---- the same grammar at compile time: a literal that is misspelt does not compile ----

type Letter =
  | "A"
  | "B"
  | "C"
  | "D"
  | "E"
  | "F"
  | "G"
  | "H"
  | "I"
  | "J"
  | "K"
  | "L"
  | "M"
  | "N"
  | "O"
  | "P"
  | "Q"
  | "R"
  | "S"
  | "T"
  | "U"
  | "V"
  | "W"
  | "X"
  | "Y"
  | "Z"
type Digit = "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9"

type MadeOf<S extends string, Char extends string> = S extends `${infer Head}${infer Tail}`
  ? Head extends Char
    ? Tail extends ""
      ? true
      : MadeOf<Tail, Char>
    : false
  : false
type IsWord<S extends string> = MadeOf<S, Letter | Digit>
type IsExpiry<M extends Market, S extends string> = [MadeOf<S, Digit>, Left<S>] extends [
  true,
  M extends "gate-delivery" ? `${Digit}${Digit}` : "",
]
  ? true
  : false
/** What is left of an expiry after six characters. */
type Left<S extends string> =
  S extends `${infer _A}${infer _B}${infer _C}${infer _D}${infer _E}${infer _F}${infer Rest}` ? Rest : false

type Dollar = "USDT" | "USDC" | "USD" | "USD1"
type Coin = "BTC" | "ETH"
type Fiat = "EUR" | "TRY" | "BRL" | "AUD"

/**
 * Quotes that a literal may have. A market that lists one more takes it as a plain `string`, and is asked when the bot
 * starts.
 */
interface Quotes {
  "binance-spot":
    | Dollar
    | Coin
    | Fiat
    | ("FDUSD" | "TUSD" | "USDP" | "BUSD" | "DAI" | "EURI" | "AEUR" | "RLUSD" | "BNB" | "XRP" | "TRX" | "DOGE")
    | ("GBP" | "JPY" | "PLN" | "RON" | "ARS" | "MXN" | "COP" | "CZK" | "ZAR" | "UAH" | "IDR")
  "binance-um": Dollar | "BTC"
  "binance-cm": "USD" | "USDT"
  okx: Dollar | Coin | Fiat | "USDG" | "AED" | "SGD" | "OKB"
  "gate-spot": Dollar | Coin | Fiat | "USDE" | "GT"
  "gate-futures": "USDT" | "USD"
  "gate-delivery": "USDT" | "USD"
  "gate-unified": Dollar | Coin | Fiat | "USDE" | "GT"
  hyperliquid: "USDC" | "USDT" | "USDT0" | "USDH" | "USDE"
}
type PairQuote<M extends Market> = Quotes[M]

type SpotMarket = "binance-spot" | "okx" | "gate-spot" | "gate-unified" | "hyperliquid"
type PerpMarket = "binance-um" | "binance-cm" | "okx" | "gate-futures" | "hyperliquid"
type FutureMarket = "binance-um" | "binance-cm" | "okx" | "gate-delivery"

/** Whether a part of `S` is known at run time only: plain `string`, or a template such as `${string}_USDT_PERP`. */
type IsOpen<S extends string> = Readonly<Record<never, never>> extends Readonly<Record<S, 1>> ? true : false

/** `S` itself where it is a well-formed name that market `M` lists, else `never`. What is no literal passes and is checked at `build`. */
export type InstOn<M extends Market, S extends string> = S extends unknown
  ? IsOpen<S> extends true
    ? S
    : Listed<M, S>
  : never

type Listed<M extends Market, S extends string> = S extends `${infer Base}_${infer Quote}_FUT_${infer Expiry}`
  ? [M] extends [FutureMarket]
    ? [IsWord<Base>, Quote extends PairQuote<M> ? true : false, IsExpiry<M, Expiry>] extends [true, true, true]
      ? S
      : never
    : never
  : S extends `${infer Base}_${infer Quote}_PERP`
    ? [M] extends [PerpMarket]
      ? [IsWord<Base>, Quote extends PairQuote<M> ? true : false] extends [true, true]
        ? S
        : never
      : never
    : S extends `${infer Base}_${infer Quote}`
      ? [M] extends [SpotMarket]
        ? [IsWord<Base>, IsWord<Quote>, Quote extends PairQuote<M> ? true : false] extends [true, true, true]
          ? S
          : never
        : never
      : never

/** `S` itself where at least one of these markets can list it, else `never`. */
export type InstOnAny<S extends string, M extends Market = Market> = M extends Market ? InstOn<M, S> : never
