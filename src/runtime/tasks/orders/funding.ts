import { type Decimal, fromNumber, isZero, minus, negate, over, plus, times } from "../../domain/decimal.ts"
import { type Inst, parseInst } from "../../domain/inst.ts"
import { type InstrumentInfo, notionalOf } from "../../domain/instrument.ts"
import type { FundingRate, Operations, Range } from "../../domain/operation.ts"
import type { FundingBasis, FundingPayment } from "../../domain/order.ts"
import { signed } from "../../execution/holding.ts"
import type { Clock, Journal, Log, Random, Timer, Venue } from "../../ports.ts"
import { Backoff } from "../../domain/backoff.ts"
import type { Offset } from "../offset.ts"
import type { RestClient } from "../rest.ts"
import type { Desk } from "./desk.ts"

export interface FundingDeps {
  readonly venue: Venue
  readonly rest: RestClient
  readonly offset: Offset
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly journal: Journal
  readonly desk: Desk
  readonly isExclusive: boolean
  readonly instrument: (inst: Inst) => InstrumentInfo | undefined
  /** The private stream is open and what it missed is back: own sizes are what they are. */
  readonly isReady: () => boolean
}

type Paid = Operations["fundingPaid"]["result"][number]
type Span = Required<Pick<Range, "startAt" | "endAt">>

const DAY_US = 86_400_000_000
/** Venues keep what they paid for three months. */
const DAYS_MAX = 90
const SPAN_US = 7 * DAY_US
const ROWS_MAX = 1_000
/** A full answer is asked for again in halves, down to this. */
const SPAN_US_MIN = 1_000_000
/** Asked for again beyond the newest known: a venue may list a settlement late. */
const OVERLAP_US = DAY_US
/** A settlement has its rate, and the fills before it have arrived, this long after it. */
const SETTLED_US = 60_000_000
/** The account's event comes first, the list follows; a share waits until the settlement is over. */
const AFTER_MS: Readonly<Record<FundingBasis, readonly number[]>> = {
  paid: [2_000, 15_000, 60_000, 300_000],
  share: [SETTLED_US / 1_000 + 2_000, 300_000],
}
const SLOW_MS = 15 * 60_000
/** Nothing waits for it, and a bot that restarts in circles should not use up the venue's weight with it. */
const SOON_MS = 10_000
const BACKOFF = { backoffMsMin: 5_000, backoffMsMax: 300_000 }
/** Nearer than this, two settlements of one inst are one, counted by either basis. */
const SAME_US = 60_000_000
const PLACES = 8
const SETTLEMENTS_MAX = 10_000
const FILLS_MAX = 100_000

/**
 * What funding brought the bot's own positions, each settlement once. On an account of its own that is what the venue
 * booked, by transaction id. On a shared one the venue books the whole account's, so the own part is reckoned: own size
 * at the settlement × mark price × rate. Positions of insts that the bot never traded are nobody's here.
 */
export class Funding {
  readonly #deps: FundingDeps
  readonly #basis: FundingBasis | undefined
  readonly #backoff: Backoff
  /** Counted, by inst and id. */
  readonly #known = new Map<string, FundingPayment>()
  /** Those of them that an earlier run counted by the other basis: the account was shared and is not, or the other way round. */
  #otherwise: readonly FundingPayment[] = []
  /** Newest settlement counted in earlier runs, and up to when rows of it are gone, by inst. */
  readonly #earlier = new Map<Inst, { readonly newestAt: number; readonly prunedUntil: number }>()
  /** Venue's time up to which all was asked for. */
  #coveredAt: number | undefined
  #why = "not asked yet"
  #timer: Timer | undefined
  #dueAt = Infinity
  /** When it is asked for after the newest event, monotonic µs. */
  #after: readonly number[] = []
  #isAsking = false
  #isStopped = false

  constructor(deps: FundingDeps) {
    this.#deps = deps
    const { venue, isExclusive, random } = deps
    const [operation, basis] = isExclusive ? (["fundingPaid", "paid"] as const) : (["fundingHistory", "share"] as const)
    this.#basis = venue.operations.includes(operation) ? basis : undefined
    this.#backoff = new Backoff(random, BACKOFF)
  }

  /** How it is known; undefined where the venue does not tell. */
  get basis(): FundingBasis | undefined {
    return this.#basis
  }

  state(): Readonly<Record<string, unknown>> {
    if (this.#basis === undefined) return { basis: "the venue does not tell" }
    return { basis: this.#basis, why: this.#why, coveredAt: this.#coveredAt, settlements: this.#known.size }
  }

  restore(): void {
    const { journal, venue } = this.#deps
    const { market } = venue
    for (const payment of journal.fundings({ market, limit: SETTLEMENTS_MAX })) this.#known.set(keyOf(payment), payment)
    this.#otherwise = [...this.#known.values()].filter(({ basis }) => basis !== this.#basis)
    for (const { market: of, inst, newestAt, prunedUntil } of journal.restored.funding) {
      if (of === market) this.#earlier.set(inst, { newestAt, prunedUntil })
    }
  }

  /** The account's stream says that funding was booked. */
  booked(): void {
    if (this.#basis === undefined) return
    const now = this.#deps.clock.monotonic()
    this.#after = AFTER_MS[this.#basis].map((ms) => now + ms * 1_000)
    this.#next()
  }

  /** The private stream is there again: what it missed is asked for. */
  lookSoon(): void {
    this.#in(SOON_MS)
  }

  stop(): void {
    this.#isStopped = true
    this.#timer?.cancel()
  }

  // ---- when ----

  #next(): void {
    const { clock, random } = this.#deps
    const now = clock.monotonic()
    this.#after = this.#after.filter((at) => at > now)
    const [nextAt] = this.#after
    this.#in(nextAt === undefined ? SLOW_MS * (0.85 + random.next() * 0.3) : (nextAt - now) / 1_000)
  }

  /** The nearer of this and what is planned. */
  #in(delayMs: number): void {
    const { clock } = this.#deps
    if (this.#isStopped || this.#basis === undefined) return
    const dueAt = clock.monotonic() + delayMs * 1_000
    if (dueAt >= this.#dueAt) return
    this.#timer?.cancel()
    this.#dueAt = dueAt
    this.#timer = clock.timer(delayMs, () => {
      this.#dueAt = Infinity
      void this.#look()
    })
  }

  async #look(): Promise<void> {
    // A stream that is back asks by itself.
    if (this.#isAsking || this.#isStopped || !this.#deps.isReady()) return
    this.#isAsking = true
    const why = await this.#ask().finally(() => (this.#isAsking = false))
    if (why === undefined) {
      this.#backoff.reset()
      return this.#next()
    }
    this.#why = why
    this.#deps.log.warn("orders.funding.unanswered", { market: this.#deps.venue.market, why })
    this.#in(this.#backoff.nextMs())
  }

  // ---- what ----

  /** Undefined where all was answered, else why not. */
  async #ask(): Promise<string | undefined> {
    const now = this.#deps.offset.now()
    const why = this.#basis === "paid" ? await this.#askPaid(now) : await this.#askShares(now)
    if (why !== undefined || this.#isStopped) return why
    this.#coveredAt = now
    this.#why = "asked"
    return undefined
  }

  #insts(): Inst[] {
    return this.#deps.desk.holdings.insts().filter((inst) => this.#deps.desk.holdings.sinceAt(inst) !== undefined)
  }

  /** From when on this inst's settlements are wanted. */
  #startAt(inst: Inst, now: number): number {
    const since = this.#deps.desk.holdings.sinceAt(inst) ?? now
    const newest = this.#coveredAt ?? this.#earlier.get(inst)?.newestAt ?? since
    return Math.max(since, newest - OVERLAP_US, now - DAYS_MAX * DAY_US)
  }

  async #askPaid(now: number): Promise<string | undefined> {
    const startAt = Math.min(now, ...this.#insts().map((inst) => this.#startAt(inst, now)))
    for (const span of spans(startAt, now)) {
      const why = await this.#paidIn(span)
      if (why !== undefined) return why
    }
    return undefined
  }

  async #paidIn(span: Span): Promise<string | undefined> {
    const outcome = await this.#deps.rest.call("fundingPaid", { ...span, limit: ROWS_MAX })
    if (outcome.kind !== "accepted") return outcome.kind === "refused" ? outcome.reason : outcome.why
    const halves = outcome.value.length < ROWS_MAX ? undefined : halved(span)
    if (halves === undefined) return this.#take(outcome.value.map((row) => this.#payment(row)))
    return (await this.#paidIn(halves[0])) ?? this.#paidIn(halves[1])
  }

  #payment({ inst, id, amount, asset, timestamp }: Paid): FundingPayment {
    return { market: this.#deps.venue.market, inst, id, amount, asset, basis: "paid", timestamp }
  }

  async #askShares(now: number): Promise<string | undefined> {
    for (const inst of this.#insts()) {
      if (parseInst(inst)?.type !== "perpetual") continue
      for (const span of spans(this.#startAt(inst, now), now - SETTLED_US)) {
        const why = await this.#sharesIn(inst, span)
        if (why !== undefined) return why
      }
    }
    return undefined
  }

  async #sharesIn(inst: Inst, span: Span): Promise<string | undefined> {
    const outcome = await this.#deps.rest.call("fundingHistory", { inst, ...span, limit: ROWS_MAX })
    if (outcome.kind !== "accepted") return outcome.kind === "refused" ? outcome.reason : outcome.why
    const halves = outcome.value.length < ROWS_MAX ? undefined : halved(span)
    if (halves !== undefined) return (await this.#sharesIn(inst, halves[0])) ?? this.#sharesIn(inst, halves[1])
    if (!this.#deps.isReady()) return "the private stream was lost meanwhile"
    const unpriced = outcome.value.find(({ markPrice }) => markPrice === undefined)
    if (unpriced !== undefined) return `the settlement of ${inst} at ${unpriced.fundingAt} has no mark price`
    return this.#take(outcome.value.map((rate) => this.#share(rate)))
  }

  /** What the own position comes to: a long pays a rate above zero. Truncated, as the venue books it. */
  #share({ inst, rate, markPrice = 0, fundingAt }: FundingRate): FundingPayment {
    const { instrument, venue } = this.#deps
    const info = instrument(inst)
    const [size, mark] = [this.#ownAt(inst, fundingAt), fromNumber(markPrice)]
    const notional = info === undefined ? times(size, mark) : notionalOf(info, size, mark)
    // Contracts that stand for money are settled in coins.
    const isInverse = info?.contractUnit === "quote"
    const amount = over(negate(times(notional, fromNumber(rate))), isInverse ? mark : "1", PLACES)
    const { base = "", quote = "" } = parseInst(inst) ?? {}
    const asset = isInverse ? base : quote
    const id = `settlement-${fundingAt}`
    return { market: venue.market, inst, id, amount, asset, basis: "share", timestamp: fundingAt }
  }

  /** Own size at a moment that is over: the present one, less what was traded since. */
  #ownAt(inst: Inst, at: number): Decimal {
    const { desk, journal, venue } = this.#deps
    const later = journal.fills({ market: venue.market, inst, sinceAt: at + 1, limit: FILLS_MAX })
    const traded = later.reduce((sum, fill) => plus(sum, signed(fill)), "0")
    return minus(desk.holdings.own(inst), traded)
  }

  #take(payments: readonly FundingPayment[]): undefined {
    const { desk, log, venue } = this.#deps
    const fresh = this.#isStopped ? [] : payments.filter((payment) => this.#isNew(payment))
    if (fresh.length === 0) return undefined
    desk.run(() => {
      for (const payment of fresh) {
        this.#known.set(keyOf(payment), payment)
        desk.fund(payment)
      }
    })
    for (const { inst, amount, asset, basis, timestamp } of fresh) {
      log.info("orders.funding", { market: venue.market, inst, amount, asset, basis, timestamp })
    }
    return undefined
  }

  #isNew(payment: FundingPayment): boolean {
    const { inst, timestamp, amount } = payment
    const since = this.#deps.desk.holdings.sinceAt(inst)
    if (isZero(amount) || this.#known.has(keyOf(payment))) return false
    if (since === undefined || timestamp < since) return false
    if (timestamp <= (this.#earlier.get(inst)?.prunedUntil ?? 0)) return false
    return !this.#otherwise.some((one) => one.inst === inst && Math.abs(one.timestamp - timestamp) < SAME_US)
  }
}

const keyOf = ({ inst, id }: FundingPayment): string => `${inst} ${id}`

function spans(startAt: number, endAt: number): Span[] {
  const found: Span[] = []
  for (let from = startAt; from < endAt; from += SPAN_US)
    found.push({ startAt: from, endAt: Math.min(from + SPAN_US, endAt) })
  return found
}

/** Bounds are inclusive and in whole milliseconds at the venue; what both halves hold is counted once all the same. */
function halved({ startAt, endAt }: Span): readonly [Span, Span] | undefined {
  if (endAt - startAt <= SPAN_US_MIN) return undefined
  const middle = Math.floor((startAt + endAt) / 2)
  return [
    { startAt, endAt: middle },
    { startAt: middle, endAt },
  ]
}
