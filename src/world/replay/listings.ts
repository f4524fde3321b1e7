import { listingOf, type ListingSpec, type Steps } from "../../exchanges/binance/front.ts"
import { type Decimal, over, placesOf, times } from "../../runtime/domain/decimal.ts"
import type { Inst } from "../../runtime/domain/inst.ts"
import type { InstrumentInfo } from "../../runtime/domain/instrument.ts"

/** A listing as it stands on a tape. */
export interface TapedListing {
  /** When it came, µs. */
  readonly at: number
  readonly body: string
  /** Those that the exchange of the replay is to list. */
  readonly instruments: readonly InstrumentInfo[]
}

/**
 * What the exchange of a replay lists from each of these on, by their bodies. One that a listing no longer names, or does
 * not name yet, is closed there. Throws RangeError where the exchange cannot reckon with an instrument's steps.
 */
export function listingsOf(taped: readonly TapedListing[]): ReadonlyMap<string, readonly ListingSpec[]> {
  const ever = new Map<Inst, InstrumentInfo[]>()
  for (const info of taped.flatMap(({ instruments }) => instruments)) {
    ever.set(info.inst, [...(ever.get(info.inst) ?? []), info])
  }
  return new Map(
    taped.map(({ body, instruments }) => [
      body,
      [...ever].map(([inst, infos]) => {
        const now = instruments.find((info) => info.inst === inst) ?? { ...infos[0]!, status: "closed" as const }
        return listingOf(now, stepsOf(infos))
      }),
    ]),
  )
}

/** What all prices and sizes of an instrument are counted in; undefined where its steps never change. */
function stepsOf(infos: readonly InstrumentInfo[]): Steps | undefined {
  const ticks = new Set(infos.map(({ tickSize }) => tickSize))
  const lots = new Set(infos.map(({ lotSize }) => lotSize))
  return ticks.size === 1 && lots.size === 1
    ? undefined
    : { price: commonStep([...ticks]), size: commonStep([...lots]) }
}

/** The largest step that all of these are multiples of. */
function commonStep(steps: readonly Decimal[]): Decimal {
  const one = `1${"0".repeat(Math.max(...steps.map(placesOf)))}`
  const units = steps.map((step) => BigInt(times(step, one))).reduce(common)
  return over(String(units), one, one.length - 1)
}

const common = (a: bigint, b: bigint): bigint => (b === 0n ? a : common(b, a % b))
