import { Backoff, Restarts } from "../../runtime/domain/backoff.ts"
import { describe, ModelError } from "../../runtime/domain/errors.ts"
import { type AltTensor, tensorMistake } from "../../runtime/domain/tensor.ts"
import type { Clock, ModelLoaded, ModelRunner, ModelWatcher, Random, Timer } from "../../runtime/ports.ts"

/** What a link tells its runner; never from inside a call of the link's. */
export interface Listener {
  answered(id: number, output: AltTensor): void
  failed(id: number, why: string): void
  /** `why` ends the sentence "there is no answer from the service: …"; `isDead` asks for a renewal. */
  changed(state: { readonly isUp: boolean; readonly isDead: boolean; readonly why: string }): void
  /** The link is beyond use; another must be opened. */
  broken(why: string): void
}

/** A service, wherever it is. Settles each request it was sent once, except those it was told to forget. */
export interface Link {
  /** Throws ModelError where the tensor cannot be sent. */
  send(id: number, input: AltTensor): void
  forget(id: number): void
  renew(): void
  close(): Promise<void>
}

export interface RunnerOptions {
  readonly clock: Clock
  /** Spreads the pauses before restarts. */
  readonly random: Random
  /** For messages. */
  readonly endpoint: string
  open(listener: Listener): Promise<Link>
  /** Requests on their way to the service at once. */
  readonly inFlightMax: number
  readonly queueMax: number
  readonly whenFull: "refuse" | "newest"
}

interface Job {
  readonly input: AltTensor
  readonly deadlineAt: number
  readonly resolve: (output: AltTensor) => void
  readonly reject: (error: ModelError) => void
  timer: Timer | undefined
}

const RENEWAL = { backoffMsMin: 100, backoffMsMax: 5_000 }
const ID_MAX = 2 ** 32 - 1

/** Requests wait here in order, bounded, each with its deadline; what a link loses ends here as an error, under its own number. */
export function createRunner(options: RunnerOptions): ModelRunner {
  const { clock, endpoint, queueMax, inFlightMax } = options
  const waiting: Job[] = []
  const inFlight = new Map<number, Job>()
  let link: Link | undefined
  let loaded: Promise<ModelLoaded> | undefined
  let state = { isUp: false, why: "nothing answers there" }
  const renewals = new Backoff(options.random, RENEWAL)
  let renewal: Timer | undefined
  const restarts = new Restarts(options.random)
  /** The link broke: when another is opened (monotonic, µs), or was begun to be. */
  let down: { readonly why: string; readonly restartAt: number } | undefined
  let restart: Timer | undefined
  let watcher: ModelWatcher | undefined
  let lastId = 0
  let isClosed = false

  const error = (why: string, cause?: unknown) => new ModelError(`model ${endpoint}: ${why}`, { cause })
  const named = (cause: unknown) => (cause instanceof Error ? error(cause.message, cause.cause) : error(String(cause)))

  const take = (id: number): Job | undefined => {
    const job = inFlight.get(id)
    inFlight.delete(id)
    job?.timer?.cancel()
    return job
  }

  const fail = (jobs: readonly Job[], why: ModelError) => {
    for (const job of jobs) {
      job.timer?.cancel()
      job.reject(why)
    }
  }

  const failInFlight = (why: string) => {
    const jobs = [...inFlight.values()]
    inFlight.clear()
    fail(jobs, error(why))
  }

  const failAll = (why: string) => {
    failInFlight(why)
    fail(waiting.splice(0), error(why))
  }

  const nextId = (): number => {
    do lastId = lastId === ID_MAX ? 1 : lastId + 1
    while (inFlight.has(lastId))
    return lastId
  }

  const pump = () => {
    for (;;) {
      if (link === undefined || inFlight.size >= inFlightMax) return
      const job = waiting.shift()
      if (job === undefined) return
      const id = nextId()
      try {
        link.send(id, job.input)
        inFlight.set(id, job)
      } catch (cause) {
        job.timer?.cancel()
        job.reject(named(cause))
      }
    }
  }

  const expire = (job: Job, deadlineMs: number) => {
    const at = waiting.indexOf(job)
    if (at !== -1) waiting.splice(at, 1)
    for (const [id, each] of inFlight) {
      if (each !== job) continue
      inFlight.delete(id)
      link?.forget(id)
    }
    job.reject(error(`no answer within ${deadlineMs} ms: ${excuse(at !== -1)}`))
    pump()
  }

  const trouble = (): string | undefined => {
    if (down !== undefined) return `${down.why}; it is being started again`
    if (link === undefined) return "it was not loaded yet"
    return state.isUp ? undefined : `the service is not connected, ${state.why}`
  }

  const excuse = (isWaiting: boolean): string => {
    const why = trouble()
    if (why !== undefined) return why
    return isWaiting ? "the requests before it took that long" : "the service is connected but slow or silent"
  }

  const listener: Listener = {
    answered(id, output) {
      renewals.reset()
      restarts.worked(clock.monotonic())
      take(id)?.resolve(output)
      pump()
    },
    failed(id, why) {
      take(id)?.reject(error(why))
      pump()
    },
    changed({ isUp, isDead, why }) {
      state = { isUp, why }
      if (isDead) renewLater()
    },
    broken(why) {
      link = undefined
      renewal?.cancel()
      failInFlight(why)
      breakDown(why)
    },
  }

  const renewLater = () => {
    renewal?.cancel()
    renewal = clock.timer(renewals.nextMs(), () => link?.renew())
  }

  const breakDown = (why: string) => {
    if (isClosed) return
    const pauseMs = restarts.nextMs()
    down = { why, restartAt: clock.monotonic() + pauseMs * 1_000 }
    for (const job of [...waiting]) {
      const refusal = tooLate(job.deadlineAt)
      if (refusal === undefined) continue
      waiting.splice(waiting.indexOf(job), 1)
      fail([job], refusal)
    }
    restart = clock.timer(pauseMs, reopen)
    watcher?.lost(why, pauseMs)
  }

  const reopen = () => {
    openLink().then(
      () => {
        watcher?.restored()
        pump()
      },
      (cause: unknown) => breakDown(describe(cause)),
    )
  }

  /** A request that cannot be answered in time, as is known already, need not wait to learn it. */
  const tooLate = (deadlineAt: number): ModelError | undefined => {
    if (down === undefined || deadlineAt >= down.restartAt) return undefined
    const ms = Math.ceil((down.restartAt - clock.monotonic()) / 1_000)
    return error(`${down.why}; it restarts in ${ms} ms, after this request's deadline`)
  }

  const openLink = async (): Promise<void> => {
    const opened = await options.open(listener)
    if (isClosed) {
      await opened.close()
      throw new ModelError("it was closed while it loaded")
    }
    link = opened
    down = undefined
    restarts.started(clock.monotonic())
  }

  const open = async (): Promise<ModelLoaded> => {
    const startedAt = clock.monotonic()
    try {
      await openLink()
      pump()
      const loadMs = Math.round((clock.monotonic() - startedAt) / 1_000)
      return { name: endpoint, loadMs, inputs: [], outputs: [] }
    } catch (cause) {
      loaded = undefined
      failAll(describe(cause))
      throw named(cause)
    }
  }

  const load = (): Promise<ModelLoaded> => {
    if (isClosed) return Promise.reject(error("it is closed"))
    return (loaded ??= open())
  }

  /** Why there is no room for one more request, having made it where the newest is wanted. */
  const admit = (deadlineAt: number): ModelError | undefined => {
    if (isClosed) return error("it is closed")
    const late = tooLate(deadlineAt)
    if (late !== undefined) return late
    const isFree = link !== undefined && waiting.length === 0 && inFlight.size < inFlightMax
    if (isFree || waiting.length < queueMax) return undefined
    if (options.whenFull === "refuse") return error(`${queueMax} requests are waiting already, this one was refused`)
    const oldest = waiting.shift()
    oldest?.timer?.cancel()
    oldest?.reject(error(`${queueMax} requests are waiting, a newer one took this one's place`))
    return undefined
  }

  return {
    load,
    trouble,
    watch(told) {
      watcher = told
    },
    predict(input, deadlineMs) {
      const mistake = tensorMistake(input)
      const deadlineAt = clock.monotonic() + deadlineMs * 1_000
      const refusal = mistake === undefined ? admit(deadlineAt) : error(mistake)
      if (refusal !== undefined) return Promise.reject(refusal)
      return new Promise((resolve, reject) => {
        const isFree = link !== undefined && waiting.length === 0 && inFlight.size < inFlightMax
        // Whoever keeps the buffer may write to it before this request's turn comes.
        const kept = isFree ? input : { ...input, data: input.data.slice() }
        const job: Job = { input: kept, deadlineAt, resolve, reject, timer: undefined }
        job.timer = clock.timer(deadlineMs, () => expire(job, deadlineMs))
        waiting.push(job)
        pump()
      })
    },
    async close() {
      if (isClosed) return
      isClosed = true
      renewal?.cancel()
      restart?.cancel()
      failAll("it was closed")
      await link?.close()
      link = undefined
    },
  }
}
