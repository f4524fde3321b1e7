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

describe("a task of the event loop's own", () => {
  test("drains microtasks though whoever asked for it is one", async () => {
    await Promise.resolve()
    const seen = await platform.inOwnTask(() => {
      let isDone = false
      queueMicrotask(() => queueMicrotask(() => (isDone = true)))
      platform.drainMicrotasks()
      return isDone
    })
    expect(seen).toBe(true)
  })

  test("hands on what its work throws", async () => {
    const failed = await platform
      .inOwnTask(() => {
        throw new Error("no")
      })
      .catch(String)
    expect(failed).toBe("Error: no")
  })
})
