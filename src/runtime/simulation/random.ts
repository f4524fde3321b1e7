import type { Random } from "../ports.ts"

/**
 * sfc32 (Chris Doty-Humphrey's PractRand, public domain): 128 bits of state, one 32-bit counter, so no seed has a short
 * period. The same seed gives the same numbers on every machine.
 */
export function seededRandom(seed: string | number): Random {
  const hash = fnv(String(seed))
  let a = hash
  let b = hash ^ 0x9e3779b9
  let c = hash ^ 0x243f6a88
  let counter = 1
  const word = (): number => {
    const result = (a + b + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + result
    c |= 0
    return result >>> 0
  }
  // The first outputs of neighbouring seeds are alike.
  for (let round = 0; round < 15; round++) word()
  return { next: () => word() / 2 ** 32 }
}

/** 32-bit FNV-1a over UTF-16 units. */
function fnv(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return hash
}
