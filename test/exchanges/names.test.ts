// Instrument names of every market, both ways: the table of examples, and what must hold for any name.
import { describe, expect, test } from "bun:test"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import * as fc from "fast-check"
import { toPair } from "../../src/exchanges/binance/map/inst-coin.ts"
import { settleOf } from "../../src/exchanges/gate/map/inst.ts"
import { market, marketNames, type NameOptions, names } from "../../src/exchanges/index.ts"
import { fromPreOpen } from "../../src/exchanges/okx/map/inst.ts"
import { ConfigError, WireError } from "../../src/runtime/domain/errors.ts"
import { instMistake, parseInst } from "../../src/runtime/domain/inst.ts"
import { LISTED, MARKETS, type Market } from "../../src/runtime/domain/market.ts"
import { root } from "../scan.ts"

interface Row {
  readonly market: Market
  readonly symbol: string
  readonly inst: string
  readonly source: string
  /** Only one of the two ways; both where absent. */
  readonly way?: "read" | "write"
  /** The pair is known from the venue's listing. */
  readonly listing?: true
  readonly dex?: NonNullable<NameOptions["dex"]>
}
const rows = JSON.parse(readFileSync(join(root, "test/fixtures/names.json"), "utf8")) as readonly Row[]

const namesFor = (row: Row) =>
  names(row.market, {
    ...(row.dex === undefined ? {} : { dex: row.dex }),
    ...(row.listing === undefined ? {} : { listing: [row] }),
  })

describe("the table of names", () => {
  test("shows every market, and where each name is from", () => {
    expect([...new Set(rows.map(({ market }) => market))].toSorted()).toEqual([...MARKETS].toSorted())
    expect(rows.filter(({ source }) => !source.startsWith("https://"))).toEqual([])
  })

  test.each(rows.map((row) => [row.market, row.symbol, row.inst, row] as const))(
    "%s: %s is %s",
    (_, symbol, inst, row) => {
      if (row.way !== "write") expect(namesFor(row).fromNative(symbol)).toBe(inst)
      if (row.way !== "read") expect(namesFor(row).toNative(inst)).toBe(symbol)
      expect(parseInst(inst)).toBeDefined()
    },
  )
})

const QUOTES: Readonly<Record<Market, readonly string[]>> = {
  "binance-spot": ["USDT", "USDC", "USD1", "FDUSD", "TUSD", "DAI", "USD", "BTC", "ETH", "BNB", "EUR", "TRY", "JPY"],
  "binance-um": ["USDT", "USDC", "USD1", "USD", "BTC"],
  "binance-cm": ["USD"],
  okx: ["USDT", "USDC", "USD", "BTC", "EUR"],
  "gate-spot": ["USDT", "USDC", "BTC", "TRY"],
  "gate-futures": ["USDT", "USD"],
  "gate-delivery": ["USDT", "USD"],
  "gate-unified": ["USDT", "BTC"],
  hyperliquid: ["USDC"],
}

const word = fc.stringMatching(/^[A-Z0-9]{1,10}$/)
/** Any name that the grammar lets this market list. */
function instsOf(market: Market): fc.Arbitrary<string> {
  const digits = market === "gate-delivery" ? /^\d{8}$/ : /^\d{6}$/
  const forms = {
    spot: fc.constant(""),
    perpetual: fc.constant("_PERP"),
    future: fc.stringMatching(digits).map((expiry) => `_FUT_${expiry}`),
  }
  const ends = LISTED[market].filter((type) => type in forms).map((type) => forms[type as keyof typeof forms])
  return fc
    .tuple(word, fc.constantFrom(...QUOTES[market]), fc.oneof(...ends))
    .map(([base, quote, end]) => `${base}_${quote}${end}`)
}

const attempt = (convert: () => string): string | undefined => {
  try {
    return convert()
  } catch (error) {
    expect(error).toBeInstanceOf(WireError)
    return undefined
  }
}

/** Markets whose every name of the grammar is the name of some symbol; the others refuse some, never mistake them. */
const ALL: readonly Market[] = [
  "binance-um",
  "binance-cm",
  "okx",
  "gate-spot",
  "gate-futures",
  "gate-delivery",
  "gate-unified",
]

describe.each(MARKETS.map((market) => [market] as const))("names of %s", (name) => {
  const { toNative, fromNative } = names(name)

  test("a name goes out and comes back, or is refused", () => {
    let through = 0
    fc.assert(
      fc.property(instsOf(name), (inst) => {
        expect(instMistake(name, inst)).toBeUndefined()
        const symbol = attempt(() => toNative(inst))
        if (symbol === undefined) return expect(ALL).not.toContain(name)
        through++
        expect(fromNative(symbol)).toBe(inst)
        expect(toNative(inst)).toBe(symbol)
      }),
      { numRuns: 500 },
    )
    expect(through).toBeGreaterThan(100)
  })

  test("whatever symbol is read has one name, which leads to a symbol of the same name", () => {
    const wild = fc.oneof(
      instsOf(name).map((inst) => attempt(() => toNative(inst)) ?? inst),
      fc.stringMatching(/^[A-Za-z0-9_:@/-]{0,16}$/),
      fc.string(),
    )
    fc.assert(
      fc.property(wild, (symbol) => {
        const inst = attempt(() => fromNative(symbol))
        if (inst === undefined) return
        expect(instMistake(name, inst)).toBeUndefined()
        const native = attempt(() => toNative(inst))
        expect(native).toBeDefined()
        expect(fromNative(native!)).toBe(inst)
      }),
      { numRuns: 500 },
    )
  })

  test("two names never share a symbol", () => {
    fc.assert(
      fc.property(instsOf(name), instsOf(name), (one, other) => {
        const [a, b] = [attempt(() => toNative(one)), attempt(() => toNative(other))]
        if (one !== other && a !== undefined) expect(a).not.toBe(b!)
      }),
    )
  })

  test("a symbol's case does not matter, but where the venue's own does; a name is in capitals", () => {
    fc.assert(
      fc.property(instsOf(name), (inst) => {
        const symbol = attempt(() => toNative(inst))
        const small = inst.toLowerCase()
        if (small !== inst) expect(() => toNative(small)).toThrow(WireError)
        if (symbol === undefined || name === "hyperliquid") return
        expect(fromNative(symbol.toLowerCase())).toBe(inst)
      }),
    )
  })

  test("what it cannot list is refused by name", () => {
    const strangers = [
      "AAPL_NASDAQ_EQ",
      "",
      "_",
      "BTC",
      "BTC_USDT_SWAP",
      "BTC_USD_FUT_",
      "BTC_USD_FUT_2403",
      "BTC__USDT",
      "Btc_USDT",
      "BTC_USDT_PERP ",
    ]
    for (const inst of strangers) {
      expect(() => toNative(inst)).toThrow(WireError)
      expect(() => toNative(inst)).toThrow(`"${inst}"`)
      expect(() => toNative(inst)).toThrow(name)
    }
    const types = { spot: "BTC_USDT", perpetual: "BTC_USDT_PERP", future: "BTC_USDT_FUT_240329" }
    for (const [type, inst] of Object.entries(types)) {
      if (!(LISTED[name] as readonly string[]).includes(type)) expect(() => toNative(inst)).toThrow(`"${inst}"`)
    }
  })

  test("are there by the market itself, built or not", () => {
    const row = rows.find(
      (row) => row.market === name && row.listing === undefined && row.dex === undefined && row.way === undefined,
    )
    expect(market(name).inst.toNative(row!.inst)).toBe(row!.symbol)
    expect(market(name).inst.fromNative(row!.symbol)).toBe(row!.inst)
    expect(market(name).market).toBe(name)
    if (!marketNames().includes(name)) expect(() => market(name).decode).toThrow(`market ${name} is not built yet`)
  })
})

test("symbols of no known form are refused by name, never handed on", () => {
  const strangers: Partial<Record<Market, readonly string[]>> = {
    "binance-um": ["USDT", "ETHGBP", "BTCUSDT_ABC", "BTCUSDT_", "BTCUSDT_2403", "BTC_USDT", "_USDT"],
    "binance-cm": ["BTCUSDT", "BTCUSD_ABC", "USD_PERP"],
    "binance-spot": ["BTCVND", "USDT", "BTC_USDT", "BTC-USDT"],
    okx: [
      "BTC-USD-240329-70000-C",
      "BTC-USD_UM-SWAP",
      "BTC",
      "BTC_USDT",
      "BTC-USDT-20240329",
      "LISTING-SPOT-BTC-USDT",
      "BTC-USDT-",
    ],
    "gate-spot": ["BTCUSDT", "BTC_USDT_20240329", "BTC_"],
    "gate-futures": ["BTC_USDT_20240329", "BTC"],
    "gate-delivery": ["BTC_USDT", "BTC_USDT_240329"],
    hyperliquid: ["@107", "newdex:ABC", "xyz:AAPL", "btc", "1000PEPE", "HYPE/USDC", "#90", "k", ""],
  }
  for (const [market, symbols] of Object.entries(strangers)) {
    for (const symbol of symbols) {
      expect(() => names(market).fromNative(symbol)).toThrow(WireError)
      expect(() => names(market).fromNative(symbol)).toThrow(`"${symbol}"`)
    }
  }
})

test("a spot name that would be read as another is refused, and a listing settles it", () => {
  const rules = names("binance-spot")
  expect(rules.fromNative("BTCBUSD")).toBe("BTC_BUSD")
  expect(() => rules.toNative("BTCB_USD")).toThrow('cannot tell "BTCB_USD" from "BTC_BUSD": both would be BTCBUSD')
  const listed = names("binance-spot", { listing: [{ symbol: "BTCBUSD", inst: "BTCB_USD" }] })
  expect(listed.fromNative("BTCBUSD")).toBe("BTCB_USD")
  expect(listed.toNative("BTCB_USD")).toBe("BTCBUSD")
  expect(() => listed.toNative("BTC_BUSD")).toThrow("binance-spot lists BTCBUSD as BTCB_USD")
})

test("a listing comes before the rules, for quotes and pairs they do not know", () => {
  const spot = names("binance-spot", { listing: [{ symbol: "BTCVND", inst: "BTC_VND" }] })
  expect([spot.fromNative("BTCVND"), spot.toNative("BTC_VND"), spot.fromNative("BTCUSDT")]).toEqual([
    "BTC_VND",
    "BTCVND",
    "BTC_USDT",
  ])
  const listing = [
    { symbol: "PURR/USDC", inst: "PURR_USDC" },
    { symbol: "@107", inst: "HYPE_USDC" },
  ]
  const pairs = names("hyperliquid", { listing })
  expect(["HYPE_USDC", "PURR_USDC", "BTC_USDC_PERP"].map(pairs.toNative)).toEqual(["@107", "PURR/USDC", "BTC"])
  expect(["@107", "PURR/USDC", "kBONK"].map(pairs.fromNative)).toEqual(["HYPE_USDC", "PURR_USDC", "1000BONK_USDC_PERP"])
  expect(() => pairs.fromNative("@108")).toThrow('"@108"')
})

test("a listing that contradicts itself is refused", () => {
  const twice =
    (...listing: { symbol: string; inst: string }[]) =>
    () =>
      names("hyperliquid", { listing })
  expect(twice({ symbol: "@1", inst: "A_USDC" }, { symbol: "@1", inst: "B_USDC" })).toThrow(
    "names @1 twice: A_USDC and B_USDC",
  )
  expect(twice({ symbol: "@1", inst: "A_USDC" }, { symbol: "@2", inst: "A_USDC" })).toThrow("has two A_USDC: @1 and @2")
  expect(twice({ symbol: "@1", inst: "a/usdc" })).toThrow("names @1 wrongly")
})

test("two dexes' coins never share a name's symbol, and an unknown dex must say its quote", () => {
  const [main, xyz, abcd] = [
    names("hyperliquid"),
    names("hyperliquid", { dex: { name: "xyz" } }),
    names("hyperliquid", { dex: { name: "abcd" } }),
  ]
  expect([main, xyz, abcd].map(({ toNative }) => toNative("GOLD_USDC_PERP"))).toEqual(["GOLD", "xyz:GOLD", "abcd:GOLD"])
  for (const symbol of ["GOLD", "abcd:GOLD", "PURR/USDC"]) expect(() => xyz.fromNative(symbol)).toThrow(`"${symbol}"`)
  expect(() => xyz.toNative("GOLD_USDH_PERP")).toThrow("GOLD_USDH_PERP")
  expect(() => names("hyperliquid", { dex: { name: "newdex" } })).toThrow('the collateral of dex "newdex" is not known')
  expect(() => names("hyperliquid", { dex: { name: "toString" } })).toThrow(ConfigError)
  expect(() => names("okx", { dex: { name: "xyz" } })).toThrow("okx has no dexes")
})

test("a market that is none has no names", () => {
  expect(() => names("nasdaq")).toThrow('there is no market "nasdaq"')
  expect(() => names("__proto__")).toThrow(ConfigError)
})

test("what venues derive from names: a pair, a settlement currency, a name to come", () => {
  expect(["BTC_USD_PERP", "BTC_USDT_PERP", "BTC_USD_FUT_240329"].map(toPair)).toEqual(["BTCUSD", "BTCUSD", "BTCUSD"])
  expect(["BTC_USD_PERP", "BTC_USDT_PERP", "BTC_USDT_FUT_20240329"].map(settleOf)).toEqual(["btc", "usdt", "usdt"])
  expect(["LISTING-SPOT-A-USDT", "LISTING-SWAP-A-USDT"].map(fromPreOpen)).toEqual(["A_USDT", "A_USDT_PERP"])
  for (const symbol of ["LISTING-FUTURES-A-USDT", "LISTING-OPTION-A-USD", "A-USDT"])
    expect(() => fromPreOpen(symbol)).toThrow(`"${symbol}"`)
})

test("an equity is a name of its own, which none of these markets lists", () => {
  expect(parseInst("AAPL_NASDAQ_EQ")).toEqual({ type: "equity", base: "AAPL", quote: "NASDAQ" })
  for (const name of MARKETS) expect(instMistake(name, "AAPL_NASDAQ_EQ")).toContain("AAPL_NASDAQ_EQ is a equity")
})
