// What the sample model looks at: the last four seconds of one instrument, as 16 numbers without units.

/** How many numbers `values` gives, in this order. */
export const FEATURES = [
  // Log return of the middle price in the bucket that is still open, then in the seven before it, newest first; in standard deviations.
  ...["return 0", "return 1", "return 2", "return 3", "return 4", "return 5", "return 6", "return 7"],
  // (bought − sold) / (bought + sold) by takers over the last 1, 2, 4 and 8 buckets, the open one included; 0 where nothing traded.
  ...["flow 1", "flow 2", "flow 4", "flow 8"],
  // (bids − asks) / (bids + asks): sizes at the touch, and on the five best levels.
  ...["imbalance 1", "imbalance 5"],
  // Middle price against its mean over the window, in standard deviations; spread, likewise.
  ...["distance from mean", "spread"],
] as const

const BUCKETS = 8
const LEVELS = 5
const CLIP = 4
/** Weight of one bucket in the running variance: a memory of 64 buckets. */
const VARIANCE_WEIGHT = 1 / 64
/** One hundredth of a basis point; a market that stands still has no variance to divide by. */
const DEVIATION_MIN = 1e-6

const clipped = (value: number): number => Math.max(-CLIP, Math.min(CLIP, value))

const balance = (plus: number, minus: number): number => (plus + minus > 0 ? (plus - minus) / (plus + minus) : 0)

/**
 * A window over trades and book of one instrument. Times are µs since the epoch and may repeat; an event older than the open bucket
 * counts into it. Buckets without an event carry the price on; after a pause as long as the window it starts afresh.
 */
export class FeatureWindow {
  readonly #bucketUs: number
  /** Closed buckets, oldest overwritten: log of the middle price at the close, log return, taker volumes. */
  readonly #closes = new Float64Array(BUCKETS)
  readonly #returns = new Float64Array(BUCKETS)
  readonly #bought = new Float64Array(BUCKETS)
  readonly #sold = new Float64Array(BUCKETS)
  /** Buckets closed since the window began; the newest one's slot is (closed − 1) modulo the window. */
  #closed = 0
  #endsAt = 0
  #variance = 0
  #logMiddle = 0
  #spread = 0
  #touchBalance = 0
  #depthBalance = 0
  #openBought = 0
  #openSold = 0

  constructor(bucketMs = 500) {
    this.#bucketUs = bucketMs * 1_000
  }

  /** A trade at `at`; `side` is the taker's. */
  trade(at: number, size: number, side: "BUY" | "SELL"): void {
    this.#advance(at)
    if (side === "BUY") this.#openBought += size
    else this.#openSold += size
  }

  /** The best levels as flat pairs price, size, price, size, … best first; more than five are not looked at, one is enough. */
  book(at: number, bids: ArrayLike<number>, asks: ArrayLike<number>): void {
    const bid = bids[0]
    const ask = asks[0]
    if (bid === undefined || ask === undefined || bid <= 0 || ask <= 0) return
    this.#advance(at)
    this.#logMiddle = Math.log((bid + ask) / 2)
    this.#spread = (ask - bid) / bid
    this.#touchBalance = balance(bids[1] ?? 0, asks[1] ?? 0)
    this.#depthBalance = balance(depth(bids), depth(asks))
    if (this.#endsAt === 0) this.#endsAt = at + this.#bucketUs
  }

  /** Whether the window is full: four seconds after the first book. */
  get isReady(): boolean {
    return this.#closed >= BUCKETS
  }

  /** The features as the model's input of shape [1, 16]; a fresh array each time. Only meaningful when `isReady`. */
  values(): Float32Array {
    const deviation = Math.max(DEVIATION_MIN, Math.sqrt(this.#variance))
    const values = new Float32Array(FEATURES.length)
    values[0] = clipped((this.#logMiddle - this.#closes[this.#slot(0)]!) / deviation)
    let bought = this.#openBought
    let sold = this.#openSold
    let sum = this.#logMiddle
    values[BUCKETS] = balance(bought, sold)
    for (let age = 1; age < BUCKETS; age++) {
      const slot = this.#slot(age - 1)
      values[age] = clipped(this.#returns[slot]! / deviation)
      bought += this.#bought[slot]!
      sold += this.#sold[slot]!
      sum += this.#closes[slot]!
      if (age === 1) values[BUCKETS + 1] = balance(bought, sold)
      if (age === 3) values[BUCKETS + 2] = balance(bought, sold)
    }
    values[BUCKETS + 3] = balance(bought, sold)
    values[BUCKETS + 4] = this.#touchBalance
    values[BUCKETS + 5] = this.#depthBalance
    values[BUCKETS + 6] = clipped((this.#logMiddle - sum / BUCKETS) / deviation)
    values[BUCKETS + 7] = clipped(this.#spread / deviation)
    return values
  }

  /** Standard deviation of one bucket's log return. */
  get deviation(): number {
    return Math.sqrt(this.#variance)
  }

  #slot(age: number): number {
    return (this.#closed - 1 - age + 2 * BUCKETS) % BUCKETS
  }

  #advance(at: number): void {
    if (this.#endsAt === 0) return
    if (at - this.#endsAt > BUCKETS * this.#bucketUs) this.#restart(at)
    while (at >= this.#endsAt) this.#close()
  }

  #restart(at: number): void {
    this.#closed = 0
    this.#openBought = 0
    this.#openSold = 0
    this.#endsAt = at + this.#bucketUs
  }

  #close(): void {
    const move = this.#closed === 0 ? 0 : this.#logMiddle - this.#closes[this.#slot(0)]!
    const slot = this.#closed % BUCKETS
    this.#closes[slot] = this.#logMiddle
    this.#returns[slot] = move
    this.#bought[slot] = this.#openBought
    this.#sold[slot] = this.#openSold
    // A plain mean at first, so that the first minute is not measured against a variance of zero.
    if (this.#closed > 0) this.#variance += (move * move - this.#variance) * Math.max(VARIANCE_WEIGHT, 1 / this.#closed)
    this.#closed++
    this.#openBought = 0
    this.#openSold = 0
    this.#endsAt += this.#bucketUs
  }
}

function depth(levels: ArrayLike<number>): number {
  let sum = 0
  const end = Math.min(levels.length, 2 * LEVELS)
  for (let index = 1; index < end; index += 2) sum += levels[index]!
  return sum
}
