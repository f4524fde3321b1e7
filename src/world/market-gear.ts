import type { Channel } from "../runtime/domain/channel.ts"
import type { Inst } from "../runtime/domain/inst.ts"
import type { Outcome } from "../runtime/domain/outcome.ts"
import type { FeedSpec } from "../runtime/domain/task.ts"
import type { Credentials, Tape, Venue } from "../runtime/ports.ts"
import { BookKeeper } from "../runtime/tasks/feed/book-keeper.ts"
import { FeedHub } from "../runtime/tasks/feed/hub.ts"
import { manualFeed } from "../runtime/tasks/feed/manual.ts"
import { Instruments } from "../runtime/tasks/instruments.ts"
import { Limiter } from "../runtime/tasks/limiter.ts"
import { Offset } from "../runtime/tasks/offset.ts"
import { hedgeRefusal } from "../runtime/tasks/orders/position-mode.ts"
import { PrivateStream } from "../runtime/tasks/orders/private-stream.ts"
import { type RestClient, restClient } from "../runtime/tasks/rest.ts"
import type { RunningFeed, TaskHost } from "../runtime/tasks/task.ts"
import { Recorder } from "./recording.ts"
import { unlisted } from "./listing.ts"

const STALE_MS_MAX = 2_000
const SILENCE_MS_MAX = 30_000

/** What all tasks of one market share: limiter, clock offset, REST client, listing, hub, private stream. */
export class MarketGear {
  readonly venue: Venue
  readonly limiter: Limiter
  readonly offset: Offset
  readonly rest: RestClient
  readonly instruments: Instruments
  readonly hub: FeedHub
  readonly #host: TaskHost
  readonly #hasKeys: boolean
  readonly #channels = new Set<Channel>()
  readonly #recorder: Recorder | undefined
  #stream: PrivateStream | undefined

  /** With a tape, what its public feeds hear and what is asked without a key is written down there. */
  constructor(venue: Venue, host: TaskHost, credentials: Credentials | undefined, tape?: Tape) {
    const { outside, turn } = host
    const { clock, random, log, http } = outside
    this.venue = venue
    this.#host = host
    this.#hasKeys = credentials !== undefined
    this.limiter = new Limiter(clock, venue.limits)
    this.offset = new Offset({ venue, http, clock, random, log })
    const access = credentials === undefined ? {} : { credentials }
    const recorder = tape === undefined ? undefined : new Recorder({ tape, venue, clock, ...access })
    this.#recorder = recorder
    const asked = recorder?.http(http) ?? http
    this.rest = restClient({
      venue,
      http: asked,
      clock,
      random,
      log,
      limiter: this.limiter,
      offset: this.offset,
      ...access,
    })
    this.instruments = new Instruments({ venue, rest: this.rest, clock, random, log })
    const labels = { market: venue.market }
    const counters = {
      frames: host.counter("perigee_frames_total", "Frames received on public feeds", labels),
      unreadable: host.counter("perigee_unreadable_frames_total", "Frames that could not be read", labels),
      refusals: host.counter("perigee_refused_subscriptions_total", "Streams that the venue refused", labels),
      stalls: host.counter("perigee_stalls_total", "Times data arrived late beyond the bound", labels),
      silences: host.counter("perigee_silences_total", "Times a subscription said nothing for its bound", labels),
    }
    const heard = recorder?.feeds(outside) ?? outside
    this.hub = new FeedHub(heard, turn, venue, counters, { staleMsMax: STALE_MS_MAX, silenceMsMax: SILENCE_MS_MAX })
  }

  /** The account's own events; made when first asked for, when all tasks have said which channels they want. */
  get stream(): PrivateStream {
    const { outside, turn } = this.#host
    const extra = this.#channels.size === 0 ? {} : { channels: [...ORDER_CHANNELS, ...this.#channels] }
    return (this.#stream ??= new PrivateStream({ venue: this.venue, outside, turn, rest: this.rest, ...extra }))
  }

  /** A feed whose strategy drives it. */
  manualFeed(spec: FeedSpec, host: TaskHost): RunningFeed {
    const recorder = this.#recorder
    const heard = recorder === undefined ? host : { ...host, outside: recorder.manual(host.outside, spec) }
    return manualFeed(spec, heard, this.venue, (event, receivedAt) => this.hub.hear(event, receivedAt))
  }

  start(): void {
    this.instruments.start()
    // For bots that read the account without trading: with an orders task it runs already.
    if (this.#hasKeys) this.offset.start()
  }

  async stop(): Promise<void> {
    this.offset.stop()
    this.instruments.stop()
    await this.#stream?.stop()
  }

  wantChannel(channel: Channel): void {
    if (!ORDER_CHANNELS.some(({ kind }) => kind === channel.kind)) this.#channels.add(channel)
  }

  /**
   * What the venue says against this bot before it starts: refused keys, instruments it does not list, and where it trades
   * an account in hedge mode.
   */
  async mistakes(insts: readonly Inst[], isTrading: boolean): Promise<string[]> {
    await this.offset.measure()
    const account =
      isTrading && this.venue.operations.includes("positionMode") ? this.#modeMistakes() : this.#keyMistakes()
    return (await Promise.all([account, this.#instMistakes(insts)])).flat()
  }

  /** One question tells of both: the keys and the mode. */
  async #modeMistakes(): Promise<string[]> {
    const outcome = await this.rest.call("positionMode", {})
    if (outcome.kind === "accepted") return outcome.value.isHedge ? [hedgeRefusal(this.venue.market)] : []
    return this.#refusedKeys(outcome)
  }

  async #keyMistakes(): Promise<string[]> {
    if (!this.#hasKeys || !this.venue.operations.includes("balance")) return []
    return this.#refusedKeys(await this.rest.call("balance", {}))
  }

  #refusedKeys(outcome: Outcome<unknown>): string[] {
    if (outcome.kind !== "refused" || outcome.meaning !== "credentials") return []
    const names = Object.values(this.venue.credentialNames).join(" and ")
    return [
      `${this.venue.market} refuses the API key (${outcome.reason}): check ${names}, the key's permissions and its IP list`,
    ]
  }

  /** The listing is here before the first event then, where the venue answers; a data-only bot needs no key for it. */
  async #instMistakes(insts: readonly Inst[]): Promise<string[]> {
    const { market, operations } = this.venue
    const why = await this.instruments.ask()
    if (why !== undefined) this.#host.outside.log.warn("instruments.unanswered", { market, why })
    if (why !== undefined || !operations.includes("instruments")) return []
    return insts
      .filter((inst) => this.instruments.get(inst) === undefined)
      .map((inst) => unlisted({ market, instruments: this.instruments }, inst))
  }

  keeper(inst: Inst): BookKeeper {
    const { outside, turn } = this.#host
    return new BookKeeper(inst, {
      outside,
      turn,
      venue: this.venue,
      rest: this.rest,
      resubscribe: () => this.hub.resubscribe(inst),
    })
  }
}

const ORDER_CHANNELS: readonly Channel[] = [{ kind: "accOrders" }, { kind: "accBalPos" }]
