import type { Inst } from "../../domain/inst.ts"
import type { FeedSpec } from "../../domain/task.ts"
import type { RunningFeed, TaskHost } from "../task.ts"
import type { BookKeeper } from "./book-keeper.ts"
import type { FeedHub, Listener } from "./hub.ts"
import type { Route } from "./route.ts"

export interface FeedDeps {
  readonly hub: FeedHub
  /** Makes the keeper of one inst's book; called for incremental feeds only. */
  keeper(inst: Inst): BookKeeper
}

/** A declared public feed: its events come from the market's hub, and an incremental one keeps a book per inst. */
export function feedTask(spec: FeedSpec, host: TaskHost, deps: FeedDeps): RunningFeed {
  const { channel } = spec
  const keepsBooks = channel.kind === "lob" && channel.form === "incremental"
  const books = new Map<Inst, BookKeeper>()
  const publishTrade = channel.kind === "trades" ? host.publisher("onTrade") : undefined
  const publishLob = channel.kind === "lob" ? host.publisher("onLob") : undefined
  const publishCandle = channel.kind === "candles" ? host.publisher("onCandle") : undefined
  const publishBookState = host.publisher("onBookState")

  const routes: Route[] = []
  const join = (route: Route) => {
    routes.push(route)
    if (publishTrade !== undefined) route.trades.push(publishTrade)
    if (publishLob !== undefined) route.lobs.push(publishLob)
    if (publishCandle !== undefined) route.candles.push(publishCandle)
    if (!keepsBooks) return
    // Tasks that share a subscription share its book too.
    route.book ??= deps.keeper(route.inst)
    route.book.listen(publishBookState)
    books.set(route.inst, route.book)
  }

  const listener: Listener = {
    channel,
    insts: spec.insts,
    join,
    feedState: host.publisher("onFeedState"),
    trouble: host.publisher("onError"),
    lag: host.publisher("onLag"),
  }
  deps.hub.add(listener)

  return {
    spec,
    start: () => deps.hub.start(),
    stop: () => deps.hub.stop(),
    reasons() {
      const unready = [...books].filter(([, book]) => book.view().state !== "live")
      return [...deps.hub.reasons(listener), ...unready.map(([inst, book]) => `book ${inst}: ${book.words()}`)]
    },
    state: () => ({
      market: spec.market,
      channel,
      insts: spec.insts,
      messages: routes.reduce((sum, { events }) => sum + events, 0),
      receivedAt: Math.max(0, ...routes.map(({ lastAt }) => lastAt)),
      books: Object.fromEntries([...books].map(([inst, book]) => [inst, book.summary()])),
    }),
    book: (inst) => books.get(inst)?.view(),
  }
}
