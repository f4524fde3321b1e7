import { UsageError } from "../domain/errors.ts"
import { type Inst, instMistake } from "../domain/inst.ts"
import type { InstrumentInfo } from "../domain/instrument.ts"
import type { Market } from "../domain/market.ts"
import type { Order } from "../domain/order.ts"
import { type FeedSpec, type OrdersSpec, taskName } from "../domain/task.ts"
import type { Outside } from "../ports.ts"
import type { Ask, RunningFeed, RunningOrders, RunningPredict, RunningTask } from "../tasks/task.ts"
import { checkHandle } from "./arguments.ts"
import type { BookView } from "./declaration/context.ts"
import type { Binding, FeedHandle, Handle, OrdersHandle, PredictHandle } from "./declaration/handle.ts"
import type { Named } from "./declaration/part.ts"
import { handleName, isPart, partsOf, placeOf, wholeOf } from "./parts.ts"

type ListerSpec = FeedSpec | OrdersSpec
/** A task that knows what its market lists. */
interface Lister extends RunningTask {
  readonly spec: ListerSpec
  instrument?(inst: Inst): InstrumentInfo | undefined
  readonly ask?: Ask
}

/** The running tasks of a bot, found by the handles that declared them. A handle of another bot is a UsageError. */
export class House {
  readonly outside: Outside
  readonly tasks: readonly RunningTask[]
  readonly allOrders: readonly RunningOrders[]
  readonly #feeds: readonly RunningFeed[]
  readonly #byHandle: ReadonlyMap<Handle, readonly RunningTask[]>
  readonly #turns = new Map<PredictHandle, number>()
  readonly #bookOf = new Map<Inst, RunningFeed>()
  readonly #listers: readonly Lister[]
  readonly #listerOf = new Map<Inst, Lister>()

  constructor(outside: Outside, tasks: readonly RunningTask[], handles: ReadonlyMap<Handle, readonly number[]>) {
    this.outside = outside
    this.tasks = tasks
    this.allOrders = tasks.filter(({ spec }) => spec.kind === "orders") as unknown as readonly RunningOrders[]
    this.#listers = tasks.filter(({ spec }) => "market" in spec) as readonly Lister[]
    this.#feeds = tasks.filter(({ spec }) => spec.kind === "feed") as unknown as readonly RunningFeed[]
    this.#byHandle = new Map(
      [...handles].map(([handle, places]) => [handle, places.map((at) => tasks[at] as RunningTask)]),
    )
  }

  openOrders(): readonly Order[] {
    return this.allOrders.flatMap((task) => task.openOrders())
  }

  orders(router: OrdersHandle): RunningOrders {
    return this.one(router) as RunningOrders
  }

  /** The named router, or the only one there is. */
  oneOrders(router: OrdersHandle | undefined): RunningOrders {
    if (router !== undefined) return this.orders(router)
    const [only, ...more] = this.allOrders
    if (only === undefined) throw new UsageError("this bot declares no orders(…) task")
    if (more.length > 0) throw new UsageError("this bot has several orders(…) tasks; name the one that is meant")
    return only
  }

  /** The orders task that is asked about this inst. UsageError where it can never have any: the answer would always be nothing. */
  trader(inst: Inst, router: OrdersHandle | undefined): RunningOrders {
    const task = this.oneOrders(router)
    const why = strangerTo(task, inst)
    if (why !== undefined) throw new UsageError(why)
    return task
  }

  /** Likewise, of all there are or the one named; UsageError where none of them can. */
  traders(inst: Inst | undefined, router: OrdersHandle | undefined): readonly RunningOrders[] {
    const meant = router === undefined ? this.allOrders : [this.orders(router)]
    if (inst === undefined) return meant
    const why = meant.map((task) => strangerTo(task, inst))
    if (why.includes(undefined)) return meant
    throw new UsageError(meant.length === 0 ? "this bot declares no orders(…) task" : [...new Set(why)].join("; "))
  }

  /** The part named, or each in turn. */
  predictor(model: Named<PredictHandle>): RunningPredict {
    const tasks = this.#of(model)
    if (model.kind === "part" || tasks.length < 2) return this.one(model) as RunningPredict
    const turn = this.#turns.get(model) ?? 0
    this.#turns.set(model, (turn + 1) % tasks.length)
    return tasks[turn] as RunningPredict
  }

  /** The one task meant: of several a part must be named. */
  one(named: Binding): RunningTask {
    const tasks = this.#of(named)
    if (tasks.length === 1) return tasks[0] as RunningTask
    const whole = wholeOf(named)
    const ask = tasks.length === 0 ? "" : "; name the one that is meant, as handle.part(…)"
    throw new UsageError(`task ${handleName(whole)} has ${partsOf(whole, tasks.length)}${ask}`)
  }

  /** Any of the tasks meant, where all do alike. */
  any(named: Binding): RunningTask {
    return this.#of(named)[0] ?? this.one(named)
  }

  /** Of the market that is named, or of the only one that can be meant. */
  instrument(inst: Inst, from: Named<FeedHandle> | OrdersHandle | Market | undefined): InstrumentInfo | undefined {
    const lister = from === undefined ? (this.#listerOf.get(inst) ?? this.#findLister(inst)) : this.#lister(from)
    const info = lister.instrument?.(inst)
    const mistake = info === undefined ? instMistake(lister.spec.market, inst) : undefined
    if (mistake !== undefined) throw new UsageError(mistake)
    return info
  }

  /** Of the market that is named. */
  ask(from: Named<FeedHandle> | OrdersHandle | Market): Ask {
    const { ask, spec } = this.#lister(from)
    if (ask === undefined) throw new UsageError(`task ${taskName(spec)} asks its market nothing`)
    return ask
  }

  #lister(from: Named<FeedHandle> | OrdersHandle | Market): Lister {
    if (typeof from !== "string") return this.any(from) as Lister
    const lister = this.#listers.find(({ spec }) => spec.market === from)
    if (lister === undefined) {
      const named = [...new Set(this.#listers.map(({ spec }) => spec.market))].join(", ")
      throw new UsageError(`no task of this bot names the market ${from}${named === "" ? "" : `; they name ${named}`}`)
    }
    return lister
  }

  #findLister(inst: Inst): Lister {
    const markets = [...new Set(this.#listers.map(({ spec }) => spec.market))]
    if (markets.length === 0) throw new UsageError("no task of this bot names a market; declare a feed or orders(…)")
    const able = markets.filter((market) => instMistake(market, inst) === undefined)
    if (able.length === 0) {
      throw new UsageError([...new Set(markets.map((market) => instMistake(market, inst)))].join("; "))
    }
    const has = (market: Market, isMeant: (spec: ListerSpec) => boolean): boolean =>
      this.#listers.some(({ spec }) => spec.market === market && isMeant(spec))
    const trading = able.filter((market) => has(market, ({ kind }) => kind === "orders"))
    const naming = able.filter((market) => has(market, (spec) => spec.kind === "feed" && spec.insts.includes(inst)))
    const [only, ...more] = able.length === 1 ? able : trading.length > 0 ? trading : naming
    if (only === undefined || more.length > 0) {
      throw new UsageError(`${able.join(" and ")} may each list ${inst}; name the market, feed or router that is meant`)
    }
    const lister = this.#lister(only)
    this.#listerOf.set(inst, lister)
    return lister
  }

  book(inst: Inst, feed: Named<FeedHandle> | undefined): BookView {
    if (feed !== undefined) {
      for (const task of this.#of(feed)) {
        const view = (task as RunningFeed).book(inst)
        if (view !== undefined) return view
      }
      throw new UsageError(`feed ${handleName(wholeOf(feed))} keeps no book of ${inst}`)
    }
    const known = this.#bookOf.get(inst) ?? this.#findBook(inst)
    const view = known.book(inst)
    if (view === undefined) throw new UsageError(`feed ${taskName(known.spec)} keeps no book of ${inst} any more`)
    return view
  }

  #findBook(inst: Inst): RunningFeed {
    const keepers = this.#feeds.filter((task) => task.book(inst) !== undefined)
    const [first] = keepers
    if (first === undefined) {
      throw new UsageError(`no feed of this bot keeps a book of ${inst}; declare book(market, ["${inst}"])`)
    }
    const markets = new Set(keepers.map(({ spec }) => ("market" in spec ? spec.market : "")))
    if (markets.size > 1) {
      throw new UsageError(`${[...markets].join(" and ")} both keep a book of ${inst}; name the feed that is meant`)
    }
    this.#bookOf.set(inst, first)
    return first
  }

  #of(named: Binding): readonly RunningTask[] {
    checkHandle(named)
    const whole = wholeOf(named)
    const tasks = this.#byHandle.get(whole)
    if (tasks === undefined) throw new UsageError(`task ${handleName(whole)} is not of this bot; add it with .task(…)`)
    if (!isPart(named)) return tasks
    const place = placeOf(named, tasks.length, (at) => tasks[at]?.spec.id)
    if (typeof place === "string") throw new UsageError(place)
    return [tasks[place] as RunningTask]
  }
}

/** Why this task can have neither orders nor a position of such a name; what it lists needs no further look. */
function strangerTo(task: RunningOrders, inst: Inst): string | undefined {
  if (task.instrument(inst) !== undefined) return undefined
  return instMistake(task.market, inst) ?? task.stranger?.(inst)
}
