import { describe, expect, test } from "bun:test"
import { Backoff, Restarts } from "../../../src/runtime/domain/backoff.ts"

const steady = { next: () => 1 }
const times = (count: number, next: () => number) => Array.from({ length: count }, next)

describe("a backoff", () => {
  test("doubles to its bound, and begins anew after a reset", () => {
    const backoff = new Backoff(steady, { backoffMsMin: 100, backoffMsMax: 1_000 })
    expect(times(6, () => backoff.nextMs())).toEqual([100, 200, 400, 800, 1_000, 1_000])
    backoff.reset()
    expect(backoff.nextMs()).toBe(100)
  })

  test("spreads over the upper half of each pause", () => {
    const bounds = { backoffMsMin: 100, backoffMsMax: 1_000 }
    expect(new Backoff({ next: () => 0 }, bounds).nextMs()).toBe(50)
    expect(new Backoff({ next: () => 0.5 }, bounds).nextMs()).toBe(75)
  })
})

describe("restarts", () => {
  const bounds = { backoffMsMin: 100, backoffMsMax: 400, soundMs: 1_000 }

  test("come at once, then after doubling pauses", () => {
    const restarts = new Restarts(steady, bounds)
    expect(times(5, () => restarts.nextMs())).toEqual([0, 100, 200, 400, 400])
  })

  test("come at once again only after it has worked for a while since it was started", () => {
    const restarts = new Restarts(steady, bounds)
    times(3, () => restarts.nextMs())
    restarts.started(5_000_000)
    restarts.worked(5_999_999)
    expect(restarts.nextMs()).toBe(400)
    restarts.started(7_000_000)
    restarts.worked(8_000_000)
    expect(times(2, () => restarts.nextMs())).toEqual([0, 100])
  })
})
