import { UsageError } from "../../domain/errors.ts"
import type { Random } from "../../ports.ts"

type Fill = <T extends ArrayBufferView>(view: T) => T

const filler =
  (random: () => Random): Fill =>
  (view) => {
    const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
    const source = random()
    for (let index = 0; index < bytes.length; index++) bytes[index] = Math.floor(source.next() * 256)
    return view
  }

/** Version 4 of RFC 9562, section 5.4. */
function uuid(fill: Fill): string {
  const bytes = fill(new Uint8Array(16))
  bytes[6] = (bytes[6]! & 0x0f) | 0x40
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-")
}

/** The global `crypto`, by a seeded chance: the same in every run, and nothing to keep a secret with. */
export function virtualCrypto(random: () => Random): Readonly<Record<string, unknown>> {
  const fill = filler(random)
  return {
    randomUUID: () => uuid(fill),
    getRandomValues: fill,
    subtle: new Proxy(
      {},
      {
        get(_, name) {
          const why = "ends outside of a simulation's time; use createHmac and the like of node:crypto"
          throw new UsageError(`crypto.subtle.${String(name)} ${why}`)
        },
      },
    ),
  }
}

/** The default export of `node:crypto`, likewise. */
export function virtualNodeCrypto(random: () => Random): Readonly<Record<string, unknown>> {
  const fill = filler(random)
  const inTime = (name: string, told: unknown): void => {
    if (typeof told !== "function") return
    throw new UsageError(`${name} with a callback ends outside of a simulation's time; call it without one`)
  }
  const randomBytes = (size: number, told?: unknown): Buffer => {
    inTime("randomBytes", told)
    return fill(Buffer.alloc(size))
  }
  const randomInt = (low: number, high?: number, told?: unknown): number => {
    inTime("randomInt", typeof high === "function" ? high : told)
    const [from, to] = high === undefined ? [0, low] : [low, high]
    return from + Math.floor(random().next() * (to - from))
  }
  return { randomUUID: () => uuid(fill), getRandomValues: fill, randomFillSync: fill, randomBytes, randomInt }
}
