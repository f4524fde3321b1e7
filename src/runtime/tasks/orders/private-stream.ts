import type { Channel } from "../../domain/channel.ts"
import { ConfigError, UsageError } from "../../domain/errors.ts"
import type { AccBalPos, AccOrder, AccPos, Control, Frame } from "../../domain/events.ts"
import type { Outside, Subscription, Timer, Venue } from "../../ports.ts"
import { Connection } from "../connection.ts"
import type { RestClient } from "../rest.ts"
import type { Turn } from "../turn.ts"

export type PrivateEvent = AccOrder | AccBalPos | AccPos

/** Whoever wants the account's own events: the orders task, and feed tasks of private channels. */
export interface PrivateListener {
  /** Inside the turn of its frame. */
  event(event: PrivateEvent, receivedAt: number): void
  /** Authenticated and subscribed; events from before may be missing. */
  opened?(): void
  lost?(why: string, retryMs: number | undefined): void
  /** A frame that could not be read. */
  unreadable?(why: string, raw: string): void
}

export interface PrivateStreamDeps {
  readonly venue: Venue
  readonly outside: Outside
  readonly turn: Turn
  readonly rest: RestClient
  /** What to stream; by default orders with their fills, and balances with positions. */
  readonly channels?: readonly Channel[]
}

const CHANNELS: readonly Channel[] = [{ kind: "accOrders" }, { kind: "accBalPos" }]
/** A failed renewal is tried again after this share of the period. */
const RENEW_AGAIN_SHARE = 0.1

/**
 * The account's events of one market over one connection, for everybody who subscribes. Where the venue wants a session
 * (listen key), it is made, renewed and replaced here. Runs while anybody listens.
 */
export class PrivateStream {
  readonly #deps: PrivateStreamDeps
  readonly #connection: Connection
  readonly #listeners = new Set<PrivateListener>()
  #session: string | undefined
  #renewal: Timer | undefined
  #isLive = false

  constructor(deps: PrivateStreamDeps) {
    this.#deps = deps
    const { venue, outside, rest } = deps
    const { login } = venue
    this.#connection = new Connection(outside, {
      name: `${venue.market} private`,
      target: () => this.#target(),
      login: login === undefined ? undefined : () => login(rest.auth()),
      frame: (frame, receivedAt) => this.#frame(frame, receivedAt),
      changed: (state, why, retryMs) => {
        if (state === "live") this.#opened()
        else if (state === "lost") this.#lost(why, retryMs)
        else if (state === "stopped") this.#stopped(why)
      },
      refused: (_id, code, message) => this.#tellUnreadable(`the venue refused a subscription (${code})`, message),
      heartbeat: venue.heartbeat,
      connectionAgeMsMax: venue.limits.connectionAgeMsMax,
      messagesPerSecond: venue.limits.messagesPerSecond,
    })
  }

  get isLive(): boolean {
    return this.#isLive
  }

  /** Why the account's events cannot be relied on now; undefined when they can. */
  get reason(): string | undefined {
    if (this.#isLive) return undefined
    const { state, why } = this.#connection
    return `${this.#deps.venue.market} private stream: ${state}, ${why}`
  }

  /** The first listener opens the connection. Returns how to leave. */
  subscribe(listener: PrivateListener): () => void {
    this.#listeners.add(listener)
    if (this.#isLive) listener.opened?.()
    else this.#connection.start()
    return () => {
      this.#listeners.delete(listener)
    }
  }

  /** Opens the connection anew, with a new session where the venue has them; nothing where it is not live. */
  renew(why: string): void {
    if (this.#isLive) this.#connection.restart(why)
  }

  async stop(): Promise<void> {
    this.#renewal?.cancel()
    // The session is left to expire: on some venues all clients of one key share it, and closing it would cut them off.
    await this.#connection.stop()
  }

  async #target(): Promise<Subscription> {
    const { venue, rest } = this.#deps
    this.#session = venue.operations.includes("createSession") ? await this.#createSession() : undefined
    const auth = rest.auth(this.#session)
    const all = (this.#deps.channels ?? CHANNELS).map((channel) => venue.subscribe(channel, [], auth))
    return merged(all, venue)
  }

  async #createSession(): Promise<string> {
    const { venue, rest } = this.#deps
    const outcome = await rest.call("createSession", {}, { priority: "place" })
    if (outcome.kind === "accepted") return outcome.value.key
    const why = outcome.kind === "refused" ? outcome.reason : outcome.why
    throw new ConfigError(`${venue.market} gave no session for the private stream: ${why}`)
  }

  #opened(): void {
    this.#isLive = true
    this.#renewLater(1)
    for (const listener of this.#listeners) listener.opened?.()
  }

  #lost(why: string, retryMs: number | undefined): void {
    this.#renewal?.cancel()
    if (!this.#isLive) {
      this.#deps.outside.log.warn("stream.private.failed", { market: this.#deps.venue.market, why })
      return
    }
    this.#stopped(why, retryMs)
  }

  /** Who listens must not go on trusting it, whoever ended it. To be asked to stop before it was live is no failure. */
  #stopped(why: string, retryMs?: number): void {
    this.#renewal?.cancel()
    const wasLive = this.#isLive
    this.#isLive = false
    if (wasLive) for (const listener of this.#listeners) listener.lost?.(why, retryMs)
  }

  #renewLater(share: number): void {
    const { venue, outside } = this.#deps
    if (this.#session === undefined || venue.limits.sessionRenewMs === undefined) return
    this.#renewal?.cancel()
    this.#renewal = outside.clock.timer(venue.limits.sessionRenewMs * share, () => void this.#renew())
  }

  async #renew(): Promise<void> {
    const key = this.#session
    if (key === undefined) return
    const outcome = await this.#deps.rest.call("renewSession", { key }, { priority: "place" })
    if (key !== this.#session || !this.#isLive) return
    if (outcome.kind === "accepted") return this.#renewLater(1)
    const { log } = this.#deps.outside
    const why = outcome.kind === "refused" ? outcome.reason : outcome.why
    log.warn("stream.private.renewal", { market: this.#deps.venue.market, why })
    if (outcome.kind === "refused" && outcome.meaning !== "rate-limited") {
      return this.#connection.restart(`the session could not be renewed: ${why}`)
    }
    this.#renewLater(RENEW_AGAIN_SHARE)
  }

  #frame(frame: Frame, receivedAt: number): Control | undefined {
    const decoded = this.#deps.venue.decode(frame, receivedAt)
    if (decoded.unreadable !== undefined) this.#tellUnreadable(decoded.unreadable, frame.toString())
    if (decoded.events.length > 0) {
      this.#deps.turn.run(() => {
        for (const event of decoded.events) {
          if (event.kind !== "accOrder" && event.kind !== "accBalPos" && event.kind !== "accPos") continue
          for (const listener of this.#listeners) listener.event(event, receivedAt)
        }
      })
    }
    return decoded.control
  }

  #tellUnreadable(why: string, raw: string): void {
    for (const listener of this.#listeners) listener.unreadable?.(why, raw)
  }
}

/** All channels on one connection; a venue that gives each its own address cannot be served so. */
function merged(all: readonly Subscription[], venue: Venue): Subscription {
  const [first] = all
  if (first === undefined) throw new UsageError("a private stream of no channel")
  if (all.some(({ url }) => url !== first.url)) {
    throw new UsageError(`${venue.market} gives its private channels different addresses`)
  }
  const messages = [...new Set(all.flatMap((one) => one.messages))]
  const ids = [...new Set(all.flatMap((one) => one.ids ?? []))]
  return { url: first.url, ...(first.headers === undefined ? {} : { headers: first.headers }), messages, ids }
}
