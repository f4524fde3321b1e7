import { expect, test } from "bun:test"
import * as fc from "fast-check"
import { fromNative, readInst, toNative } from "../../../src/exchanges/binance/map/inst.ts"
import { WireError } from "../../../src/runtime/domain/errors.ts"
import { instMistake } from "../../../src/runtime/domain/inst.ts"

const word = fc.stringMatching(/^[A-Z0-9]{1,12}$/)
const quote = fc.constantFrom("USDT", "USDC", "USD", "USD1", "BTC")

test("every perpetual and future goes out and comes back, and is a name the market lists", () => {
  fc.assert(
    fc.property(word, quote, fc.option(fc.stringMatching(/^\d{6}$/), { nil: undefined }), (base, quote, expiry) => {
      const inst = expiry === undefined ? `${base}_${quote}_PERP` : `${base}_${quote}_FUT_${expiry}`
      expect(instMistake("binance-um", inst)).toBeUndefined()
      expect(fromNative(toNative(inst))).toBe(inst)
    }),
  )
})

test("every symbol comes back as it was, or is refused by name", () => {
  const symbols = fc.oneof(
    word,
    fc.tuple(word, quote).map(([base, quote]) => base + quote),
  )
  fc.assert(
    fc.property(symbols, fc.option(fc.stringMatching(/^\d{6}$/), { nil: undefined }), (pair, expiry) => {
      const symbol = expiry === undefined ? pair : `${pair}_${expiry}`
      const inst = readInst(symbol)
      if (inst === undefined) expect(() => fromNative(symbol)).toThrow(`"${symbol}"`)
      else expect([fromNative(symbol), toNative(inst)]).toEqual([inst, symbol])
    }),
  )
})

test("symbols are read as the venue writes them", () => {
  const names = {
    BTCUSDT: "BTC_USDT_PERP",
    btcusdt: "BTC_USDT_PERP",
    ETHUSDT_240329: "ETH_USDT_FUT_240329",
    BTCUSD_PERP: "BTC_USD_PERP",
    BTCUSD: "BTC_USD_PERP",
    ETHBTC: "ETH_BTC_PERP",
    "1000PEPEUSDC": "1000PEPE_USDC_PERP",
    测试USDT: "测试_USDT_PERP",
  }
  for (const [symbol, inst] of Object.entries(names)) expect(fromNative(symbol)).toBe(inst)
  // No base, no known quote, an unknown suffix.
  for (const symbol of ["USDT", "ETHEUR", "BTCUSDT_ABC"]) expect(() => fromNative(symbol)).toThrow(WireError)
})

test("a name the market cannot list is refused with what it lists", () => {
  for (const inst of ["BTC_USDT", "BTCUSDT", "BTC_USDT_SWAP", "_USDT_PERP", "BTC_GBP_PERP", "Btc_USDT_PERP"]) {
    expect(() => toNative(inst)).toThrow(WireError)
    expect(() => toNative(inst)).toThrow(/BASE_QUOTE_PERP/)
  }
})
