import { accepted, type Outcome } from "../../domain/outcome.ts"
import { unsentBytesMax } from "../../domain/backlog.ts"
import type { Clock, Socket } from "../../ports.ts"

/** Below the deadline of a command's ack, so that the answer can say what it waits for. */
const DEPART_MS_MAX = 4_500

/**
 * The acks of texts that a strategy sends: `accepted` once the bytes have left, `refused` where they were not taken, and
 * `unknown` where the connection ends or the time is up while they wait. The peer may have got such a text: it is never
 * sent again from here.
 */
export class Writes {
  readonly #clock: Clock
  readonly #name: string
  readonly #waiting = new Set<(why: string) => void>()

  constructor(clock: Clock, name: string) {
    this.#clock = clock
    this.#name = name
  }

  send(socket: Socket, text: string): Promise<Outcome<undefined>> {
    const ack = Promise.withResolvers<Outcome<undefined>>()
    const late = this.#clock.timer(DEPART_MS_MAX, () =>
      fail(`${socket.bufferedBytes()} bytes still wait to leave after ${DEPART_MS_MAX} ms`),
    )
    const end = (outcome: Outcome<undefined>): void => {
      late.cancel()
      this.#waiting.delete(fail)
      ack.resolve(outcome)
    }
    const fail = (why: string): void => end({ kind: "unknown", why: `${this.#name}: ${why}` })
    this.#waiting.add(fail)
    const isTaken = socket.send(text, (failure) =>
      failure === undefined ? end(accepted(undefined)) : fail(`it could not be written (${failure})`),
    )
    if (!isTaken) end({ kind: "refused", reason: this.#whyNot(socket) })
    return ack.promise
  }

  /** The connection has ended: nobody will tell any more. */
  end(why: string): void {
    for (const fail of this.#waiting) fail(`the connection ended before it had left (${why})`)
  }

  #whyNot(socket: Socket): string {
    const waiting = socket.bufferedBytes()
    if (waiting <= unsentBytesMax) return `${this.#name} is not connected`
    return `${this.#name}: ${waiting} bytes wait to leave already, its peer takes nothing; connect it anew`
  }
}
