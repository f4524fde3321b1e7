// Models behind ZeroMQ: a service in Python or anything else, asked over the wire: in ZMTP from the loop, or encrypted by libzmq in a worker.
import { describe, ModelError } from "../../runtime/domain/errors.ts"
import type { Clock, Env, ModelRunner, Random } from "../../runtime/ports.ts"
import { curveKeys, type PartialKeys } from "./curve.ts"
import type { CurveKeys, Mode } from "./message.ts"
import { openPeer, type Peer, type PeerOptions } from "./peer.ts"
import { openPlainLink } from "./plain.ts"
import { createRunner, type Listener, type RunnerOptions } from "./runner.ts"

export type { CurveKeys, Mode, Peer }

export interface ZmqOptions {
  readonly clock: Clock
  /** Spreads the pauses before restarts; without it they are not spread. */
  readonly random?: Random
  /** Where the service listens: `tcp://host:port` or `ipc://path`. */
  readonly source: string
  /** Has no meaning here: the service is never on the loop. */
  readonly isInline?: boolean
  /** Requests waiting beyond those on their way to the service. */
  readonly queueMax?: number
  /** `refuse` the new one, or let the `newest` push out the one that waits longest. */
  readonly whenFull?: "refuse" | "newest"
  /**
   * `req` (default): one request at a time, to any REP service that reads MessagePack arrays of four. `dealer`: many at a time, numbered,
   * values in binary, to a service of the Python kit or one that does as its description says (python/README.md).
   */
  readonly mode?: Mode
  /** In `dealer` mode: requests on their way at once, default 64. */
  readonly inFlightMax?: number
  /** A larger reply is refused and the connection made anew; default 64 MiB. */
  readonly replyBytesMax?: number
  /**
   * Encrypts and authenticates: with these keys; with those of the environment, which must be there where this is `true` or the prefix of
   * their names; not at all where this is `false`. Absent: with those of the environment, if there are any.
   */
  readonly curve?: PartialKeys | boolean | string
  /** Where `PERIGEE_ZMQ_SERVER_KEY`, `PERIGEE_ZMQ_PUBLIC_KEY` and `PERIGEE_ZMQ_SECRET_KEY` are looked up. */
  readonly env?: Env
}

/**
 * Throws ModelError where keys are missing or are none. `load` does not wait for the service: that may come later, go, and come back. Nothing
 * is loaded before. Every request ends in the answer to itself or in a ModelError: at its deadline, or as soon as its connection is lost.
 */
export function zmqRunner(options: ZmqOptions): ModelRunner {
  const { source: endpoint, mode = "req", replyBytesMax = 64 * 2 ** 20, clock } = options
  const curve = keysFor(options)
  const bounds = boundsOf(options)
  return createRunner({
    ...bounds,
    async open(listener: Listener) {
      if (typeof Bun === "undefined") throw new ModelError("ZeroMQ models run on Bun only")
      const { random } = bounds
      if (curve === undefined) return openPlainLink({ endpoint, mode, replyBytesMax, clock, random }, listener)
      const { openLink } = await import("./link.ts")
      return openLink({ endpoint, mode, replyBytesMax, curve }, listener)
    },
  })
}

/** The same queue, deadlines and bounds, with a peer inside this process in the service's place. Keys are neither wanted nor looked for. */
export const peerRunner = (options: ZmqOptions & PeerOptions): ModelRunner =>
  createRunner({ ...boundsOf(options), open: (listener) => openPeer(options, listener) })

/** A service asked while this thread waits: what a virtual clock can have for a peer. */
export async function blockingPeer(endpoint: string, waitMsMax: number): Promise<{ peer: Peer; close(): void }> {
  const { openBlocking } = await import("./blocking.ts")
  const { ask, close } = await openBlocking({ endpoint, waitMsMax })
  return { peer: ask, close }
}

const boundsOf = ({
  clock,
  random = { next: () => 1 },
  source,
  mode,
  inFlightMax,
  queueMax,
  whenFull,
}: ZmqOptions): Omit<RunnerOptions, "open"> => ({
  clock,
  random,
  endpoint: source,
  inFlightMax: mode === "dealer" ? Math.max(1, inFlightMax ?? 64) : 1,
  queueMax: Math.max(1, queueMax ?? 64),
  whenFull: whenFull ?? "refuse",
})

function keysFor(options: ZmqOptions): PartialKeys | undefined {
  try {
    return curveKeys(options)
  } catch (error) {
    throw new ModelError(`model ${options.source}: ${describe(error)}`)
  }
}
