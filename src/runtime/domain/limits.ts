import type { Decimal } from "./decimal.ts"
import type { Inst, InstOnAny } from "./inst.ts"

/**
 * What a bot may do at most, checked before an order is written down. An absent limit is no limit; a live start wants at
 * least one. Every bound is inclusive: a value equal to it passes.
 */
export interface RiskLimits<I extends Inst = Inst> {
  /**
   * Largest single order per inst, native size unit. Of an inst that is not named here no order is sent, but one that
   * reduces its position, unless `orderNotionalMax` or `positionNotionalMax` bounds it.
   */
  readonly orderSizeMax?: { readonly [K in I]: InstOnAny<K> extends never ? never : Decimal }
  /**
   * Largest single order by value, in the inst's quote (or settlement) currency: price × coins. The price of a market order is
   * the market's, of an order to sell the higher of the market's and its own.
   */
  readonly orderNotionalMax?: Decimal
  /** Largest absolute own position by value once the order and all open ones on its side are filled, quote currency, per inst. */
  readonly positionNotionalMax?: Decimal
  /** Orders placed within any 60 s, over all insts of one market. */
  readonly ordersPerMinuteMax?: number
  /** Orders not final at the same time, over all insts of one market. */
  readonly openOrdersMax?: number
}

/** The largest order of this inst by name; undefined where the bot names none. */
export const sizeMaxOf = ({ orderSizeMax }: RiskLimits, inst: Inst): Decimal | undefined =>
  orderSizeMax !== undefined && Object.hasOwn(orderSizeMax, inst) ? orderSizeMax[inst] : undefined

/** Whether anything bounds the size of an order of this inst, where the bot bounds sizes by name at all. */
export const isSizeBounded = (limits: RiskLimits, inst: Inst): boolean =>
  limits.orderSizeMax === undefined ||
  limits.orderNotionalMax !== undefined ||
  limits.positionNotionalMax !== undefined ||
  sizeMaxOf(limits, inst) !== undefined
