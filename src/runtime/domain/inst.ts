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

const WORD = "[A-Z0-9]+"
const FORMS: readonly { type: InstrumentType; form: RegExp }[] = [
  { type: "perpetual", form: new RegExp(`^(${WORD})_(${WORD})_PERP$`) },
  { type: "future", form: new RegExp(`^(${WORD})_(${WORD})_FUT_(\\d{6}|\\d{8})$`) },
  { type: "equity", form: new RegExp(`^(${WORD})_(${WORD})_EQ$`) },
  { type: "spot", form: new RegExp(`^(${WORD})_(${WORD})$`) },
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
type IsExpiry<S extends string> = MadeOf<S, Digit>

type PairQuote<M extends Market> = M extends "binance-um"
  ? "USDT" | "USDC" | "USD" | "BTC" | "USD1"
  : M extends "binance-cm"
    ? "USD" | "USDT"
    : M extends "gate-futures" | "gate-delivery"
      ? "USDT" | "USD"
      : M extends "okx"
        ? "USDT" | "USDC" | "USD" | "BTC" | "ETH" | "EUR" | "USDG"
        : M extends "hyperliquid"
          ? "USDC" | "USDT" | "USDT0" | "USDH" | "USDE"
          : string

type SpotMarket = "binance-spot" | "okx" | "gate-spot" | "gate-unified" | "hyperliquid"
type PerpMarket = "binance-um" | "binance-cm" | "okx" | "gate-futures" | "hyperliquid"
type FutureMarket = "binance-um" | "binance-cm" | "okx" | "gate-delivery"

/** `S` itself where it is a well-formed name that market `M` lists, else `never`. Plain `string` passes and is checked at `build`. */
export type InstOn<M extends Market, S extends string> = string extends S
  ? S
  : S extends `${infer Base}_${infer Quote}_FUT_${infer Expiry}`
    ? [M] extends [FutureMarket]
      ? [IsWord<Base>, Quote extends PairQuote<M> ? true : false, IsExpiry<Expiry>] extends [true, true, true]
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
