import type { Clock, Log, Mode } from "../ports.ts"
import type { Turn } from "../tasks/turn.ts"
import type { NewsDesk } from "./news.ts"

/** Whether the bot may send orders. A change is written down: it survives a restart until `resume`. */
export class ModeSwitch {
  mode: Mode
  why: string
  readonly #turn: Turn
  readonly #clock: Clock
  readonly #log: Log
  readonly #news: NewsDesk

  constructor(mode: Mode, why: string, parts: { turn: Turn; clock: Clock; log: Log; news: NewsDesk }) {
    this.mode = mode
    this.why = why
    this.#turn = parts.turn
    this.#clock = parts.clock
    this.#log = parts.log
    this.#news = parts.news
  }

  /** Nothing where nothing changes; a halt is not softened to a pause. */
  set(mode: Mode, why: string): void {
    if (mode === this.mode || (mode === "paused" && this.mode === "halted")) return
    this.#take(mode, why)
    this.#turn.run(() => this.#turn.record({ kind: "mode", mode, why, at: this.#clock.now() }))
  }

  /** Where the disk does not take it: it holds for this process. */
  haltUnwritten(why: string): void {
    if (this.mode !== "halted") this.#take("halted", why)
  }

  /** Why no order may be sent; undefined where it may. */
  refusal(): string | undefined {
    return this.mode === "running" ? undefined : `the bot is ${this.mode}: ${this.why}`
  }

  #take(mode: Mode, why: string): void {
    this.mode = mode
    this.why = why
    const level = mode === "halted" ? "error" : "warn"
    this.#log[level]("mode.changed", { mode, why })
    this.#news.tell({ kind: "mode", at: this.#clock.now(), data: { mode, why } })
  }
}
