import type { Random } from "../../runtime/ports.ts"

/** sfc32 (Chris Doty-Humphrey, PractRand): 128 bits of state, passes the usual test batteries, no multiplication. */
export function seeded(seed: number, stream = 0): Random {
  let a = 0x9e3779b9 | 0
  let b = seed | 0
  let c = (Math.floor(seed / 0x1_0000_0000) ^ stream) | 0
  let counter = 1
  const word = (): number => {
    const mixed = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + mixed
    return mixed >>> 0
  }
  // Twelve rounds spread a small seed over the whole state.
  for (let round = 0; round < 12; round++) word()
  return { next: () => word() / 0x1_0000_0000 }
}

/** Waiting time until the next event of a Poisson process with this mean. */
export const exponential = (random: Random, mean: number): number => -mean * Math.log(1 - random.next())

/** Sum of twelve uniforms, less six: near enough to a standard normal, and cheap. */
export function normal(random: Random): number {
  let sum = -6
  for (let draw = 0; draw < 12; draw++) sum += random.next()
  return sum
}

/** A whole number from 0 to `below` - 1. */
export const pick = (random: Random, below: number): number => Math.floor(random.next() * below)
