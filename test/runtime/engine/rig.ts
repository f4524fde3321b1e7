import type { Bot } from "../../../src/runtime/engine/declaration/bot.ts"
import type { Handle } from "../../../src/runtime/engine/declaration/handle.ts"
import { build } from "../../../src/runtime/engine/build.ts"
import { Engine, type EngineOptions } from "../../../src/runtime/engine/engine.ts"
import type { CallbackData, CallbackName } from "../../../src/runtime/domain/callbacks.ts"
import { JournalError } from "../../../src/runtime/domain/errors.ts"
import type { Trade } from "../../../src/runtime/domain/events.ts"
import { MARKETS } from "../../../src/runtime/domain/market.ts"
import { Metrics } from "../../../src/runtime/domain/metrics.ts"
import type { Order, OrderRequest } from "../../../src/runtime/domain/order.ts"
import type { TaskSpec } from "../../../src/runtime/domain/task.ts"
import type { Clock, Journal, JournalRecord, Outside, Restored, Timer } from "../../../src/runtime/ports.ts"
import { intentTask, relayTask } from "../../../src/runtime/tasks/relay.ts"
import type { Publish, RunningTask, TaskHost } from "../../../src/runtime/tasks/task.ts"

/** Time that moves only when a test says so. */
export class TestClock implements Clock {
  #now = 1_700_000_000_000_000
  #order = 0
  readonly #due: { at: number; order: number; fire: () => void }[] = []
  readonly #deferred: (() => void)[] = []
  now = (): number => this.#now
  monotonic = (): number => this.#now

  timer(delayMs: number, fire: () => void): Timer {
    const one = { at: this.#now + Math.max(0, delayMs) * 1_000, order: this.#order++, fire }
    this.#due.push(one)
    return {
      cancel: () => {
        const at = this.#due.indexOf(one)
        if (at >= 0) this.#due.splice(at, 1)
      },
    }
  }

  /** How many timers there are. */
  get armed(): number {
    return this.#due.length
  }

  defer(run: () => void): void {
    this.#deferred.push(run)
  }

  /** A handler that holds the loop: time passes and nothing else happens. */
  hold(ms: number): void {
    this.#now += ms * 1_000
  }

  /** How many calls wait for the loop; serves them. */
  async turnLoop(): Promise<number> {
    const calls = this.#deferred.splice(0)
    for (const call of calls) call()
    await settle()
    return calls.length
  }

  async advance(ms: number): Promise<void> {
    const end = this.#now + ms * 1_000
    await this.#flush()
    for (;;) {
      const [next] = this.#due.toSorted((a, b) => a.at - b.at || a.order - b.order)
      if (next === undefined || next.at > end) break
      this.#due.splice(this.#due.indexOf(next), 1)
      this.#now = Math.max(this.#now, next.at)
      next.fire()
      await this.#flush()
    }
    this.#now = Math.max(this.#now, end)
  }

  async #flush(): Promise<void> {
    await settle()
    while ((await this.turnLoop()) > 0);
  }
}

/** Until nothing is left to do at once. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve()
}

class MemoryJournal implements Journal {
  readonly restored: Restored
  readonly commits: (readonly JournalRecord[])[] = []
  isFull = false
  constructor(restored: Partial<Restored>) {
    this.restored = {
      run: 1,
      orders: [],
      own: [],
      books: [],
      funding: [],
      state: [],
      mode: "running",
      modeWhy: "",
      ...restored,
    }
  }
  commit(records: readonly JournalRecord[]): void {
    if (this.isFull) throw new JournalError("disk full")
    this.commits.push(records)
  }
  order(): undefined {
    return undefined
  }
  hasFill(): boolean {
    return false
  }
  orders(): readonly Order[] {
    return []
  }
  fills(): readonly never[] {
    return []
  }
  fundings(): readonly never[] {
    return []
  }
  close(): void {}
}

export interface Stub extends RunningTask {
  readonly calls: string[]
  reasonsNow: readonly string[]
  openNow: readonly Order[]
  published: unknown[]
}

export interface Rig {
  readonly engine: Engine
  readonly clock: TestClock
  readonly journal: MemoryJournal
  readonly metrics: Metrics
  readonly logged: {
    readonly level: string
    readonly event: string
    readonly fields: Readonly<Record<string, unknown>>
  }[]
  readonly specs: readonly TaskSpec[]
  task(handle: Handle): Stub
  /** Publishes as the task would, in a turn of its own. */
  send<C extends CallbackName>(handle: Handle, callback: C, data: CallbackData[C]): void
  /** The same, but inside whatever turn runs. With `unless`: another publisher of the same, for fewer. */
  publisher<C extends CallbackName>(handle: Handle, callback: C, unless?: Unless): Publish<C>
}

type Unless = NonNullable<Parameters<TaskHost["publisher"]>[1]>

export interface RigOptions extends Partial<Pick<EngineOptions, "stopMsMax" | "watch">> {
  readonly restored?: Partial<Restored>
  readonly set?: Readonly<Record<string, string>>
  /** The disk takes nothing, from the start. */
  readonly isFull?: boolean
}

/** A bot on stub tasks: the test is every task. */
export function rig(bot: Bot, options: RigOptions = {}): Rig {
  const clock = new TestClock()
  const logged: Rig["logged"] = []
  const log =
    (level: string) =>
    (event: string, fields: Readonly<Record<string, unknown>> = {}) =>
      void logged.push({ level, event, fields })
  const outside: Outside = {
    clock,
    random: { next: () => 0.5 },
    env: { get: () => undefined, names: () => [], pid: 1, memoryBytes: () => 0 },
    log: { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") },
    sockets: { open: () => refuse() },
    http: { request: () => refuse() },
    listener: { listen: () => refuse() },
  }
  const journal = new MemoryJournal(options.restored ?? {})
  journal.isFull = options.isFull === true
  const metrics = new Metrics()
  const plan = build(bot, { markets: MARKETS }, { set: options.set ?? {} })
  const stubs: Stub[] = []
  const publishers: Map<CallbackName, unknown>[] = []
  const hosts: TaskHost[] = []
  const engine = new Engine({
    ...options,
    plan,
    outside,
    journal,
    metrics,
    makeTask(spec, host) {
      const bound = new Map<CallbackName, unknown>()
      for (const callback of CALLBACK_NAMES) bound.set(callback, host.publisher(callback))
      publishers.push(bound)
      hosts.push(host)
      const stub = stubTask(spec, host)
      stubs.push(stub)
      return stub
    },
  })
  const place = (handle: Handle) => plan.handles.get(handle)?.[0] ?? -1
  const publisher = <C extends CallbackName>(handle: Handle, callback: C, unless?: Unless) =>
    unless === undefined
      ? (publishers[place(handle)]?.get(callback) as Publish<C>)
      : (hosts[place(handle)] as TaskHost).publisher(callback, unless)
  return {
    engine,
    clock,
    journal,
    metrics,
    logged,
    specs: plan.tasks,
    task: (handle) => stubs[place(handle)] as Stub,
    publisher,
    send: (handle, callback, data) => engine.turn.run(() => publisher(handle, callback)(data, clock.now())),
  }
}

const CALLBACK_NAMES = Object.keys({
  onAltEvent: 0,
  onWsEvent: 0,
  onSchedule: 0,
  onOrderExecution: 0,
  onInstIntent: 0,
  onPreds: 0,
  onTrade: 0,
  onLob: 0,
  onCandle: 0,
  onAccOrder: 0,
  onAccBalPos: 0,
  onAccPos: 0,
  onBookState: 0,
  onFeedState: 0,
  onOrder: 0,
  onInstrument: 0,
  onLag: 0,
  onError: 0,
} satisfies Partial<Record<CallbackName, number>>) as CallbackName[]

function refuse(): never {
  throw new Error("nothing outside in this test")
}

function stubTask(spec: TaskSpec, host: TaskHost): Stub {
  const calls: string[] = []
  const base = {
    spec,
    calls,
    reasonsNow: [] as readonly string[],
    openNow: [] as readonly Order[],
    published: [] as unknown[],
    start: () => void calls.push("start"),
    stop: () => Promise.resolve(void calls.push("stop")),
    reasons: (): readonly string[] => stub.reasonsNow,
    state: () => ({ calls }),
  }
  const stub = Object.assign(base, {
    market: "market" in spec ? spec.market : undefined,
    ...(spec.kind === "intents" ? { publish: intentTask(spec, host).publish } : {}),
    ...(spec.kind === "relay" ? { publish: relayTask(spec, host).publish } : {}),
    predict: (input: unknown) => void stub.published.push(input),
    submit(strategy: string, request: OrderRequest) {
      calls.push(`submit ${strategy} ${request.inst}`)
      host.turn.afterCommit(() => calls.push("sent"))
      return { kind: "submitted", clientId: "0".repeat(32), ack: Promise.resolve({ kind: "unknown", why: "stub" }) }
    },
    amend: () => Promise.resolve({ kind: "unknown", why: "stub" }),
    cancel: (clientId: string) => {
      calls.push(`cancel ${clientId}`)
      return Promise.resolve({ kind: "unknown", why: "stub" })
    },
    openOrders: () => stub.openNow,
    order: () => undefined,
    position: () => ({ own: "1", account: undefined }),
    balance: () => undefined,
    instrument: () => undefined,
    pnl: () => [],
    cancelAll: () => Promise.resolve(void calls.push("cancelAll")),
    flatten: () => Promise.resolve(void calls.push("flatten")),
    book: (inst: string) =>
      spec.kind === "feed" && spec.channel.kind === "lob" && spec.insts.includes(inst)
        ? { state: "syncing", why: `stub ${spec.market}`, since: 0 }
        : undefined,
    ...(spec.kind === "feed" && spec.isManual
      ? {
          manual: {
            connect: (url: string) => Promise.resolve(void calls.push(`connect ${url}`)).then(() => ACCEPTED),
            send: (text: string) => Promise.resolve(void calls.push(`send ${text}`)).then(() => ACCEPTED),
            shutdown: () => new Promise(() => undefined),
          },
        }
      : {}),
  })
  return stub
}

const ACCEPTED = { kind: "accepted", value: undefined } as const

export const trade = (tradeId: number): Trade => ({
  kind: "trade",
  market: "binance-um",
  inst: "BTC_USDT_PERP",
  price: 100,
  size: 1,
  side: "BUY",
  tradeId: String(tradeId),
  timestamp: 0,
  receivedAt: 0,
})

export const order = (clientId: string): Order => ({
  clientId,
  market: "binance-um",
  inst: "BTC_USDT_PERP",
  side: "BUY",
  type: "limit",
  timeInForce: "gtc",
  size: "1",
  price: "100",
  reduceOnly: false,
  state: "open",
  filled: "0",
  createdAt: 0,
  updatedAt: 0,
  expiresAt: 0,
})

export const changed = (clientId: string): CallbackData["onOrder"] => ({
  order: order(clientId),
  from: "pending",
  cause: "answer",
  timestamp: 0,
})

/** A promise and its two ends. */
export const gate = (): PromiseWithResolvers<void> => Promise.withResolvers<void>()

/** Numbers in [0, 1) that a seed decides. */
export function chance(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32
    return state / 2 ** 32
  }
}
