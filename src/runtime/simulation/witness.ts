import type { Channel } from "../domain/channel.ts"
import type { Levels, Lob, SequenceNumber } from "../domain/events.ts"
import type { Inst } from "../domain/inst.ts"
import type { OperationName, ParamsOf, ResultOf } from "../domain/operation.ts"
import { UsageError } from "../domain/errors.ts"
import type { Clock, Credentials, Front, FrontOutput, FrontRequest, HttpCall, Subscription, Venue } from "../ports.ts"

/** A client that no network stands before: it hears every frame at once and asks without loss. */
export interface Witness {
  /** The same exchange for everybody else. */
  readonly front: Front
  /** Throws where the exchange does not answer with a result. */
  ask<O extends OperationName>(operation: O, params: ParamsOf<O>): ResultOf<O>
  /** How often a believed book was held against the exchange's own at the same update number. */
  readonly compared: number
  /** What is wrong with this book, believed at this update; undefined where nothing is. Updates never go back. */
  mistake(believed: Believed): string | undefined
}

/** The top of a book that somebody holds for right. */
interface Believed {
  readonly inst: Inst
  readonly seq: SequenceNumber | undefined
  readonly bids: Levels
  readonly asks: Levels
}

export interface WitnessOptions {
  readonly front: Front
  readonly venue: Venue
  readonly clock: Clock
  readonly credentials: Credentials
  /** The diffs that the watched books are made of. */
  readonly channel: Channel
  readonly insts: readonly Inst[]
}

/** Networks number their connections from 1. */
const OWN_CONNECTION = -1
const IMAGE_LEVELS = 1_000

export function witness(options: WitnessOptions): Witness {
  const { front, venue, clock, credentials, channel, insts } = options
  const books = new Map(insts.map((inst) => [inst, new Reference()]))
  let compared = 0

  const ask = <O extends OperationName>(operation: O, params: ParamsOf<O>): ResultOf<O> => {
    const call = venue.encode(operation, params, { now: clock.now(), credentials })
    const { status, body } = front.request(toRequest(call), clock.now())
    const outcome = venue.response(operation, params, status, body)
    if (outcome.kind === "accepted") return outcome.value
    const why = outcome.kind === "refused" ? outcome.reason : outcome.why
    throw new UsageError(`the exchange did not answer its witness's ${operation}: ${why}`)
  }
  const hear = (output: FrontOutput): void => {
    if (output.kind === "ping") front.pong(OWN_CONNECTION, clock.now())
    if (output.kind === "close") throw new UsageError(`the exchange cut its witness off: ${output.reason}`)
    if (output.kind !== "text") return
    for (const event of venue.decode(output.text, clock.now()).events) {
      if (event.kind === "lob") books.get(event.inst)?.hear(event)
    }
  }
  subscribe(front, venue.subscribe(channel, insts, { now: clock.now() }), clock.now())
  for (const [inst, book] of books) book.begin(ask("orderbook", { inst, depth: IMAGE_LEVELS }))
  return {
    front: {
      request: (request, now) => front.request(request, now),
      open: (...opened) => front.open(...opened),
      message: (...heard) => front.message(...heard),
      pong: (connection, now) => front.pong(connection, now),
      closed: (connection, now) => front.closed(connection, now),
      advance: (now) => front.advance(now),
      nextAt: () => front.nextAt(),
      drain() {
        const outputs = front.drain()
        const others = outputs.filter(({ connection }) => connection !== OWN_CONNECTION)
        if (others.length < outputs.length) {
          for (const output of outputs) if (output.connection === OWN_CONNECTION) hear(output)
        }
        return others
      },
    },
    ask,
    get compared() {
      return compared
    },
    mistake(believed) {
      const found = books.get(believed.inst)?.mistake(believed)
      if (found === "passed") return undefined
      compared++
      return found
    },
  }
}

function subscribe(front: Front, { url, headers = {}, messages }: Subscription, now: number): void {
  const refusal = front.open(OWN_CONNECTION, url.replace(/^[^/]*\/\/[^/?]*/, ""), headers, now)
  if (refusal !== undefined) throw new UsageError(`the exchange refused its witness: ${refusal.status}`)
  for (const message of messages) front.message(OWN_CONNECTION, message, now)
}

function toRequest({ method, url, headers, body = "" }: HttpCall): FrontRequest {
  const [path = "/", query = ""] = url.replace(/^[^/]*\/\/[^/?]*/, "").split("?", 2)
  const lower = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])
  return { method, path, query, headers: Object.fromEntries(lower), body }
}

const sequenceOf = (sequence: SequenceNumber | undefined): number => Number(sequence ?? 0)

/** The exchange's book as its frames tell it, kept as plainly as can be, no further than somebody believes to be. */
class Reference {
  readonly #bids = new Map<number, number>()
  readonly #asks = new Map<number, number>()
  #ahead: Lob[] = []
  #seq = 0

  begin({ bids, asks, sequence }: ResultOf<"orderbook">): void {
    apply(this.#bids, bids)
    apply(this.#asks, asks)
    this.#seq = sequenceOf(sequence)
  }

  hear(diff: Lob): void {
    this.#ahead.push(diff)
  }

  mistake({ inst, seq, bids, asks }: Believed): string | undefined {
    const at = sequenceOf(seq)
    if (at < this.#seq) return "passed"
    let taken = 0
    for (const diff of this.#ahead) {
      const last = sequenceOf(diff.sequence?.last)
      if (last > at) break
      taken++
      if (last <= this.#seq) continue
      apply(this.#bids, diff.bids)
      apply(this.#asks, diff.asks)
      this.#seq = last
    }
    this.#ahead.splice(0, taken)
    if (this.#seq !== at)
      return `${inst}: a book is believed at update ${at}, and the exchange had ${this.#seq} before it`
    const differs = differing("bid", bids, this.#bids, -1) ?? differing("ask", asks, this.#asks, 1)
    return differs === undefined ? undefined : `${inst} at update ${at}: ${differs}`
  }
}

function apply(side: Map<number, number>, levels: Levels): void {
  for (let at = 0; at < levels.length; at += 2) {
    const [price, size] = [levels[at]!, levels[at + 1]!]
    if (size === 0) side.delete(price)
    else side.set(price, size)
  }
}

function differing(name: string, believed: Levels, side: Map<number, number>, order: 1 | -1): string | undefined {
  const count = believed.length / 2
  const prices = [...side.keys()].sort((a, b) => order * (a - b)).slice(0, count)
  for (let at = 0; at < count; at++) {
    const [price, size] = [believed[2 * at]!, believed[2 * at + 1]!]
    const [isPrice = Number.NaN, isSize = Number.NaN] = [prices[at], side.get(prices[at]!)]
    if (price !== isPrice || size !== isSize) {
      return `${name} ${at + 1} is believed ${size} at ${price} and is ${isSize} at ${isPrice}`
    }
  }
  return undefined
}
