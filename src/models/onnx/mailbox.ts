import type { Values } from "./session.ts"

const RANK_MAX = 8
/** Words in front of the values: how many values, how many sizes, the sizes. */
const HEADER = 2 + RANK_MAX
const BYTES = 65_536

/**
 * Memory that the loop and a worker share: one tensor lies in it at a time. The message that says so is a mere number, which costs half as
 * much as a message that carries the tensor. Nobody waits on it; whoever got the message may read, and then write the answer.
 */
export interface Mailbox {
  /** False where the tensor does not fit: send it by itself. */
  put(values: Values): boolean
  /** What lies in it, as a view: copy what is to last. */
  look(): Values
}

export const newMailbox = (): SharedArrayBuffer => new SharedArrayBuffer(BYTES)

export function mailbox(memory: SharedArrayBuffer): Mailbox {
  const header = new Uint32Array(memory, 0, HEADER)
  const room = new Float32Array(memory, HEADER * 4)
  return {
    put({ data, shape }) {
      if (data.length > room.length || shape.length > RANK_MAX) return false
      header[0] = data.length
      header[1] = shape.length
      for (let axis = 0; axis < shape.length; axis++) header[2 + axis] = shape[axis]!
      room.set(data)
      return true
    },
    look: () => ({ data: room.subarray(0, header[0]), shape: Array.from(header.subarray(2, 2 + header[1]!)) }),
  }
}
