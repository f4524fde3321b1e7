import { describe } from "../../runtime/domain/errors.ts"
import { type AltTensor, tensorMistake } from "../../runtime/domain/tensor.ts"
import type { Clock, Random, Timer } from "../../runtime/ports.ts"
import type { Link, Listener } from "./runner.ts"

/**
 * A service inside this process, for simulations: the prediction, an Error where it fails, undefined where it stays silent. Called at once, in
 * the order of the requests. What it throws is its failure.
 */
export type Peer = (input: AltTensor) => AltTensor | Error | undefined

export interface PeerOptions {
  readonly peer: Peer
  readonly clock: Clock
  readonly random: Random
  /** Between a request and its answer; drawn for each. */
  readonly latencyMsMin: number
  readonly latencyMsMax: number
}

/** A link to a peer: connected at once, never lost. */
export function openPeer(options: PeerOptions, listener: Listener): Promise<Link> {
  const { peer, clock, random, latencyMsMin, latencyMsMax } = options
  const onTheirWay = new Map<number, Timer>()
  const isDead = false
  clock.timer(0, () => listener.changed({ isUp: true, isDead, why: "" }))
  const deliver = (id: number, answer: AltTensor | Error) => {
    onTheirWay.delete(id)
    if (answer instanceof Error) listener.failed(id, `the service failed: ${describe(answer)}`)
    else {
      const mistake = tensorMistake(answer)
      if (mistake === undefined) listener.answered(id, answer)
      else listener.failed(id, `the reply's ${mistake}`)
    }
  }
  return Promise.resolve({
    send(id, input) {
      const answer = asked(peer, input)
      const tookMs = latencyMsMin + random.next() * (latencyMsMax - latencyMsMin)
      if (answer !== undefined)
        onTheirWay.set(
          id,
          clock.timer(tookMs, () => deliver(id, answer)),
        )
    },
    forget(id) {
      onTheirWay.get(id)?.cancel()
      onTheirWay.delete(id)
    },
    renew: () => undefined,
    close() {
      for (const timer of onTheirWay.values()) timer.cancel()
      onTheirWay.clear()
      return Promise.resolve()
    },
  })
}

function asked(peer: Peer, input: AltTensor): ReturnType<Peer> {
  try {
    // Whoever asked may write to its buffer before the answer comes.
    return peer({ ...input, data: input.data.slice() })
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}
