// A strategy that does not keep up with its private events, through the whole runtime: sockets, exchange, endpoint.
import { expect, test } from "bun:test"
import { bot, type Bot, book, fromNumber, orders, priceOnTick, schedule } from "perigee"
import type { Lag } from "../../src/runtime/domain/callbacks.ts"
import { SIM_ACCOUNT } from "../../src/world/sim-account.ts"
import { openRig } from "./rig.ts"
import { until } from "./until.ts"

const INST = "BTC_USDT_PERP"
const SLOTS = 8

test("it is paused at the ring's bound with /ready 503, loses nothing private, and resumes with the image of its open orders", async () => {
  const hold = Promise.withResolvers<void>()
  const told = { quick: [] as string[], slow: [] as string[] }
  const lags: { readonly lag: Lag; readonly open: readonly string[]; readonly heard: number }[] = []
  let isPlacing = true
  const depth = book("binance-um", [INST], { everyMs: 0 })
  const tick = schedule({ everyMs: 20 })
  const router = orders("binance-um", { ringSlots: SLOTS })
  const line = (data: { readonly order: { readonly clientId: string; readonly state: string } }) =>
    `${data.order.clientId} ${data.order.state}`
  const declared = bot({ name: "behind", account: "exclusive", limits: { openOrdersMax: 40 } })
    .tasks([depth, tick, router])
    .strategy(
      {
        onLob: () => undefined,
        onSchedule(_, ctx) {
          const instrument = ctx.instrument(INST)
          const view = ctx.book(INST)
          const best = view.state === "live" ? view.best() : undefined
          if (!isPlacing || best === undefined || instrument === undefined || ctx.openOrders().length >= 20) return
          const price = priceOnTick(instrument, "BUY", fromNumber(best.bidPrice * 0.99))
          ctx.submit(router, { inst: INST, side: "BUY", size: "0.002", price, timeInForce: "post-only" })
        },
        onOrder: ({ data }) => void told.quick.push(line(data)),
      },
      { name: "quick" },
    )
    .strategy(
      {
        onOrder({ data }) {
          told.slow.push(line(data))
          return told.slow.length === 1 ? hold.promise : undefined
        },
        onLag({ data: lag }, ctx) {
          lags.push({ lag, open: ctx.openOrders().map(({ clientId }) => clientId), heard: told.slow.length })
        },
      },
      { name: "slow", on: [router] },
    ) as unknown as Bot
  const rig = await openRig({
    bot: declared,
    world: { credentials: SIM_ACCOUNT, http: { host: "127.0.0.1", port: 0 } },
  })
  try {
    const ready = async () => {
      const reply = await fetch(`${rig.world.address}/ready`)
      return { status: reply.status, text: await reply.text() }
    }
    await until("orders are told", () => told.quick.length > 0)
    await until("the slow one is at its bound", () => told.quick.length > SLOTS * 2)
    const why = "strategy slow is paused: it has not kept up with the private events of orders binance-um #1"
    const paused = await ready()
    expect([paused.status, paused.text]).toEqual([503, expect.stringContaining(why)])
    expect(told.slow.length).toBe(1)
    isPlacing = false
    const count = () => told.quick.filter((text) => text.endsWith(" open")).length
    await until("every order rests", () => count() === new Set(told.quick.map((text) => text.split(" ")[0])).size)

    hold.resolve()
    await until("it has resumed", () => lags.length > 0)
    expect(told.slow).toEqual(told.quick)
    expect(lags).toHaveLength(1)
    const [{ lag, open, heard }] = lags as [(typeof lags)[0]]
    if (lag.kind !== "resumed") throw new Error(`told ${lag.kind} instead`)
    expect(lag.missed).toBe(0)
    expect(lag.openOrders.map(({ clientId }) => clientId)).toEqual([...open])
    expect(open.length).toBeGreaterThan(SLOTS)
    // The image comes after everything that waited.
    expect(heard).toBe(told.quick.length)
    await until("it is safe to trade again", async () => (await ready()).status === 200)
  } finally {
    hold.resolve()
    await rig.close()
  }
}, 30_000)
