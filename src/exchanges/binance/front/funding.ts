import { seeded } from "../../matching/random.ts"

/** Funding of the venue's instruments. Product pages "Funding Rate History", "Get Income History" (read 2026-11-22). */
export interface FundingTerms {
  /** Between two settlements, ms; eight hours by default. At the venue no less than one hour. */
  readonly everyMs?: number
  /** The rate of every settlement, decimal text; by default each has its own, from the seed. */
  readonly rate?: string
}

interface Settlement {
  readonly ms: number
  /** Text with the venue's eight decimals. */
  readonly mark: string
}

const hourMs = 3_600_000
const everyMsDefault = 8 * hourMs
const settlementsKept = 1_000
/** Units of 10^-8: from -0.02 % to 0.03 %. At the venue the rate follows the premium over the index. */
const least = -20_000
const most = 30_000
const unit = 100_000_000n

export class FundingClock {
  readonly everyMs: number
  readonly #seed: number
  readonly #fixed: number | undefined
  readonly #settled = new Map<string, Settlement[]>()

  constructor(seed: number, { everyMs = everyMsDefault, rate }: FundingTerms) {
    if (!(everyMs > 0) || everyMs % 1_000 !== 0) throw new RangeError(`funding every ${everyMs} ms: give whole seconds`)
    this.everyMs = everyMs
    this.#seed = seed
    this.#fixed = rate === undefined ? undefined : Math.round(Number(rate) * 1e8)
  }

  /** What the venue says of its cadence: whole hours. */
  get everyHours(): number {
    return Math.max(1, Math.round(this.everyMs / hourMs))
  }

  /** The first settlement after `ms`. */
  nextMs(ms: number): number {
    return Math.floor(ms / this.everyMs) * this.everyMs + this.everyMs
  }

  /** The last one at or before `ms`. */
  lastMs(ms: number): number {
    return Math.floor(ms / this.everyMs) * this.everyMs
  }

  /** Rate of the settlement at `ms`, units of 10^-8: the same whenever it is asked for. */
  rate(symbol: string, ms: number): number {
    if (this.#fixed !== undefined) return this.#fixed
    let stream = 7
    for (const letter of symbol) stream = (Math.imul(stream, 31) + letter.charCodeAt(0)) | 0
    const draw = seeded(this.#seed * 1_000_003 + ms / this.everyMs, stream).next()
    return least + Math.floor(draw * (most - least + 1))
  }

  rateText(symbol: string, ms: number): string {
    const rate = this.rate(symbol, ms)
    const digits = String(Math.abs(rate)).padStart(9, "0")
    return `${rate < 0 ? "-" : ""}${digits.slice(0, -8)}.${digits.slice(-8)}`
  }

  /** What a position of this notional gets, in money units: a long pays a rate above zero. Truncated toward zero. */
  amount(symbol: string, ms: number, notional: bigint): bigint {
    return -(notional * BigInt(this.rate(symbol, ms))) / unit
  }

  settle(symbol: string, settlement: Settlement): void {
    const settled = this.#settled.get(symbol) ?? []
    this.#settled.set(symbol, settled)
    settled.push(settlement)
    if (settled.length > settlementsKept * 2) settled.splice(0, settlementsKept)
  }

  /** The mark price of a settlement that this venue has seen. */
  markAt(symbol: string, ms: number): string | undefined {
    return this.#settled.get(symbol)?.findLast((settlement) => settlement.ms === ms)?.mark
  }
}
