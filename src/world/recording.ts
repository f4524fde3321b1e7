import { type Channel, isPrivate } from "../runtime/domain/channel.ts"
import { UsageError } from "../runtime/domain/errors.ts"
import type { Inst } from "../runtime/domain/inst.ts"
import { isTelltale } from "../runtime/domain/redaction.ts"
import type { FeedSpec } from "../runtime/domain/task.ts"
import type {
  Clock,
  Credentials,
  Http,
  HttpCall,
  HttpReply,
  Outside,
  Socket,
  SocketHandler,
  Sockets,
  Tape,
  Venue,
} from "../runtime/ports.ts"
import { closedChannel, replyChannel, sentChannel, socketChannel, targetOf } from "./crossing.ts"

export interface RecorderOptions {
  readonly tape: Tape
  readonly venue: Venue
  readonly clock: Clock
  /** What no line of the tape may hold. */
  readonly credentials?: Credentials
}

/**
 * Writes down what a replay of one market needs: each frame of its public feeds as it came, what they were asked for, and
 * the answers to requests that carry no key. The account's own streams and requests never pass through it.
 */
export class Recorder {
  readonly #tape: Tape
  readonly #venue: Venue
  readonly #clock: Clock
  readonly #secrets: readonly string[]
  readonly #timeTarget: string | undefined
  /** Large, asked for again and again, and hardly ever changed: it is written when it says something else. */
  readonly #listingTarget: string | undefined
  #listed = ""
  #sockets = 0

  constructor({ tape, venue, clock, credentials = {} as Credentials }: RecorderOptions) {
    this.#tape = tape
    this.#venue = venue
    this.#clock = clock
    this.#secrets = Object.values(credentials).filter((secret) => secret !== "")
    const auth = { now: 0 }
    if (venue.operations.includes("serverTime")) this.#timeTarget = targetOf(venue.encode("serverTime", {}, auth).url)
    if (venue.operations.includes("instruments"))
      this.#listingTarget = targetOf(venue.encode("instruments", {}, auth).url)
  }

  /** For declared feeds. */
  feeds(outside: Outside): Outside {
    return { ...outside, sockets: this.#recorded(outside.sockets, () => true, true) }
  }

  /** For a feed whose strategy says where it connects: only what comes from where the venue has this public stream. */
  manual(outside: Outside, { channel, insts }: FeedSpec): Outside {
    if (isPrivate(channel)) return outside
    const path = this.#publicPath(channel, insts)
    return { ...outside, sockets: this.#recorded(outside.sockets, (url) => pathOf(url) === path, false) }
  }

  /** Undefined where the venue has no such stream: the strategy may know one that this program does not. */
  #publicPath(channel: Channel, insts: readonly Inst[]): string | undefined {
    try {
      return pathOf(this.#venue.subscribe(channel, insts, { now: 0 }).url)
    } catch (error) {
      if (error instanceof UsageError) return undefined
      throw error
    }
  }

  http(http: Http): Http {
    return {
      request: (call, timeoutMs) => {
        const answer = http.request(call, timeoutMs)
        return this.#isWanted(call) ? answer.then((reply) => this.#answered(call, reply)) : answer
      },
    }
  }

  #recorded(sockets: Sockets, isPublic: (url: string) => boolean, withAsked: boolean): Sockets {
    return {
      open: (target, handler) => {
        if (!isPublic(target.url)) return sockets.open(target, handler)
        const crossing = { market: this.#venue.market, target: pathOf(target.url), connection: ++this.#sockets }
        let isGivenUp = false
        const socket = sockets.open(
          target,
          this.#hears(handler, () => !isGivenUp, socketChannel(crossing), closedChannel(crossing)),
        )
        // A socket that a declared feed closes is heard by nobody from then on, whatever still comes before it is closed.
        const close: Socket["close"] = (code, reason) => {
          isGivenUp = true
          socket.close(code, reason)
        }
        return withAsked ? { ...bound(socket), close, send: this.#tells(socket, sentChannel(crossing)) } : socket
      },
    }
  }

  #hears(handler: SocketHandler, isHeard: () => boolean, channel: string, ending: string): SocketHandler {
    const tape = this.#tape
    const clock = this.#clock
    return {
      open: () => handler.open(),
      text(text, receivedAt) {
        if (isHeard()) tape.append({ receivedAt, channel, text })
        handler.text(text, receivedAt)
      },
      alive: () => handler.alive?.(),
      closed(code, reason) {
        tape.append({ receivedAt: clock.now(), channel: ending, text: JSON.stringify({ code, reason }) })
        handler.closed(code, reason)
      },
    }
  }

  #tells(socket: Socket, channel: string): Socket["send"] {
    return (text, departed) => {
      this.#tape.append({ receivedAt: this.#clock.now(), channel, text })
      return socket.send(text, departed)
    }
  }

  #isWanted({ method, url, headers, body }: HttpCall): boolean {
    if (method !== "GET" || body !== undefined || isTelltale(url)) return false
    const target = targetOf(url)
    if (target === this.#timeTarget) return false
    const told = [url, ...Object.values(headers)]
    return !this.#secrets.some((secret) => told.some((text) => text.includes(secret)))
  }

  /** Whether this listing says of any instrument what the one before did not: the time it was made at says nothing. */
  #isNews(body: string): boolean {
    const outcome = this.#venue.response("instruments", {}, 200, body)
    if (outcome.kind !== "accepted") return false
    const before = this.#listed
    this.#listed = JSON.stringify(outcome.value)
    return this.#listed !== before
  }

  #answered({ method, url }: HttpCall, reply: HttpReply): HttpReply {
    if (reply.status !== 200) return reply
    const target = targetOf(url)
    if (target === this.#listingTarget && !this.#isNews(reply.body)) return reply
    const channel = replyChannel({ market: this.#venue.market, target: `${method} ${target}` })
    this.#tape.append({ receivedAt: this.#clock.now(), channel, text: reply.body })
    return reply
  }
}

const bound = (socket: Socket): Socket => ({
  send: (text, departed) => socket.send(text, departed),
  ping: () => socket.ping(),
  bufferedBytes: () => socket.bufferedBytes(),
  close: (code, reason) => socket.close(code, reason),
})

/** Without its query, which on other streams holds a session's key. */
const pathOf = (url: string): string => targetOf(url).split("?", 1)[0] ?? ""
