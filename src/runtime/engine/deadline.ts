import { describe } from "../domain/errors.ts"
import type { Outcome } from "../domain/outcome.ts"
import type { Clock } from "../ports.ts"

/** The answer, or `unknown` once the deadline has passed: nobody waits for ever. A rejection is `unknown` too. */
export function withDeadline<T>(
  clock: Clock,
  deadlineMs: number,
  what: string,
  answer: Promise<Outcome<T>>,
): Promise<Outcome<T>> {
  const { promise, resolve } = Promise.withResolvers<Outcome<T>>()
  const timer = clock.timer(deadlineMs, () =>
    resolve({ kind: "unknown", why: `no ack of ${what} in ${deadlineMs} ms` }),
  )
  answer.then(
    (outcome) => {
      timer.cancel()
      resolve(outcome)
    },
    (error: unknown) => {
      timer.cancel()
      resolve({ kind: "unknown", why: `${what}: ${describe(error)}` })
    },
  )
  return promise
}

/** Whether `work` was done in time; what it threw is told to `failed`, which must not throw. */
export function within(
  clock: Clock,
  msMax: number,
  work: Promise<unknown>,
  failed: (error: unknown) => void,
): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const timer = clock.timer(msMax, () => resolve(false))
  work
    .catch(failed)
    .finally(() => {
      timer.cancel()
      resolve(true)
    })
    .catch(() => undefined)
  return promise
}
