// An order with an end of its own, in a simulated world.
import { expect, test } from "bun:test"
import { type Bot, bot, orders, schedule, trades } from "perigee"
import { openSimulation } from "../../src/world/simulation.ts"

const INST = "BTC_USDT_PERP"
const MINUTE_US = 60_000_000

test("an order rests until the time it is good till, and a time too near is the venue's to refuse", async () => {
  const told: { readonly state: string; readonly at: number; readonly reason: string | undefined }[] = []
  let goodTillAt = 0
  const tape = trades("binance-um", [INST])
  const tick = schedule({ everyMs: 3_600_000 })
  const router = orders("binance-um")
  const patient = bot({ name: "patient", account: "exclusive" })
    .tasks([tape, tick, router])
    .strategy({
      onTrade: () => undefined,
      onSchedule(_, ctx) {
        ctx.after(5_000, () => {
          if (goodTillAt !== 0) return
          goodTillAt = ctx.now() + 15 * MINUTE_US
          const far = { inst: INST, side: "BUY", size: "0.010", price: "30000" } as const
          ctx.submit(router, { ...far, goodTillAt })
          ctx.submit(router, { ...far, goodTillAt: ctx.now() + MINUTE_US })
        })
      },
      onOrder({ data: { order } }, ctx) {
        told.push({ state: order.state, at: ctx.now(), reason: order.reason })
      },
    }) as unknown as Bot
  const simulation = await openSimulation({ bot: () => patient, seed: 4, rate: 1 })
  simulation.advance(20 * 60_000)
  simulation.stop("the test is over")
  expect(told.map(({ state }) => state).toSorted()).toEqual(["expired", "open", "pending", "pending", "rejected"])
  const [open, ended, refused] = ["open", "expired", "rejected"].map((state) =>
    told.find((one) => one.state === state)!,
  )
  expect(refused!.reason).toContain("goodTillDate")
  expect(open!.at).toBeLessThan(goodTillAt - 14 * MINUTE_US)
  // To the second, and on its way for some milliseconds.
  expect(Math.abs(ended!.at - goodTillAt)).toBeLessThan(1_500_000)
}, 60_000)
