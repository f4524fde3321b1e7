import { Restarts } from "../../runtime/domain/backoff.ts"
import { describe, ModelError } from "../../runtime/domain/errors.ts"
import { memoryOf } from "../../runtime/domain/numbers.ts"
import { type AltTensor, tensorMistake } from "../../runtime/domain/tensor.ts"
import type { Clock, ModelLoaded, ModelRunner, ModelWatcher, Random, Timer } from "../../runtime/ports.ts"
import { type Backend, LostRuntime, type Open } from "./backend.ts"
import type { ModelFacts } from "./model.ts"
import type { RuntimeKind } from "./ort.ts"
import type { Values } from "./session.ts"

export interface RunnerOptions {
  readonly clock: Clock
  /** Spreads the pauses before restarts. */
  readonly random: Random
  /** For messages. */
  readonly file: string
  readonly open: Open
  readonly runtime: RuntimeKind
  readonly queueMax: number
  readonly whenFull: "refuse" | "newest"
  readonly isHandedOver: boolean
  readonly loadMsMax: number
  /** A request that is still being computed this long after its start: the worker is given up and the model opened again. */
  readonly stuckMsMax: number
}

interface Job {
  input: AltTensor
  readonly deadlineAt: number
  readonly resolve: (output: AltTensor) => void
  readonly reject: (error: ModelError) => void
  timer: Timer | undefined
  isSettled: boolean
}

export const LOAD_MS_MAX = 60_000
export const STUCK_MS_MAX = 20_000

/** The model broke down: when it is opened again (monotonic, µs), or was begun to be. */
interface Down {
  readonly why: string
  readonly restartAt: number
}

/**
 * Requests wait here in order, bounded, each with its deadline; the backend sees one at a time. A model that breaks down fails the request
 * it was computing, which is not asked again, and is opened anew: at once, and after growing pauses where that does not mend it.
 */
export function createRunner(options: RunnerOptions): ModelRunner {
  const { clock, file, queueMax } = options
  const waiting: Job[] = []
  let running: Job | undefined
  let stuck: Timer | undefined
  let runtime = options.runtime
  let backend: Backend | undefined
  let opening: Promise<Backend> | undefined
  let abortOpening = () => {}
  const restarts = new Restarts(options.random)
  let down: Down | undefined
  let restart: Timer | undefined
  let watcher: ModelWatcher | undefined
  let loaded: Promise<ModelLoaded> | undefined
  let isClosed = false

  const settle = (job: Job, outcome: AltTensor | ModelError) => {
    if (job.isSettled) return
    job.isSettled = true
    job.timer?.cancel()
    if (outcome instanceof ModelError) job.reject(outcome)
    else job.resolve(outcome)
  }

  const expire = (job: Job, deadlineMs: number) => {
    const at = waiting.indexOf(job)
    if (at !== -1) waiting.splice(at, 1)
    const waited = down === undefined ? "while it waited" : "while the model was being started again"
    const where = at === -1 ? "while it was computed" : waited
    settle(job, new ModelError(`model ${file}: no answer within ${deadlineMs} ms, the deadline passed ${where}`))
  }

  const openOnce = (): Promise<Backend> => (opening ??= openRetrying().finally(() => (opening = undefined)))

  const openRetrying = async (): Promise<Backend> => {
    try {
      backend = await openBounded()
    } catch (error) {
      if (!(error instanceof LostRuntime) || runtime === "full") throw error
      runtime = "full"
      backend = await openBounded()
    }
    if (isClosed) {
      backend.close()
      throw new ModelError(`model ${file} was closed while it loaded`)
    }
    restarts.started(clock.monotonic())
    down = undefined
    hearOf(backend)
    return backend
  }

  /** Of its end between two requests; in the middle of one that request is told. */
  const hearOf = (here: Backend) => {
    void here.lost.then((error) => {
      if (backend === here && running === undefined) breakDown(error)
    })
  }

  const openBounded = async (): Promise<Backend> => {
    const attempt = options.open(runtime)
    const late = Promise.withResolvers<never>()
    const giveUp = (why: string) => late.reject(new ModelError(`model ${file} ${why}`))
    abortOpening = () => giveUp("was closed while it loaded")
    const timer = clock.timer(options.loadMsMax, () => giveUp(`did not load within ${options.loadMsMax} ms`))
    try {
      return await Promise.race([attempt.opened, late.promise])
    } catch (error) {
      attempt.abort()
      throw error
    } finally {
      timer.cancel()
    }
  }

  const reopen = () => {
    restart = undefined
    backend?.close()
    backend = undefined
    const wasDown = down !== undefined
    openOnce().then(
      () => {
        if (wasDown) watcher?.restored()
        pump()
      },
      (error: unknown) => {
        if (!isClosed) breakDown(error)
      },
    )
  }

  const breakDown = (error: unknown) => {
    const pauseMs = restarts.nextMs()
    const why = asModelError(error, file).message.replace(`model ${file}: `, "").replace(`model ${file} `, "it ")
    down = { why, restartAt: clock.monotonic() + pauseMs * 1_000 }
    for (const job of [...waiting]) {
      const refusal = tooLate(job.deadlineAt)
      if (refusal === undefined) continue
      waiting.splice(waiting.indexOf(job), 1)
      settle(job, refusal)
    }
    backend?.close()
    backend = undefined
    if (pauseMs === 0) reopen()
    else restart = clock.timer(pauseMs, reopen)
    watcher?.lost(why, pauseMs)
  }

  /** A request that cannot be answered in time, as is known already, need not wait to learn it. */
  const tooLate = (deadlineAt: number): ModelError | undefined => {
    if (down === undefined || deadlineAt >= down.restartAt) return undefined
    const ms = Math.ceil((down.restartAt - clock.monotonic()) / 1_000)
    return new ModelError(`model ${file}: ${down.why}; it restarts in ${ms} ms, after this request's deadline`)
  }

  const pump = () => {
    if (running !== undefined || backend === undefined) return
    const job = waiting.shift()
    if (job !== undefined) compute(backend, job)
  }

  const compute = (here: Backend, job: Job) => {
    running = job
    const finish = (next: () => void) => {
      if (running !== job) return
      running = undefined
      stuck?.cancel()
      stuck = undefined
      next()
    }
    here.run(memoryOf(job.input.data), job.input.shape, options.isHandedOver).then(
      (values) => {
        const now = clock.monotonic()
        restarts.worked(now)
        const isLate = now > job.deadlineAt
        settle(
          job,
          isLate
            ? new ModelError(`model ${file}: the answer came after its deadline`)
            : answer(job.input, values, here.facts),
        )
        finish(pump)
      },
      (error: unknown) => finish(() => afterFailure(job, error)),
    )
    if (running === job) stuck = clock.timer(options.stuckMsMax, () => finish(() => giveUp(job)))
  }

  const giveUp = (job: Job) => {
    const error = new ModelError(`model ${file}: still computing after ${options.stuckMsMax} ms, given up`)
    settle(job, error)
    breakDown(error)
  }

  const afterFailure = (job: Job, error: unknown) => {
    const lacks = runtime === "trimmed" && error instanceof LostRuntime && !error.hasEnded
    // Asked again of the whole runtime, once; any other request that breaks a runtime is not let near the next.
    if (lacks && !job.isSettled && canRepeat(job, error)) waiting.unshift(job)
    else settle(job, asModelError(error, file))
    if (!(error instanceof LostRuntime)) return pump()
    if (!lacks) return breakDown(error)
    runtime = "full"
    return reopen()
  }

  const canRepeat = (job: Job, { back }: LostRuntime): boolean => {
    if (back !== undefined) job.input = { ...job.input, data: back }
    return tensorMistake(job.input) === undefined
  }

  const admit = (deadlineAt: number): ModelError | undefined => {
    if (isClosed) return new ModelError(`model ${file} is closed`)
    const late = tooLate(deadlineAt)
    if (late !== undefined) return late
    if (waiting.length < queueMax || (waiting.length === 0 && running === undefined)) return undefined
    if (options.whenFull === "refuse")
      return new ModelError(`model ${file}: ${queueMax} requests are waiting already, this one was refused`)
    const oldest = waiting.shift()
    if (oldest !== undefined)
      settle(
        oldest,
        new ModelError(`model ${file}: ${queueMax} requests are waiting, a newer one took this one's place`),
      )
    return undefined
  }

  const load = async (): Promise<ModelLoaded> => {
    const startedAt = clock.monotonic()
    try {
      const { facts } = await openOnce()
      pump()
      const { name, inputs, outputs, memoryBytes } = facts
      return { name, loadMs: Math.round((clock.monotonic() - startedAt) / 1_000), memoryBytes, inputs, outputs }
    } catch (error) {
      loaded = undefined
      const known = asModelError(error, file)
      for (const job of waiting.splice(0)) settle(job, known)
      throw known
    }
  }

  return {
    load() {
      if (isClosed) return Promise.reject(new ModelError(`model ${file} is closed`))
      return (loaded ??= load())
    },
    predict(input, deadlineMs) {
      const mistake = tensorMistake(input)
      if (mistake !== undefined) return Promise.reject(new ModelError(`model ${file}: ${mistake}`))
      const deadlineAt = clock.monotonic() + deadlineMs * 1_000
      const refusal = admit(deadlineAt)
      if (refusal !== undefined) return Promise.reject(refusal)
      return new Promise((resolve, reject) => {
        const isIdle = backend !== undefined && running === undefined && waiting.length === 0
        // Whoever keeps the buffer may write to it before this request's turn comes.
        const kept = isIdle || options.isHandedOver ? input : { ...input, data: input.data.slice() }
        const job: Job = { input: kept, deadlineAt, resolve, reject, timer: undefined, isSettled: false }
        job.timer = clock.timer(deadlineMs, () => expire(job, deadlineMs))
        waiting.push(job)
        pump()
      })
    },
    trouble: () => (down === undefined ? undefined : `${down.why}; it is being started again`),
    watch(told) {
      watcher = told
    },
    close() {
      if (!isClosed) {
        isClosed = true
        restart?.cancel()
        const closed = new ModelError(`model ${file} was closed`)
        for (const job of [...waiting.splice(0), ...(running === undefined ? [] : [running])]) settle(job, closed)
        running = undefined
        stuck?.cancel()
        abortOpening()
        backend?.close()
        backend = undefined
      }
      return Promise.resolve()
    },
  }
}

function asModelError(error: unknown, file: string): ModelError {
  if (error instanceof ModelError && error.message.includes(file)) return error
  if (!(error instanceof Error)) return new ModelError(`model ${file}: ${describe(error)}`)
  return new ModelError(`model ${file}: ${error.message}`, { cause: error.cause })
}

/** The input's metadata wins over what the runner says of itself. */
function answer(input: AltTensor, { data, shape }: Values, facts: ModelFacts): AltTensor {
  return { timestamp: input.timestamp, data, shape, metadata: { ...said(facts), ...input.metadata } }
}

const said = (facts: ModelFacts): Record<string, string> => ({
  model_runner: "onnx",
  model_name: facts.name,
  output_index: String(facts.outputIndex),
  output_count: String(facts.outputs.length),
  output_dtype: facts.outputType,
})
