import { describe } from "../domain/errors.ts"
import type { PredictSpec } from "../domain/task.ts"
import { type AltTensor, tensorMistake } from "../domain/tensor.ts"
import type { ModelLoaded, ModelRunner, Timer } from "../ports.ts"
import type { RunningPredict, TaskHost } from "./task.ts"

const RETRY_MS = 5_000
const LOADING = "loading"

/** Asks a model, off the loop: the answer comes by `onPreds`, a failure by `onError`. The model is loaded again if loading failed. */
export function predictTask(spec: PredictSpec, host: TaskHost, runner: ModelRunner): RunningPredict {
  const { clock, log } = host.outside
  const publishPrediction = host.publisher("onPreds")
  const publishTrouble = host.publisher("onError")
  const publishStart = host.publisher("onAltEvent")
  const labels = { model: spec.source }
  const predictions = host.counter("perigee_predictions_total", "Predictions delivered", labels)
  const failures = host.counter("perigee_prediction_failures_total", "Predictions that failed", labels)
  let loaded: ModelLoaded | undefined
  let why = LOADING
  let isStopped = false
  let starts = 0
  let retry: Timer | undefined

  const fail = (input: AltTensor, message: string) => {
    failures.value++
    host.turn.run(() =>
      publishTrouble(
        { kind: "prediction", message, detail: { source: spec.source, ...input.metadata }, timestamp: input.timestamp },
        clock.now(),
      ),
    )
  }

  const load = () => {
    if (isStopped) return
    runner.load().then(
      (result) => {
        if (isStopped) return
        loaded = result
        why = ""
        starts++
        log.info("model.loaded", { ...result })
        host.turn.run(() => publishStart({ spec, starts }, clock.now()))
      },
      (error: unknown) => {
        if (isStopped) return
        why = describe(error)
        log.error("model.failed", { source: spec.source, why, retryMs: RETRY_MS })
        host.turn.run(() =>
          publishTrouble(
            { kind: "model", message: why, detail: { source: spec.source }, timestamp: clock.now() },
            clock.now(),
          ),
        )
        retry = clock.timer(RETRY_MS, load)
      },
    )
  }

  return {
    spec,
    start: load,
    predict(input) {
      const mistake = tensorMistake(input)
      if (mistake !== undefined) return fail(input, mistake)
      // Nobody waits for the next attempt: by then the answer would be old.
      if (loaded === undefined && why !== LOADING) return fail(input, why)
      runner.predict(input, spec.deadlineMs).then(
        (output) => {
          if (isStopped) return
          predictions.value++
          host.turn.run(() => publishPrediction(output, clock.now()))
        },
        (error: unknown) => {
          if (!isStopped) fail(input, describe(error))
        },
      )
    },
    stop() {
      isStopped = true
      retry?.cancel()
      return runner.close()
    },
    reasons() {
      const trouble = loaded === undefined ? why : runner.trouble?.()
      return trouble === undefined ? [] : [`model ${spec.source}: ${trouble}`]
    },
    state: () => ({
      source: spec.source,
      loaded: loaded ?? null,
      why: loaded === undefined ? why : (runner.trouble?.() ?? ""),
      predictions: predictions.value,
      failures: failures.value,
    }),
  }
}
