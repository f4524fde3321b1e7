import { compare, type Decimal } from "../../domain/decimal.ts"
import { PerigeeError } from "../../domain/errors.ts"
import type { Inst } from "../../domain/inst.ts"
import type { OperationName, OrderDetail, ParamsOf, ResultOf } from "../../domain/operation.ts"
import { suspects } from "../../execution/reconciliation.ts"
import type { Clock, Journal, Log, Random, Timer, Venue } from "../../ports.ts"
import { Backoff } from "../../domain/backoff.ts"
import type { Instruments } from "../instruments.ts"
import type { Offset } from "../offset.ts"
import type { RestClient } from "../rest.ts"
import type { BackFill, Earlier } from "./back-fill.ts"
import type { Desk } from "./desk.ts"
import { hedgeRefusal } from "./position-mode.ts"
import type { Resolver } from "./resolver.ts"

export interface ReconcilerDeps {
  readonly venue: Venue
  readonly rest: RestClient
  readonly offset: Offset
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly journal: Journal
  readonly desk: Desk
  readonly resolver: Resolver
  readonly backFill: BackFill
  readonly isExclusive: boolean
  /** Insts the bot watches: looked through for orders that only the venue knows. */
  readonly insts: readonly Inst[]
  readonly instruments: Instruments
}

const BACKOFF = { backoffMsMin: 500, backoffMsMax: 15_000 }
const SLOW_MS = 30_000
/** Looked back beyond the newest thing known: what the last moments before an end may have missed. */
const OVERLAP_US = 600_000_000
const HOUR_US = 3_600_000_000

/** Compares what the journal says with what the venue says: at start, after every private reconnect, and slowly always. */
export class Reconciler {
  readonly #deps: ReconcilerDeps
  #pass = 0
  #phase: "waiting" | "reconciling" | "done" = "waiting"
  #why = "the private stream is not open yet"
  #runs = 0
  #timer: Timer | undefined
  /** Venue's time up to which every execution has been seen; undefined before anything is known. */
  #coveredAt: number | undefined
  readonly #reported = new Set<string>()
  readonly #mismatches = new Map<Inst, string>()
  #isStopped = false

  constructor(deps: ReconcilerDeps) {
    this.#deps = deps
  }

  get isDone(): boolean {
    return this.#phase === "done"
  }

  get reason(): string | undefined {
    return this.#phase === "done" ? undefined : `${this.#deps.venue.market} is reconciling: ${this.#why}`
  }

  state(): Readonly<Record<string, unknown>> {
    return { phase: this.#phase, why: this.#why, runs: this.#runs }
  }

  /** What the journal knows tells how far back to look. */
  restore(): void {
    const { journal, venue } = this.#deps
    const fill = journal.fills({ market: venue.market, limit: 1 })[0]?.timestamp
    const order = journal.orders({ market: venue.market, limit: 1 })[0]?.updatedAt
    const newest = Math.max(fill ?? 0, order ?? 0)
    this.#coveredAt = newest === 0 ? undefined : newest
  }

  /** Trading stops until `run` has ended well. */
  lost(why: string): void {
    this.#pass++
    if (this.#phase === "done") this.#coveredAt = this.#deps.offset.now()
    this.#phase = "waiting"
    this.#why = why
    this.#timer?.cancel()
  }

  /** The private stream is open: from here on nothing is missed, so what was missed can be asked for. */
  async run(cause: string): Promise<void> {
    const pass = ++this.#pass
    this.#timer?.cancel()
    this.#phase = "reconciling"
    this.#why = cause
    const { log, venue, random, clock } = this.#deps
    const backoff = new Backoff(random, BACKOFF)
    const isCurrent = (): boolean => pass === this.#pass && !this.#isStopped
    while (isCurrent()) {
      try {
        await this.#compare(cause)
        if (!isCurrent()) return
        this.#phase = "done"
        this.#why = cause
        this.#runs++
        log.info("orders.reconciled", { market: venue.market, cause, open: this.#deps.desk.ledger.liveCount })
        return this.#slowly()
      } catch (error) {
        if (!(error instanceof Unanswered)) throw error
        if (!isCurrent()) return
        this.#why = error.message
        log.warn("orders.reconciliation.failed", { market: venue.market, cause, why: error.message })
        await new Promise<void>((resolve) => clock.timer(backoff.nextMs(), resolve))
      }
    }
  }

  stop(): void {
    this.#isStopped = true
    this.#pass++
    this.#timer?.cancel()
  }

  async #compare(cause: string): Promise<void> {
    const { desk, offset, resolver, backFill, instruments } = this.#deps
    if (!instruments.isKnown) {
      const why = await instruments.ask()
      if (why !== undefined) throw new Unanswered(`instruments: ${why}`)
    }
    await this.#checkMode()
    await this.#loadAccount()
    const openOrders = await this.#ask("openOrders", {})
    if (this.#coveredAt === undefined) await this.#lookBack(openOrders)
    this.#takeOpen(openOrders, cause)
    const listed = new Set(openOrders.map(({ orderId }) => orderId))
    const doubtful = desk.ledger.live().filter((order) => order.state !== "pending" && !isListed(order, listed))
    for (const { clientId } of doubtful) {
      if (!(await resolver.askNow(clientId, cause))) throw new Unanswered(`order ${clientId}`)
    }
    const now = offset.now()
    if (this.#coveredAt !== undefined) {
      const startAt = this.#coveredAt - OVERLAP_US
      for (const inst of this.#insts(openOrders)) {
        if (!(await backFill.ordersSince(inst, startAt, now))) throw new Unanswered(`orderHistory of ${inst}`)
        if (!(await backFill.fillsSince(inst, startAt, now))) throw new Unanswered(`fills of ${inst}`)
      }
    }
    this.#coveredAt = now
    await backFill.closeGaps()
    // Not before what was missed is back: until then own fills and position differ for a good reason.
    this.#comparePositions()
  }

  /**
   * Nothing was ever written down: a first start, or the database is lost. A position may be this bot's all the same; its
   * own orders tell, where they alone make it up. What they do not explain is not counted, and said.
   */
  async #lookBack(openOrders: readonly OrderDetail[]): Promise<void> {
    const all: Earlier[] = []
    for (const inst of this.#insts(openOrders)) {
      let earlier = await this.#earlier(inst, openOrders)
      // A resting order may have been filled between two of the questions.
      if (!earlier.isExplained && earlier.shown > 0) {
        await this.#loadAccount()
        earlier = await this.#earlier(inst, await this.#ask("openOrders", {}))
      }
      all.push(earlier)
    }
    this.#deps.backFill.takeEarlier(all)
    for (const earlier of all) this.#reportEarlier(earlier)
  }

  async #earlier(inst: Inst, openOrders: readonly OrderDetail[]): Promise<Earlier> {
    const { backFill, offset, desk } = this.#deps
    const open = openOrders.filter((detail) => detail.inst === inst && desk.ledger.isOwn(detail.clientId))
    const position = (): Decimal => desk.account.position(inst)?.size ?? "0"
    const earlier = await backFill.earlier(inst, open, position, offset.now())
    if (earlier === undefined) throw new Unanswered(`orderHistory of ${inst}`)
    return earlier
  }

  #reportEarlier({ inst, shown, isExplained, orders, sinceAt }: Earlier): void {
    const key = `${inst} earlier`
    if (shown === 0 || (isExplained && orders.length === 0) || this.#reported.has(key)) return
    this.#reported.add(key)
    const { desk, offset } = this.#deps
    const held = desk.account.position(inst)?.size ?? "0"
    const hours = Math.floor((offset.now() - sinceAt) / HOUR_US)
    const message = isExplained
      ? `the database is new: ${held} of ${inst} is this bot's own by its ${orders.length} orders of the last ${hours} hours, which count`
      : `the database is new: ${held} of ${inst} is not explained by this bot's ${shown} orders of the last ${hours} hours, ` +
        "which do not count, save what was filled of those still open: look whose it is"
    desk.trouble("earlier life", message, { inst, orders: shown, sinceAt, isCounted: isExplained })
  }

  /** Orders that the venue lists as open: ours are told or adopted, others are seen. */
  #takeOpen(openOrders: readonly OrderDetail[], cause: string): void {
    const { desk, isExclusive } = this.#deps
    for (const detail of openOrders) {
      const owner = desk.ledger.ownerOf(detail.inst, detail.orderId, detail.clientId)
      if (owner !== undefined) desk.detail(owner, detail, cause)
      else if (!desk.adopt(detail, cause) && isExclusive) this.#reportForeign(detail)
    }
  }

  #reportForeign(detail: OrderDetail): void {
    if (this.#reported.has(detail.orderId)) return
    this.#reported.add(detail.orderId)
    const message = `order ${detail.orderId} in ${detail.inst} is not this bot's, though the account is said to be its alone`
    this.#deps.desk.trouble("foreign order", message, { inst: detail.inst, orderId: detail.orderId })
  }

  async #checkMode(): Promise<void> {
    const { venue } = this.#deps
    if (!venue.operations.includes("positionMode")) return
    const { isHedge } = await this.#ask("positionMode", {})
    if (isHedge) throw new Unanswered(hedgeRefusal(venue.market))
  }

  async #loadAccount(): Promise<void> {
    const { desk, offset } = this.#deps
    const balances = await this.#ask("balance", {})
    const askedAt = offset.now()
    const positions = await this.#ask("positions", {})
    desk.run(() => {
      desk.record(desk.account.takeBalances(balances))
      desk.record(desk.account.image(positions, askedAt))
    })
  }

  /**
   * Where the account is the bot's alone, its own net and the venue's position are one number. News of the two travel
   * apart, so only a difference seen twice counts.
   */
  #comparePositions(): void {
    const { desk, isExclusive, venue } = this.#deps
    if (!isExclusive) return
    const held = desk.account.positions().map(({ inst }) => inst)
    for (const inst of new Set([...desk.holdings.insts(), ...held])) {
      const own = desk.holdings.own(inst)
      const there = desk.account.position(inst)?.size ?? "0"
      const before = this.#mismatches.get(inst)
      const now = compare(own, there) === 0 ? undefined : `${own} ${there}`
      if (now === undefined) this.#mismatches.delete(inst)
      else this.#mismatches.set(inst, now)
      if (now === undefined || before !== now || this.#reported.has(`${inst} ${now}`)) continue
      this.#reported.add(`${inst} ${now}`)
      const message = `own fills of ${inst} add up to ${own}, the venue's position is ${there}`
      desk.trouble("position mismatch", message, { market: venue.market, inst, own, account: there })
    }
  }

  /** Where own orders may be that nobody remembers. */
  #insts(openOrders: readonly OrderDetail[]): Inst[] {
    const { desk, journal, venue, insts } = this.#deps
    const recent = journal.orders({ market: venue.market, limit: 1_000 }).map(({ inst }) => inst)
    const held = desk.account.positions().filter(({ size }) => Number(size) !== 0)
    return [
      ...new Set([
        ...insts,
        ...recent,
        ...desk.holdings.insts(),
        ...desk.ledger.live().map(({ inst }) => inst),
        ...held.map(({ inst }) => inst),
        ...openOrders.map(({ inst }) => inst),
      ]),
    ]
  }

  // ---- slowly, all the time ----

  #slowly(): void {
    const { clock, random } = this.#deps
    this.#timer = clock.timer(SLOW_MS * (0.85 + random.next() * 0.3), () => void this.#look())
  }

  async #look(): Promise<void> {
    const pass = this.#pass
    const { log, venue } = this.#deps
    try {
      await this.#lookOnce()
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error
      log.warn("orders.reconciliation.skipped", { market: venue.market, why: error.message })
    }
    if (pass === this.#pass && !this.#isStopped) this.#slowly()
  }

  async #lookOnce(): Promise<void> {
    const { desk, clock, offset, resolver, log, venue, backFill } = this.#deps
    const askedAt = clock.now()
    const openOrders = await this.#ask("openOrders", {})
    for (const { order, why } of suspects(desk.ledger.live(), openOrders, askedAt)) {
      log.warn("orders.discrepancy", { market: venue.market, clientId: order.clientId, why })
      resolver.ask(order.clientId, why)
    }
    const unknown = openOrders.filter(
      ({ inst, orderId, clientId }) => desk.ledger.ownerOf(inst, orderId, clientId) === undefined,
    )
    this.#takeOpen(unknown, "slow reconciliation")
    const positionsAt = offset.now()
    const positions = await this.#ask("positions", {})
    desk.run(() => desk.record(desk.account.image(positions, positionsAt)))
    this.#comparePositions()
    backFill.watchGaps()
  }

  async #ask<O extends OperationName>(operation: O, params: ParamsOf<O>): Promise<ResultOf<O>> {
    const { venue, rest } = this.#deps
    if (!venue.operations.includes(operation)) return [] as unknown as ResultOf<O>
    const outcome = await rest.call(operation, params)
    if (outcome.kind === "accepted") {
      for (const row of outcome.unreadable ?? []) this.#deps.log.warn("venue.row.unreadable", { operation, row })
      return outcome.value
    }
    throw new Unanswered(`${operation}: ${outcome.kind === "refused" ? outcome.reason : outcome.why}`)
  }
}

/** The venue did not answer one of the questions, or not so that trading may begin: all are asked again. */
class Unanswered extends PerigeeError {}

const isListed = (order: { readonly orderId?: string }, listed: ReadonlySet<string>): boolean =>
  order.orderId !== undefined && listed.has(order.orderId)
