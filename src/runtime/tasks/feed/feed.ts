import { channelName } from "../../domain/channel.ts"
import type { FeedStateChanged } from "../../domain/callbacks.ts"
import { UsageError } from "../../domain/errors.ts"
import type { Candle, Trade } from "../../domain/events.ts"
import type { Inst } from "../../domain/inst.ts"
import type { FeedSpec } from "../../domain/task.ts"
import type { Venue } from "../../ports.ts"
import type { RestClient } from "../rest.ts"
import type { Publish, RunningFeed, TaskHost } from "../task.ts"
import type { BookKeeper } from "./book-keeper.ts"
import type { FeedHub, Listener } from "./hub.ts"
import { Joiner } from "./joiner.ts"
import { HISTORY_MAX, historyRefusal, type PastEvent, pastOf } from "./past.ts"
import { lastAt, type Route } from "./route.ts"

export interface FeedDeps {
  readonly hub: FeedHub
  readonly venue: Venue
  readonly rest: RestClient
  /** Makes the keeper of one inst's book; called for incremental feeds only. */
  keeper(inst: Inst): BookKeeper
}

/** A declared public feed: its events come from the market's hub, and an incremental one keeps a book per inst. */
export function feedTask(spec: FeedSpec, host: TaskHost, deps: FeedDeps): RunningFeed {
  const { channel, market } = spec
  const { clock, random, log } = host.outside
  const keepsBooks = channel.kind === "lob" && channel.form === "incremental"
  const books = new Map<Inst, BookKeeper>()
  const joiners = new Map<Inst, Joiner<PastEvent>>()
  const publishTrade = channel.kind === "trades" ? host.publisher("onTrade") : undefined
  const publishLob = channel.kind === "lob" ? host.publisher("onLob") : undefined
  const publishCandle = channel.kind === "candles" ? host.publisher("onCandle") : undefined
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

  const tellFailed = (inst: Inst, why: string) => {
    const timestamp = clock.now()
    const message = `${market}: the history of ${channelName(channel)} ${inst} could not be had, the feed goes on without: ${why}`
    log.warn("feed.history", { market, inst, why })
    publishTrouble({ kind: "history", message, detail: { inst, count: spec.history }, timestamp }, timestamp)
  }

  /** What this task's publisher hears through: the past first, where one is wanted. */
  const joined = (inst: Inst, publish: Publish<"onTrade"> | Publish<"onCandle">, route: Route) => {
    const { history } = spec
    if (history === undefined || pastRefusal !== undefined) {
      const isNumbered = channel.kind === "candles" || pastRefusal === undefined
      if (isNumbered) route.gaps.push((missed) => tellGap(inst, missed, "the connection was lost"))
      return publish
    }
    const joiner = new Joiner<PastEvent>({
      clock,
      random,
      turn: host.turn,
      past: past(inst),
      count: history,
      publish: publish as Publish<"onTrade" & "onCandle">,
      gap: (missed, why) => tellGap(inst, missed, why),
      failed: (why) => tellFailed(inst, why),
    })
    joiners.set(inst, joiner)
    route.joints.push(joiner)
    return joiner.accept
  }

  const routes: Route[] = []
  const join = (route: Route) => {
    routes.push(route)
    const { inst } = route
    if (publishTrade !== undefined) route.trades.push(joined(inst, publishTrade, route) as Publish<"onTrade">)
    if (publishLob !== undefined) route.lobs.push(publishLob)
    if (publishCandle !== undefined) route.candles.push(joined(inst, publishCandle, route) as Publish<"onCandle">)
    if (!keepsBooks) return
    // Tasks that share a subscription share its book too.
    route.book ??= deps.keeper(inst)
    route.book.listen(publishBookState)
    books.set(inst, route.book)
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
    stop: () => deps.hub.stop(),
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
      messages: routes.reduce((sum, { events }) => sum + events, 0),
      receivedAt: Math.max(0, ...routes.map(lastAt)),
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
}
