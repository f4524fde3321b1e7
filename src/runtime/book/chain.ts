import { isAdjacent, isBefore, isSame, type Sequence, type SequenceNumber } from "../domain/events.ts"
import type { BookRule } from "../ports.ts"

type Chain = BookRule["chain"]

/**
 * A diff against the one applied last: it follows, brings nothing new, leaves a gap, comes out of order, or lacks the
 * numbers to tell.
 */
export type Place = "next" | "same" | "gap" | "behind" | "unnumbered"

export function place(chain: Chain, sequence: Sequence | undefined, applied: SequenceNumber): Place {
  if (chain === "none") return "next"
  const last = sequence?.last
  const before = chain === "prev" ? sequence?.prev : sequence?.first
  if (last === undefined || before === undefined) return "unnumbered"
  if (chain === "prev" ? isSame(before, applied) : isAdjacent(applied, before)) return "next"
  if (isSame(last, applied)) return "same"
  return isBefore(last, applied) ? "behind" : "gap"
}

/** A buffered diff against the image it is to build on. */
export type Bridge = "covered" | "bridges" | "beyond" | "unnumbered"

/**
 * Binance asks for `U <= lastUpdateId <= u` of the first diff on an image (USD-M futures, "How to manage a local order
 * book correctly", read 2026-11). A diff holds all changes after `pu`, and futures numbers skip from `pu` to `U`, so
 * `pu <= lastUpdateId <= u` is as exact and also bridges an image taken just between two diffs, which on a quiet
 * inst is the usual one.
 */
export function bridge(chain: Chain, sequence: Sequence | undefined, image: SequenceNumber): Bridge {
  if (chain === "none") return "bridges"
  const last = sequence?.last
  const before = chain === "prev" ? sequence?.prev : sequence?.first
  if (last === undefined || before === undefined) return "unnumbered"
  if (isBefore(last, image)) return "covered"
  if (!isBefore(image, before)) return "bridges"
  return chain === "adjacent" && isAdjacent(image, before) ? "bridges" : "beyond"
}
