import type { InstrumentChanged } from "../../domain/callbacks.ts"
import type { Inst } from "../../domain/inst.ts"
import type { InstrumentInfo } from "../../domain/instrument.ts"
import type { Outcome } from "../../domain/outcome.ts"
import type { Clock, Log, Random, Timer, Venue } from "../../ports.ts"
import type { RestClient } from "../rest.ts"

export interface InstrumentsDeps {
  readonly venue: Venue
  readonly rest: RestClient
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Insts whose changes the strategies want to know: named, held or traded by the bot. */
  readonly watched: () => ReadonlySet<Inst>
  /** Hears the whole listing whenever it was asked for. */
  readonly listed: (instruments: readonly InstrumentInfo[]) => void
  /** Hears what became of a watched inst. */
  readonly changed: (change: InstrumentChanged) => void
}

const EVERY_MS = 10 * 60_000

/**
 * The venue's listing, asked for at start and slowly always: ticks and lots change, and instruments are suspended and
 * delisted while a bot runs. One that is no longer listed at all counts as closed.
 */
export class Instruments {
  readonly #deps: InstrumentsDeps
  #known = new Map<Inst, InstrumentInfo>()
  #timer: Timer | undefined
  #isStopped = false

  constructor(deps: InstrumentsDeps) {
    this.#deps = deps
  }

  get isKnown(): boolean {
    return this.#known.size > 0
  }

  /** Asks; undefined where the venue answered, else why not. */
  async ask(): Promise<string | undefined> {
    const outcome = await this.#list()
    if (outcome.kind !== "accepted") return outcome.kind === "refused" ? outcome.reason : outcome.why
    for (const row of outcome.unreadable ?? []) {
      this.#deps.log.warn("venue.row.unreadable", { operation: "instruments", row })
    }
    if (this.#isStopped) return undefined
    this.#take(outcome.value)
    this.#timer?.cancel()
    this.#later()
    return undefined
  }

  stop(): void {
    this.#isStopped = true
    this.#timer?.cancel()
  }

  #list(): Promise<Outcome<readonly InstrumentInfo[]>> {
    const { venue, rest } = this.#deps
    const operation = (["instruments", "liveInstruments"] as const).find((one) => venue.operations.includes(one))
    if (operation === undefined) return Promise.resolve({ kind: "accepted", value: [] })
    return rest.call(operation, {})
  }

  #later(): void {
    const { clock, random, venue, log } = this.#deps
    this.#timer = clock.timer(EVERY_MS * (0.85 + random.next() * 0.3), () => {
      void this.ask().then((why) => {
        if (why === undefined || this.#isStopped) return
        log.warn("orders.instruments.unanswered", { market: venue.market, why })
        this.#later()
      })
    })
  }

  #take(listing: readonly InstrumentInfo[]): void {
    const { clock, listed, changed, watched, log, venue } = this.#deps
    const before = this.#known
    this.#known = new Map(listing.map((info) => [info.inst, info]))
    for (const [inst, info] of before) if (!this.#known.has(inst)) this.#known.set(inst, { ...info, status: "closed" })
    listed([...this.#known.values()])
    if (before.size === 0) return
    for (const inst of watched()) {
      const [was, is] = [before.get(inst), this.#known.get(inst)]
      if (is === undefined) continue
      const fields = was === undefined ? ["listed"] : differences(was, is)
      if (fields.length === 0) continue
      log.warn("orders.instrument", { market: venue.market, inst, fields, status: is.status })
      changed({ market: venue.market, inst, before: was, now: is, fields, timestamp: clock.now() })
    }
  }
}

/** Names of the fields in which they differ. */
function differences(was: InstrumentInfo, is: InstrumentInfo): string[] {
  const names = new Set([...Object.keys(was), ...Object.keys(is)]) as Set<keyof InstrumentInfo>
  return [...names].filter((name) => was[name] !== is[name]).toSorted()
}
