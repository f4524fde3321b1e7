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
  readonly handlerUsMaxLeast: number
  /** So many of the next events are timed handler by handler. */
  timedLeft = 0
  /** So many were, the last time. */
  timedSpan = TIMED_EVENTS / 2

  constructor(targets: readonly Target[], code: number) {
    this.targets = targets
    const lanes = targets.map(({ lane }) => lane)
    this.topic = lanes[0]?.ring.topic(code, lanes) ?? 0
    this.handlerUsMaxLeast = targets.reduce((least, { runner }) => Math.min(least, runner.handlerUsMax), Infinity)
  }
}
