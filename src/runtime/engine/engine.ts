import type { CallbackName } from "../domain/callbacks.ts"
import { describe, JournalError, stackOf, StrategyError } from "../domain/errors.ts"
import type { Metrics } from "../domain/metrics.ts"
import { type TaskSpec, taskName } from "../domain/task.ts"
import type { Journal, Mode, Outside } from "../ports.ts"
import type { Publish, RunningTask, TaskHost } from "../tasks/task.ts"
import { Turn } from "../tasks/turn.ts"
import type { Plan, StrategyPlan } from "./build.ts"
import { type ContextParts, StrategyContext } from "./context.ts"
import { within } from "./deadline.ts"
import type { StateOptions } from "./declaration/strategy.ts"
import { Delivery } from "./delivery.ts"
import { TIMER } from "./event.ts"
import { House } from "./house.ts"
import { Meters } from "./meters.ts"
import { ModeSwitch } from "./mode.ts"
import { NewsDesk, type NewsListener, NEWSWORTHY } from "./news.ts"
import { promiseOf, type Runner, type Watch } from "./runner.ts"
import { KeptState } from "./state.ts"
import { Timers } from "./timers.ts"

const RING_BYTES = 4 * 2 ** 20
const RINGS_BYTES = 16 * 2 ** 20
const HANDLER_MS_MAX = 50
const SETTLE_MS_MAX = 5_000
const STOP_MS_MAX = 5_000
const START_MS_MAX = 30_000
const NUMBERED =
  "its name is of its place among others of its type: in another order they would have each other's state"

export interface EngineOptions {
  readonly plan: Plan
  readonly outside: Outside
  readonly journal: Journal
  readonly metrics: Metrics
  /** Makes what a spec describes; called once a task, in order, before anything starts. */
  makeTask(spec: TaskSpec, host: TaskHost): RunningTask
  /** Told which handler runs. */
  readonly watch?: Watch
  /** Makes what a strategy sees of the bot; for a simulation, whose trace shows what strategies do. */
  readonly makeContext?: (parts: ContextParts) => StrategyContext
  /** How long each step of a stop may take, default 5,000. */
  readonly stopMsMax?: number
}

export type Phase = "built" | "starting" | "running" | "stopping" | "stopped"

interface Hosted {
  readonly plan: StrategyPlan
  readonly runner: Runner
  readonly timers: Timers
  readonly state: KeptState
  /** Brings its state to its own version. */
  migrate(): void
}

/** A bot that runs: its tasks, its strategies, and what passes between them. */
export class Engine {
  readonly plan: Plan
  readonly turn: Turn
  readonly #options: EngineOptions
  readonly #outside: Outside
  readonly #delivery: Delivery
  readonly #mode: ModeSwitch
  readonly #news: NewsDesk
  readonly #meters: Meters
  readonly #house: House
  readonly #hosted: readonly Hosted[]
  #phase: Phase = "built"
  #unwritten: JournalError | undefined
  #stopping: Promise<void> | undefined
  readonly #starting = new Set<Runner>()
  /** Settles when a stop begins: whoever still waits for a start waits no longer. */
  readonly #halted = Promise.withResolvers<void>()

  constructor(options: EngineOptions) {
    const { plan, outside, journal, metrics } = options
    const { clock, log } = outside
    const { restored } = journal
    this.plan = plan
    this.#options = options
    this.#outside = outside
    this.#news = new NewsDesk(log)
    this.#meters = new Meters(metrics)
    this.turn = new Turn(journal, (error) => {
      this.#unwritten = error
      this.#mode.haltUnwritten(describe(error))
    })
    const { turn } = this
    this.#mode = new ModeSwitch(restored.mode, restored.modeWhy, { turn, clock, log, news: this.#news })
    this.#delivery = new Delivery({
      clock,
      turn,
      log,
      metrics,
      meters: this.#meters,
      ringBytesMax: plan.options.ringBytesMax ?? RING_BYTES,
      ringsBytesMax: plan.options.ringsBytesMax ?? RINGS_BYTES,
      watch: options.watch,
      openOrders: () => this.#house.openOrders(),
      tapped: NEWSWORTHY,
      tap: (callback, message) => this.#news.event(callback, message),
    })
    const runners = plan.strategies.map((strategy) => this.#addRunner(strategy))
    this.#house = new House(outside, this.#makeTasks(runners), plan.handles)
    this.#hosted = plan.strategies.map((strategy, at) => this.#host(strategy, runners[at] as Runner))
    // Every strategy's or none's: a bot that cannot begin leaves the state as the version before knows it.
    turn.run(() => this.#hosted.forEach((hosted) => hosted.migrate()))
    if (this.#unwritten !== undefined) throw unmigrated(plan.name, this.#unwritten)
  }

  // ---- assembly ----

  #addRunner({ name, strategy, options }: StrategyPlan): Runner {
    return this.#delivery.addStrategy({
      name,
      strategy,
      onThrow: options.onThrow ?? "continue",
      handlerMsMax: options.handlerMsMax ?? HANDLER_MS_MAX,
      settleMsMax: options.settleMsMax ?? SETTLE_MS_MAX,
    })
  }

  #makeTasks(runners: readonly Runner[]): readonly RunningTask[] {
    const specsOf = new Map(
      runners.map((runner, place) => [
        runner,
        this.plan.strategies[place]?.tasks.map((at) => this.plan.tasks[at]!) ?? [],
      ]),
    )
    const but = (unless: (bound: readonly TaskSpec[]) => boolean) => (runner: Runner) =>
      !unless(specsOf.get(runner) ?? [])
    return this.plan.tasks.map((spec, at) => {
      const bound = runners.filter((_, place) => this.plan.strategies[place]?.tasks.includes(at))
      const source = this.#delivery.source(spec)
      return this.#options.makeTask(spec, {
        outside: this.#outside,
        turn: this.turn,
        publisher: <C extends CallbackName>(
          callback: C,
          unless?: (bound: readonly TaskSpec[]) => boolean,
        ): Publish<C> =>
          this.#delivery.publisher(source, callback, unless === undefined ? bound : bound.filter(but(unless))),
        refusal: (callback) => this.#delivery.refusal(source, callback),
        halt: (why) => this.halt(why),
        counter: (name, help, labels) => this.#meters.counter(name, help, labels),
      })
    })
  }

  #host(plan: StrategyPlan, runner: Runner): Hosted {
    const { turn } = this
    const { clock } = this.#outside
    const { name, options } = plan
    const rows = this.#options.journal.restored.state.filter(({ strategy }) => strategy === name)
    let isFollowed = !plan.isNumbered
    const state = new KeptState(name, rows, (record, undo) => {
      turn.record(record, undo)
      if (isFollowed) return
      isFollowed = true
      this.#outside.log.warn("state.numbered", { strategy: name, why: NUMBERED })
    })
    const migrate = options.state === undefined ? () => undefined : this.#migration(runner, state, options.state)
    const timers = new Timers(clock, (run) => turn.run(() => this.#delivery.post(runner, TIMER, run)))
    runner.ended = () => timers.close()
    const { makeContext = (parts) => new StrategyContext(parts) } = this.#options
    runner.ctx = makeContext({
      house: this.#house,
      params: this.plan.params,
      bot: this.plan.name,
      strategy: name,
      state,
      timers,
      meters: this.#meters,
      refusal: () => this.#refusal() ?? runner.refusal(),
    })
    return { plan, runner, timers, state, migrate }
  }

  /** What the strategy's own `migrate` makes of its state, not written yet. */
  #migration(runner: Runner, state: KeptState, { version, migrate }: StateOptions): () => void {
    const { clock, log } = this.#outside
    if (migrate === undefined) return state.migration({ version })
    return state.migration({
      version,
      migrate: (from, old) => {
        try {
          return runner.lead("migrate", clock.now(), () => migrate(from, old))
        } catch (error) {
          log.error("strategy.migrate", { strategy: runner.name, why: describe(error), stack: stackOf(error) })
          throw error
        }
      },
    })
  }

  // ---- life ----

  /**
   * Strategies' `start`, then their lanes open, then tasks start: nobody misses a task's first event.
   * Rejects where a strategy's `start` throws, by its name and with everything stopped again.
   */
  async start(): Promise<void> {
    if (this.#phase !== "built") return
    this.#phase = "starting"
    const { log } = this.#outside
    for (const note of this.plan.notes) log.warn("plan.note", { note })
    try {
      await Promise.all(
        this.#hosted.map((hosted) =>
          this.#begin(hosted).catch((error: unknown) => {
            const strategy = hosted.runner.name
            const why = describe(error)
            log.error("strategy.start", { strategy, why, stack: stackOf(error) })
            throw new StrategyError(`strategy ${strategy} could not start: ${why}`, { cause: error })
          }),
        ),
      )
    } catch (error) {
      await this.stop("a strategy could not start")
      throw error
    }
    if (this.#stopping !== undefined) return
    this.#phase = "running"
    for (const { runner } of this.#hosted) if (runner.state === "new" && runner.why === "") runner.run()
    for (const task of this.#house.tasks) task.start()
    log.info("bot.started", { bot: this.plan.name, tasks: this.#house.tasks.length, strategies: this.#hosted.length })
  }

  /**
   * One strategy's `start`. Rejects with what it throws in time; one that does not settle in time holds up nobody: it is
   * reported, and where its policy is to go on, its strategy hears its first event once it has settled after all.
   */
  async #begin({ plan, runner }: Hosted): Promise<void> {
    const { clock } = this.#outside
    const msMax = plan.options.startMsMax ?? START_MS_MAX
    const started = this.turn.run(() => promiseOf(runner.live("start", clock.now())))
    if (started === undefined) return
    this.#name(runner, true)
    const { promise: isLate, resolve } = Promise.withResolvers<true>()
    const timer = clock.timer(msMax, () => resolve(true))
    void this.#halted.promise.then(() => timer.cancel())
    const settled = started.finally(() => {
      timer.cancel()
      this.#name(runner, false)
    })
    if ((await Promise.race([isLate, settled, this.#halted.promise])) !== true) return
    this.#name(runner, false)
    this.turn.run(() => this.#delivery.unstarted(runner, `has not settled for ${msMax} ms`))
    started.then(
      () => this.#phase === "running" && runner.state === "new" && runner.run(),
      (error: unknown) => {
        if (runner.state === "stopped") return
        this.turn.run(() => this.#delivery.unstarted(runner, `failed: ${describe(error)}`, stackOf(error)))
        // Never begun as it meant to: going on with it would be a guess.
        if (runner.onThrow === "continue") runner.stop(`start failed: ${describe(error)}`)
      },
    )
  }

  /** No handler runs while starts are pending: what spins then is one of them, also after its first `await`. */
  #name(runner: Runner, isPending: boolean): void {
    if (isPending) this.#starting.add(runner)
    else if (!this.#starting.delete(runner)) return
    const { watch } = this.#delivery
    const names = [...this.#starting].map(({ name }) => `${name}.start`)
    watch.leave(names.length === 0 ? 0 : watch.label(names.join(" or ")))
  }

  /** Stops feeds, lets handlers finish, asks strategies to `stop`, cancels open orders where declared so, stops the rest. */
  stop(reason: string): Promise<void> {
    this.#stopping ??= this.#stop(reason)
    return this.#stopping
  }

  async #stop(reason: string): Promise<void> {
    const wasRunning = this.#phase === "running"
    this.#phase = "stopping"
    this.#halted.resolve()
    const { log } = this.#outside
    log.info("bot.stopping", { bot: this.plan.name, reason })
    const orders = this.#house.allOrders
    const others = this.#house.tasks.filter(({ spec }) => spec.kind !== "orders")
    for (const { timers } of this.#hosted) timers.close()
    await Promise.all(others.map((task) => this.#bounded(`task ${taskName(task.spec)}`, () => task.stop())))
    await this.#settle()
    if (wasRunning) {
      await Promise.all(
        this.#hosted.map(({ plan, runner }) =>
          this.#bounded(`strategy ${plan.name}`, async () => {
            await this.turn.run(() => promiseOf(runner.live("stop", this.#outside.clock.now())))
          }),
        ),
      )
      if (this.plan.options.openOrdersOnStop !== "keep") {
        await Promise.all(orders.map((task) => this.#bounded(`cancelling on ${task.market}`, () => task.cancelAll())))
      }
      await this.#settle()
    }
    await Promise.all(orders.map((task) => this.#bounded(`task ${taskName(task.spec)}`, () => task.stop())))
    for (const { runner, state } of this.#hosted) {
      runner.stop(reason)
      state.close("the bot has stopped, and nothing is kept any more")
    }
    this.#delivery.close()
    this.#phase = "stopped"
    log.info("bot.stopped", { bot: this.plan.name, reason })
  }

  async #settle(): Promise<void> {
    await Promise.all(
      this.#hosted.map(({ plan, runner }) => this.#bounded(`strategy ${plan.name}'s handler`, () => runner.whenIdle())),
    )
  }

  async #bounded(what: string, work: () => Promise<unknown>): Promise<void> {
    const { clock, log } = this.#outside
    const ms = this.#options.stopMsMax ?? STOP_MS_MAX
    const started = Promise.resolve().then(work)
    const isDone = await within(clock, ms, started, (error) =>
      log.error("stop.failed", { what, why: describe(error), stack: stackOf(error) }),
    )
    if (!isDone) log.error("stop.late", { what, waitedMs: ms })
  }

  // ---- modes ----

  get mode(): Mode {
    return this.#mode.mode
  }

  /** Why it is in this mode. */
  get modeWhy(): string {
    return this.#mode.why
  }

  get phase(): Phase {
    return this.#phase
  }

  /** No new orders until `resume`, also after a restart; data and cancels go on. */
  pause(why: string): void {
    this.#mode.set("paused", why)
  }

  /** The same, because something is wrong. */
  halt(why: string): void {
    this.#mode.set("halted", why)
  }

  /** Trades again, also the strategies that an error had paused. */
  resume(why = "resumed by the operator"): void {
    this.#mode.set("running", why)
    for (const { runner } of this.#hosted) if (runner.state === "paused") runner.run()
  }

  /** Of every orders task. */
  async cancelAll(): Promise<void> {
    await Promise.all(this.#house.allOrders.map((task) => task.cancelAll()))
  }

  async flatten(): Promise<void> {
    await Promise.all(this.#house.allOrders.map((task) => task.flatten()))
  }

  #refusal(): string | undefined {
    if (this.#phase === "stopping" || this.#phase === "stopped") return "the bot is stopping"
    return this.#mode.refusal()
  }

  // ---- what outsiders see ----

  get tasks(): readonly RunningTask[] {
    return this.#house.tasks
  }

  /** Why it is not safe to trade now; empty when it is. */
  reasons(): readonly string[] {
    const own = this.#phase === "running" ? [] : [`the bot is ${this.#phase}`]
    const mode = this.#mode.refusal()
    const strategies = this.#hosted.map(({ runner }) => runner.refusal()).filter((reason) => reason !== undefined)
    return [
      ...own,
      ...(mode === undefined ? [] : [mode]),
      ...strategies,
      ...this.#house.tasks.flatMap((task) => task.reasons()),
    ]
  }

  /** Plain JSON without secrets. */
  state(): Readonly<Record<string, unknown>> {
    const { latency } = this.#delivery
    return {
      bot: this.plan.name,
      phase: this.#phase,
      mode: this.#mode.mode,
      modeWhy: this.#mode.why,
      reasons: this.reasons(),
      params: this.plan.params,
      events: this.#delivery.sequence,
      waiting: this.#delivery.waiting(),
      latencyUs: {
        count: latency.count,
        p50: latency.quantile(0.5),
        p99: latency.quantile(0.99),
        p999: latency.quantile(0.999),
        max: latency.max,
      },
      strategies: this.#hosted.map(({ runner }) => ({
        name: runner.name,
        state: runner.state,
        why: runner.refusal() ?? "",
        handled: runner.handled,
        waiting: runner.work,
        dropped: runner.dropped,
        errors: runner.errors,
      })),
      tasks: this.#house.tasks.map((task) => ({ task: taskName(task.spec), reasons: task.reasons(), ...task.state() })),
    }
  }

  /** Orders, fills, book and feed states, troubles and mode changes, as they happen. Returns how to leave. */
  subscribe(listener: NewsListener): () => void {
    return this.#news.subscribe(listener)
  }
}

/** Its strategies would read what an older version wrote as if it were their own. */
const unmigrated = (bot: string, cause: JournalError): JournalError =>
  new JournalError(
    `bot ${bot} cannot begin: the version of its strategies' state could not be written down, and is as it was`,
    {
      cause,
    },
  )
