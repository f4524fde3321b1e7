import type { Interval } from "./events.ts"

const MINUTE_US = 60_000_000
const DAY_US = 1_440 * MINUTE_US

/** Every interval but the month is of one length; weeks are counted from a Monday by their own open times. */
const LENGTH_US: Readonly<Record<Exclude<Interval, "1M">, number>> = {
  "1s": 1_000_000,
  "1m": MINUTE_US,
  "3m": 3 * MINUTE_US,
  "5m": 5 * MINUTE_US,
  "15m": 15 * MINUTE_US,
  "30m": 30 * MINUTE_US,
  "1h": 60 * MINUTE_US,
  "2h": 120 * MINUTE_US,
  "4h": 240 * MINUTE_US,
  "6h": 360 * MINUTE_US,
  "8h": 480 * MINUTE_US,
  "12h": 720 * MINUTE_US,
  "1d": DAY_US,
  "3d": 3 * DAY_US,
  "1w": 7 * DAY_US,
}

/** When the candle after the one that opens at `openAt` opens, µs; months are UTC calendar months. */
export const nextOpenAt = (interval: Interval, openAt: number): number =>
  interval === "1M" ? monthAfter(openAt) : openAt + LENGTH_US[interval]

/** How many candles open in [from, until). */
export function candlesBetween(interval: Interval, from: number, until: number): number {
  if (until <= from) return 0
  if (interval !== "1M") return Math.ceil((until - from) / LENGTH_US[interval])
  let count = 0
  for (let openAt = from; openAt < until; openAt = monthAfter(openAt)) count++
  return count
}

/** The domain has no calendar of the platform's: the next day that is a first is looked for. */
function monthAfter(openAt: number): number {
  const day = Math.floor(openAt / DAY_US)
  for (let next = day + 1; ; next++) if (dayOfMonth(next) === 1) return next * DAY_US
}

/** Day of the month of a day since the epoch, by the 400-year cycle that begins on 1 March 2000. */
function dayOfMonth(daySinceEpoch: number): number {
  const ofCycle = (((daySinceEpoch - 11_017) % 146_097) + 146_097) % 146_097
  const century = Math.min(3, Math.floor(ofCycle / 36_524))
  const ofCentury = ofCycle - century * 36_524
  const ofFour = ofCentury % 1_461
  const ofYear = ofFour - Math.min(3, Math.floor(ofFour / 365)) * 365
  // Months from March on, of which every five take 153 days.
  const month = Math.floor((5 * ofYear + 2) / 153)
  return ofYear - Math.floor((153 * month + 2) / 5) + 1
}
