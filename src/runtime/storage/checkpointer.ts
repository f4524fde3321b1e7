import { statSync } from "node:fs"
import { Worker } from "node:worker_threads"
import { describe } from "../domain/errors.ts"
import type { Clock, Log, Timer } from "../ports.ts"
import type { CheckpointAsk, CheckpointReport, CheckpointSetup } from "./checkpoint.ts"
import type { Connection } from "./driver.ts"

export interface CheckpointOptions {
  /** Default 1000. */
  readonly everyMs?: number
  /** Default 1000 pages, 4 MB. */
  readonly pagesMin?: number
  /** Default 16,000 pages, 64 MB. */
  readonly pagesMax?: number
  /** The worker's entry. A bundle must list `src/runtime/storage/checkpoint.ts` among its entries; beside this one by default. */
  readonly worker?: string | URL
}

export interface CheckpointerState {
  /** Pages the WAL held when last asked, and how many of them were in the database. */
  readonly log: number
  readonly checkpointed: number
  /** How many checkpoints of each kind were made. */
  readonly passive: number
  readonly restart: number
  readonly truncate: number
  /** On the loop, because no worker lived to do it. */
  readonly inline: number
  /** How many workers died. */
  readonly deaths: number
  readonly isAlive: boolean
}

// Without a commit for this many ticks the bot is idle.
const IDLE_TICKS = 30
const ANSWER_TICKS_MAX = 30
const RESTART_TICKS_MAX = 60
// A worker that has answered so often is sound: its end, should it come, counts as the first.
const SOUND_ANSWERS = 30
// A WAL so many times its bound with no worker alive is worth milliseconds of the loop.
const INLINE_FACTOR = 4
// What the log has before each page.
const FRAME_HEADER_BYTES = 24

/**
 * Keeps the WAL short from the loop's side: asks the worker once a tick, notices its death, starts another. The first one starts with
 * the first tick, so that it does not hold up the start of the bot.
 */
export class Checkpointer {
  private readonly file: string
  private readonly connection: Connection
  private readonly clock: Clock
  private readonly log: Log | undefined
  private readonly options: Required<CheckpointOptions>
  private readonly counts = { passive: 0, restart: 0, truncate: 0, inline: 0, deaths: 0 }
  private worker: Worker | undefined
  private timer: Timer | undefined
  private last = { log: 0, checkpointed: 0 }
  private changes = 0
  private ticksQuiet = 0
  private ticksUnanswered = 0
  private ticksToStart = 0
  private deathsInRow = 0
  private answersInRow = 0
  private isWaiting = false

  constructor(file: string, connection: Connection, clock: Clock, log: Log | undefined, options: CheckpointOptions) {
    this.file = file
    this.connection = connection
    this.clock = clock
    this.log = log
    this.options = {
      everyMs: options.everyMs ?? 1000,
      pagesMin: options.pagesMin ?? 1000,
      pagesMax: options.pagesMax ?? 16_000,
      worker: options.worker ?? new URL("./checkpoint.ts", import.meta.url),
    }
    this.timer = clock.timer(this.options.everyMs, this.tick)
  }

  get state(): CheckpointerState {
    return { ...this.last, ...this.counts, isAlive: this.worker !== undefined }
  }

  /** The journal says how much it has written since it was opened. */
  wrote(): void {
    this.changes += 1
  }

  /** Lets the worker go; it closes its connection when it has finished what it does. */
  close(): void {
    this.timer?.cancel()
    const { worker } = this
    this.worker = undefined
    if (worker !== undefined) send(worker, "end")
  }

  private start(): void {
    const { file, options } = this
    const setup: CheckpointSetup = { file, pagesMin: options.pagesMin, pagesMax: options.pagesMax }
    let worker: Worker
    try {
      worker = new Worker(options.worker, { workerData: setup })
    } catch (error) {
      return this.died(describe(error))
    }
    // A stuck checkpoint must not keep the process from ending.
    worker.unref()
    worker.on("message", (report: CheckpointReport) => this.hear(worker, report))
    worker.on("error", (error) => this.lost(worker, describe(error)))
    worker.on("exit", (code) => this.lost(worker, `exit code ${code}`))
    this.worker = worker
    this.isWaiting = false
  }

  private hear(worker: Worker, report: CheckpointReport): void {
    if (worker !== this.worker) return
    this.isWaiting = false
    this.ticksUnanswered = 0
    if (++this.answersInRow >= SOUND_ANSWERS) this.deathsInRow = 0
    if (report.error !== undefined) {
      this.log?.warn("checkpoint.failed", { file: this.file, why: report.error })
      return
    }
    this.last = { log: report.log, checkpointed: report.checkpointed }
    if (report.did !== "nothing") this.counts[report.did] += 1
  }

  private lost(worker: Worker, why: string): void {
    if (worker === this.worker) this.died(why)
  }

  private died(why: string): void {
    this.worker = undefined
    this.answersInRow = 0
    this.ticksUnanswered = 0
    this.counts.deaths += 1
    this.deathsInRow += 1
    this.ticksToStart = Math.min(2 ** (this.deathsInRow - 1), RESTART_TICKS_MAX)
    const restartMs = this.ticksToStart * this.options.everyMs
    this.log?.warn("checkpoint.died", { file: this.file, why, deaths: this.counts.deaths, restartMs })
  }

  private readonly tick = (): void => {
    this.timer = this.clock.timer(this.options.everyMs, this.tick)
    this.ticksQuiet = this.changes === 0 ? this.ticksQuiet + 1 : 0
    this.changes = 0
    if (this.worker === undefined) this.revive()
    else if (!this.isWaiting) this.ask(this.worker)
    else if (++this.ticksUnanswered > ANSWER_TICKS_MAX) this.giveUp(this.worker)
  }

  private ask(worker: Worker): void {
    // Once, when it has just become idle.
    const ask: CheckpointAsk = this.ticksQuiet === IDLE_TICKS ? "idle" : "tick"
    this.isWaiting = true
    send(worker, ask)
  }

  private giveUp(worker: Worker): void {
    this.lost(worker, "no answer")
    void worker.terminate()
  }

  private revive(): void {
    this.checkpointInline()
    this.ticksToStart -= 1
    if (this.ticksToStart > 0) return
    this.start()
    if (this.worker !== undefined && this.counts.deaths > 0) this.log?.info("checkpoint.restarted", { file: this.file })
  }

  private checkpointInline(): void {
    try {
      const bytes = statSync(`${this.file}-wal`, { throwIfNoEntry: false })?.size ?? 0
      const pageBytes = this.connection.pragma("page_size", { simple: true }) as number
      if (bytes < INLINE_FACTOR * this.options.pagesMax * (pageBytes + FRAME_HEADER_BYTES)) return
      this.connection.pragma("wal_checkpoint(TRUNCATE)")
      this.counts.inline += 1
      this.log?.warn("checkpoint.inline", { file: this.file, walBytes: bytes })
    } catch (error) {
      // A full disk, say: the next commit has the word on it, not the clock's tick.
      this.log?.warn("checkpoint.failed", { file: this.file, why: describe(error) })
    }
  }
}

function send(worker: Worker, ask: CheckpointAsk): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker is no window
  worker.postMessage(ask)
}
