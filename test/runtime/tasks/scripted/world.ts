import type {
  CallbackData,
  CallbackName,
  InstrumentChanged,
  OrderChanged,
  TaskStarted,
  Trouble,
} from "../../../../src/runtime/domain/callbacks.ts"
import { clientIds } from "../../../../src/runtime/domain/client-id.ts"
import type { OrderRequest } from "../../../../src/runtime/domain/order.ts"
import type { Outside, Venue } from "../../../../src/runtime/ports.ts"
import { Instruments } from "../../../../src/runtime/tasks/instruments.ts"
import { Limiter } from "../../../../src/runtime/tasks/limiter.ts"
import { Offset } from "../../../../src/runtime/tasks/offset.ts"
import { type OrdersDeps, ordersTask, type OrdersTask } from "../../../../src/runtime/tasks/orders.ts"
import { PrivateStream } from "../../../../src/runtime/tasks/orders/private-stream.ts"
import { restClient, type RestClient } from "../../../../src/runtime/tasks/rest.ts"
import type { TaskHost } from "../../../../src/runtime/tasks/task.ts"
import { Turn } from "../../../../src/runtime/tasks/turn.ts"
import { seeded, VirtualClock } from "./clock.ts"
import { Exchange, INST } from "./exchange.ts"
import { Mortal } from "./mortal.ts"
import { Disk } from "./journal.ts"
import { Network, type Wire } from "./network.ts"
import { scriptedVenue } from "./venue.ts"

export const IDENTITY = "00000000a1"

export const LIMIT: OrderRequest = { inst: INST, side: "BUY", size: "1", price: "100" }

export interface WorldOptions {
  readonly seed?: number
  readonly venue?: Partial<Venue>
  readonly wire?: Partial<Wire>
  readonly deps?: Partial<OrdersDeps>
}

/** One life of the bot: a run on the journal, with everything an orders task needs. */
export interface Life {
  readonly task: OrdersTask
  readonly rest: RestClient
  readonly stream: PrivateStream
  readonly offset: Offset
  readonly changes: OrderChanged[]
  readonly troubles: Trouble[]
  readonly starts: TaskStarted[]
  readonly instruments: InstrumentChanged[]
  readonly failures: string[]
  readonly turn: Turn
  readonly mortal: Mortal
}

/** An exchange, a wire, a disk and a clock that outlive the bot. */
export class World {
  readonly clock = new VirtualClock()
  readonly exchange = new Exchange(() => this.clock.now())
  disk = new Disk()
  readonly network: Network
  readonly logged: { readonly event: string; readonly fields: unknown }[] = []
  readonly outside: Outside
  readonly venue: Venue
  readonly #options: WorldOptions

  constructor(options: WorldOptions = {}) {
    this.#options = options
    this.network = new Network(this.clock, this.exchange, options.wire ?? {})
    this.venue = scriptedVenue(options.venue)
    const log = (event: string, fields?: unknown): void => void this.logged.push({ event, fields })
    this.outside = {
      clock: this.clock,
      random: seeded(options.seed ?? 1),
      env: { get: () => undefined, names: () => [], pid: 1, memoryBytes: () => 0 },
      log: { debug: log, info: log, warn: log, error: log },
      sockets: this.network,
      http: this.network,
      listener: { listen: () => Promise.reject(new Error("not here")) },
    }
  }

  /** Starts a life without waiting for anything. */
  born(): Life {
    const { venue } = this
    const mortal = new Mortal(this.outside)
    const { outside } = mortal
    const { clock, http } = outside
    const journal = this.disk.open()
    const failures: string[] = []
    const turn = new Turn(journal, (error) => failures.push(error.message))
    const changes: OrderChanged[] = []
    const troubles: Trouble[] = []
    const starts: TaskStarted[] = []
    const instruments: InstrumentChanged[] = []
    const host: TaskHost = {
      outside,
      turn,
      publisher:
        <C extends CallbackName>(callback: C) =>
        (data: CallbackData[C]) => {
          if (callback === "onOrder") changes.push(data as OrderChanged)
          if (callback === "onInstrument") instruments.push(data as InstrumentChanged)
          if (callback === "onError") troubles.push(data as Trouble)
          if (callback === "onAltEvent") starts.push(data as TaskStarted)
        },
      halt: (why) => failures.push(why),
      counter: () => ({ value: 0 }),
    }
    const offset = new Offset({ venue, http, clock, random: outside.random, log: outside.log })
    const limiter = new Limiter(clock, venue.limits)
    const rest = restClient({
      venue,
      http,
      clock,
      random: outside.random,
      limiter,
      offset,
      credentials: { apiKey: "k", secret: "s" },
      log: outside.log,
    })
    const stream = new PrivateStream({ venue, outside, turn, rest })
    const listing = new Instruments({ venue, rest, clock, random: outside.random, log: outside.log })
    listing.start()
    const task = ordersTask({ kind: "orders", id: "1", market: "binance-um" }, host, {
      venue,
      journal,
      rest,
      limiter,
      offset,
      stream,
      instruments: listing,
      identity: IDENTITY,
      clientId: clientIds(IDENTITY, journal.restored.run, clock.now()),
      account: "shared",
      limits: {},
      entry: "socket",
      referencePrice: () => 100,
      ...this.#options.deps,
    })
    task.start()
    return { task, rest, stream, offset, changes, troubles, starts, instruments, failures, turn, mortal }
  }

  /** A life that is ready to trade. */
  async live(): Promise<Life> {
    const life = this.born()
    await this.clock.advance(1_000)
    const reasons = life.task.reasons()
    if (reasons.length > 0) throw new Error(`not ready: ${reasons.join("; ")}`)
    return life
  }

  /** The process is gone in the middle of whatever it did. */
  kill(life: Life): void {
    life.mortal.isAlive = false
    this.network.cut()
  }

  /** And its database with it. */
  loseDatabase(life: Life): void {
    this.kill(life)
    this.disk = new Disk()
  }
}

/** Submits and returns the client id; a refusal fails the test. */
export function submit(life: Life, request: OrderRequest = LIMIT): string {
  const submission = life.turn.run(() => life.task.submit("test", request))
  if (submission.kind === "refused") throw new Error(submission.reasons.join("; "))
  return submission.clientId
}
