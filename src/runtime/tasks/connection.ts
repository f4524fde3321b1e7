import { describe } from "../domain/errors.ts"
import type { Control, Frame } from "../domain/events.ts"
import type { Heartbeat, Outside, Socket, Subscription, Timer } from "../ports.ts"
import { Backoff } from "../domain/backoff.ts"
import { Pulse } from "./heartbeat.ts"

export type ConnectionState = "idle" | "connecting" | "loggingIn" | "subscribing" | "live" | "lost" | "stopped"

export interface ConnectionOptions {
  /** For logs: `binance-um public`. */
  readonly name: string
  /** Where to go and what to ask for; asked anew before each attempt, because sessions and signatures age. */
  target(): Subscription | Promise<Subscription>
  /** Text to send first; the socket counts as logged in when the venue says so. */
  readonly login?: (() => string) | undefined
  /** Reads one frame and hands on its events; what the frame says of the connection itself comes back. */
  frame(frame: Frame, receivedAt: number): Control | undefined
  changed?(state: ConnectionState, why: string, retryMs?: number): void
  /** The venue said no to one subscription; the others go on. */
  refused?(id: string | undefined, code: string, message: string): void
  readonly heartbeat: Heartbeat
  readonly connectionAgeMsMax: number
  readonly messagesPerSecond: number
}

const CONNECT_MS_MAX = 10_000
const SUBSCRIBE_MS_MAX = 10_000
/** What the venue counts as a second: two bursts may come closer together than they left. */
const PACE_MS = 1_100
const LIVE_MS_BEFORE_RESET = 5_000
const BACKOFF = { backoffMsMin: 200, backoffMsMax: 30_000 }

/**
 * A socket that is kept: connects, logs in (awaited), subscribes (awaited), watches for silence, leaves before the venue
 * would cut it, and comes back after a loss with backoff and jitter.
 */
export class Connection {
  readonly #outside: Outside
  readonly #options: ConnectionOptions
  readonly #backoff: Backoff
  #state: ConnectionState = "idle"
  #why = "not started"
  #socket: Socket | undefined
  /** Counts attempts: what belongs to an earlier one is ignored. */
  #attempt = 0
  #subscription: Subscription | undefined
  /** Ids of answers, each with the count of the asking that awaits it. */
  #awaited = new Map<string, number>()
  #asks = 0
  /** When the newest messages of this connection leave, ms by the monotonic clock. */
  #departures: number[] = []
  #timers: Timer[] = []
  readonly #pulse: Pulse
  #liveAt = 0
  #stopped: (() => void) | undefined
  #stopping: Promise<void> | undefined

  constructor(outside: Outside, options: ConnectionOptions) {
    this.#outside = outside
    this.#options = options
    this.#backoff = new Backoff(outside.random, BACKOFF)
    this.#pulse = new Pulse(outside.clock, options.heartbeat, {
      ping: (text) => void (text === undefined ? this.#socket?.ping() : this.#socket?.send(text)),
      dead: (why) => this.#lose(why),
    })
  }

  get state(): ConnectionState {
    return this.#state
  }

  get why(): string {
    return this.#why
  }

  get isLive(): boolean {
    return this.#state === "live"
  }

  start(): void {
    if (this.#state === "idle") void this.#connect()
  }

  /** False where the connection is not live: the text was not sent. */
  send(text: string): boolean {
    return this.#state === "live" && this.#socket !== undefined && this.#socket.send(text)
  }

  /** Asks for more on a live connection, answers awaited as at its beginning. False where it is not live: nothing was sent. */
  ask(messages: readonly string[], ids: readonly string[] = []): boolean {
    if (this.#state !== "live") return false
    const ask = ++this.#asks
    for (const id of ids) this.#awaited.set(id, ask)
    const lastsMs = this.#sendPaced(messages)
    this.#after(SUBSCRIBE_MS_MAX + lastsMs, () => {
      if (ids.some((id) => this.#awaited.get(id) === ask)) this.#lose("the venue did not answer a subscription")
    })
    return true
  }

  /** Whether answers are awaited. */
  get isAsking(): boolean {
    return this.#awaited.size > 0
  }

  bufferedBytes(): number {
    return this.#socket?.bufferedBytes() ?? 0
  }

  /** Gives up this socket and connects again at once: a new subscription set, an ended session. */
  restart(why: string): void {
    if (this.#state === "idle" || this.#state === "stopped") return
    this.#drop()
    this.#enter("lost", why, 0)
    void this.#connect()
  }

  /** Resolves once the socket is closed, or after a second; asked again, it is the same promise. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  #stop(): Promise<void> {
    const socket = this.#socket
    const isOpen = socket !== undefined
    this.#cancelTimers()
    this.#enter("stopped", "asked to stop")
    if (!isOpen) {
      this.#attempt++
      return Promise.resolve()
    }
    return new Promise((resolve) => {
      const give = this.#outside.clock.timer(1_000, resolve)
      this.#stopped = () => {
        give.cancel()
        resolve()
      }
      socket.close(1000, "")
    })
  }

  async #connect(): Promise<void> {
    const attempt = ++this.#attempt
    this.#enter("connecting", "opening the socket")
    let subscription: Subscription
    try {
      subscription = await this.#options.target()
    } catch (error) {
      if (attempt === this.#attempt) this.#lose(describe(error))
      return
    }
    if (attempt !== this.#attempt) return
    this.#subscription = subscription
    this.#departures = []
    const target = { url: subscription.url, connectMsMax: CONNECT_MS_MAX }
    this.#socket = this.#outside.sockets.open(
      subscription.headers === undefined ? target : { ...target, headers: subscription.headers },
      {
        open: () => attempt === this.#attempt && this.#opened(),
        text: (text, receivedAt) => attempt === this.#attempt && this.#frame(text, receivedAt),
        bytes: (bytes, receivedAt) => attempt === this.#attempt && this.#frame(bytes, receivedAt),
        alive: () => {
          if (attempt === this.#attempt) this.#pulse.heardAt = this.#outside.clock.now()
        },
        closed: (code, reason) => attempt === this.#attempt && this.#closed(code, reason),
      },
    )
  }

  #opened(): void {
    this.#pulse.start()
    this.#after(this.#options.connectionAgeMsMax * (0.9 + this.#outside.random.next() * 0.05), () =>
      this.restart("left before the venue's age limit"),
    )
    if (this.#options.login === undefined) return this.#subscribe()
    this.#enter("loggingIn", "awaiting the login's answer")
    this.#socket?.send(this.#options.login())
    this.#deadline("loggingIn", "the venue did not answer the login")
  }

  #subscribe(): void {
    const { messages = [], ids = [] } = this.#subscription ?? {}
    this.#awaited = new Map(ids.map((id) => [id, 0]))
    if (messages.length > 0) this.#enter("subscribing", `awaiting ${ids.length} of ${messages.length} answers`)
    const lastsMs = this.#sendPaced(messages)
    if (this.#awaited.size === 0) return this.#live()
    this.#deadline("subscribing", "the venue did not answer every subscription", lastsMs)
  }

  /** As fast as the venue takes them, those of earlier asks counted; how long that is, answers included. */
  #sendPaced(messages: readonly string[]): number {
    const burst = Math.max(1, Math.floor(this.#options.messagesPerSecond))
    const spanMs = (burst / this.#options.messagesPerSecond) * PACE_MS
    const nowMs = this.#outside.clock.monotonic() / 1_000
    let atMs = nowMs
    for (const message of messages) {
      atMs = Math.max(nowMs, (this.#departures.at(-burst) ?? -Infinity) + spanMs)
      this.#departures.push(atMs)
      if (atMs === nowMs) this.#socket?.send(message)
      else this.#after(atMs - nowMs, () => this.#socket?.send(message))
    }
    this.#departures.splice(0, this.#departures.length - burst)
    return Math.max(atMs - nowMs, (messages.length * 1_000) / this.#options.messagesPerSecond)
  }

  #live(): void {
    this.#liveAt = this.#outside.clock.monotonic()
    this.#enter("live", "subscribed")
  }

  #frame(frame: Frame, receivedAt: number): void {
    this.#pulse.heardAt = receivedAt
    const control = this.#options.frame(frame, receivedAt)
    if (control !== undefined) this.#control(control)
  }

  #control(control: Control): void {
    switch (control.kind) {
      case "loggedIn":
        if (this.#state === "loggingIn") this.#subscribe()
        return
      case "loginRefused":
        return this.#lose(`login refused (${control.code}): ${control.message}`)
      case "subscribed":
        return this.#answered(control.id)
      case "refused":
        this.#options.refused?.(control.id, control.code, control.message)
        return this.#answered(control.id)
      case "ping":
        if (control.reply !== undefined) this.#socket?.send(control.reply)
        return
      case "sessionEnded":
        return this.restart(control.why)
      case "pong":
        return
      case "notice":
        return this.#outside.log.info("venue.notice", { connection: this.#options.name, message: control.message })
    }
  }

  #answered(id: string | undefined): void {
    if (id !== undefined) this.#awaited.delete(id)
    if (this.#state === "subscribing" && this.#awaited.size === 0) this.#live()
  }

  #deadline(state: ConnectionState, why: string, extraMs = 0): void {
    this.#after(SUBSCRIBE_MS_MAX + extraMs, () => {
      if (this.#state === state) this.#lose(why)
    })
  }

  #closed(code: number, reason: string): void {
    this.#socket = undefined
    if (this.#state === "stopped") {
      this.#attempt++
      this.#stopped?.()
      return
    }
    this.#lose(`closed by the peer (${code}${reason === "" ? "" : ` ${reason}`})`)
  }

  #lose(why: string): void {
    // The venue's last word may cross with the wish to stop.
    if (this.#state === "stopped") return
    const wasLiveMs = this.#state === "live" ? (this.#outside.clock.monotonic() - this.#liveAt) / 1_000 : 0
    if (wasLiveMs >= LIVE_MS_BEFORE_RESET) this.#backoff.reset()
    this.#drop()
    const retryMs = this.#backoff.nextMs()
    this.#enter("lost", why, retryMs)
    this.#after(retryMs, () => void this.#connect())
  }

  /** From here on nothing of the current attempt is heard. */
  #drop(): void {
    this.#attempt++
    this.#cancelTimers()
    this.#socket?.close(1000, "")
    this.#socket = undefined
  }

  #enter(state: ConnectionState, why: string, retryMs?: number): void {
    this.#state = state
    this.#why = why
    this.#options.changed?.(state, why, retryMs)
  }

  #after(delayMs: number, fire: () => void): void {
    const attempt = this.#attempt
    const timer = this.#outside.clock.timer(delayMs, () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
      if (attempt === this.#attempt && this.#state !== "stopped") fire()
    })
    this.#timers.push(timer)
  }

  #cancelTimers(): void {
    this.#pulse.stop()
    for (const timer of this.#timers) timer.cancel()
    this.#timers = []
  }
}
