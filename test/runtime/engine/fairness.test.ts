import { expect, test } from "bun:test"
import fc from "fast-check"
import { bot, trades } from "../../../src/index.ts"
import { gate, rig, settle, trade } from "./rig.ts"

test("property: whenever events come and whichever lanes flood, none waits for more than N - 1 of a flooded lane's", async () => {
  const arrivals = fc.array(fc.nat(11), { minLength: 20, maxLength: 120 })
  let compared = 0
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 2, max: 12 }),
      fc.integer({ min: 1, max: 3 }),
      arrivals,
      async (lanesMax, floods, coming) => {
        const lanes = Array.from({ length: lanesMax }, () => trades("binance-um", ["BTC_USDT_PERP"], { ringSlots: 32 }))
        const isFlooded = (lane: number) => lane < Math.min(floods, lanesMax - 1)
        const hold = gate()
        const expected = coming.slice()
        const published: { readonly id: string; readonly floodedBefore: number }[] = []
        const waited = new Map<string, number>()
        let flooded = 0
        const send = (lane: number, id: number) => one.send(lanes[lane] as (typeof lanes)[0], "onTrade", trade(id))
        const one = rig(
          bot({ name: "a" })
            .tasks(lanes)
            .strategy({
              onTrade({ task, data }) {
                if (data.tradeId === "0") return hold.promise
                const lane = Number(task.id) - 1
                if (isFlooded(lane)) {
                  flooded++
                  // It never runs dry, and something else comes now and then.
                  for (let again = 0; again < 2; again++) send(lane, 1)
                  const next = expected.shift()
                  if (next !== undefined && !isFlooded(next % lanesMax)) {
                    const id = String(1_000 + published.length)
                    published.push({ id, floodedBefore: flooded })
                    send(next % lanesMax, Number(id))
                  }
                } else {
                  const one = published.find(({ id }) => id === data.tradeId)
                  if (one !== undefined) waited.set(one.id, flooded - one.floodedBefore)
                }
                return undefined
              },
            }),
        )
        await one.engine.start()
        send(lanesMax - 1, 0)
        for (let lane = 0; isFlooded(lane); lane++) for (let i = 0; i < 200; i++) send(lane, 1)
        hold.resolve()
        await settle()
        for (let turns = 0; turns < 20; turns++) await one.clock.turnLoop()
        expect(waited.size).toBe(published.length)
        compared += waited.size
        expect(Math.max(0, ...waited.values())).toBeLessThanOrEqual(lanesMax - 1)
      },
    ),
    { numRuns: 60 },
  )
  expect(compared).toBeGreaterThan(100)
})

test.each(["first", "last"])("a strategy that is behind for good starves no other, declared %s", async (place) => {
  const tape = trades("binance-um", ["BTC_USDT_PERP"], { ringSlots: 64 })
  let isOn = false
  let quick = 0
  const slow = {
    onTrade() {
      one.clock.hold(2)
      if (!isOn) return
      isOn = false
      // What a handler brings about waits for all: from here on both are served from their rings.
      for (let id = 100; id < 140; id++) one.send(tape, "onTrade", trade(id))
    },
  }
  const fast = { onTrade: () => void quick++ }
  const one = rig(
    bot({ name: "b" })
      .task(tape)
      .strategies(place === "first" ? [slow, fast] : [fast, slow]),
  )
  await one.engine.start()
  await settle()
  one.send(tape, "onTrade", trade(1))
  isOn = true
  one.send(tape, "onTrade", trade(2))
  for (let id = 1_000; id < 1_200; id++) {
    await one.clock.turnLoop()
    one.send(tape, "onTrade", trade(id))
  }
  expect(quick).toBe(242)
})
