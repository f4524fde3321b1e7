/** Profit and loss from fills, average cost, exact to the last decimal the division keeps. */
import type { Pnl } from "../domain/callbacks.ts"
import {
  absolute,
  compare,
  type Decimal,
  fromNumber,
  isNegative,
  isZero,
  minus,
  negate,
  over,
  plus,
  times,
} from "../domain/decimal.ts"
import type { Inst } from "../domain/inst.ts"
import { parseInst } from "../domain/inst.ts"
import type { InstrumentInfo } from "../domain/instrument.ts"
import { toCoins } from "../domain/instrument.ts"
import type { Fill } from "../domain/order.ts"

/** Decimals kept where a cost is shared out; everything else is exact. */
const PLACES = 18

interface Holding {
  /** Signed, native unit: the sum of own fills. */
  size: Decimal
  /** What the held size cost: signed like it, in native size × price. */
  cost: Decimal
  realized: Decimal
  /** Paid, by asset. */
  readonly fees: Map<string, Decimal>
  funding: Decimal
}

const empty = (): Holding => ({ size: "0", cost: "0", realized: "0", fees: new Map(), funding: "0" })

const signed = (fill: Fill): Decimal => (fill.side === "BUY" ? fill.size : negate(fill.size))

const isSameSign = (a: Decimal, b: Decimal): boolean => isNegative(a) === isNegative(b)

/**
 * The bot's own holdings of one market. `realized` and `unrealized` are of prices alone; `fees` (paid) and `funding`
 * (received) stand beside them, so the net is realized + unrealized − fees + funding.
 */
export class Holdings {
  readonly #holdings = new Map<Inst, Holding>()

  /** Sum of own fills, signed native size. */
  own(inst: Inst): Decimal {
    return this.#holdings.get(inst)?.size ?? "0"
  }

  insts(): Inst[] {
    return [...this.#holdings.keys()]
  }

  /** Counts one execution. The caller sees to it that each comes once. */
  fill(fill: Fill): void {
    const holding = this.#of(fill.inst)
    const size = signed(fill)
    if (isZero(holding.size) || isSameSign(holding.size, size)) open(holding, size, fill.price)
    else if (compare(fill.size, absolute(holding.size)) <= 0) close(holding, size, fill.price)
    else {
      const rest = plus(size, holding.size)
      close(holding, negate(holding.size), fill.price)
      open(holding, rest, fill.price)
    }
    holding.fees.set(fill.feeAsset, plus(holding.fees.get(fill.feeAsset) ?? "0", fill.fee))
  }

  /** Funding received (negative: paid). */
  fund(inst: Inst, amount: Decimal): void {
    const holding = this.#of(inst)
    holding.funding = plus(holding.funding, amount)
  }

  /**
   * Sets the size that the journal's sum gives where older fills are no longer kept; their cost is unknown, so the
   * difference is valued at the average of what is known.
   */
  correct(inst: Inst, size: Decimal): boolean {
    const holding = this.#of(inst)
    if (compare(holding.size, size) === 0) return false
    const average = isZero(holding.size) ? "0" : over(holding.cost, holding.size, PLACES)
    holding.cost = times(average, size)
    holding.size = size
    return true
  }

  /** By inst, in its quote currency. `priceOf` is what an open size is valued at. */
  pnl(infoOf: (inst: Inst) => InstrumentInfo | undefined, priceOf: (inst: Inst) => number | undefined): Pnl[] {
    return Array.from(this.#holdings, ([inst, holding]) => {
      const info = infoOf(inst)
      const coins = (amount: Decimal): Decimal => (info === undefined ? amount : toCoins(info, amount))
      const unrealized = unrealizedOf(holding, priceOf(inst))
      const fees = holding.fees.get(parseInst(inst)?.quote ?? "") ?? "0"
      const known = { inst, realized: coins(holding.realized), fees, funding: holding.funding }
      return unrealized === undefined ? known : Object.assign(known, { unrealized: coins(unrealized) })
    })
  }

  /** Fees paid in assets other than the quote currency, which `pnl` cannot add up: by inst and asset. */
  otherFees(): { readonly inst: Inst; readonly asset: string; readonly paid: Decimal }[] {
    return [...this.#holdings].flatMap(([inst, { fees }]) =>
      [...fees].filter(([asset]) => asset !== parseInst(inst)?.quote).map(([asset, paid]) => ({ inst, asset, paid })),
    )
  }

  #of(inst: Inst): Holding {
    const known = this.#holdings.get(inst)
    if (known !== undefined) return known
    const holding = empty()
    this.#holdings.set(inst, holding)
    return holding
  }
}

function open(holding: Holding, size: Decimal, price: Decimal): void {
  holding.size = plus(holding.size, size)
  holding.cost = plus(holding.cost, times(size, price))
}

/** `size` has the opposite sign of the holding and is not larger. */
function close(holding: Holding, size: Decimal, price: Decimal): void {
  const left = plus(holding.size, size)
  const leftCost = isZero(left) ? "0" : over(times(holding.cost, left), holding.size, PLACES)
  const costOfClosed = minus(holding.cost, leftCost)
  // A long closed at `price` brings −size × price for what cost `costOfClosed`; a short the same with both signs turned.
  holding.realized = plus(holding.realized, minus(times(negate(size), price), costOfClosed))
  holding.size = left
  holding.cost = leftCost
}

function unrealizedOf(holding: Holding, price: number | undefined): Decimal | undefined {
  if (isZero(holding.size)) return "0"
  return price === undefined ? undefined : minus(times(holding.size, fromNumber(price)), holding.cost)
}
