import { unrealized } from "../../matching/account.ts"
import { fromText, moneyText, toText } from "../../matching/instrument.ts"
import type { Exchange } from "./exchange.ts"

/** The exchange's own books of one account in one symbol, money in the quote asset as decimal text: what a client is held against. */
export interface SymbolBooks {
  readonly symbol: string
  /** Signed. */
  readonly size: string
  readonly realized: string
  /** Paid. */
  readonly fees: string
  /** Received. */
  readonly funding: string
  /** What closing at this price would realize. */
  unrealized(price: string): string
}

export function booksOf(exchange: Exchange, apiKey: string): SymbolBooks[] {
  const positions = exchange.members.get(apiKey)?.account.positions.values() ?? []
  return [...positions].map((position) => {
    const { listing } = exchange.pits.get(position.symbol)!
    return {
      symbol: position.symbol,
      size: toText(position.lots, listing.size),
      realized: moneyText(position.realized),
      fees: moneyText(position.fees),
      funding: moneyText(position.funding),
      unrealized(price) {
        const read = fromText(price, listing.price)
        if (read.kind !== "steps") throw new RangeError(`${price} is no price of ${position.symbol}`)
        return moneyText(unrealized(position, listing, read.steps))
      },
    }
  })
}
