import { channelName } from "../../domain/channel.ts"
import type { Candle, Lob, Trade } from "../../domain/events.ts"
import type { Inst } from "../../domain/inst.ts"
import type { Outside, Timer, Venue } from "../../ports.ts"
import { Steps } from "../quiet.ts"
import type { Turn } from "../turn.ts"
import { type HubCounters, type HubOptions, Line, type LineDeps } from "./line.ts"
import { socketsOf, streamsOf } from "./plan.ts"
import { priceAgeUs, priceIn, priceOf, type Source } from "./price.ts"
import type { Listener, Stream } from "./stream.ts"

const NONE: readonly Source[] = []

/**
 * All declared public feeds of one market. What one inst of one channel sends is one stream, whoever wants it: subscribed
 * once, decoded once, told to every task that declares it. Streams share sockets up to the venue's limits.
 */
export class FeedHub {
  readonly #deps: LineDeps
  readonly #listeners = new Set<Listener>()
  readonly #byInst = new Map<Inst, Stream[]>()
  /** The same streams, and what was heard of feeds that their strategies drive. */
  readonly #sources = new Map<Inst, Source[]>()
  readonly #heard = new Map<Inst, { lastPrice: number; receivedAt: number }>()
  readonly #steps: Steps
  /** What each had told last when the wall clock was seen to be set: how long ago that was nobody can say. */
  readonly #undated = new Map<Source, number>()
  #lines: readonly Line[] = []
  #isStarted = false
  #watching: Timer | undefined

  constructor(outside: Outside, turn: Turn, venue: Venue, counters: HubCounters, options: HubOptions) {
    this.#deps = { outside, turn, venue, counters, options }
    this.#steps = new Steps(outside.clock)
  }

  add(listener: Listener): void {
    this.#listeners.add(listener)
  }

  /** Opens the lines; called by the first task that starts, when every task has been added. */
  start(): void {
    if (this.#isStarted) return
    this.#isStarted = true
    const { outside, venue } = this.#deps
    const now = outside.clock.now()
    const streams = streamsOf([...this.#listeners], venue, now)
    for (const stream of streams) {
      stream.open()
      this.#byInst.set(stream.inst, [...(this.#byInst.get(stream.inst) ?? []), stream])
      this.#listenTo(stream.inst, stream)
    }
    this.#lines = socketsOf(streams, venue, now).map(
      (some, index) => new Line(`${venue.market} feed ${index + 1}`, some, this.#deps),
    )
    for (const line of this.#lines) line.start()
    this.#watch()
  }

  /** One task leaves; the others go on. A socket that nobody needs any more is closed. */
  async stop(listener: Listener): Promise<void> {
    this.#listeners.delete(listener)
    if (this.#listeners.size === 0) this.#watching?.cancel()
    for (const line of this.#lines) line.leave(listener)
    await Promise.all(this.#lines.filter(({ isIdle }) => isIdle).map((line) => line.stop()))
  }

  /** Where images come over the stream: a new subscription of what this inst's book is built from brings one. */
  resubscribe(inst: Inst): void {
    const stream = this.#byInst.get(inst)?.find(({ book }) => book !== undefined)
    if (stream !== undefined) this.#lines.find(({ streams }) => streams.includes(stream))?.renewBook(stream)
  }

  /** An event of a feed that its strategy drives: no stream of the hub's, and all the same it may tell a price. */
  hear(event: Trade | Lob | Candle, receivedAt: number): void {
    const lastPrice = priceIn(event)
    if (lastPrice === 0) return
    const known = this.#heard.get(event.inst)
    if (known !== undefined) return void Object.assign(known, { lastPrice, receivedAt })
    const first = { lastPrice, receivedAt }
    this.#heard.set(event.inst, first)
    this.#listenTo(event.inst, first)
  }

  /** What it trades at; undefined where nothing told lately. */
  price(inst: Inst): number | undefined {
    const now = this.#deps.outside.clock.now()
    return priceOf(this.#sourcesOf(inst, now), now)
  }

  /** How long ago its newest price was heard, µs; undefined where none ever was. */
  priceAgeUs(inst: Inst): number | undefined {
    const now = this.#deps.outside.clock.now()
    return priceAgeUs(this.#sourcesOf(inst, now), now)
  }

  /** Why this task's data cannot be trusted now. */
  reasons(listener: Listener): string[] {
    if (this.#listeners.has(listener)) return this.#lines.flatMap((line) => line.reasons(listener))
    return [`${this.#deps.venue.market} ${channelName(listener.channel)}: stopped, asked to stop`]
  }

  /** Who tells of it, save whose newest event has no age: a kept book is watched, and has no need of one. */
  #sourcesOf(inst: Inst, now: number): readonly Source[] {
    if (this.#steps.look(now) !== 0) {
      for (const source of [...this.#sources.values()].flat()) this.#undated.set(source, source.receivedAt)
    }
    const sources = this.#sources.get(inst) ?? NONE
    if (this.#undated.size === 0) return sources
    return sources.filter((one) => one.book !== undefined || this.#undated.get(one) !== one.receivedAt)
  }

  #listenTo(inst: Inst, source: Source): void {
    this.#sources.set(inst, [...(this.#sources.get(inst) ?? []), source])
  }

  #watch(): void {
    const leastMs = Math.min(...this.#lines.map(({ silenceMs }) => silenceMs))
    if (leastMs === Infinity) return
    this.#watching = this.#deps.outside.clock.timer(leastMs / 2, () => {
      for (const line of this.#lines) line.listen()
      this.#watch()
    })
  }
}
