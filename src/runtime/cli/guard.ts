import { type Machine, watchdog, type Watchdog } from "../../world/entrance.ts"
import { EXIT } from "./command.ts"

/** A process's watchdog: it watches from before the bot is loaded until the end. */
export interface Guard extends Watchdog {
  /** Runs `work` under a name, which the last words of a process that stands still tell. */
  during<T>(name: string, work: () => Promise<T>): Promise<T>
  /** Where its own troubles are told from now on; on stderr before. */
  report(told: (why: string) => void): void
}

export function startGuard(machine: Machine): Guard {
  let told = (why: string): void => machine.err(`perigee: ${why}\n`)
  const watch = watchdog(EXIT.stalled, (why) => told(why))
  return {
    ...watch,
    async during(name, work) {
      const before = watch.enter(watch.label(name))
      try {
        return await work()
      } finally {
        watch.leave(before)
      }
    },
    report(to) {
      told = to
    },
  }
}
