import type { CallbackName } from "../../../src/runtime/domain/callbacks.ts"
import { drainMicrotasks } from "../../../src/runtime/platform/bun/microtasks.ts"
import type { Journal, Outside } from "../../../src/runtime/ports.ts"
import type { Faults } from "../../../src/runtime/simulation/faults.ts"
import { virtualOutside } from "../../../src/runtime/simulation/outside.ts"
import type { Publish, TaskHost } from "../../../src/runtime/tasks/task.ts"
import { Turn } from "../../../src/runtime/tasks/turn.ts"

export const START_AT = 1_700_000_000_000_000

export interface Published {
  readonly callback: CallbackName
  readonly data: unknown
  /** ms since the start. */
  readonly atMs: number
}

/** As a bot sees it whose wall clock is so far ahead of the exchange's. */
export const seenFrom = (outside: Outside, local: { readonly aheadUs: number }): Outside => ({
  ...outside,
  clock: { ...outside.clock, now: () => outside.clock.now() + local.aheadUs },
  sockets: {
    open: (target, handler) =>
      outside.sockets.open(target, {
        open: () => handler.open(),
        text: (text, receivedAt) => handler.text(text, receivedAt + local.aheadUs),
        alive: () => handler.alive?.(),
        closed: (code, reason) => handler.closed(code, reason),
      }),
  },
})

/** What the engine gives a task, on virtual time; everything published is kept. */
export function virtualHost(faults: Faults = {}) {
  const outside = virtualOutside({ startAt: START_AT, seed: 1, drain: drainMicrotasks, faults })
  const turn = new Turn({ commit: () => undefined } as Partial<Journal> as Journal, () => undefined)
  const published: Published[] = []
  const halts: string[] = []
  const counters = new Map<string, { value: number }>()
  const host: TaskHost = {
    outside,
    turn,
    publisher:
      <C extends CallbackName>(callback: C): Publish<C> =>
      (data) =>
        void published.push({ callback, data, atMs: outside.clock.monotonic() / 1_000 }),
    halt: (why) => void halts.push(why),
    counter(name) {
      const known = counters.get(name) ?? { value: 0 }
      counters.set(name, known)
      return known
    },
  }
  const of = (callback: CallbackName): Published[] => published.filter((one) => one.callback === callback)
  return { outside, clock: outside.clock, turn, host, published, of, halts, counters }
}
