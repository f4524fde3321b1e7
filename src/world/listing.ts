import type { Inst } from "../runtime/domain/inst.ts"
import type { Market } from "../runtime/domain/market.ts"
import type { FeedSpec, TaskSpec } from "../runtime/domain/task.ts"
import type { Instruments } from "../runtime/tasks/instruments.ts"
import { asking, type RestClient } from "../runtime/tasks/rest.ts"
import { ASK_MS_MAX, type Publish, type RunningFeed, type TaskHost } from "../runtime/tasks/task.ts"

/** Gives a feed its market's listing and answers, and tells its strategies what becomes of the instruments it names. */
export function withListing(feed: RunningFeed, { spec, host, instruments, rest, tasks }: ListingDeps): RunningFeed {
  const insts = [...new Set(spec.insts)]
  const tellers = new Map(insts.map((inst) => [inst, othersOf(inst, spec, tasks)]))
  const publishers = new Map<string, Publish<"onInstrument">>()
  const keyOf = (others: readonly TaskSpec[]): string => others.map((other) => tasks.indexOf(other)).join()
  for (const others of tellers.values()) {
    const key = keyOf(others)
    if (publishers.has(key)) continue
    publishers.set(
      key,
      host.publisher("onInstrument", (bound) => others.some((other) => bound.includes(other))),
    )
  }
  const watched = new Set(insts)
  if (insts.length > 0) {
    instruments.listen({
      watched: () => watched,
      changed: (change) =>
        host.turn.run(() => publishers.get(keyOf(tellers.get(change.inst) ?? []))?.(change, change.timestamp)),
    })
  }
  return Object.assign(feed, {
    instrument: (inst: string) => instruments.get(inst),
    ask: asking(rest, host.outside.clock, ASK_MS_MAX),
  })
}

export interface ListingDeps {
  readonly spec: FeedSpec
  readonly host: TaskHost
  readonly instruments: Instruments
  readonly rest: RestClient
  /** All tasks of the bot. */
  readonly tasks: readonly TaskSpec[]
}

/** Tasks that tell of this instrument before this feed does: who is bound to one of them, has heard it. */
function othersOf(inst: string, spec: FeedSpec, tasks: readonly TaskSpec[]): readonly TaskSpec[] {
  const place = tasks.indexOf(spec)
  return tasks.filter((other, at) => {
    if (!("market" in other) || other.market !== spec.market) return false
    return other.kind === "orders" || (at < place && other.insts.includes(inst))
  })
}

/** What a market lists, as it said last. */
export interface Listing {
  readonly market: Market
  readonly instruments: Pick<Instruments, "isKnown" | "get" | "insts">
}

/** That it lists none of that name, and what it lists of the same base. */
export function unlisted({ market, instruments }: Listing, inst: Inst): string {
  const [base = ""] = inst.split("_")
  const alike = instruments
    .insts()
    .filter((name) => name.startsWith(`${base}_`))
    .slice(0, 5)
  const hint = alike.length === 0 ? "" : `; of ${base} it lists ${alike.join(", ")}`
  return `${market} does not list ${inst}${hint}`
}
