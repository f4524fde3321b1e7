import type { ScheduleSpec } from "../domain/task.ts"
import type { Timer } from "../ports.ts"
import type { RunningTask, TaskHost } from "./task.ts"

/** Ticks at once, then every `everyMs` on a fixed grid. A tick that is late does not bring a burst: the missed ones are counted. */
export function scheduleTask(spec: ScheduleSpec, host: TaskHost): RunningTask {
  const { clock } = host.outside
  const publish = host.publisher("onSchedule")
  const publishStart = host.publisher("onAltEvent")
  const everyUs = spec.everyMs * 1_000
  let timer: Timer | undefined
  let ticks = 0
  let startAt = 0
  let wallStartAt = 0
  /** Place on the grid of the tick that comes next. */
  let next = 0
  /** Whole µs, without drift, also where a third of a millisecond was asked for. */
  const sinceStart = (place: number): number => Math.floor(place * everyUs)

  const tick = () => {
    const lateUs = Math.max(0, clock.monotonic() - startAt - sinceStart(next))
    const missed = Math.floor(lateUs / everyUs)
    const timestamp = wallStartAt + sinceStart(next)
    next += missed + 1
    ticks++
    timer = clock.timer(Math.max(0, (startAt + sinceStart(next) - clock.monotonic()) / 1_000), tick)
    host.turn.run(() => publish({ timestamp, everyMs: spec.everyMs, missed }, clock.now()))
  }

  return {
    spec,
    start() {
      startAt = clock.monotonic()
      wallStartAt = clock.now()
      next = 0
      timer = clock.timer(0, tick)
      host.turn.run(() => publishStart({ spec, starts: 1 }, clock.now()))
    },
    stop() {
      timer?.cancel()
      return Promise.resolve()
    },
    reasons: () => [],
    state: () => ({ everyMs: spec.everyMs, ticks }),
  }
}
