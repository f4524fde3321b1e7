// Orders as a bot file that nobody type-checked may write them: what is not understood is neither written down nor sent.
import { describe, expect, test } from "bun:test"
import type { AltOrder } from "../../../src/runtime/domain/callbacks.ts"
import { UsageError } from "../../../src/runtime/domain/errors.ts"
import type { AmendRequest, OrderRequest } from "../../../src/runtime/domain/order.ts"
import { relayTask } from "../../../src/runtime/tasks/relay.ts"
import { virtualHost } from "./host.ts"
import { LIMIT, submit, World } from "./scripted/world.ts"

const typeless = <T>(value: unknown): T => value as T

describe("a request with a word nobody knows", () => {
  const wrong: readonly (readonly [string, object, string])[] = [
    ["a type", { type: "stop-market" }, 'type "stop-market" is not known; write limit or market'],
    ["a side", { side: "buy" }, 'side "buy" is not known; write BUY or SELL'],
    ["a time in force", { timeInForce: "gtx" }, 'timeInForce "gtx" is not known; write gtc or ioc or fok or post-only'],
    ["a numeric size", { size: 1 }, 'size 1 is a number; write it as text: "1"'],
    ["reduceOnly as text", { reduceOnly: "true" }, 'reduceOnly "true" is neither true nor false'],
  ]
  test.each(wrong)("(%s) is refused by name before anything is written down or sent", async (_, change, why) => {
    const world = new World()
    const life = await world.live()
    const texts = world.network.sentTexts
    const request = typeless<OrderRequest>({ ...LIMIT, ...change })
    expect(life.turn.run(() => life.task.submit("test", request))).toEqual({ kind: "refused", reasons: [why] })
    await world.clock.advance(1_000)
    expect([world.disk.orders.size, world.network.sentTexts, life.changes.length]).toEqual([0, texts, 0])
    expect(life.failures).toEqual([])
    const fields = { market: "binance-um", reasons: [why] }
    expect(world.logged.filter(({ event }) => event === "order.refused")).toEqual([{ event: "order.refused", fields }])
  })

  test("is refused when it is no object at all, as a strategy may get it from elsewhere", async () => {
    const world = new World()
    const life = await world.live()
    expect(life.task.submit("test", typeless(undefined))).toEqual({
      kind: "refused",
      reasons: ["undefined is no order"],
    })
  })
})

test("an amend or cancel of the wrong form is refused by name, and the order stays as it is", async () => {
  const world = new World()
  const life = await world.live()
  const clientId = submit(life)
  await world.clock.advance(10)
  const amend = (request: object) => life.task.amend(typeless<AmendRequest>(request))
  const refused = (reason: string) => ({ kind: "refused", reason }) as const
  expect(await amend({ clientId, price: 99 })).toEqual(refused('price 99 is a number; write it as text: "99"'))
  expect(await amend({ clientId, prize: "99" })).toEqual(
    refused('no field of an amend is named "prize"; there is clientId, price, size'),
  )
  expect(await amend({ clientId })).toEqual(refused("an amend changes price or size; it has neither"))
  expect(await amend({ clientId, size: "-1" })).toEqual(refused('size "-1" is not a number above zero'))
  expect(() => life.task.order(typeless({ clientId }))).toThrow(new UsageError("clientId an object is not text"))
  expect(await life.task.cancel(typeless({ clientId }))).toEqual(refused("clientId an object is not text"))
  await world.clock.advance(1_000)
  expect([world.exchange.asked("amend"), world.exchange.asked("cancel")]).toEqual([0, 0])
  expect(life.task.order(clientId)).toMatchObject({ state: "open", price: "100", size: "1" })
})

test("an order on an inst without any bound of its size is refused by name where sizes are bounded by name", async () => {
  const world = new World({ deps: { limits: { orderSizeMax: { ETH_USDT_PERP: "1" }, ordersPerMinuteMax: 100 } } })
  const life = await world.live()
  const why = `limit orderSizeMax does not name ${LIMIT.inst} (it names ETH_USDT_PERP), and no other limit bounds the size of its orders`
  expect(life.task.submit("test", LIMIT)).toEqual({ kind: "refused", reasons: [why] })
  expect(world.disk.orders.size).toBe(0)
})

test("orders that one strategy hands to another are refused where they are made, and told to nobody", () => {
  const { host, of } = virtualHost()
  const desk = relayTask({ kind: "relay", id: "1" }, host)
  const order: AltOrder = { timestamp: 1, market: "binance-um", request: LIMIT, metadata: {} }
  const wrong = typeless<AltOrder>({ ...order, request: { ...LIMIT, type: "stop" } })
  expect(desk.publish([order, wrong])).toEqual({
    kind: "refused",
    reason: 'order 2 of 2: type "stop" is not known; write limit or market',
  })
  expect(of("onOrderExecution")).toEqual([])
  expect(desk.publish([order])).toMatchObject({ kind: "accepted" })
  expect(of("onOrderExecution").map(({ data }) => data)).toEqual([[order]])
  expect(desk.state()).toEqual({ passed: 1, refused: 1 })
})
