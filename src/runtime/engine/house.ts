import { UsageError } from "../domain/errors.ts"
import type { Inst } from "../domain/inst.ts"
import type { Order } from "../domain/order.ts"
import { taskName } from "../domain/task.ts"
import type { Outside } from "../ports.ts"
import type { RunningFeed, RunningOrders, RunningPredict, RunningTask } from "../tasks/task.ts"
import type { BookView } from "./declaration/context.ts"
import type { FeedHandle, Handle, OrdersHandle, PredictHandle } from "./declaration/handle.ts"

/** The running tasks of a bot, found by the handles that declared them. A handle of another bot is a UsageError. */
export class House {
  readonly outside: Outside
  readonly tasks: readonly RunningTask[]
  readonly allOrders: readonly RunningOrders[]
  readonly #feeds: readonly RunningFeed[]
  readonly #byHandle: ReadonlyMap<Handle, readonly RunningTask[]>
  readonly #turns = new Map<PredictHandle, number>()
  readonly #bookOf = new Map<Inst, RunningFeed>()

  constructor(outside: Outside, tasks: readonly RunningTask[], handles: ReadonlyMap<Handle, readonly number[]>) {
    this.outside = outside
    this.tasks = tasks
    this.allOrders = tasks.filter(({ spec }) => spec.kind === "orders") as unknown as readonly RunningOrders[]
    this.#feeds = tasks.filter(({ spec }) => spec.kind === "feed") as unknown as readonly RunningFeed[]
    this.#byHandle = new Map(
      [...handles].map(([handle, places]) => [handle, places.map((at) => tasks[at] as RunningTask)]),
    )
  }

  openOrders(): readonly Order[] {
    return this.allOrders.flatMap((task) => task.openOrders())
  }

  orders(router: OrdersHandle): RunningOrders {
    return this.part(router, 0) as RunningOrders
  }

  /** The named router, or the only one there is. */
  oneOrders(router: OrdersHandle | undefined): RunningOrders {
    if (router !== undefined) return this.orders(router)
    const [only, ...more] = this.allOrders
    if (only === undefined) throw new UsageError("this bot declares no orders(…) task")
    if (more.length > 0) throw new UsageError("this bot has several orders(…) tasks; name the one that is meant")
    return only
  }

  /** The named worker, or each in turn. */
  predictor(model: PredictHandle, part: number | undefined): RunningPredict {
    const count = this.#of(model).length
    if (part !== undefined || count === 1) return this.part(model, part ?? 0) as RunningPredict
    const turn = this.#turns.get(model) ?? 0
    this.#turns.set(model, (turn + 1) % count)
    return this.part(model, turn) as RunningPredict
  }

  part(handle: Handle, part: number): RunningTask {
    const tasks = this.#of(handle)
    const task = tasks[part]
    if (task !== undefined) return task
    const name = taskName({ ...handle.draft, id: handle.options.id ?? "?" })
    throw new UsageError(`task ${name} has ${tasks.length} parts, counted from 0; there is no part ${part}`)
  }

  book(inst: Inst, feed: FeedHandle | undefined): BookView {
    if (feed !== undefined) {
      for (const task of this.#of(feed)) {
        const view = (task as RunningFeed).book(inst)
        if (view !== undefined) return view
      }
      throw new UsageError(`feed ${taskName({ ...feed.draft, id: feed.options.id ?? "?" })} keeps no book of ${inst}`)
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

  #of(handle: Handle): readonly RunningTask[] {
    const tasks = this.#byHandle.get(handle)
    if (tasks !== undefined) return tasks
    const name = taskName({ ...handle.draft, id: handle.options.id ?? "?" })
    throw new UsageError(`task ${name} is not of this bot; add it with .task(…)`)
  }
}
