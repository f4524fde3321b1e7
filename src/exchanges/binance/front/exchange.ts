import type { FrontOutput, Random } from "../../../runtime/ports.ts"
import type { Account, Position } from "../../matching/account.ts"
import { Matching } from "../../matching/engine.ts"
import { Flow } from "../../matching/flow.ts"
import { moneyOf } from "../../matching/instrument.ts"
import type { Fill, Order, OrderChange } from "../../matching/order.ts"
import { pick, seeded } from "../../matching/random.ts"
import { isInterval } from "./candles.ts"
import { FundingClock, type FundingTerms } from "./funding.ts"
import { Hub } from "./hub.ts"
import { DEFAULT_LISTINGS, type Listing, listing, type ListingSpec } from "./listing.ts"
import { listenKeyLifeUs, Member } from "./member.ts"
import { pastTrades } from "./past.ts"
import { depthName, Pit, type PublicTrade } from "./pit.ts"
import { Playback, type PlaybackOptions } from "./playback.ts"
import { type AccountChange, accountEvent, orderEvent, tradeLiteEvent } from "./render.ts"
import { Tape, type TapeOptions } from "./tape.ts"
import { Users } from "./users.ts"

export interface FrontAccount {
  readonly apiKey: string
  readonly secret: string
  /** Wallet balances by asset, decimal text. */
  readonly balances: Readonly<Record<string, string>>
  /** In hedge mode: it says so and refuses one-way orders, and that is all. */
  readonly isHedge?: boolean
}

export interface FrontOptions {
  readonly seed: number
  readonly accounts: readonly FrontAccount[]
  /** Wall time of the start, µs. */
  readonly startedAt: number
  /** BTCUSDT, ETHUSDT and SOLUSDT by default. */
  readonly instruments?: readonly ListingSpec[]
  /** False: no order flow. A number: events a second and instrument; 150 by default. */
  readonly flow?: boolean | number
  /**
   * Where time does not wait for it: order flow that is later than this is left out, so that a flow too fast for the machine
   * thins out instead of holding up every answer. Without it nothing is left out.
   */
  readonly flowLateMsMax?: number
  /** Captured frames to play as one instrument's market; its order flow is off. */
  readonly tape?: TapeOptions
  /** All market data are captured frames that somebody hands in; no order flow. */
  readonly playback?: PlaybackOptions
  readonly funding?: FundingTerms
  /** Whether a connection takes more: asked only by a tape at full speed. */
  readonly ready?: (connection: number) => boolean
}

const tickUs = 50_000
/** Events a second by default, and at most where nobody listens. */
const flowRate = 150
const volatility = 0.00003
const EXECUTION: Readonly<Record<OrderChange, string>> = {
  accepted: "NEW",
  traded: "TRADE",
  amended: "AMENDMENT",
  canceled: "CANCELED",
  expired: "EXPIRED",
}

/** Everything behind the door: engine, instruments, accounts, order flow or tape, and the cadences that publish them. */
export class Exchange {
  readonly engine: Matching
  readonly hub = new Hub()
  readonly users = new Users(this.hub)
  readonly pits = new Map<string, Pit>()
  readonly members = new Map<string, Member>()
  readonly tape: Tape | undefined
  readonly playback: Playback | undefined
  readonly funding: FundingClock
  readonly #byAccount = new Map<string, Member>()
  readonly #flows: { readonly flow: Flow; readonly pit: Pit }[] = []
  readonly #flowRate: number
  readonly #flowLateUsMax: number
  /** Events of the order flow that were left out because they were late. */
  skipped = 0
  readonly #letters: Random
  /** Told at each tick: pings, ages, countdowns that others keep. */
  readonly onTick: ((now: number) => void)[] = []
  now: number
  #tickAt: number
  #candleStreams: readonly { readonly pit: Pit; readonly intervals: string[] }[] | undefined
  #fundingAt: number
  #fundingId: bigint

  constructor(options: FrontOptions) {
    this.now = options.startedAt
    this.#flowRate = typeof options.flow === "number" ? options.flow : flowRate
    this.#flowLateUsMax = (options.flowLateMsMax ?? Infinity) * 1_000
    this.#letters = seeded(options.seed, Math.floor(options.startedAt / 1000) | 0)
    this.#tickAt = options.startedAt - (options.startedAt % tickUs) + tickUs
    this.funding = new FundingClock(options.seed, options.funding ?? {})
    this.#fundingAt = this.nextFundingMs() * 1000
    const listings = (options.instruments ?? DEFAULT_LISTINGS).map((spec) => listing(spec))
    // Nineteen digits, and from the time of the start, so that a venue started again gives no id a second time.
    const firstId = BigInt(options.startedAt) * 1_000n + 1n
    this.#fundingId = firstId * 5n
    this.engine = new Matching({
      instruments: listings,
      firstOrderId: firstId * 4n,
      firstTradeId: firstId * 3n,
      firstUpdateId: Math.floor(options.startedAt / 300),
      listener: {
        trade: (trade) => this.#shownPit(trade.symbol)?.traded(trade),
        level: (book, side, ticks) => this.#shownPit(book.symbol)?.changed(side, ticks),
        order: (order, change, fill, now) => this.#tellOrder(order, change, fill, now),
        account: (account, symbol, now) => this.#tellAccount(account, symbol, { reason: "ORDER", change: 0n }, now),
      },
    })
    this.tape = options.tape === undefined ? undefined : new Tape(options.tape, this.hub, options.ready ?? (() => true))
    // What a playback shows comes from its frames alone: nobody listens to what the engine makes of them.
    const shown = options.playback === undefined ? this.hub : new Hub()
    const hasFlow = options.flow !== false && options.playback === undefined
    listings.forEach((of, index) => {
      const random = seeded(options.seed, index * 2 + 1)
      const ms = Math.floor(options.startedAt / 1000)
      const isFlowing = hasFlow && of.symbol !== this.tape?.symbol
      const past = isFlowing ? this.#past(of, options, index, firstId * 3n) : []
      const pit = new Pit(of, this.engine.books.get(of.symbol)!, shown, random, firstId * 2n, ms, past)
      this.pits.set(of.symbol, pit)
      if (of.symbol === this.tape?.symbol) this.tape.attach(pit)
      else if (isFlowing) this.#flows.push({ pit, flow: this.#flow(pit, options, index) })
    })
    if (this.tape !== undefined && !this.pits.has(this.tape.symbol)) {
      throw new RangeError(`the tape is of ${this.tape.symbol}, which is not listed here`)
    }
    this.playback = options.playback && new Playback(options.playback, this.pits.values(), this.engine, this.hub)
    for (const account of options.accounts) this.#join(account)
    this.hub.changed = (stream, isWanted) => this.#streamChanged(stream, isWanted)
    this.#remark()
  }

  get ms(): number {
    return Math.floor(this.now / 1000)
  }

  nextFundingMs(): number {
    return this.funding.nextMs(this.ms)
  }

  /** Runs the venue up to `now`, each thing at its own time, whatever the steps it is called in. */
  advance(now: number): void {
    if (now < this.now) return
    for (const { flow } of this.#flows) this.skipped += flow.skip(now - this.#flowLateUsMax)
    for (;;) {
      const until = Math.min(now, this.#tickAt)
      this.#flowUntil(until)
      this.now = until
      this.tape?.play(until)
      if (this.#tickAt > now) return
      this.#tick(this.#tickAt)
      this.#tickAt += tickUs
    }
  }

  nextAt(): number {
    let next = this.#tickAt
    for (const { flow } of this.#flows) next = Math.min(next, flow.nextAt)
    return Math.min(next, this.tape?.nextAt(this.now) ?? next)
  }

  drain(): readonly FrontOutput[] {
    return this.hub.drain()
  }

  /** After an operation of a member: books that changed are shown. */
  settle(): void {
    for (const pit of this.pits.values()) pit.settle(this.ms)
  }

  /** From now on these are listed so. Their steps stay: what is counted in them has been counted. */
  relist(specs: readonly ListingSpec[]): void {
    for (const spec of specs) {
      const pit = this.pits.get(spec.symbol)
      if (pit === undefined) continue
      pit.listing = listing(spec)
      this.engine.instruments.set(spec.symbol, pit.listing)
    }
  }

  memberOf(account: Account): Member {
    return this.#byAccount.get(account.id)!
  }

  /** Text in the venue's alphabet: client ids it gives itself, listen keys. */
  token(length: number): string {
    const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    let text = ""
    while (text.length < length) text += letters[pick(this.#letters, letters.length)]
    return text
  }

  /** ACCOUNT_CONFIG_UPDATE after a change of leverage. */
  tellLeverage(member: Member, symbol: string, leverage: number): void {
    const event = `{"e":"ACCOUNT_CONFIG_UPDATE","E":${this.ms},"T":${this.ms},"ac":{"s":"${symbol}","l":${leverage}}}`
    this.users.publish(member, "ACCOUNT_CONFIG_UPDATE", event)
  }

  #join(of: FrontAccount): void {
    const balances = new Map(Object.entries(of.balances).map(([asset, amount]) => [asset, moneyOf(amount)]))
    const member = new Member(of.apiKey, of.secret, this.engine.open(of.apiKey, balances))
    member.isHedge = of.isHedge === true
    this.members.set(of.apiKey, member)
    this.#byAccount.set(member.account.id, member)
  }

  #flow(pit: Pit, options: FrontOptions, index: number): Flow {
    const { symbol, startTicks, flowLots, flowTicks } = pit.listing
    const eventsPerSecond = Math.min(this.#flowRate, flowRate)
    const flow = { symbol, ticks: startTicks, lots: flowLots, spreadTicks: flowTicks, eventsPerSecond, volatility }
    return new Flow(flow, this.engine, seeded(options.seed, index * 2 + 2), options.startedAt)
  }

  /** Where there is an order flow it has gone on for a while already. */
  #past(of: Listing, options: FrontOptions, index: number, endId: bigint): readonly PublicTrade[] {
    const { startTicks: ticks, flowLots: lots } = of
    const random = seeded(options.seed, -1 - index)
    return pastTrades({ ticks, lots, random, endMs: Math.floor(options.startedAt / 1_000), endId })
  }

  /** A pit that a tape stands in for shows nothing of the engine's. */
  #shownPit(symbol: string): Pit | undefined {
    return symbol === this.tape?.symbol || this.playback !== undefined ? undefined : this.pits.get(symbol)
  }

  #flowUntil(until: number): void {
    for (;;) {
      let next: { readonly flow: Flow; readonly pit: Pit } | undefined
      for (const entry of this.#flows) if (next === undefined || entry.flow.nextAt < next.flow.nextAt) next = entry
      if (next === undefined || next.flow.nextAt > until) return
      const at = next.flow.nextAt
      this.now = at
      next.flow.step(at)
      next.pit.fair = next.flow.fair
      next.pit.settle(Math.floor(at / 1000))
    }
  }

  #tick(now: number): void {
    const ms = Math.floor(now / 1000)
    this.#remark()
    this.engine.expire(now)
    for (const member of this.members.values()) this.#watch(member, now)
    if (now >= this.#fundingAt) this.#fund(now)
    this.settle()
    for (const pit of this.pits.values()) this.#flush(pit, ms)
    if (ms % 250 === 0) for (const { pit, intervals } of this.#candlesWanted()) pit.flushCandles(intervals, ms)
    this.playback?.tell()
    for (const each of this.onTick) each(now)
  }

  #flush(pit: Pit, ms: number): void {
    if (ms % 100 === 0) {
      pit.flushAggregates(ms)
      pit.flushDepth(100, ms)
    }
    if (ms % 250 === 0) pit.flushDepth(250, ms)
    if (ms % 500 === 0) pit.flushDepth(500, ms)
    if (ms % 1000 !== 0) return
    const streams = [`${pit.key}@markPrice@1s`, ...(ms % 3000 === 0 ? [`${pit.key}@markPrice`] : [])]
    const wanted = streams.filter((stream) => this.hub.isWanted(stream))
    if (wanted.length === 0) return
    const nextMs = this.nextFundingMs()
    pit.sendMark(wanted, this.funding.rateText(pit.listing.symbol, nextMs), nextMs, ms)
  }

  #candlesWanted() {
    if (this.playback !== undefined) return []
    this.#candleStreams ??= [...this.pits.values()].map((pit) => {
      const prefix = `${pit.key}@kline_`
      const streams = [...this.hub.wanted()].filter((stream) => stream.startsWith(prefix))
      return { pit, intervals: streams.map((stream) => stream.slice(prefix.length)).filter(isInterval) }
    })
    return this.#candleStreams
  }

  #streamChanged(stream: string, isWanted: boolean): void {
    if (this.playback !== undefined) return
    this.#candleStreams = undefined
    const at = stream.indexOf("@")
    const pit = this.pits.get(stream.slice(0, at).toUpperCase())
    if (pit === undefined) return
    this.#heard(pit)
    const depth = depthName(stream.slice(at + 1))
    if (depth === undefined) return
    pit.want(depth, isWanted)
    if (isWanted && pit.listing.symbol === this.tape?.symbol) this.tape.start(this.now)
  }

  /** An instrument is as busy as was asked for while somebody listens to it: what nobody hears need not be made. */
  #heard(pit: Pit): void {
    const isHeard = [...this.hub.wanted()].some((stream) => stream.startsWith(`${pit.key}@`))
    const flow = this.#flows.find((one) => one.pit === pit)?.flow
    flow?.pace(isHeard ? this.#flowRate : Math.min(this.#flowRate, flowRate))
  }

  #remark(): void {
    for (const pit of this.pits.values()) this.engine.marks.set(pit.listing.symbol, pit.markTicks)
  }

  /** What a member's own deadlines bring: the countdown that cancels, the listen key that ends. */
  #watch(member: Member, now: number): void {
    for (const [symbol, at] of member.countdowns) {
      if (at > now) continue
      member.countdowns.delete(symbol)
      for (const order of member.account.open.values()) if (order.symbol === symbol) this.engine.cancel(order, now)
    }
    const { listenKey } = member
    if (listenKey === undefined || listenKey.expiresAt > now) return
    this.users.publish(
      member,
      "listenKeyExpired",
      `{"e":"listenKeyExpired","E":${Math.floor(now / 1000)},"listenKey":"${listenKey.key}"}`,
    )
    member.listenKey = undefined
  }

  /** The account's listen key, made or lengthened to a whole hour. */
  listenKey(member: Member): string {
    member.listenKey ??= { key: this.token(64), expiresAt: 0 }
    member.listenKey.expiresAt = this.now + listenKeyLifeUs
    return member.listenKey.key
  }

  #fund(now: number): void {
    const ms = this.#fundingAt / 1000
    this.#fundingAt += this.funding.everyMs * 1000
    for (const pit of this.pits.values()) this.funding.settle(pit.listing.symbol, { ms, mark: pit.markText() })
    for (const member of this.members.values()) {
      for (const position of member.account.positions.values()) this.#pay(member, position, ms, now)
    }
  }

  /** One position's part of a settlement. */
  #pay(member: Member, { symbol, lots }: Position, ms: number, now: number): void {
    const pit = this.pits.get(symbol)!
    const { quote, moneyUnit } = pit.listing
    const income = this.funding.amount(symbol, ms, BigInt(lots) * BigInt(pit.markTicks) * moneyUnit)
    if (income === 0n) return
    this.engine.fund(member.account, symbol, income)
    member.funding.push({ symbol, income, asset: quote, ms, id: this.#fundingId++ })
    this.#tellAccount(member.account, symbol, { reason: "FUNDING_FEE", change: income }, now)
  }

  #tellOrder(order: Order, change: OrderChange, fill: Fill | undefined, now: number): void {
    const member = this.#byAccount.get(order.account!)!
    const pit = this.pits.get(order.symbol)!
    const ms = Math.floor(now / 1000)
    if (fill !== undefined) this.users.publish(member, "TRADE_LITE", tradeLiteEvent(fill, pit, ms))
    this.users.publish(
      member,
      "ORDER_TRADE_UPDATE",
      orderEvent(order, EXECUTION[change], fill, member.account, pit, ms),
    )
  }

  #tellAccount(account: Account, symbol: string, change: AccountChange, now: number): void {
    const member = this.#byAccount.get(account.id)!
    const pit = this.pits.get(symbol)!
    this.users.publish(member, "ACCOUNT_UPDATE", accountEvent(member, this.engine, pit, change, Math.floor(now / 1000)))
  }
}
