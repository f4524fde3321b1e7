import { type Channel, channelName } from "../../domain/channel.ts"
import type { FeedStateChanged } from "../../domain/callbacks.ts"
import { UsageError } from "../../domain/errors.ts"
import type { Candle, Trade } from "../../domain/events.ts"
import type { Inst } from "../../domain/inst.ts"
import type { FeedSpec } from "../../domain/task.ts"
import type { Venue } from "../../ports.ts"
import type { RestClient } from "../rest.ts"
import type { RunningFeed, TaskHost } from "../task.ts"
import type { BookKeeper } from "./book-keeper.ts"
import { following } from "./follower.ts"
import type { FeedHub } from "./hub.ts"
import { Joiner } from "./joiner.ts"
import { HISTORY_MAX, historyRefusal, type PastEvent, pastOf } from "./past.ts"
import type { Listener, Seat, Sink, Stream } from "./stream.ts"

export interface FeedDeps {
  readonly hub: FeedHub
  readonly venue: Venue
  readonly rest: RestClient
  /** Makes the keeper of one inst's book: called once an inst, for incremental feeds only. */
  keeper(inst: Inst): BookKeeper
}

/** A declared public feed: its events come from the market's hub, and an incremental one keeps a book per inst. */
export function feedTask(spec: FeedSpec, host: TaskHost, deps: FeedDeps): RunningFeed {
  const { channel, market } = spec
  const { clock, random, log } = host.outside
  const books = new Map<Inst, BookKeeper>()
  const joiners = new Map<Inst, Joiner<PastEvent>>()
  const publish = host.publisher(callbackOf(channel)) as Sink
  const publishBookState = host.publisher("onBookState")
  const publishState = host.publisher("onFeedState")
  const publishTrouble = host.publisher("onError")
  const pastRefusal = historyRefusal(channel, deps.venue)
  const past = (inst: Inst) => pastOf(spec, inst, { venue: deps.venue, rest: deps.rest, clock })

  const missedEvents = host.counter(
    "perigee_missed_events_total",
    "Trades and candles a feed lost and could not fetch",
    {
      market,
      channel: channel.kind,
    },
  )

  const tellGap = (inst: Inst, missed: number, reason: string) => {
    missedEvents.value += missed
    const timestamp = clock.now()
    const why = `${missed} ${channelName(channel)} of ${inst} were missed: ${reason}`
    log.warn("feed.gap", { market, inst, missed, why })
    const change: FeedStateChanged = { market, state: "gap", why, inst, missed, timestamp }
    publishState(change, timestamp)
  }

  const tellHole = (inst: Inst, hole: string) => {
    const timestamp = clock.now()
    const why = `${channelName(channel)} of ${inst} were missed: ${hole}`
    log.warn("feed.gap", { market, inst, why })
    publishState({ market, state: "gap", why, inst, timestamp }, timestamp)
  }

  const tellFailed = (inst: Inst, why: string) => {
    const timestamp = clock.now()
    const message = `${market}: the history of ${channelName(channel)} ${inst} could not be had, the feed goes on without: ${why}`
    log.warn("feed.history", { market, inst, why })
    publishTrouble({ kind: "history", message, detail: { inst, count: spec.history }, timestamp }, timestamp)
  }

  /** Trades and candles: the past first, where one is wanted. */
  const joined = (inst: Inst): Seat => {
    const { history } = spec
    if (history === undefined || pastRefusal !== undefined) {
      const isNumbered = channel.kind === "candles" || pastRefusal === undefined
      const gap = (missed: number) => tellGap(inst, missed, "the connection was lost")
      return isNumbered ? { sink: publish, gap } : { sink: publish }
    }
    const joiner = new Joiner<PastEvent>({
      clock,
      random,
      turn: host.turn,
      past: past(inst),
      count: history,
      publish,
      gap: (missed, why) => tellGap(inst, missed, why),
      failed: (why) => tellFailed(inst, why),
    })
    joiners.set(inst, joiner)
    return { sink: joiner.accept as Sink, joint: joiner }
  }

  /** Tasks that want the same inst share its book, whatever stream builds it. */
  const withBook = (stream: Stream): Seat => {
    const { inst, builder } = stream
    if (builder === undefined) return { sink: publish }
    const book = (builder.book ??= deps.keeper(inst))
    books.set(inst, book)
    book.listen(publishBookState)
    // Where it has come to build the book itself, that tells.
    const missed = (why: string) => stream.builder !== stream && tellHole(inst, why)
    const sink = builder === stream ? publish : following(deps.venue.book.chain, publish, missed)
    return { sink, leave: () => book.leave(publishBookState) }
  }

  const streams: Stream[] = []
  const join = (stream: Stream): Seat => {
    streams.push(stream)
    return channel.kind === "lob" ? withBook(stream) : joined(stream.inst)
  }

  const listener: Listener = {
    channel,
    insts: spec.insts,
    ...(spec.silenceMsMax === undefined ? {} : { silenceMsMax: spec.silenceMsMax }),
    join,
    feedState: publishState,
    trouble: publishTrouble,
    lag: host.publisher("onLag"),
  }
  deps.hub.add(listener)

  return {
    spec,
    start: () => deps.hub.start(),
    stop: () => deps.hub.stop(listener),
    reasons() {
      const unready = [...books].filter(([, book]) => book.view().state !== "live")
      const unjoined = [...joiners].flatMap(([inst, { reason }]) => (reason === undefined ? [] : [[inst, reason]]))
      return [
        ...deps.hub.reasons(listener),
        ...unready.map(([inst, book]) => `book ${inst}: ${book.words()}`),
        ...unjoined.map(([inst, reason]) => `${market} ${channelName(channel)} ${inst}: ${reason}`),
      ]
    },
    state: () => ({
      market,
      channel,
      insts: spec.insts,
      messages: streams.reduce((sum, { events }) => sum + events, 0),
      receivedAt: streams.reduce((newest, stream) => Math.max(newest, stream.receivedAt), 0),
      books: Object.fromEntries([...books].map(([inst, book]) => [inst, book.summary()])),
      ...(joiners.size === 0
        ? {}
        : { history: Object.fromEntries([...joiners].map(([inst, { counters }]) => [inst, { ...counters }])) }),
    }),
    book: (inst) => books.get(inst)?.view(),
    history(before, count) {
      if (pastRefusal !== undefined) return Promise.resolve({ kind: "refused", reason: pastRefusal })
      checkWish(spec, before, count)
      return past(before.inst).before(before, count)
    },
  }
}

function callbackOf({ kind }: Channel): "onTrade" | "onLob" | "onCandle" {
  if (kind === "trades") return "onTrade"
  return kind === "candles" ? "onCandle" : "onLob"
}

function checkWish(spec: FeedSpec, before: Trade | Candle, count: number): void {
  const name = `feed ${spec.market} ${channelName(spec.channel)} #${spec.id}`
  if (!Number.isSafeInteger(count) || count < 1 || count > HISTORY_MAX) {
    throw new UsageError(`${name}: a history of ${count} cannot be; write a whole number from 1 to ${HISTORY_MAX}`)
  }
  const isOwn =
    spec.insts.includes(before.inst) &&
    (before.kind === "trade"
      ? spec.channel.kind === "trades"
      : spec.channel.kind === "candles" && spec.channel.interval === before.interval)
  if (!isOwn) throw new UsageError(`${name}: ${before.kind} of ${before.inst} is no event of it`)
  // Made by hand, perhaps of what was kept: it is known by nothing else.
  const isKnown = before.kind === "trade" ? /^\d+$/.test(before.tradeId) : Number.isSafeInteger(before.openAt)
  const lacks = before.kind === "trade" ? "tradeId" : "openAt"
  if (!isKnown)
    throw new UsageError(`${name}: a ${before.kind} without its ${lacks} has no past; give the event as it came`)
}
