import type { Clock, Http, HttpReply, Sockets } from "../../runtime/ports.ts"
import { targetOf } from "../crossing.ts"

/** An answer as it stands on a tape. */
export interface Answer {
  /** Method, path and query of what was asked. */
  readonly target: string
  /** When it came, µs. */
  readonly at: number
  readonly body: string
}

/** Below what a request is given at most: an answer that comes later is waited for by asking again. */
const WAIT_US_MAX = 4_500_000

/** The answers of a tape, in the order they came: each given once, or as often as it is asked for while it stands. */
export class Answers {
  readonly #left = new Map<string, Answer[]>()
  readonly #ageUsMax: (target: string) => number
  readonly #isStanding: (target: string) => boolean

  /**
   * `ageUsMax`: how long ago an answer may have come when it is asked for again and is still of use. `isStanding`: one holds
   * until the next has come, and the first from the beginning.
   */
  constructor(
    answers: Iterable<Answer>,
    ageUsMax: (target: string) => number,
    isStanding: (target: string) => boolean = () => false,
  ) {
    this.#ageUsMax = ageUsMax
    this.#isStanding = isStanding
    for (const answer of answers) {
      const same = this.#left.get(answer.target)
      if (same === undefined) this.#left.set(answer.target, [answer])
      else same.push(answer)
    }
  }

  /** What a request made now is answered, now or soon; undefined where the tape has nothing for it. */
  take(target: string, now: number): Answer | undefined {
    const left = this.#left.get(target)
    if (left === undefined) return undefined
    if (this.#isStanding(target)) {
      const newest = left.findLast(({ at }) => at <= now) ?? left[0]
      return newest && { ...newest, at: now }
    }
    // The newest of those that are past: what was not asked for in between is left out.
    const ahead = left.findIndex(({ at }) => at >= now)
    const past = ahead < 0 ? left.length : ahead
    const newest = left.splice(0, past).at(-1)
    if (newest !== undefined && now - newest.at <= this.#ageUsMax(target)) return newest
    const [next] = left
    return next !== undefined && next.at <= now + WAIT_US_MAX ? left.shift() : undefined
  }
}

/** What the tape has an answer to is answered from it, not before its time; the rest goes on. */
export const answeredFrom = (answers: Answers, http: Http, clock: Clock): Http => ({
  request(call, timeoutMs) {
    const now = clock.now()
    const answer = answers.take(`${call.method} ${targetOf(call.url)}`, now)
    if (answer === undefined) return http.request(call, timeoutMs)
    const { promise, resolve } = Promise.withResolvers<HttpReply>()
    clock.timer((answer.at - now) / 1_000, () => resolve({ status: 200, headers: {}, body: answer.body }))
    return promise
  },
})

/** Whatever address a strategy connects to by itself, the exchange of the replay is there. */
export const allTo = (origin: string, sockets: Sockets): Sockets => ({
  open: (target, handler) => sockets.open({ ...target, url: origin + targetOf(target.url) }, handler),
})
