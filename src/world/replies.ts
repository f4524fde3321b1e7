import { ConfigError, describe, ModelError } from "../runtime/domain/errors.ts"
import { memoryOf } from "../runtime/domain/numbers.ts"
import type { PredictSpec } from "../runtime/domain/task.ts"
import type { AltTensor } from "../runtime/domain/tensor.ts"
import type { Clock, ModelRunner, Tape } from "../runtime/ports.ts"
import { hashOf } from "../runtime/simulation/hash.ts"
import { readTape } from "../runtime/storage/tape-reader.ts"
import type { Peer } from "../models/zmq/index.ts"

export type { Peer }

/** One answer as it stands on a tape, on the channel `model <id of the task>`. */
interface Recorded {
  /** Hash of the request's data, shape and metadata. */
  readonly request: string
  /** Absent where it was the request's own. */
  readonly timestamp?: number
  /** Float32, little-endian, in base64. */
  readonly data?: string
  readonly shape?: readonly number[]
  readonly metadata?: Readonly<Record<string, string>>
  /** In place of the others: why there was no prediction. */
  readonly error?: string
}

const channelOf = (id: string): string => `model ${id}`

/** Without its time: a run that is repeated later asks the same. */
const keyOf = ({ data, shape, metadata }: AltTensor): string => hashOf([data, shape, sorted(metadata)])

const sorted = (metadata: AltTensor["metadata"]): [string, string][] =>
  Object.entries(metadata).toSorted(([a], [b]) => (a < b ? -1 : 1))

/** The same runner, each of its answers and failures written to the tape. */
export function recorded(
  runner: ModelRunner,
  spec: PredictSpec,
  { tape, clock }: { tape: Tape; clock: Clock },
): ModelRunner {
  const channel = channelOf(spec.id)
  const write = (entry: Recorded) => tape.append({ receivedAt: clock.now(), channel, text: JSON.stringify(entry) })
  return {
    load: () => runner.load(),
    close: () => runner.close(),
    ...(runner.trouble === undefined ? {} : { trouble: () => runner.trouble?.() }),
    watch: (watcher) => runner.watch?.(watcher),
    predict(input, deadlineMs) {
      const request = keyOf(input)
      const { timestamp } = input
      const answer = runner.predict(input, deadlineMs)
      answer.then(
        (output) => write({ request, ...textOf(output, timestamp) }),
        (error: unknown) => write({ request, error: describe(error).replace(`model ${spec.source}: `, "") }),
      )
      return answer
    },
  }
}

function textOf({ timestamp, data, shape, metadata }: AltTensor, askedAt: number): Omit<Recorded, "request"> {
  const { buffer, byteOffset, byteLength } = memoryOf(data)
  const bytes = Buffer.from(buffer, byteOffset, byteLength)
  return { ...(timestamp === askedAt ? {} : { timestamp }), data: bytes.toString("base64"), shape, metadata }
}

/**
 * Answers each request as it was answered when it was recorded: asked the same several times, in the order of then, the last one again at
 * the end. What was never asked fails by name. Throws ConfigError where the tape holds no reply to this task.
 */
export async function replies(file: string, id: string): Promise<Peer> {
  const known = new Map<string, Recorded[]>()
  for await (const { channel, text } of readTape(file)) {
    if (channel !== channelOf(id)) continue
    const entry = JSON.parse(text) as Recorded
    const same = known.get(entry.request)
    if (same === undefined) known.set(entry.request, [entry])
    else same.push(entry)
  }
  if (known.size === 0)
    throw new ConfigError(`${file} holds no replies to model ${id}; --record-model writes such a file`)
  return (input) => {
    const left = known.get(keyOf(input))
    if (left === undefined)
      throw new ModelError(`this request is not on ${file}: it was recorded by a run that asked otherwise`)
    return restored(left.length > 1 ? left.shift()! : left[0]!, input)
  }
}

function restored(
  { timestamp, data = "", shape = [], metadata = {}, error }: Recorded,
  asked: AltTensor,
): AltTensor | Error {
  if (error !== undefined) return new ModelError(error)
  const bytes = Buffer.from(data, "base64")
  const values = new Float32Array(bytes.length / 4)
  new Uint8Array(values.buffer).set(bytes)
  return { timestamp: timestamp ?? asked.timestamp, data: values, shape, metadata }
}
