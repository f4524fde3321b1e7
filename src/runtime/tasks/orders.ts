import type { Pnl } from "../domain/callbacks.ts"
import { UsageError } from "../domain/errors.ts"
import type { Inst } from "../domain/inst.ts"
import type { InstrumentInfo } from "../domain/instrument.ts"
import type { RiskLimits } from "../domain/limits.ts"
import type { Market } from "../domain/market.ts"
import type { OrderAck } from "../domain/operation.ts"
import type { AmendRequest, Balance, Order, OrderRequest } from "../domain/order.ts"
import type { Outcome } from "../domain/outcome.ts"
import type { OrdersSpec } from "../domain/task.ts"
import { clientIdMistake } from "../execution/form.ts"
import type { Journal, Mode, Venue } from "../ports.ts"
import type { Instruments } from "./instruments.ts"
import type { Limiter } from "./limiter.ts"
import type { Offset } from "./offset.ts"
import { BackFill } from "./orders/back-fill.ts"
import { Countdown } from "./orders/countdown.ts"
import { Desk } from "./orders/desk.ts"
import { Entry } from "./orders/entry.ts"
import { Exits } from "./orders/exits.ts"
import { Funding } from "./orders/funding.ts"
import type { PrivateEvent, PrivateStream } from "./orders/private-stream.ts"
import { Reconciler } from "./orders/reconciler.ts"
import { Resolver } from "./orders/resolver.ts"
import { Trade } from "./orders/trade.ts"
import { asking, type RestClient } from "./rest.ts"
import {
  type Ask,
  ASK_MS_MAX,
  type OwnAndAccount,
  type Publish,
  type RunningOrders,
  type Submission,
  type TaskHost,
} from "./task.ts"

export interface OrdersDeps {
  readonly venue: Venue
  readonly journal: Journal
  /** Shared with the feeds of the same market, as limiter, offset and instruments are. */
  readonly rest: RestClient
  readonly limiter: Limiter
  readonly offset: Offset
  readonly stream: PrivateStream
  readonly instruments: Instruments
  /** First ten digits of every client id of this bot on this account. */
  readonly identity: string
  /** The next client id; one counter for the whole bot. */
  readonly clientId: () => string
  readonly account: "exclusive" | "shared"
  readonly limits: RiskLimits
  /** By WebSocket where the venue has order entry over it, or by REST always. */
  readonly entry: "socket" | "rest"
  /** The bot's mode now; by default it runs. */
  readonly mode?: () => { readonly mode: Mode; readonly why: string }
  /** What an inst trades at, where that is known: values orders and open positions. */
  readonly referencePrice: (inst: Inst) => number | undefined
  /** How long ago a price of it was heard that is too old to value anything at, µs. */
  readonly priceAgeUs?: (inst: Inst) => number | undefined
  /** Insts the bot's tasks name on this market: looked through at reconciliation. */
  readonly insts?: readonly Inst[]
  /** Simulated fills: readiness skips the private reasons, by name. */
  readonly isPaper?: boolean
  /** Cancel-on-disconnect; only on an exclusive account. */
  readonly countdownMs?: number
  /** An answer later than this is lost. */
  readonly answerMsMax?: number
}

/** What the runtime can do with an orders task beyond a strategy's commands. */
export interface OrdersTask extends RunningOrders {
  /** The operator has looked at the venue: this order is over. False where it is not one in doubt. */
  settle(clientId: string): boolean
}

const ANSWER_MS_MAX = 3_000
const UNKNOWN_MS_MAX = 10_000
const DRAIN_MS_MAX = 2_000

/** Order entry and the account's own stream on one market. */
export function ordersTask(spec: OrdersSpec, host: TaskHost, deps: OrdersDeps): OrdersTask {
  return new Orders(spec, host, deps)
}

class Orders implements OrdersTask {
  readonly spec: OrdersSpec
  readonly market: Market
  readonly ask: Ask
  readonly #host: TaskHost
  readonly #deps: OrdersDeps
  readonly #isExclusive: boolean
  readonly #desk: Desk
  readonly #entry: Entry
  readonly #resolver: Resolver
  readonly #backFill: BackFill
  readonly #reconciler: Reconciler
  readonly #trade: Trade
  readonly #exits: Exits
  readonly #funding: Funding
  readonly #countdown: Countdown | undefined
  readonly #publishStart: Publish<"onAltEvent">
  #leave: (() => void) | undefined

  constructor(spec: OrdersSpec, host: TaskHost, deps: OrdersDeps) {
    const { venue, journal, rest, offset, limiter } = deps
    const { clock, random, log } = host.outside
    const isExclusive = deps.account === "exclusive"
    this.spec = spec
    this.market = venue.market
    this.ask = asking(rest, clock, ASK_MS_MAX)
    this.#host = host
    this.#deps = deps
    this.#isExclusive = isExclusive
    const desk = new Desk({ host, venue, journal, identity: deps.identity })
    const resolver = new Resolver({ venue, rest, offset, clock, random, log, desk, isExclusive })
    const backFill = new BackFill({ venue, rest, clock, desk, resolver })
    const entry = new Entry({
      venue,
      outside: host.outside,
      rest,
      limiter,
      via: deps.entry,
      answerMsMax: deps.answerMsMax ?? ANSWER_MS_MAX,
      unreadable: (why, raw) => desk.unreadable(`order entry of ${venue.market}: ${why}`, raw),
    })
    const trade = new Trade({
      host,
      venue,
      rest,
      offset,
      entry,
      desk,
      resolver,
      limits: deps.limits,
      clientId: deps.clientId,
      mode: deps.mode ?? (() => RUNNING),
      notReady: () => this.#notReady(),
      referencePrice: deps.referencePrice,
      priceAgeUs: deps.priceAgeUs ?? (() => undefined),
    })
    this.#publishStart = host.publisher("onAltEvent")
    const publishInstrument = host.publisher("onInstrument")
    deps.instruments.listen({
      watched: () => this.#watched(),
      listed: (instruments) => trade.list(instruments),
      changed: (change) => desk.run(() => publishInstrument(change, change.timestamp)),
    })
    this.#reconciler = new Reconciler({
      venue,
      rest,
      offset,
      clock,
      random,
      log,
      journal,
      desk,
      resolver,
      backFill,
      isExclusive,
      insts: deps.insts ?? [],
      instruments: deps.instruments,
    })
    this.#exits = new Exits({
      venue,
      rest,
      clock,
      desk,
      resolver,
      isExclusive,
      instrument: (inst) => trade.instrument(inst),
      cancel: (clientId) => trade.cancel(clientId),
      submitExit: (request) => desk.run(() => trade.submit(request, "exit")),
    })
    this.#funding = new Funding({
      venue,
      rest,
      offset,
      clock,
      random,
      log,
      journal,
      desk,
      isExclusive,
      instrument: (inst) => trade.instrument(inst),
      isReady: () => deps.stream.isLive && this.#reconciler.isDone,
    })
    this.#countdown = this.#countdownOf()
    this.#desk = desk
    this.#resolver = resolver
    this.#backFill = backFill
    this.#entry = entry
    this.#trade = trade
    desk.watch(() => backFill.watchGaps())
  }

  // ---- life ----

  start(): void {
    const { offset, stream } = this.#deps
    this.#desk.restore()
    this.#reconciler.restore()
    this.#funding.restore()
    offset.start()
    this.#leave = stream.subscribe({
      event: (event) => this.#event(event),
      opened: () => void this.#reconcile(),
      lost: (why) => this.#reconciler.lost(`the private stream was lost: ${why}`),
      unreadable: (why, raw) => this.#desk.unreadable(`private stream of ${this.market}: ${why}`, raw),
    })
    this.#entry.start()
    this.#countdown?.start()
    const { spec } = this
    this.#desk.run(() => this.#publishStart({ spec, starts: 1 }, this.#host.outside.clock.now()))
  }

  async stop(): Promise<void> {
    const { clock } = this.#host.outside
    const giveUpAt = clock.monotonic() + DRAIN_MS_MAX * 1_000
    while (this.#entry.inFlight > 0 && clock.monotonic() < giveUpAt) {
      await new Promise<void>((resolve) => clock.timer(20, resolve))
    }
    this.#leave?.()
    this.#resolver.stop()
    this.#reconciler.stop()
    this.#backFill.stop()
    this.#funding.stop()
    this.#deps.offset.stop()
    await Promise.all([this.#countdown?.stop(), this.#entry.stop(), this.#deps.stream.stop()])
  }

  reasons(): readonly string[] {
    return this.#deps.isPaper === true ? [] : this.#notReady().concat(this.#doubts())
  }

  state(): Readonly<Record<string, unknown>> {
    const { offset, limiter } = this.#deps
    return {
      market: this.market,
      account: this.#deps.account,
      cancelOnDisconnect: this.#disconnectPolicy(),
      ...(this.#deps.isPaper === true ? { skippedReasons: this.#notReady().concat(this.#doubts()) } : {}),
      reconciliation: this.#reconciler.state(),
      entry: this.#entry.state(),
      clock: { offsetMs: offset.offsetUs() / 1_000, boundMs: finite(offset.boundUs() / 1_000) },
      limiter: limiter.state(),
      openOrders: this.#desk.ledger.live(),
      beingAsked: this.#resolver.size,
      stuck: this.#desk.stuck(),
      positions: this.#desk.account.positions(),
      own: this.#desk.holdings.insts().map((inst) => ({ inst, size: this.#desk.holdings.own(inst) })),
      balances: this.#desk.account.balances(),
      pnl: this.pnl(),
      otherFees: this.#desk.holdings.otherFees(),
      funding: this.#funding.state(),
      otherFunding: this.#desk.holdings.otherFunding(),
    }
  }

  // ---- a strategy's commands and questions ----

  submit(_strategy: string, request: OrderRequest): Submission {
    return this.#trade.submit(request, "trade")
  }

  amend(request: AmendRequest): Promise<Outcome<OrderAck>> {
    return this.#trade.amend(request)
  }

  cancel(clientId: string): Promise<Outcome<OrderAck>> {
    return this.#trade.cancel(clientId)
  }

  order(clientId: string): Order | undefined {
    const mistake = clientIdMistake(clientId)
    if (mistake !== undefined) throw new UsageError(mistake)
    return this.#desk.ledger.order(clientId)
  }

  openOrders(inst?: Inst): readonly Order[] {
    return this.#desk.ledger.live(inst)
  }

  position(inst: Inst): OwnAndAccount {
    return { own: this.#desk.holdings.own(inst), account: this.#desk.account.position(inst) }
  }

  stranger(inst: Inst): string | undefined {
    if (!this.#deps.instruments.isKnown || this.#trade.instrument(inst) !== undefined) return undefined
    const { account, holdings, ledger } = this.#desk
    // Delisted before this start, and there is still something of it.
    const isOurs = holdings.insts().includes(inst) || account.position(inst) !== undefined
    return isOurs || ledger.live(inst).length > 0 ? undefined : `${this.market} does not list ${inst}`
  }

  balance(asset: string): Balance | undefined {
    return this.#desk.account.balance(asset)
  }

  instrument(inst: Inst): InstrumentInfo | undefined {
    return this.#trade.instrument(inst)
  }

  pnl(): readonly Pnl[] {
    const { basis } = this.#funding
    const known = this.#desk.holdings.pnl((inst) => this.#trade.instrument(inst), this.#deps.referencePrice)
    return basis === undefined ? known : known.map((one) => ({ ...one, fundingBasis: basis }))
  }

  cancelAll(): Promise<void> {
    return this.#exits.cancelAll()
  }

  flatten(): Promise<void> {
    return this.#exits.flatten()
  }

  settle(clientId: string): boolean {
    const desk = this.#desk
    if (!desk.isStuck(clientId)) return false
    return desk.run(() => desk.take(desk.ledger.settle(clientId, desk.now))) !== undefined
  }

  // ---- inside ----

  /** Insts whose listing matters: those the bot's tasks name, and those it has traded. */
  #watched(): ReadonlySet<Inst> {
    const { ledger, holdings } = this.#desk
    return new Set([...(this.#deps.insts ?? []), ...holdings.insts(), ...ledger.live().map(({ inst }) => inst)])
  }

  async #reconcile(): Promise<void> {
    await this.#reconciler.run("comparing orders, fills and positions with the venue")
    for (const { clientId, state } of this.#desk.ledger.live()) {
      if (state === "unknown" && !this.#desk.isStuck(clientId))
        this.#resolver.ask(clientId, "unknown at reconciliation")
    }
    this.#funding.lookSoon()
  }

  #event(event: PrivateEvent): void {
    const desk = this.#desk
    if (event.kind !== "accOrder") {
      if (event.kind === "accBalPos" && event.isFunding === true) this.#funding.booked()
      return desk.record(desk.account.event(event))
    }
    const owner = desk.ledger.ownerOf(event.inst, event.orderId, event.clientId)
    if (owner !== undefined) {
      desk.take(desk.ledger.event(event, desk.now))
      return
    }
    if (desk.ledger.isOwn(event.clientId)) return this.#stranger(event.clientId, event)
    if (this.#isExclusive && event.status === "open" && event.fill === undefined) {
      const message = `order ${event.orderId} in ${event.inst} is not this bot's, though the account is said to be its alone`
      desk.trouble("foreign order", message, { inst: event.inst, orderId: event.orderId })
    }
  }

  /** Our identity, and nobody here sent it: lost with the power, or another bot of the same name is running. */
  #stranger(clientId: string, event: PrivateEvent & { kind: "accOrder" }): void {
    const desk = this.#desk
    const { inst, orderId, side, orderType, timeInForce, size, price } = event
    const known = price === undefined ? {} : { price }
    const detail = { inst, orderId, clientId, side, orderType, timeInForce, size, ...known, status: "open" as const }
    desk.adopt({ ...detail, filledSize: "0", createdAt: event.timestamp, updatedAt: 0 }, "private stream")
    desk.take(desk.ledger.event(event, desk.now))
    if (!this.#reconciler.isDone) return
    const message = `order ${clientId} carries this bot's identity and was not sent from here: is a second one running?`
    desk.trouble("second bot", message, { inst, orderId })
  }

  #notReady(): string[] {
    const { stream, offset } = this.#deps
    if (stream.isLive && this.#reconciler.isDone) return offset.reasons()
    const reasons = stream.reason === undefined ? [] : [stream.reason]
    if (stream.isLive && this.#reconciler.reason !== undefined) reasons.push(this.#reconciler.reason)
    return reasons.concat(offset.reasons())
  }

  #doubts(): string[] {
    const now = this.#desk.now
    const stuck = this.#desk.stuck()
    const old = this.#desk.ledger
      .live()
      .filter(({ state, updatedAt }) => state === "unknown" && now - updatedAt > UNKNOWN_MS_MAX * 1_000)
      .filter(({ clientId }) => !this.#desk.isStuck(clientId))
      .map(
        ({ clientId, inst }) => `${this.market}: order ${clientId} in ${inst} is unknown for over ${UNKNOWN_MS_MAX} ms`,
      )
    return [
      ...old,
      ...stuck.map(({ clientId, inst }) => `${this.market}: ${inst} is blocked by unknown order ${clientId}`),
    ]
  }

  #countdownOf(): Countdown | undefined {
    const { venue, rest, countdownMs } = this.#deps
    const { clock, log } = this.#host.outside
    if (!this.#isExclusive || countdownMs === undefined || !venue.operations.includes("countdownCancelAll"))
      return undefined
    const insts = (): Inst[] => [...new Set(this.#desk.ledger.live().map(({ inst }) => inst))]
    return new Countdown({ venue, rest, clock, log, countdownMs, insts })
  }

  #disconnectPolicy(): string {
    if (this.#countdown !== undefined) return `on, after ${this.#deps.countdownMs} ms`
    return this.#isExclusive ? "off: not asked for" : "off: the account is shared"
  }
}

const RUNNING = { mode: "running", why: "" } as const
const finite = (value: number): number | undefined => (Number.isFinite(value) ? value : undefined)
