import { Backoff } from "../domain/backoff.ts"
import { describe } from "../domain/errors.ts"
import type { PredictSpec } from "../domain/task.ts"
import { type AltTensor, tensorMistake } from "../domain/tensor.ts"
import type { ModelLoaded, ModelRunner, Timer } from "../ports.ts"
import type { RunningPredict, TaskHost } from "./task.ts"

const RETRY = { backoffMsMin: 1_000, backoffMsMax: 30_000 }
const LOADING = "loading"

/**
 * Asks a model, off the loop: the answer comes by `onPreds`, a failure by `onError`. A model that could not be loaded is tried again after growing
 * pauses; one that breaks down later is started again by its runner, and told of.
 */
export function predictTask(spec: PredictSpec, host: TaskHost, runner: ModelRunner): RunningPredict {
  const { clock, log, random } = host.outside
  const backoff = new Backoff(random, RETRY)
  const publishPrediction = host.publisher("onPreds")
  const publishTrouble = host.publisher("onError")
  const publishStart = host.publisher("onAltEvent")
  const labels = { model: spec.source }
  const predictions = host.counter("perigee_predictions_total", "Predictions delivered", labels)
  const failures = host.counter("perigee_prediction_failures_total", "Predictions that failed", labels)
  const breakdowns = host.counter("perigee_model_breakdowns_total", "Times a loaded model broke down", labels)
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

  const tellTrouble = (message: string) => {
    const timestamp = clock.now()
    const detail = { source: spec.source }
    host.turn.run(() => publishTrouble({ kind: "model", message, detail, timestamp }, timestamp))
  }

  const tellStart = () => {
    starts++
    host.turn.run(() => publishStart({ spec, starts }, clock.now()))
  }

  runner.watch?.({
    lost(reason, restartMs) {
      if (isStopped) return
      breakdowns.value++
      log.error("model.lost", { source: spec.source, why: reason, restartMs })
      tellTrouble(`model ${spec.source}: ${reason}; it restarts in ${restartMs} ms`)
    },
    restored() {
      if (isStopped) return
      log.info("model.restored", { source: spec.source })
      tellStart()
    },
  })

  const load = () => {
    if (isStopped) return
    runner.load().then(
      (result) => {
        if (isStopped) return
        loaded = result
        why = ""
        log.info("model.loaded", { ...result })
        tellStart()
      },
      (error: unknown) => {
        if (isStopped) return
        why = describe(error)
        const retryMs = backoff.nextMs()
        log.error("model.failed", { source: spec.source, why, retryMs })
        tellTrouble(why)
        retry = clock.timer(retryMs, load)
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
      breakdowns: breakdowns.value,
    }),
  }
}
