import { describe, NetworkError, UsageError, WireError } from "../domain/errors.ts"
import type { OperationName, ParamsOf, ResultOf } from "../domain/operation.ts"
import type { Outcome } from "../domain/outcome.ts"
import type { Auth, Clock, Credentials, Http, HttpCall, HttpReply, Log, Random, Venue } from "../ports.ts"
import { Backoff } from "../domain/backoff.ts"
import type { Limiter, Need, Priority } from "./limiter.ts"
import type { Offset } from "./offset.ts"
import type { Ask } from "./task.ts"

export interface RestDeps {
  readonly venue: Venue
  readonly http: Http
  readonly clock: Clock
  readonly random: Random
  readonly limiter: Limiter
  readonly offset: Offset
  readonly credentials?: Credentials
  readonly log: Log
}

export interface CallOptions {
  /** From leaving to the answer. */
  readonly timeoutMs?: number
  readonly priority?: Priority
  /** Local wall time in µs by which it must have left; a request that cannot is refused. */
  readonly leaveBy?: number
  /** Encoded and signed already. */
  readonly prepared?: HttpCall
  /** Room within the rate limits is taken already. */
  readonly hasRoom?: boolean
}

export interface RestClient {
  /**
   * One operation. A request that changes something is sent at most once: `refused` where it certainly did nothing,
   * `unknown` where nobody knows. Reads are asked again, with pauses, until answered or out of attempts.
   */
  call<O extends OperationName>(operation: O, params: ParamsOf<O>, options?: CallOptions): Promise<Outcome<ResultOf<O>>>
  /** Credentials, the venue's time and a nonce for a signature made now. */
  auth(session?: string): Auth
}

const ORDERING: ReadonlySet<OperationName> = new Set<OperationName>(["place", "placeBatch", "amend"])
const CANCELING: ReadonlySet<OperationName> = new Set<OperationName>(["cancel", "cancelBatch", "cancelAll"])
const CHANGING: ReadonlySet<OperationName> = new Set<OperationName>([
  ...ORDERING,
  ...CANCELING,
  "countdownCancelAll",
  "setLeverage",
  "setPositionMode",
])

const TIMEOUT_MS = 5_000
const LEAVE_MS_MAX = 30_000
const READ_ATTEMPTS_MAX = 4
const READ_BACKOFF = { backoffMsMin: 250, backoffMsMax: 5_000 }
/** When the venue says "too many" without saying for how long. */
const PAUSE_MS = 60_000

const isChanging = (operation: OperationName): boolean => CHANGING.has(operation)

export function needOf<O extends OperationName>(
  venue: Venue,
  operation: O,
  params: ParamsOf<O>,
  priority?: Priority,
): Need {
  const usual = CANCELING.has(operation) ? "cancel" : ORDERING.has(operation) ? "place" : "read"
  return {
    priority: priority ?? usual,
    weight: venue.weight(operation, params),
    isOrder: ORDERING.has(operation),
  }
}

/**
 * A strategy's questions, each over after `msMax`: one that cannot be put is refused with the reason, like one that the venue
 * refuses. They come last: what the runtime itself must know goes before them.
 */
export function asking(rest: RestClient, clock: Clock, msMax: number): Ask {
  return async (question, params) => {
    try {
      return await rest.call(question, params, { priority: "ask", leaveBy: clock.now() + msMax * 1_000 })
    } catch (error) {
      if (!(error instanceof UsageError || error instanceof WireError)) throw error
      return { kind: "refused", reason: describe(error) }
    }
  }
}

export function restClient(deps: RestDeps): RestClient {
  return new Rest(deps)
}

/** What became of one attempt; `isTransient` where asking again may help. */
interface Attempt<T> {
  readonly outcome: Outcome<T>
  readonly isTransient: boolean
}

class Rest implements RestClient {
  readonly #deps: RestDeps
  #nonce = 0

  constructor(deps: RestDeps) {
    this.#deps = deps
  }

  auth(session?: string): Auth {
    const now = this.#deps.offset.now()
    this.#nonce = Math.max(this.#nonce + 1, Math.floor(now / 1_000))
    const { credentials } = this.#deps
    return {
      now,
      nonce: this.#nonce,
      ...(credentials === undefined ? {} : { credentials }),
      ...(session === undefined ? {} : { session }),
    }
  }

  call<O extends OperationName>(
    operation: O,
    params: ParamsOf<O>,
    options: CallOptions = {},
  ): Promise<Outcome<ResultOf<O>>> {
    if (!this.#deps.venue.operations.includes(operation)) {
      return Promise.reject(new UsageError(`${this.#deps.venue.market} has no operation "${operation}"`))
    }
    if (isChanging(operation)) return this.#attempt(operation, params, options).then(({ outcome }) => outcome)
    return this.#read(operation, params, options)
  }

  async #read<O extends OperationName>(
    operation: O,
    params: ParamsOf<O>,
    options: CallOptions,
  ): Promise<Outcome<ResultOf<O>>> {
    const { clock, random, log, venue, offset } = this.#deps
    const backoff = new Backoff(random, READ_BACKOFF)
    for (let attempt = 1; ; attempt++) {
      const { outcome, isTransient } = await this.#attempt(operation, params, options)
      const isOver = options.leaveBy !== undefined && clock.now() >= options.leaveBy
      if (!isTransient || isOver || attempt >= READ_ATTEMPTS_MAX) return outcome
      const why = outcome.kind === "refused" ? outcome.reason : outcome.kind === "unknown" ? outcome.why : ""
      log.debug("rest.again", { market: venue.market, operation, attempt, why })
      if (outcome.kind === "refused" && outcome.meaning === "clock") await offset.measure()
      else await new Promise<void>((resolve) => clock.timer(backoff.nextMs(), resolve))
    }
  }

  /** Leaves in this very turn where there is room. */
  #attempt<O extends OperationName>(
    operation: O,
    params: ParamsOf<O>,
    options: CallOptions,
  ): Promise<Attempt<ResultOf<O>>> {
    const { venue, limiter, clock } = this.#deps
    const need = needOf(venue, operation, params, options.priority)
    if (options.hasRoom === true || limiter.tryTake(need)) return this.#send(operation, params, options, need)
    const leaveBy = options.leaveBy ?? clock.now() + LEAVE_MS_MAX * 1_000
    return new Promise((resolve, reject) => {
      limiter.wait(
        need,
        leaveBy,
        () => void this.#send(operation, params, options, need).then(resolve, reject),
        (reason) =>
          resolve({
            outcome: { kind: "refused", reason, meaning: "rate-limited" },
            isTransient: !isChanging(operation),
          }),
      )
    })
  }

  async #send<O extends OperationName>(
    operation: O,
    params: ParamsOf<O>,
    options: CallOptions,
    need: Need,
  ): Promise<Attempt<ResultOf<O>>> {
    const { venue, http, limiter } = this.#deps
    let call: HttpCall
    try {
      call = options.prepared ?? venue.encode(operation, params, this.auth())
    } catch (error) {
      limiter.giveBack(need)
      throw error
    }
    let reply: HttpReply
    try {
      reply = await http.request(call, options.timeoutMs ?? TIMEOUT_MS)
    } catch (error) {
      limiter.answered(need, undefined)
      return this.#unanswered(operation, error)
    }
    const usage = venue.usage(reply.headers)
    limiter.answered(need, usage)
    const outcome = venue.response(operation, params, reply.status, reply.body)
    return this.#judge(operation, outcome, reply.status, usage.retryAfterMs)
  }

  #unanswered<T>(operation: OperationName, error: unknown): Attempt<T> {
    if (!(error instanceof NetworkError)) throw error
    const why = describe(error)
    this.#deps.log.warn("rest.lost", { market: this.#deps.venue.market, operation, wasSent: error.wasSent, why })
    const isChange = isChanging(operation)
    if (isChange && !error.wasSent) {
      return { outcome: { kind: "refused", reason: `never sent: ${why}`, meaning: "not-sent" }, isTransient: false }
    }
    return { outcome: { kind: "unknown", why }, isTransient: !isChange }
  }

  #judge<T>(operation: OperationName, outcome: Outcome<T>, status: number, retryAfterMs?: number): Attempt<T> {
    const { limiter, offset } = this.#deps
    const isLimited = status === 429 || status === 418
    const pauseMs = isLimited ? (retryAfterMs ?? PAUSE_MS) : undefined
    if (pauseMs !== undefined) limiter.pause(pauseMs)
    if (outcome.kind === "refused" && outcome.meaning === "clock") void offset.measure()
    if (isChanging(operation)) return { outcome: waiting(outcome, pauseMs), isTransient: false }
    return { outcome, isTransient: isTransient(outcome, isLimited || status >= 500 || status === 408) }
  }
}

/** Whether the same question may be answered when asked again. */
function isTransient(outcome: Outcome<unknown>, isVenueBusy: boolean): boolean {
  if (outcome.kind === "accepted") return false
  if (outcome.kind === "unknown" || isVenueBusy) return true
  return outcome.meaning === "rate-limited" || outcome.meaning === "clock"
}

const waiting = <T>(outcome: Outcome<T>, retryAfterMs: number | undefined): Outcome<T> =>
  outcome.kind === "refused" && retryAfterMs !== undefined ? { ...outcome, retryAfterMs } : outcome
