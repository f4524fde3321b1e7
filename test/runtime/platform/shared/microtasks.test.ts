import { describe, expect, test } from "bun:test"
import { platform } from "#platform"

describe("the end of a step of the virtual clock", () => {
  test("runs every microtask that is queued, and those they queue, before it returns", () => {
    const seen: number[] = []
    void Promise.resolve()
      .then(() => seen.push(1))
      .then(() => seen.push(2))
    queueMicrotask(() => queueMicrotask(() => seen.push(3)))
    platform.drainMicrotasks()
    expect(new Set(seen)).toEqual(new Set([1, 2, 3]))
  })
})
