import { expect, test } from "bun:test"
import { seededRandom } from "../../../src/runtime/simulation/random.ts"

const draws = (seed: string | number, count: number): number[] => {
  const random = seededRandom(seed)
  return Array.from({ length: count }, () => random.next())
}

test("a seed gives the same numbers forever", () => {
  expect(draws("perigee", 3)).toMatchInlineSnapshot(`
    [
      0.06514649582095444,
      0.552060799440369,
      0.04974328354001045,
    ]
  `)
  expect(draws(42, 5)).toEqual(draws("42", 5))
})

test("neighbouring seeds differ from their first number on", () => {
  const firsts = Array.from({ length: 1_000 }, (_, seed) => draws(seed, 1)[0] ?? Number.NaN)
  expect(new Set(firsts).size).toBe(1_000)
  const mean = firsts.reduce((sum, first) => sum + first, 0) / 1_000
  expect(mean).toBeWithin(0.45, 0.55)
})

test("numbers fill [0, 1) evenly", () => {
  const counts = Array.from({ length: 16 }, () => 0)
  for (const draw of draws(7, 64_000)) counts[Math.floor(draw * 16)]!++
  const chiSquare = counts.reduce((sum, count) => sum + (count - 4_000) ** 2 / 4_000, 0)
  // 15 degrees of freedom: 37.7 is passed once in a thousand.
  expect(chiSquare).toBeLessThan(37.7)
})
