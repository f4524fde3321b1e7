import { type Channel, channelName } from "../../domain/channel.ts"
import type { FeedStateChanged, Trouble } from "../../domain/callbacks.ts"
import type { Control } from "../../domain/events.ts"
import { maskFrame } from "../../domain/redaction.ts"
import type { Inst } from "../../domain/inst.ts"
import type { Outside, Subscription, Timer, Venue } from "../../ports.ts"
import { Connection, type ConnectionState } from "../connection.ts"
import type { Publish } from "../task.ts"
import type { Turn } from "../turn.ts"
import { type Route, Routes } from "./route.ts"
import { Silence, silenceBoundMs, type Watched } from "./silence.ts"
import { Staleness } from "./staleness.ts"

/** A feed task as the hub sees it. */
export interface Listener {
  readonly channel: Channel
  readonly insts: readonly Inst[]
  /** Where the task names a bound of its own. */
  readonly silenceMsMax?: number
  /** Puts the task's publishers, and its book, on the route of one inst. */
  join(route: Route): void
  readonly feedState: Publish<"onFeedState">
  readonly trouble: Publish<"onError">
  readonly lag: Publish<"onLag">
}

export interface HubCounters {
  readonly frames: { value: number }
  readonly unreadable: { value: number }
  readonly stalls: { value: number }
  readonly silences: { value: number }
}

export interface HubOptions {
  /** Data later than this beyond their usual delay are a stall: books are quarantined. */
  readonly staleMsMax: number
  /** A book without any event for this long is silent: it is quarantined and fetched anew. Other channels have their own bounds. */
  readonly silenceMsMax: number
}

const RAW_CHARS_MAX = 500

/** One socket of the hub: the subscriptions it carries and who hears them. */
interface Line {
  readonly connection: Connection
  readonly routes: Routes
  readonly listeners: Set<Listener>
  readonly staleness: Staleness
  readonly silence: Silence
  isStalled: boolean
}

interface Wanted {
  readonly listener: Listener
  readonly insts: readonly Inst[]
  readonly subscription: Subscription
}

/**
 * All declared public feeds of one market. Tasks that want the same stream share one subscription, subscriptions share
 * sockets up to the venue's limits, and each frame is decoded once for everybody.
 */
export class FeedHub {
  readonly #outside: Outside
  readonly #turn: Turn
  readonly #venue: Venue
  readonly #counters: HubCounters
  readonly #options: HubOptions
  readonly #listeners: Listener[] = []
  #lines: Line[] = []
  #isStarted = false
  #watching: Timer | undefined

  constructor(outside: Outside, turn: Turn, venue: Venue, counters: HubCounters, options: HubOptions) {
    this.#outside = outside
    this.#turn = turn
    this.#venue = venue
    this.#counters = counters
    this.#options = options
  }

  add(listener: Listener): void {
    this.#listeners.push(listener)
  }

  /** Opens the lines; called by the first task that starts, when every task has joined. */
  start(): void {
    if (this.#isStarted) return
    this.#isStarted = true
    this.#lines = this.#plan().map((wanted, index) => this.#line(wanted, index))
    for (const line of this.#lines) line.connection.start()
    this.#watch()
  }

  async stop(): Promise<void> {
    this.#watching?.cancel()
    await Promise.all(this.#lines.map((line) => line.connection.stop()))
  }

  /** Where images come over the stream: a new subscription brings one. */
  resubscribe(inst: Inst): void {
    const line = this.#lines.find(({ routes }) => routes.has(inst))
    line?.connection.restart(`a fresh image of ${inst} is wanted`)
  }

  /** Newest known price: of a trade, or the middle of a best bid and ask. */
  lastPrice(inst: Inst): number | undefined {
    for (const { routes } of this.#lines) {
      const price = routes.lastPrice(inst)
      if (price !== undefined) return price
    }
    return undefined
  }

  /** Why this listener's data cannot be trusted now. */
  reasons(listener: Listener): string[] {
    return this.#lines
      .filter((line) => line.listeners.has(listener))
      .flatMap((line) => {
        if (line.isStalled) return [`${this.#venue.market} ${channelName(listener.channel)}: data arrive late`]
        if (line.connection.isLive) return this.#asking(line, listener)
        return [
          `${this.#venue.market} ${channelName(listener.channel)}: ${line.connection.state}, ${line.connection.why}`,
        ]
      })
  }

  /** Silent ones that are being asked for anew: once the venue has confirmed them, a quiet market is a quiet market. */
  #asking({ silence, connection }: Line, { channel }: Listener): string[] {
    if (!connection.isAsking) return []
    return silence
      .quiet()
      .filter((one) => one.channel.kind === channel.kind)
      .map(({ inst }) => `${this.#venue.market} ${channelName(channel)}: ${inst} is silent and being asked for anew`)
  }

  /** Groups subscriptions by where they go; a group is one socket. */
  #plan(): Wanted[][] {
    const groups: Wanted[][] = []
    const { instsPerMessage, subscriptionsPerConnection } = this.#venue.limits
    for (const listener of this.#listeners) {
      for (const insts of chunks(listener.insts, instsPerMessage)) {
        const subscription = this.#venue.subscribe(listener.channel, insts, { now: this.#outside.clock.now() })
        const wanted = { listener, insts, subscription }
        const group = groups.find((candidate) => fits(candidate, wanted, subscriptionsPerConnection))
        if (group === undefined) groups.push([wanted])
        else group.push(wanted)
      }
    }
    return groups
  }

  #line(wanted: readonly Wanted[], index: number): Line {
    const routes = new Routes()
    const listeners = new Set(wanted.map((one) => one.listener))
    const silence = new Silence()
    for (const { listener, insts } of wanted) {
      const { channel, silenceMsMax = silenceBoundMs(channel, this.#options.silenceMsMax) } = listener
      for (const inst of insts) {
        listener.join(routes.of(inst))
        silence.add(channel, routes.of(inst), silenceMsMax)
      }
    }
    const connection = new Connection(this.#outside, {
      name: `${this.#venue.market} feed ${index + 1}`,
      target: () => merged(wanted),
      frame: (text, receivedAt) => this.#frame(line, text, receivedAt),
      changed: (state, why, retryMs) => this.#changed(line, state, why, retryMs),
      refused: (_id, code, message) =>
        this.#trouble(line, "subscription", `${this.#venue.market} refused a subscription (${code}): ${message}`),
      heartbeat: this.#venue.heartbeat,
      connectionAgeMsMax: this.#venue.limits.connectionAgeMsMax,
      messagesPerSecond: this.#venue.limits.messagesPerSecond,
    })
    const line: Line = { connection, routes, listeners, staleness: new Staleness(), silence, isStalled: false }
    return line
  }

  #frame(line: Line, text: string, receivedAt: number): Control | undefined {
    this.#counters.frames.value++
    const decoded = this.#venue.decode(text, receivedAt)
    const events = decoded.events
    if (events.length > 0) {
      this.#turn.enter()
      try {
        for (let index = 0; index < events.length; index++) line.routes.deliver(events[index]!, receivedAt)
        this.#judge(line, events[0]!.timestamp, receivedAt)
      } finally {
        this.#turn.leave()
      }
    }
    if (decoded.unreadable !== undefined) {
      this.#counters.unreadable.value++
      this.#trouble(line, "unreadable frame", `${this.#venue.market}: ${decoded.unreadable}`, {
        frame: maskFrame(text.slice(0, RAW_CHARS_MAX)),
      })
    }
    return decoded.control
  }

  #judge(line: Line, timestamp: number, receivedAt: number): void {
    const staleUs = line.staleness.observe(timestamp, receivedAt)
    const boundUs = this.#options.staleMsMax * 1_000
    if (line.isStalled) {
      if (staleUs <= boundUs / 2) this.#caughtUp(line)
    } else if (staleUs > boundUs) this.#stalled(line, staleUs)
  }

  #stalled(line: Line, staleUs: number): void {
    line.isStalled = true
    this.#counters.stalls.value++
    const now = this.#outside.clock.now()
    for (const route of line.routes.all()) route.book?.stalled(`data arrive ${Math.round(staleUs / 1_000)} ms late`)
    for (const listener of line.listeners)
      listener.lag({ kind: "stall", staleMs: staleUs / 1_000, timestamp: now }, now)
  }

  #caughtUp(line: Line): void {
    line.isStalled = false
    for (const route of line.routes.all()) route.book?.fresh()
  }

  #changed(line: Line, state: ConnectionState, why: string, retryMs?: number): void {
    const now = this.#outside.clock.now()
    if (state === "live") line.silence.restart(now)
    for (const route of line.routes.all()) {
      if (state === "live") {
        route.book?.subscribed()
        for (const joint of route.joints) joint.subscribed()
      } else {
        // From the next event on, also where it comes before the venue's answer does.
        route.isResumed = route.gaps.length > 0
        route.book?.disconnected(why, state === "stopped")
      }
      if (state === "stopped") for (const joint of route.joints) joint.stop()
    }
    if (state === "lost") this.#outside.log.warn("feed.lost", { market: this.#venue.market, why, retryMs })
    const word = FEED_STATES[state]
    if (word === undefined) return
    const change: FeedStateChanged = { market: this.#venue.market, state: word, why, timestamp: now }
    this.#turn.run(() => {
      for (const listener of line.listeners)
        listener.feedState(retryMs === undefined ? change : { ...change, retryMs }, now)
    })
  }

  #trouble(line: Line, kind: string, message: string, detail?: Trouble["detail"]): void {
    const timestamp = this.#outside.clock.now()
    this.#outside.log.warn(`feed.${kind.replaceAll(" ", "-")}`, { message, ...detail })
    const trouble: Trouble = detail === undefined ? { kind, message, timestamp } : { kind, message, detail, timestamp }
    this.#turn.run(() => {
      for (const listener of line.listeners) listener.trouble(trouble, timestamp)
    })
  }

  /** Looks for subscriptions that went quiet while their socket lives. */
  #watch(): void {
    const leastMs = Math.min(...this.#lines.map(({ silence }) => silence.leastMs))
    if (leastMs === Infinity) return
    this.#watching = this.#outside.clock.timer(leastMs / 2, () => {
      for (const line of this.#lines) if (line.connection.isLive) this.#listen(line)
      this.#watch()
    })
  }

  #listen(line: Line): void {
    const now = this.#outside.clock.now()
    const { silent, back } = line.silence.look(now)
    for (const one of back) this.#tellOf(line, one, "live", "events come again")
    if (silent.length === 0) return
    this.#counters.silences.value += silent.length
    for (const one of silent) {
      const why = `no event for ${one.boundMs * 2 ** (one.times - 1)} ms`
      this.#outside.log.warn("feed.silent", {
        market: this.#venue.market,
        channel: channelName(one.channel),
        inst: one.inst,
      })
      this.#tellOf(line, one, "silent", why)
      if (one.channel.kind === "lob") one.route.book?.silent(why)
    }
    // Asked for anew and still silent: the connection itself may be what is broken, where nothing else comes over it.
    if (silent.some(({ times }) => times === 2) && !line.silence.hasVoice(now)) {
      line.connection.restart(`${silent.map(({ inst }) => inst).join(", ")}: no event, though asked for anew`)
    } else for (const channel of new Set(silent.map((one) => one.channel))) this.#renew(line, channel, silent)
  }

  #renew(line: Line, channel: Channel, silent: readonly Watched[]): void {
    const insts = silent.filter((one) => one.channel === channel).map(({ inst }) => inst)
    const auth = { now: this.#outside.clock.now() }
    const gone = this.#venue.unsubscribe(channel, insts, auth)
    const wanted = this.#venue.subscribe(channel, insts, auth)
    line.connection.ask([...gone.messages, ...wanted.messages], [...(gone.ids ?? []), ...(wanted.ids ?? [])])
  }

  #tellOf(line: Line, { channel, inst }: Watched, state: "live" | "silent", why: string): void {
    const timestamp = this.#outside.clock.now()
    const change: FeedStateChanged = { market: this.#venue.market, state, why, inst, timestamp }
    this.#turn.run(() => {
      for (const listener of line.listeners) {
        const isTold = listener.channel.kind === channel.kind && listener.insts.includes(inst)
        if (isTold) listener.feedState(change, timestamp)
      }
    })
  }
}

const FEED_STATES: Readonly<Record<ConnectionState, FeedStateChanged["state"] | undefined>> = {
  idle: undefined,
  connecting: "connecting",
  loggingIn: undefined,
  subscribing: "subscribing",
  live: "live",
  lost: "lost",
  stopped: "stopped",
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  const groups: T[][] = []
  for (let at = 0; at < items.length; at += size) groups.push(items.slice(at, at + size))
  return groups
}

const headersOf = (subscription: Subscription) => JSON.stringify(subscription.headers ?? {})

/** Whether a subscription may share a group's socket: same address, room left, no answer id taken, no other book form of the same inst. */
function fits(group: readonly Wanted[], wanted: Wanted, subscriptionsMax: number): boolean {
  const first = group[0]
  if (first === undefined) return true
  if (first.subscription.url !== wanted.subscription.url) return false
  if (headersOf(first.subscription) !== headersOf(wanted.subscription)) return false
  const carried = group.reduce((sum, one) => sum + one.insts.length, 0)
  if (carried + wanted.insts.length > subscriptionsMax) return false
  return group.every((one) => isSame(one, wanted) || !clash(one, wanted))
}

const isSame = (a: Wanted, b: Wanted): boolean =>
  channelName(a.listener.channel) === channelName(b.listener.channel) && a.insts.join() === b.insts.join()

/** Two channels of one kind on one socket could not be told apart by their frames. */
function clash(a: Wanted, b: Wanted): boolean {
  if (a.listener.channel.kind === b.listener.channel.kind) return true
  const ids = new Set(a.subscription.ids)
  return (b.subscription.ids ?? []).some((id) => ids.has(id))
}

/** Each distinct message once: tasks that want the same stream share it. */
function merged(wanted: readonly Wanted[]): Subscription {
  const messages: string[] = []
  const ids: string[] = []
  for (const { subscription } of wanted) {
    for (const [index, message] of subscription.messages.entries()) {
      if (messages.includes(message)) continue
      messages.push(message)
      const id = subscription.ids?.[index]
      if (id !== undefined) ids.push(id)
    }
  }
  const first = wanted[0]!.subscription
  return first.headers === undefined
    ? { url: first.url, messages, ids }
    : { url: first.url, headers: first.headers, messages, ids }
}
