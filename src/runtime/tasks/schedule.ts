import type { ScheduleSpec } from "../domain/task.ts"
import type { Timer } from "../ports.ts"
import type { RunningTask, TaskHost } from "./task.ts"

/** Ticks at once, then every `everyMs` on a fixed grid. A tick that is late does not bring a burst: the missed ones are counted. */
export function scheduleTask(spec: ScheduleSpec, host: TaskHost): RunningTask {
  const { clock } = host.outside
  const publish = host.publisher("onSchedule")
  const everyUs = spec.everyMs * 1_000
  let timer: Timer | undefined
  let ticks = 0
  let dueAt = 0
  let wallAt = 0

  const tick = () => {
    const lateUs = Math.max(0, clock.monotonic() - dueAt)
    const missed = Math.floor(lateUs / everyUs)
    const timestamp = wallAt
    dueAt += (missed + 1) * everyUs
    wallAt += (missed + 1) * everyUs
    ticks++
    timer = clock.timer(Math.max(0, (dueAt - clock.monotonic()) / 1_000), tick)
    host.turn.run(() => publish({ timestamp, everyMs: spec.everyMs, missed }, clock.now()))
  }

  return {
    spec,
    start() {
      dueAt = clock.monotonic()
      wallAt = clock.now()
      timer = clock.timer(0, tick)
    },
    stop() {
      timer?.cancel()
      return Promise.resolve()
    },
    reasons: () => [],
    state: () => ({ everyMs: spec.everyMs, ticks }),
  }
}
