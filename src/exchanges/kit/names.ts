import { ConfigError, WireError } from "../../runtime/domain/errors.ts"
import { type Inst, type InstParts, instMistake, parseInst } from "../../runtime/domain/inst.ts"
import type { InstrumentInfo } from "../../runtime/domain/instrument.ts"
import type { Market } from "../../runtime/domain/market.ts"
import type { Venue } from "../../runtime/ports.ts"

/** A market's instrument names both ways. Each throws WireError, with the name, where the market writes no such one. */
export type Names = Venue["inst"]

/** How a market writes its instruments: what is of none of its forms is undefined, never handed on. */
export interface NameRule {
  readonly market: Market
  /** Its forms in our grammar and in its own, for whoever wrote something else. */
  readonly lists: string
  readonly writes: string
  readonly read: (symbol: string) => Inst | undefined
  readonly write: (parts: InstParts) => string | undefined
}

export interface RuledNames extends Names {
  /** As `fromNative`, but undefined where that throws. */
  readonly read: (symbol: string) => Inst | undefined
}

/** A row of a venue's listing; `InstrumentInfo` is one. */
export type Listed = Pick<InstrumentInfo, "symbol" | "inst">

/** Names are few and asked for with every order and message; a flood of strange ones must not pile up. */
const keptMax = 4_096

/**
 * Makes names of a rule. A name that would come back as another is refused (`BTCB_USD` would be `BTCBUSD`, which is
 * `BTC_BUSD`): whoever asks for one instrument must not trade another.
 */
export function namesOf({ market, lists, writes, read: form, write }: NameRule): RuledNames {
  const read = (symbol: string): Inst | undefined => {
    const inst = form(symbol)
    return inst === undefined || instMistake(market, inst) !== undefined ? undefined : inst
  }
  const fromNative = kept((symbol) => {
    const inst = read(symbol)
    if (inst !== undefined) return inst
    throw new WireError(`${market} writes ${writes}, but "${symbol}" is none of these`)
  })
  const toNative = kept((inst) => {
    const parts = instMistake(market, inst) === undefined ? parseInst(inst) : undefined
    const symbol = parts === undefined ? undefined : write(parts)
    const back = symbol === undefined ? undefined : read(symbol)
    if (symbol === undefined || back === undefined) {
      throw new WireError(`${market} lists ${lists}, but "${inst}" is none of these`)
    }
    if (back !== inst) throw new WireError(`${market} cannot tell "${inst}" from "${back}": both would be ${symbol}`)
    return symbol
  })
  return { toNative, fromNative, read }
}

/**
 * The same names with a venue's own listing before the rules, where a symbol alone does not tell: quotes that no list
 * knows, pairs that are written as a number. Throws ConfigError where two rows contradict each other.
 */
export function withListing(market: Market, names: Names, listing: Iterable<Listed>): Names {
  const insts = new Map<string, Inst>()
  const symbols = new Map<Inst, string>()
  for (const { symbol, inst } of listing) {
    const mistake = instMistake(market, inst)
    if (mistake !== undefined) throw new ConfigError(`the listing of ${market} names ${symbol} wrongly: ${mistake}`)
    const [other = inst, another = symbol] = [insts.get(symbol), symbols.get(inst)]
    if (other !== inst) throw new ConfigError(`the listing of ${market} names ${symbol} twice: ${other} and ${inst}`)
    if (another !== symbol) throw new ConfigError(`the listing of ${market} has two ${inst}: ${another} and ${symbol}`)
    insts.set(symbol, inst)
    symbols.set(inst, symbol)
  }
  return {
    fromNative(symbol) {
      const listed = insts.get(symbol)
      if (listed !== undefined) return listed
      const inst = names.fromNative(symbol)
      const real = symbols.get(inst) ?? symbol
      if (real === symbol || insts.get(names.toNative(inst)) === inst) return inst
      throw new WireError(`${market} lists ${inst} as ${real}, and "${symbol}" not at all`)
    },
    toNative(inst) {
      const listed = symbols.get(inst)
      if (listed !== undefined) return listed
      const symbol = names.toNative(inst)
      const real = insts.get(symbol) ?? inst
      if (real === inst) return symbol
      throw new WireError(`${market} lists ${symbol} as ${real}, and "${inst}" not at all`)
    },
  }
}

function kept(convert: (name: string) => string): (name: string) => string {
  const known = new Map<string, string>()
  return (name) => {
    const before = known.get(name)
    if (before !== undefined) return before
    const converted = convert(name)
    if (known.size >= keptMax) known.clear()
    known.set(name, converted)
    return converted
  }
}
