import type { Market } from "../../domain/market.ts"

/**
 * Hedge mode keeps a long and a short position of one inst apart: own net size, flatten and reconciliation would each mean
 * something else. It is refused rather than half understood.
 */
export const hedgeRefusal = (market: Market): string =>
  `the ${market} account is in hedge mode, which is not supported: close its positions, cancel its orders and set its ` +
  "position mode to one-way (setPositionMode, or the venue's own preferences)"
