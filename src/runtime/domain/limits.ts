import type { Decimal } from "./decimal.ts"
import type { Inst } from "./inst.ts"

/**
 * What a bot may do at most, checked before an order is written down. An absent limit is no limit; a live start wants at
 * least one. Every bound is inclusive: a value equal to it passes.
 */
export interface RiskLimits {
  /** Largest single order per inst, native size unit. An inst not listed may be traded at any size. */
  readonly orderSizeMax?: Readonly<Record<Inst, Decimal>>
  /** Largest single order by value, in the inst's quote (or settlement) currency: price × coins. */
  readonly orderNotionalMax?: Decimal
  /** Largest absolute own position by value once the order and all open ones on its side are filled, quote currency, per inst. */
  readonly positionNotionalMax?: Decimal
  /** Orders placed within any 60 s, over all insts of one market. */
  readonly ordersPerMinuteMax?: number
  /** Orders not final at the same time, over all insts of one market. */
  readonly openOrdersMax?: number
}
