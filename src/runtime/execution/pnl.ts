/** Profit and loss from fills and funding, whatever the order in which they come to be known. */
import type { Pnl } from "../domain/callbacks.ts"
import { compare, type Decimal, fromNumber, isZero, minus, over, times } from "../domain/decimal.ts"
import type { Inst } from "../domain/inst.ts"
import { parseInst } from "../domain/inst.ts"
import type { InstrumentInfo } from "../domain/instrument.ts"
import { toCoins } from "../domain/instrument.ts"
import type { Fill } from "../domain/order.ts"
import type { OwnBooks } from "../ports.ts"
import { add, addTo, byTime, copyOf, emptyHolding, type Holding, isBefore } from "./holding.ts"

/** Books of one inst, without the market. */
export type InstBooks = Omit<OwnBooks, "market">

/** Average cost depends on the order of fills, so the newest are kept in the venue's order and counted again when one comes late. */
interface Row {
  /** Fills at or before `untilAt`. */
  base: Holding
  untilAt: number
  /** The later ones, as they happened. */
  tail: Fill[]
  /** All of them. */
  now: Holding
  /** The venue's time of the first. */
  sinceAt: number
  /** Received, by asset. */
  readonly funding: Map<string, Decimal>
}

/** Fills kept in order: when there are more, or older ones than a day, they go into the base. */
const TAIL_MAX = 512
const TAIL_MIN = 256
const TAIL_US_MAX = 86_400_000_000
/** Decimals of the average that an estimated cost is made of. */
const AVERAGE_PLACES = 18

/**
 * The bot's own holdings of one market. `realized` and `unrealized` are of prices alone; `fees` (paid) and `funding`
 * (received) stand beside them, so the net is realized + unrealized − fees + funding.
 */
export class Holdings {
  readonly #rows = new Map<Inst, Row>()

  /** Sum of own fills, signed native size. */
  own(inst: Inst): Decimal {
    return this.#rows.get(inst)?.now.size ?? "0"
  }

  insts(): Inst[] {
    return [...this.#rows.keys()]
  }

  /** The venue's time of the first own fill, µs; undefined where there is none. */
  sinceAt(inst: Inst): number | undefined {
    const at = this.#rows.get(inst)?.sinceAt
    return at === Infinity ? undefined : at
  }

  /** Counts one execution; the caller sees to it that each comes once. Returns books to write down where they changed. */
  fill(fill: Fill): InstBooks | undefined {
    const row = this.#of(fill.inst)
    row.sinceAt = Math.min(row.sinceAt, fill.timestamp)
    // Older than all that can still be put in order: counted as if it were the newest of those.
    const isLate = fill.timestamp <= row.untilAt
    if (isLate) add(row.base, fill)
    else if (put(row.tail, fill)) {
      add(row.now, fill)
      return this.#fold(fill.inst, row)
    }
    recount(row)
    return this.#fold(fill.inst, row, isLate)
  }

  /** Funding received (negative: paid). */
  fund(inst: Inst, asset: string, amount: Decimal): void {
    addTo(this.#of(inst).funding, asset, amount)
  }

  /** Of an earlier run: what was written down, and the fills after it. Returns books to write down where they changed. */
  restore(inst: Inst, books: InstBooks | undefined, later: readonly Fill[]): InstBooks | undefined {
    const row = this.#of(inst)
    if (books !== undefined) {
      const { size, cost, realized, fees } = books
      row.base = { size, cost, realized, fees: new Map(Object.entries(fees)) }
      row.untilAt = books.untilAt
      row.sinceAt = books.sinceAt
    }
    row.tail = later.filter(({ timestamp }) => timestamp > row.untilAt).sort(byTime)
    row.sinceAt = Math.min(row.sinceAt, row.tail[0]?.timestamp ?? Infinity)
    recount(row)
    return this.#fold(inst, row)
  }

  /**
   * Sets the size that the journal's sum gives where older fills are no longer kept; their cost is unknown, so the
   * difference is valued at the average of what is known.
   */
  correct(inst: Inst, size: Decimal): boolean {
    const row = this.#of(inst)
    if (compare(row.now.size, size) === 0) return false
    const average = isZero(row.now.size) ? "0" : over(row.now.cost, row.now.size, AVERAGE_PLACES)
    row.base = { ...copyOf(row.now), size, cost: times(average, size) }
    row.untilAt = Math.max(row.untilAt, row.tail.at(-1)?.timestamp ?? 0)
    row.tail = []
    recount(row)
    return true
  }

  /**
   * By inst, in its quote currency. `priceOf` is what an open size is valued at. Contracts that stand for money (inverse)
   * earn coins, not quote currency, and not in proportion to the price: they have no row.
   */
  pnl(infoOf: (inst: Inst) => InstrumentInfo | undefined, priceOf: (inst: Inst) => number | undefined): Pnl[] {
    return [...this.#rows].flatMap(([inst, { now, funding }]) => {
      const info = infoOf(inst)
      if (info?.contractUnit === "quote") return []
      const coins = (amount: Decimal): Decimal => (info === undefined ? amount : toCoins(info, amount))
      const unrealized = unrealizedOf(now, priceOf(inst))
      const quote = parseInst(inst)?.quote ?? ""
      const paid = { fees: now.fees.get(quote) ?? "0", funding: funding.get(quote) ?? "0" }
      const known = { inst, realized: coins(now.realized), ...paid }
      return unrealized === undefined ? known : Object.assign(known, { unrealized: coins(unrealized) })
    })
  }

  /** Fees paid in assets other than the quote currency, which `pnl` cannot add up: by inst and asset. */
  otherFees(): { readonly inst: Inst; readonly asset: string; readonly paid: Decimal }[] {
    return [...this.#rows].flatMap(([inst, { now }]) =>
      others(inst, now.fees).map(([asset, paid]) => ({ inst, asset, paid })),
    )
  }

  /** The same of funding received. */
  otherFunding(): { readonly inst: Inst; readonly asset: string; readonly received: Decimal }[] {
    return [...this.#rows].flatMap(([inst, { funding }]) =>
      others(inst, funding).map(([asset, received]) => ({ inst, asset, received })),
    )
  }

  /** Moves old fills of the tail into the base; only all fills of one time together. */
  #fold(inst: Inst, row: Row, isChanged = false): InstBooks | undefined {
    const { tail } = row
    const oldestAt = (tail.at(-1)?.timestamp ?? 0) - TAIL_US_MAX
    let count = tail.length > TAIL_MAX ? tail.length - TAIL_MIN : 0
    while (count < tail.length && tail[count]!.timestamp < oldestAt) count++
    while (count > 0 && tail[count - 1]!.timestamp === tail[count]?.timestamp) count--
    for (const fill of tail.splice(0, count)) {
      add(row.base, fill)
      row.untilAt = fill.timestamp
    }
    if (count === 0 && !isChanged) return undefined
    const { base, untilAt, sinceAt } = row
    return { ...base, inst, sinceAt, untilAt, fees: Object.fromEntries(base.fees) }
  }

  #of(inst: Inst): Row {
    const known = this.#rows.get(inst)
    if (known !== undefined) return known
    const row = { base: emptyHolding(), untilAt: 0, tail: [], now: emptyHolding(), sinceAt: Infinity }
    const made: Row = { ...row, funding: new Map() }
    this.#rows.set(inst, made)
    return made
  }
}

/** Puts a fill where it belongs; true where that is the end. */
function put(tail: Fill[], fill: Fill): boolean {
  let at = tail.length
  while (at > 0 && isBefore(fill, tail[at - 1]!)) at--
  tail.splice(at, 0, fill)
  return at === tail.length - 1
}

function recount(row: Row): void {
  row.now = copyOf(row.base)
  for (const fill of row.tail) add(row.now, fill)
}

const others = (inst: Inst, sums: ReadonlyMap<string, Decimal>): [string, Decimal][] =>
  [...sums].filter(([asset]) => asset !== parseInst(inst)?.quote)

function unrealizedOf(holding: Holding, price: number | undefined): Decimal | undefined {
  if (isZero(holding.size)) return "0"
  return price === undefined ? undefined : minus(times(holding.size, fromNumber(price)), holding.cost)
}
