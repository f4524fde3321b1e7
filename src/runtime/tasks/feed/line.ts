import { channelName } from "../../domain/channel.ts"
import type { FeedStateChanged, Trouble } from "../../domain/callbacks.ts"
import type { Control, Frame } from "../../domain/events.ts"
import { maskFrame } from "../../domain/redaction.ts"
import type { Outside, Subscription, Venue } from "../../ports.ts"
import { Connection, type ConnectionState } from "../connection.ts"
import type { Turn } from "../turn.ts"
import { asksOf, heirOf } from "./plan.ts"
import { Routes } from "./route.ts"
import { Silence } from "./silence.ts"
import { Staleness } from "./staleness.ts"
import type { Listener, Stream } from "./stream.ts"

export interface HubCounters {
  readonly frames: { value: number }
  readonly unreadable: { value: number }
  readonly refusals: { value: number }
  readonly stalls: { value: number }
  readonly silences: { value: number }
}

export interface HubOptions {
  /** Data later than this beyond their usual delay are a stall: books are quarantined. */
  readonly staleMsMax: number
  /** A book without any event for this long is silent: it is quarantined and fetched anew. Other channels have their own bounds. */
  readonly silenceMsMax: number
}

export interface LineDeps {
  readonly outside: Outside
  readonly turn: Turn
  readonly venue: Venue
  readonly counters: HubCounters
  readonly options: HubOptions
}

const RAW_CHARS_MAX = 500

/** One socket of the hub: the streams it carries, and what becomes of them. */
export class Line {
  readonly streams: readonly Stream[]
  readonly #deps: LineDeps
  /** Fields of their own, for they are read once a frame. */
  readonly #venue: Venue
  readonly #turn: Turn
  readonly #frames: { value: number }
  readonly #staleUsMax: number
  readonly #connection: Connection
  readonly #routes = new Routes()
  readonly #staleness: Staleness
  readonly #silence: Silence
  #listeners: readonly Listener[]
  /** What each answer that the venue may give is about, by its id. */
  readonly #asked = new Map<string, readonly Stream[]>()
  /** Refused together: to be asked for one by one. */
  #again: readonly Stream[] = []
  /** Being asked for one by one, until no answers are awaited any more. */
  #alone: readonly Stream[] = []
  #isStalled = false

  constructor(name: string, streams: readonly Stream[], deps: LineDeps) {
    const { outside, venue, options } = deps
    this.streams = streams
    this.#deps = deps
    this.#venue = venue
    this.#turn = deps.turn
    this.#frames = deps.counters.frames
    this.#staleUsMax = options.staleMsMax * 1_000
    // Half of the bound is where what was late counts as fresh again.
    this.#staleness = new Staleness(outside.clock, this.#staleUsMax / 2)
    for (const stream of streams) this.#routes.add(stream)
    this.#silence = new Silence(streams, options.silenceMsMax, outside.clock)
    this.#listeners = listenersOf(streams)
    this.#connection = new Connection(outside, {
      name,
      target: () => this.#target(),
      frame: (frame, receivedAt) => this.#frame(frame, receivedAt),
      changed: (state, why, retryMs) => this.#changed(state, why, retryMs),
      refused: (id, code, message) => this.#refused(id, code, message),
      heartbeat: venue.heartbeat,
      connectionAgeMsMax: venue.limits.connectionAgeMsMax,
      messagesPerSecond: venue.limits.messagesPerSecond,
    })
  }

  /** The least bound of silence on it. */
  get silenceMs(): number {
    return this.#silence.leastMs
  }

  start(): void {
    this.#connection.start()
  }

  /** One task hears nothing more from here; the others go on. */
  leave(listener: Listener): void {
    if (!this.#listeners.includes(listener)) return
    this.#listeners = this.#listeners.filter((other) => other !== listener)
    for (const stream of this.streams) stream.leave(listener)
    const timestamp = this.#now()
    const change = { market: this.#venue.market, state: "stopped", why: "asked to stop", timestamp } as const
    this.#turn.run(() => listener.feedState(change, timestamp))
  }

  get isIdle(): boolean {
    return this.streams.every((stream) => stream.isIdle)
  }

  stop(): Promise<void> {
    return this.#connection.stop()
  }

  /** Asks for these anew on the live socket; where it is not live, they are asked for when it is. */
  renew(streams: readonly Stream[]): void {
    const now = this.#now()
    const venue = this.#venue
    const off = asksOf(streams, venue, "unsubscribe", now)
    this.#ask([...off, ...asksOf(streams, venue, "subscribe", now)])
    // A refusal to end what is asked for again at once concerns nobody.
    for (const { subscription } of off) for (const id of subscription.ids ?? []) this.#asked.set(id, [])
  }

  /** Where the venue sends a book's image over the stream: a new subscription brings one, the others stay as they are. */
  renewBook(stream: Stream): void {
    if (!this.#connection.isLive) return
    stream.disconnected(`a fresh image of ${stream.inst} is wanted`, false)
    this.renew([stream])
    stream.subscribed()
  }

  /** Why this task's data cannot be trusted now. */
  reasons(listener: Listener): string[] {
    if (!this.#listeners.includes(listener)) return []
    const name = `${this.#venue.market} ${channelName(listener.channel)}`
    if (this.#isStalled) return [`${name}: data arrive late`]
    if (!this.#connection.isLive) return [`${name}: ${this.#connection.state}, ${this.#connection.why}`]
    // Once the venue has confirmed them, a quiet market is a quiet market.
    if (!this.#connection.isAsking) return []
    const isOwn = ({ listeners }: Stream): boolean => listeners.includes(listener)
    const quiet = this.#silence.quiet().map(({ stream }) => stream)
    return [
      ...this.#alone.filter(isOwn).map(({ inst }) => `${name}: ${inst} is being asked for alone`),
      ...quiet.filter(isOwn).map(({ inst }) => `${name}: ${inst} is silent and being asked for anew`),
    ]
  }

  /** Looks for subscriptions that went quiet while their socket lives. */
  listen(): void {
    if (!this.#connection.isLive) return
    if (!this.#connection.isAsking) this.#alone = []
    const { silent, back } = this.#silence.look()
    for (const { stream } of back) this.#tellOf(stream, "live", "events come again")
    if (silent.length === 0) return
    const { venue, outside, counters } = this.#deps
    const isOverStream = venue.book.image === "stream"
    counters.silences.value += silent.length
    for (const { stream, boundMs, times } of silent) {
      const why = `no event for ${boundMs * 2 ** (times - 1)} ms`
      const { inst } = stream
      outside.log.warn("feed.silent", { market: venue.market, channel: channelName(stream.channel), inst })
      this.#tellOf(stream, "silent", why)
      stream.book?.silent(why)
    }
    // Asked for anew and still silent: the connection itself may be what is broken, where nothing else comes over it.
    if (silent.some(({ times }) => times === 2) && !this.#silence.hasVoice()) {
      const insts = silent.map(({ stream }) => stream.inst)
      return this.#connection.restart(`${insts.join(", ")}: no event, though asked for anew`)
    }
    // A book whose image comes over its stream has asked by itself.
    this.renew(silent.map(({ stream }) => stream).filter(({ book }) => !isOverStream || book === undefined))
  }

  // ---- asking ----

  #target(): Subscription {
    this.#asked.clear()
    this.#again = []
    this.#alone = []
    const asks = asksOf(this.streams, this.#venue, "subscribe", this.#now())
    const { url, headers } = asks[0]!.subscription
    const wanted = { url, ...this.#noted(asks) }
    return headers === undefined ? wanted : { ...wanted, headers }
  }

  #ask(asks: ReturnType<typeof asksOf>): void {
    if (asks.length === 0 || !this.#connection.isLive) return
    const { messages, ids } = this.#noted(asks)
    this.#connection.ask(messages, ids)
  }

  #noted(asks: ReturnType<typeof asksOf>): { messages: string[]; ids: string[] } {
    for (const { streams, subscription } of asks) {
      for (const id of subscription.ids ?? []) this.#asked.set(id, streams)
    }
    return {
      messages: asks.flatMap(({ subscription }) => subscription.messages),
      ids: asks.flatMap(({ subscription }) => subscription.ids ?? []),
    }
  }

  /** One instrument that the venue does not know must not cost the others that were asked for with it. */
  #refused(id: string | undefined, code: string, message: string): void {
    const { outside, venue, counters } = this.#deps
    const streams = id === undefined ? undefined : this.#asked.get(id)
    if (streams?.length === 0) {
      outside.log.info("feed.not-ended", { market: venue.market, code, message })
      return
    }
    if (streams !== undefined && streams.length > 1) {
      outside.log.info("feed.refused-together", { market: venue.market, streams: streams.length, code, message })
      this.#again = [...this.#again, ...streams]
      return this.#askAgain()
    }
    counters.refusals.value++
    const [only] = streams ?? []
    const what = only === undefined ? "" : ` to ${channelName(only.channel)} ${only.inst}`
    const why = `${venue.market} refused a subscription${what} (${code}): ${message}`
    if (only === undefined) return this.#trouble(this.#listeners, "subscription", why)
    only.isRefused = true
    const readers = only.dependents
    const heir = heirOf(only)
    if (heir === undefined) return this.#trouble(readers, "subscription", why)
    this.#trouble(readers, "subscription", `${why}; its book is built from ${channelName(heir.channel)} instead`)
    only.handOver(heir, why)
  }

  /** Once the socket is live: until then answers to other messages are awaited. */
  #askAgain(): void {
    if (!this.#connection.isLive || this.#again.length === 0) return
    const venue = this.#venue
    const now = this.#now()
    const asks = this.#again.flatMap((stream) => asksOf([stream], venue, "subscribe", now))
    this.#alone = [...this.#alone, ...this.#again]
    this.#again = []
    this.#ask(asks)
  }

  // ---- frames ----

  #frame(frame: Frame, receivedAt: number): Control | undefined {
    this.#frames.value++
    const decoded = this.#venue.decode(frame, receivedAt)
    const events = decoded.events
    if (events.length > 0) {
      this.#turn.enter()
      try {
        for (let index = 0; index < events.length; index++) this.#routes.deliver(events[index]!, receivedAt)
        this.#judge(events[0]!.timestamp, receivedAt)
      } finally {
        this.#turn.leave()
      }
    }
    if (decoded.unreadable !== undefined) this.#unreadable(decoded.unreadable, frame.toString())
    return decoded.control
  }

  #unreadable(why: string, text: string): void {
    const { counters, venue } = this.#deps
    counters.unreadable.value++
    const detail = { frame: maskFrame(text.slice(0, RAW_CHARS_MAX)) }
    this.#trouble(this.#listeners, "unreadable frame", `${venue.market}: ${why}`, detail)
  }

  #judge(timestamp: number, receivedAt: number): void {
    const staleUs = this.#staleness.observe(timestamp, receivedAt)
    if (this.#isStalled) {
      if (staleUs <= this.#staleUsMax / 2) this.#caughtUp()
    } else if (staleUs > this.#staleUsMax) this.#stalled(staleUs)
  }

  #stalled(staleUs: number): void {
    this.#isStalled = true
    this.#deps.counters.stalls.value++
    const now = this.#now()
    for (const stream of this.streams) stream.book?.stalled(`data arrive ${Math.round(staleUs / 1_000)} ms late`)
    for (const listener of this.#listeners) {
      listener.lag({ kind: "stall", staleMs: staleUs / 1_000, timestamp: now }, now)
    }
  }

  #caughtUp(): void {
    this.#isStalled = false
    for (const stream of this.streams) stream.book?.fresh()
  }

  // ---- what is told ----

  #changed(state: ConnectionState, why: string, retryMs?: number): void {
    const { outside, venue, turn } = this.#deps
    const now = this.#now()
    if (state === "live") this.#silence.restart()
    for (const stream of this.streams) {
      if (state === "live") stream.subscribed()
      else stream.disconnected(why, state === "stopped")
    }
    if (state === "lost") outside.log.warn("feed.lost", { market: venue.market, why, retryMs })
    if (state === "live") this.#askAgain()
    const word = FEED_STATES[state]
    if (word === undefined) return
    const change: FeedStateChanged = { market: venue.market, state: word, why, timestamp: now }
    turn.run(() => {
      for (const listener of this.#listeners) {
        listener.feedState(retryMs === undefined ? change : { ...change, retryMs }, now)
      }
    })
  }

  #trouble(listeners: readonly Listener[], kind: string, message: string, detail?: Trouble["detail"]): void {
    const timestamp = this.#now()
    const { outside, turn } = this.#deps
    outside.log.warn(`feed.${kind.replaceAll(" ", "-")}`, { message, ...detail })
    const trouble: Trouble = detail === undefined ? { kind, message, timestamp } : { kind, message, detail, timestamp }
    turn.run(() => {
      for (const listener of listeners) listener.trouble(trouble, timestamp)
    })
  }

  #tellOf({ inst, listeners }: Stream, state: "live" | "silent", why: string): void {
    const timestamp = this.#now()
    const change: FeedStateChanged = { market: this.#venue.market, state, why, inst, timestamp }
    this.#turn.run(() => {
      for (const listener of listeners) listener.feedState(change, timestamp)
    })
  }

  #now(): number {
    return this.#deps.outside.clock.now()
  }
}

const listenersOf = (streams: readonly Stream[]): Listener[] => [
  ...new Set(streams.flatMap(({ listeners }) => listeners)),
]

const FEED_STATES: Readonly<Record<ConnectionState, FeedStateChanged["state"] | undefined>> = {
  idle: undefined,
  connecting: "connecting",
  loggingIn: undefined,
  subscribing: "subscribing",
  live: "live",
  lost: "lost",
  stopped: "stopped",
}
