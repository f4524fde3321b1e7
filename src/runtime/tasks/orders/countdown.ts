import type { Inst } from "../../domain/inst.ts"
import type { Clock, Log, Timer, Venue } from "../../ports.ts"
import type { RestClient } from "../rest.ts"

export interface CountdownDeps {
  readonly venue: Venue
  readonly rest: RestClient
  readonly clock: Clock
  readonly log: Log
  readonly countdownMs: number
  /** Insts with own open orders now. */
  readonly insts: () => readonly Inst[]
}

/** Renewed this many times within one countdown, so that a lost request does not cancel everything. */
const RENEWALS = 3

/** The venue cancels all orders of an inst unless told every few seconds that the bot still lives. */
export class Countdown {
  readonly #deps: CountdownDeps
  readonly #armed = new Set<Inst>()
  #timer: Timer | undefined

  constructor(deps: CountdownDeps) {
    this.#deps = deps
  }

  start(): void {
    this.#timer = this.#deps.clock.timer(this.#deps.countdownMs / RENEWALS, () => {
      void this.#renew()
      this.start()
    })
  }

  /** Orders that are left on purpose must not be canceled by silence. */
  async stop(): Promise<void> {
    this.#timer?.cancel()
    await Promise.all([...this.#armed].map((inst) => this.#tell(inst, 0)))
    this.#armed.clear()
  }

  async #renew(): Promise<void> {
    const wanted = new Set(this.#deps.insts())
    for (const inst of wanted) this.#armed.add(inst)
    await Promise.all(
      [...this.#armed].map((inst) => {
        if (wanted.has(inst)) return this.#tell(inst, this.#deps.countdownMs)
        this.#armed.delete(inst)
        return this.#tell(inst, 0)
      }),
    )
  }

  async #tell(inst: Inst, countdownMs: number): Promise<void> {
    const { rest, log, venue } = this.#deps
    const outcome = await rest.call(
      "countdownCancelAll",
      { inst, countdownMs },
      { priority: "cancel", timeoutMs: 2_000 },
    )
    if (outcome.kind === "accepted") return
    const why = outcome.kind === "refused" ? outcome.reason : outcome.why
    log.warn("orders.countdown", { market: venue.market, inst, countdownMs, why })
  }
}
