import type { InstrumentChanged } from "../domain/callbacks.ts"
import type { Inst } from "../domain/inst.ts"
import type { InstrumentInfo } from "../domain/instrument.ts"
import type { Outcome } from "../domain/outcome.ts"
import type { Clock, Log, Random, Timer, Venue } from "../ports.ts"
import type { RestClient } from "./rest.ts"

export interface InstrumentsDeps {
  readonly venue: Venue
  readonly rest: RestClient
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

/** A task that wants to know what becomes of instruments. */
export interface InstrumentsListener {
  /** Whose changes it wants to know. */
  watched(): ReadonlySet<Inst>
  changed(change: InstrumentChanged): void
  /** Hears the whole listing whenever it was asked for. */
  listed?(instruments: readonly InstrumentInfo[]): void
}

const EVERY_MS = 10 * 60_000
/** While the venue has not answered at all. */
const RETRY_MS = 30_000

/**
 * The venue's listing, one for all tasks of a market, asked for without a key: before the start and slowly always, since
 * ticks and lots change, and instruments are suspended and delisted while a bot runs. One that is no longer listed at all
 * counts as closed.
 */
export class Instruments {
  readonly #deps: InstrumentsDeps
  readonly #listeners: InstrumentsListener[] = []
  #known = new Map<Inst, InstrumentInfo>()
  #asking: Promise<string | undefined> | undefined
  #timer: Timer | undefined
  #state: "new" | "running" | "stopped" = "new"

  constructor(deps: InstrumentsDeps) {
    this.#deps = deps
  }

  get isKnown(): boolean {
    return this.#known.size > 0
  }

  get(inst: Inst): InstrumentInfo | undefined {
    return this.#known.get(inst)
  }

  insts(): readonly Inst[] {
    return [...this.#known.keys()]
  }

  listen(listener: InstrumentsListener): void {
    this.#listeners.push(listener)
    if (this.isKnown) listener.listed?.([...this.#known.values()])
  }

  /** Asks; undefined where the venue answered, else why not. Who asks meanwhile gets the same answer. */
  ask(): Promise<string | undefined> {
    this.#asking ??= this.#ask().finally(() => (this.#asking = undefined))
    return this.#asking
  }

  /** From now on it is asked again and again. */
  start(): void {
    if (this.#state !== "new") return
    this.#state = "running"
    this.#later()
  }

  stop(): void {
    this.#state = "stopped"
    this.#timer?.cancel()
  }

  async #ask(): Promise<string | undefined> {
    const outcome = await this.#list()
    if (outcome.kind !== "accepted") return outcome.kind === "refused" ? outcome.reason : outcome.why
    for (const row of outcome.unreadable ?? []) {
      this.#deps.log.warn("venue.row.unreadable", { operation: "instruments", row })
    }
    if (this.#state === "stopped") return undefined
    this.#take(outcome.value)
    this.#later()
    return undefined
  }

  #list(): Promise<Outcome<readonly InstrumentInfo[]>> {
    const { venue, rest } = this.#deps
    const operation = operationOf(venue)
    if (operation === undefined) return Promise.resolve({ kind: "accepted", value: [] })
    return rest.call(operation, {})
  }

  #later(): void {
    const { clock, random, venue, log } = this.#deps
    this.#timer?.cancel()
    if (this.#state !== "running" || operationOf(venue) === undefined) return
    const pauseMs = this.isKnown ? EVERY_MS : RETRY_MS
    this.#timer = clock.timer(pauseMs * (0.85 + random.next() * 0.3), () => {
      void this.ask().then((why) => {
        if (why === undefined || this.#state !== "running") return
        log.warn("instruments.unanswered", { market: venue.market, why })
        this.#later()
      })
    })
  }

  #take(listing: readonly InstrumentInfo[]): void {
    const before = this.#known
    this.#known = new Map(listing.map((info) => [info.inst, info]))
    for (const [inst, info] of before) if (!this.#known.has(inst)) this.#known.set(inst, { ...info, status: "closed" })
    for (const listener of this.#listeners) listener.listed?.([...this.#known.values()])
    if (before.size > 0) this.#tell(before)
  }

  #tell(before: ReadonlyMap<Inst, InstrumentInfo>): void {
    const { clock, log, venue } = this.#deps
    const { market } = venue
    const watched = this.#listeners.map((listener) => listener.watched())
    for (const inst of new Set(watched.flatMap((insts) => [...insts]))) {
      const [was, now] = [before.get(inst), this.#known.get(inst)]
      if (now === undefined) continue
      const fields = was === undefined ? ["listed"] : differences(was, now)
      if (fields.length === 0) continue
      log.warn("instrument.changed", { market, inst, fields, status: now.status })
      const change: InstrumentChanged = { market, inst, before: was, now, fields, timestamp: clock.now() }
      this.#listeners.forEach((listener, at) => watched[at]?.has(inst) === true && listener.changed(change))
    }
  }
}

const operationOf = (venue: Venue): "instruments" | "liveInstruments" | undefined =>
  (["instruments", "liveInstruments"] as const).find((one) => venue.operations.includes(one))

/** Names of the fields in which they differ. */
function differences(was: InstrumentInfo, is: InstrumentInfo): string[] {
  const names = new Set([...Object.keys(was), ...Object.keys(is)]) as Set<keyof InstrumentInfo>
  return [...names].filter((name) => was[name] !== is[name]).toSorted()
}
