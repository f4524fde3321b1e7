import type { Random } from "../../../runtime/ports.ts"
import { exponential, normal } from "../../matching/random.ts"

/** One candle in whole ticks and lots; values are sums of ticks times lots. */
export interface Candle {
  readonly openMs: number
  closeMs: number
  open: number
  high: number
  low: number
  close: number
  lots: number
  value: number
  trades: number
  takerLots: number
  takerValue: number
  /** Trade ids; -1 where there was none. */
  firstId: bigint
  lastId: bigint
}

const minuteMs = 60_000
const historyMinutes = 20_000

const LENGTH_MINUTES: Readonly<Record<string, number>> = {
  "1m": 1,
  "3m": 3,
  "5m": 5,
  "15m": 15,
  "30m": 30,
  "1h": 60,
  "2h": 120,
  "4h": 240,
  "6h": 360,
  "8h": 480,
  "12h": 720,
  "1d": 1_440,
  "3d": 4_320,
  "1w": 10_080,
}
/** Weeks open on Mondays; the epoch was a Thursday. */
const mondayMs = 4 * 1_440 * minuteMs

export const isInterval = (text: string): boolean => text === "1M" || Object.hasOwn(LENGTH_MINUTES, text)

/** First and last millisecond of the candle that holds `ms`. */
export function bounds(interval: string, ms: number): { readonly openMs: number; readonly closeMs: number } {
  if (interval === "1M") return monthBounds(ms)
  const length = LENGTH_MINUTES[interval]! * minuteMs
  const shift = interval === "1w" ? mondayMs : 0
  const openMs = Math.floor((ms - shift) / length) * length + shift
  return { openMs, closeMs: openMs + length - 1 }
}

/** Calendar months without the platform's clock type (Howard Hinnant's civil-from-days). */
function monthBounds(ms: number): { openMs: number; closeMs: number } {
  const dayMs = 86_400_000
  const firstDay = (month: number): number => {
    const [year, index] = [Math.floor(month / 12), (month % 12) + 1]
    const shifted = index <= 2 ? year - 1 : year
    const era = Math.floor(shifted / 400)
    const ofEra = shifted - era * 400
    const dayOfYear = Math.floor((153 * (index + (index > 2 ? -3 : 9)) + 2) / 5)
    return era * 146_097 + ofEra * 365 + Math.floor(ofEra / 4) - Math.floor(ofEra / 100) + dayOfYear - 719_468
  }
  let month = Math.floor(1970 * 12 + ms / (30.436875 * dayMs))
  while (firstDay(month) * dayMs > ms) month--
  while (firstDay(month + 1) * dayMs <= ms) month++
  return { openMs: firstDay(month) * dayMs, closeMs: firstDay(month + 1) * dayMs - 1 }
}

const flat = (openMs: number, ticks: number): Candle => ({
  openMs,
  closeMs: openMs + minuteMs - 1,
  open: ticks,
  high: ticks,
  low: ticks,
  close: ticks,
  lots: 0,
  value: 0,
  trades: 0,
  takerLots: 0,
  takerValue: 0,
  firstId: -1n,
  lastId: -1n,
})

/** Minute candles of one instrument, from which every other interval is added up. History before the start is made up, from a seed. */
export class Candles {
  readonly #minutes: Candle[]
  readonly #lots: number
  readonly #random: Random
  #hasHistory = false

  constructor(startTicks: number, lots: number, random: Random, nowMs: number) {
    this.#minutes = [flat(Math.floor(nowMs / minuteMs) * minuteMs, startTicks)]
    this.#lots = lots
    this.#random = random
  }

  add(ticks: number, lots: number, isBuy: boolean, id: bigint, nowMs: number): void {
    const candle = this.#current(nowMs)
    if (candle.trades === 0) candle.firstId = id
    candle.lastId = id
    candle.trades++
    candle.close = ticks
    if (ticks > candle.high) candle.high = ticks
    if (ticks < candle.low) candle.low = ticks
    candle.lots += lots
    candle.value += ticks * lots
    if (!isBuy) return
    candle.takerLots += lots
    candle.takerValue += ticks * lots
  }

  /** Candles that open within [startMs, endMs], oldest first: the first `limit` where a start is given, else the last. */
  list(interval: string, startMs: number, endMs: number, limit: number, nowMs: number): Candle[] {
    this.#current(nowMs)
    this.#remember()
    const out: Candle[] = []
    let from = 0
    if (startMs === 0) {
      const first = this.#minutes[0]!.openMs
      const length = bounds(interval, first).closeMs - bounds(interval, first).openMs + 1
      from = Math.max(0, Math.floor((Math.min(endMs, nowMs) - first - length * (limit + 1)) / minuteMs))
    }
    for (const minute of this.#minutes.slice(from)) {
      const { openMs, closeMs } = bounds(interval, minute.openMs)
      if (openMs < startMs || openMs > endMs) continue
      const last = out.at(-1)
      if (last === undefined || last.openMs !== openMs) out.push({ ...minute, openMs, closeMs })
      else join(last, minute)
    }
    return startMs === 0 ? out.slice(-limit) : out.slice(0, limit)
  }

  /** The candle that holds `ms`. */
  at(interval: string, ms: number, nowMs: number): Candle {
    this.#current(nowMs)
    const { openMs, closeMs } = bounds(interval, ms)
    let index = this.#minutes.length - 1
    while (index > 0 && this.#minutes[index - 1]!.openMs >= openMs) index--
    while (this.#minutes[index]!.openMs > closeMs && index > 0) index--
    const candle = { ...this.#minutes[index]!, openMs, closeMs }
    for (const minute of this.#minutes.slice(index + 1)) if (minute.openMs <= closeMs) join(candle, minute)
    return candle
  }

  #current(nowMs: number): Candle {
    let last = this.#minutes.at(-1)!
    while (nowMs > last.closeMs) {
      last = flat(last.closeMs + 1, last.close)
      this.#minutes.push(last)
    }
    return last
  }

  /** Walks back from the first minute, once, when somebody asks for candles. */
  #remember(): void {
    if (this.#hasHistory) return
    this.#hasHistory = true
    const history: Candle[] = []
    let next = this.#minutes[0]!
    for (let minute = 0; minute < historyMinutes; minute++) {
      const candle = this.#before(next)
      history.push(candle)
      next = candle
    }
    this.#minutes.unshift(...history.reverse())
  }

  #before(next: Candle): Candle {
    const candle = flat(next.openMs - minuteMs, next.open)
    candle.open = Math.max(1, Math.round(next.open * (1 + normal(this.#random) * 0.0004)))
    const wick = (): number => Math.round(exponential(this.#random, next.open * 0.0002))
    candle.high = Math.max(candle.open, candle.close) + wick()
    candle.low = Math.max(1, Math.min(candle.open, candle.close) - wick())
    candle.lots = Math.round(exponential(this.#random, this.#lots * 900))
    candle.value = candle.lots * Math.round((candle.high + candle.low) / 2)
    candle.trades = Math.ceil(candle.lots / this.#lots)
    candle.takerLots = Math.round(candle.lots * (0.4 + 0.2 * this.#random.next()))
    candle.takerValue = candle.takerLots * Math.round((candle.high + candle.low) / 2)
    return candle
  }
}

function join(into: Candle, minute: Candle): void {
  into.close = minute.close
  into.high = Math.max(into.high, minute.high)
  into.low = Math.min(into.low, minute.low)
  into.lots += minute.lots
  into.value += minute.value
  into.trades += minute.trades
  into.takerLots += minute.takerLots
  into.takerValue += minute.takerValue
  if (into.firstId < 0n) into.firstId = minute.firstId
  if (minute.lastId >= 0n) into.lastId = minute.lastId
}
