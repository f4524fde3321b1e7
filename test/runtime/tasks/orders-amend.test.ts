// News of an amend that comes after the order's end: price and size are the venue's all the same.
import { describe, expect, test } from "bun:test"
import type { Fate } from "./scripted/network.ts"
import { type Life, submit, World } from "./scripted/world.ts"

/** Amends to size 3 and cancels at once; no event of the stream arrives. */
async function amendedAndCanceled(world: World, life: Life): Promise<string> {
  const clientId = submit(life)
  await world.clock.advance(50)
  world.network.wire.copies = () => 0
  void life.task.amend({ clientId, size: "3" })
  void life.task.cancel(clientId)
  await world.clock.advance(20_000)
  expect(world.exchange.orders[0]).toMatchObject({ size: "3", status: "canceled" })
  return clientId
}

describe("an order canceled right after an amend", () => {
  test("has the size of the amend, though the answer to the cancel came first", async () => {
    const world = new World()
    const life = await world.live()
    const { wire } = world.network
    const clientId = submit(life)
    await world.clock.advance(50)
    // There and back: the amend 1 and 100 ms, the cancel 5 and 1.
    const latencies = [1, 5, 100, 1]
    wire.copies = () => 0
    wire.latencyMs = () => latencies.shift() ?? 1
    void life.task.amend({ clientId, size: "3" })
    void life.task.cancel(clientId)
    await world.clock.advance(1_000)
    expect(life.task.order(clientId)).toMatchObject({ state: "canceled", size: "3" })
    expect(world.disk.orders.get(clientId)).toMatchObject({ state: "canceled", size: "3" })
  })

  test.each<Fate>(["unanswered", "broken"])("has the size of the amend whose answer was %s", async (fate) => {
    const world = new World({ wire: { fate: (operation) => (operation === "amend" ? fate : "fine") } })
    const life = await world.live()
    const clientId = await amendedAndCanceled(world, life)
    expect(world.disk.orders.get(clientId)).toMatchObject({ state: "canceled", size: "3", filled: "0" })
    expect(life.troubles).toEqual([])
    expect(world.exchange.asked("amend")).toBe(1)
  })

  test("keeps its own size where the amend never arrived", async () => {
    const world = new World({ wire: { fate: (operation) => (operation === "amend" ? "lost" : "fine") } })
    const life = await world.live()
    const clientId = submit(life)
    await world.clock.advance(50)
    void life.task.amend({ clientId, size: "3" })
    void life.task.cancel(clientId)
    await world.clock.advance(20_000)
    expect(life.task.order(clientId)).toMatchObject({ state: "canceled", size: "1" })
    expect(life.task.state()["beingAsked"]).toBe(0)
  })
})
