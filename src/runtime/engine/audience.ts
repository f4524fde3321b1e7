import type { TaskSpec } from "../domain/task.ts"
import { isPrivateCode } from "./event.ts"
import type { Lane } from "./ring.ts"
import type { AnyHandler, Runner } from "./runner.ts"

/** After the first slow event among several strategies, this many are timed strategy by strategy. */
const TIMED_EVENTS = 1_000

/** One strategy that hears one callback of one task. */
export interface Target {
  readonly runner: Runner
  readonly handler: AnyHandler
  readonly label: number
  readonly lane: Lane
}

export const isOpen = ({ runner }: Target): boolean => runner.isOpen

/** Everybody who hears what one publisher brings. */
export class Audience {
  readonly targets: readonly Target[]
  /** What the ring calls them. */
  readonly topic: number
  /** What they hear are frames of a market: how long each took to get here is measured. */
  readonly isFrames: boolean
  readonly handlerUsMaxLeast: number
  /** So many of the next events are timed handler by handler. */
  timedLeft = 0
  /** So many were, the last time. */
  timedSpan = TIMED_EVENTS / 2

  constructor(targets: readonly Target[], code: number, { kind }: TaskSpec) {
    this.targets = targets
    this.isFrames = kind === "feed" && !isPrivateCode(code)
    const lanes = targets.map(({ lane }) => lane)
    this.topic = lanes[0]?.ring.topic(code, lanes) ?? 0
    this.handlerUsMaxLeast = targets.reduce((least, { runner }) => Math.min(least, runner.handlerUsMax), Infinity)
  }
}
