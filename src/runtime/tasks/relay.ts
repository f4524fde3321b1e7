import type { CallbackData } from "../domain/callbacks.ts"
import { accepted } from "../domain/outcome.ts"
import type { IntentSpec, RelaySpec } from "../domain/task.ts"
import { intentMistakes, relayMistakes } from "../execution/form.ts"
import type { RunningRelay, TaskHost } from "./task.ts"

type RelayCallback = "onInstIntent" | "onOrderExecution"

/** What one strategy publishes, the strategies bound to the task receive; nothing leaves the process. */
function relay<C extends RelayCallback>(
  spec: IntentSpec | RelaySpec,
  host: TaskHost,
  callback: C,
  mistakes: (data: unknown) => readonly string[],
): RunningRelay<CallbackData[C]> {
  const { clock } = host.outside
  const publish = host.publisher(callback)
  const publishStart = host.publisher("onAltEvent")
  let passed = 0
  let refused = 0
  return {
    spec,
    start: () => host.turn.run(() => publishStart({ spec, starts: 1 }, clock.now())),
    stop: () => Promise.resolve(),
    publish(data) {
      const found = mistakes(data)
      const reason = found.length > 0 ? found.join("; ") : host.refusal?.(callback)
      if (reason !== undefined) {
        refused++
        return { kind: "refused", reason }
      }
      passed++
      host.turn.run(() => publish(data, clock.now()))
      return accepted(undefined)
    },
    reasons: () => [],
    state: () => ({ passed, refused }),
  }
}

/** What nobody could make sense of is refused where it is made: an intent with all its targets, orders with all of the list. */
export const intentTask = (spec: IntentSpec, host: TaskHost) => relay(spec, host, "onInstIntent", intentMistakes)
export const relayTask = (spec: RelaySpec, host: TaskHost) => relay(spec, host, "onOrderExecution", relayMistakes)
