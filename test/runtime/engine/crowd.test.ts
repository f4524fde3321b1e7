import { describe, expect, test } from "bun:test"
import { bot, type Context, orders, trades, type OrderMsg, type TradeMsg } from "../../../src/index.ts"
import { MARKETS } from "../../../src/runtime/domain/market.ts"
import { WILD_HANDLERS } from "../awkward.ts"
import { chance, changed, rig, settle, trade } from "./rig.ts"

const count = (upTo: number) => Array.from({ length: upTo }, (_, at) => at)

describe("many strategies on many tasks", () => {
  test("see what they would see alone, event by event, with bad ones of every kind among them", async () => {
    const tapes = count(100).map(() => trades("binance-um", ["BTC_USDT_PERP"], { ringSlots: 64 }))
    const desk = orders("binance-um", { ringSlots: 64 })
    const fail = (): never => {
      throw new Error("always")
    }
    /** What each good strategy was told, and when. */
    async function play(hasBad: boolean): Promise<readonly (readonly string[])[]> {
      const good = count(96).map((number) => {
        const story: string[] = []
        // Publish order counts the bad ones' errors too: what is compared is what was told, where from, and when.
        const tell = (what: string) => void story.push(`${what} at ${one.clock.now()}`)
        return {
          story,
          onTrade({ data, task }: TradeMsg, ctx: Context) {
            tell(`trade ${task.id}:${data.tradeId}`)
            if (Number(data.tradeId) % 200 === number) ctx.after(1, () => tell("timer"))
          },
          onOrder: ({ data }: OrderMsg) => tell(`order ${data.order.clientId}`),
          onLag: () => tell("lag"),
          onError: () => tell("error"),
        }
      })
      const bad = [
        // Throws in every handler it has.
        { onTrade: fail, onOrder: fail, onLag: fail, onError: fail },
        {
          onTrade: () => Promise.reject(new Error("later")),
          onOrder: () => Promise.reject(new Error("later")),
          onError: fail,
        },
        { onTrade: () => new Promise<void>(() => undefined), onOrder: () => new Promise<void>(() => undefined) },
        { onTrade: () => settle(), onOrder: () => settle() },
      ]
      const tasks = bot({ name: "crowd" }).tasks([...tapes, desk])
      const one = rig((hasBad ? tasks.strategies(bad) : tasks).strategies(good))
      await one.engine.start()
      for (const at of count(1_500)) {
        if (at % 15 === 0) one.send(desk, "onOrder", changed(`o${at}`))
        one.send(tapes[at % 100] as (typeof tapes)[number], "onTrade", trade(at))
        if (at % 10 === 0) await one.clock.advance(1)
      }
      await one.clock.advance(100)
      expect(one.engine.state()["strategies"]).toHaveLength(hasBad ? 100 : 96)
      return good.map(({ story }) => story)
    }
    const [alone, among] = [await play(false), await play(true)]
    expect(alone[0]!.length).toBeGreaterThan(1_600)
    expect(among).toEqual(alone)
  })

  test("are each served all there is, whatever others throw, reject with or return, in onError as well", async () => {
    const good = count(10).map(() => ({ seen: 0 }))
    const desk = orders("binance-um")
    const tape = trades("binance-um", ["BTC_USDT_PERP"])
    const declared = bot({ name: "crowd" })
      .tasks([tape, desk])
      .strategies(
        WILD_HANDLERS.map(({ handle }) => ({ onTrade: handle, onOrder: handle, onLag: handle, onError: handle })),
      )
      .strategies(good.map((story) => ({ onTrade: () => void story.seen++, onOrder: () => void story.seen++ })))
    const one = rig(declared)
    await one.engine.start()
    for (const at of count(50)) {
      one.send(tape, "onTrade", trade(at))
      one.send(desk, "onOrder", changed(`o${at}`))
      await one.clock.advance(1)
    }
    await one.clock.advance(1_000)
    expect(good.map(({ seen }) => seen)).toEqual(good.map(() => 100))
    const strategies = one.engine.state()["strategies"] as readonly { readonly errors: number }[]
    expect(strategies.slice(0, WILD_HANDLERS.length).every(({ errors }) => errors >= 100)).toBe(true)
    expect(one.engine.reasons()).toEqual([])
    expect(one.engine.state()["waiting"]).toEqual({ events: 0, bytes: 0 })
  })

  test("are each served all there is, whatever a thrower, a sleeper and a lagger among them do", async () => {
    const tapes = count(100).map(() => trades("binance-um", ["BTC_USDT_PERP"], { ringSlots: 16 }))
    const good = count(97).map(() => {
      const strategy = { seen: 0, onTrade: () => void strategy.seen++ }
      return strategy
    })
    const thrower = {
      onTrade() {
        throw new Error("always")
      },
    }
    const sleeper = { onTrade: () => new Promise<void>(() => undefined) }
    const lagger = { onTrade: () => settle() }
    const one = rig(
      bot({ name: "crowd" }).tasks(tapes).strategy(thrower).strategy(sleeper).strategies(good).strategy(lagger),
    )
    await one.engine.start()
    for (let i = 0; i < 2_000; i++) one.send(tapes[i % 100] as (typeof tapes)[number], "onTrade", trade(i))
    expect(good.map(({ seen }) => seen)).toEqual(good.map(() => 2_000))
    expect(one.engine.reasons()).toEqual([])
    expect((one.engine.state()["waiting"] as { events: number }).events).toBeLessThanOrEqual(100 * 16)
  })

  test.each(count(20))(
    "seed %d: one at a time, private events whole and in order, market events in order",
    async (seed) => {
      const random = chance(seed + 1)
      const isTight = seed % 2 === 0
      const tapes = count(5).map(() => trades("binance-um", ["BTC_USDT_PERP"], { ringSlots: isTight ? 32 : 8_192 }))
      const desks = count(2).map((at) => orders(MARKETS[at]!, { ringSlots: 64 }))
      const strategies = count(4).map(() => {
        const story = { running: 0, overlaps: 0, private: [] as string[], market: [] as number[], dropped: 0 }
        const work = async (): Promise<void> => {
          if (++story.running > 1) story.overlaps++
          for (let wait = Math.floor(random() * 30); wait > 0; wait--) await Promise.resolve()
          story.running--
        }
        return {
          story,
          onTrade({ sequence }: TradeMsg, ctx: Context) {
            story.market.push(sequence)
            if (random() < 0.1) ctx.after(random() * 3, work)
            if (random() < 0.02) throw new Error("now and then")
            return random() < 0.5 ? work() : undefined
          },
          onOrder({ data, task }: OrderMsg) {
            story.private.push(`${task.id}:${data.order.clientId}`)
            return random() < 0.5 ? work() : undefined
          },
          onLag({ data }: { data: { kind: string; dropped?: number } }) {
            story.dropped += data.dropped ?? 0
          },
        }
      })
      const one = rig(bot({ name: "crowd" }).tasks(tapes).tasks(desks).strategies(strategies))
      await one.engine.start()
      const told: string[] = []
      let market = 0
      for (let i = 0; i < 3_000; i++) {
        if (random() < 0.02) {
          const desk = Math.floor(random() * 2)
          told.push(`${desk + 1}:${i}`)
          one.send(desks[desk] as (typeof desks)[number], "onOrder", changed(String(i)))
        } else {
          market++
          one.send(tapes[Math.floor(random() ** 3 * 5)] as (typeof tapes)[number], "onTrade", trade(i))
        }
        if (random() < 0.2) await settle()
        if (random() < 0.05) await one.clock.advance(1)
      }
      await one.clock.advance(10_000)
      for (const { story } of strategies) {
        expect(story.overlaps).toBe(0)
        expect(story.private).toEqual(told)
        expect(story.market.length + story.dropped).toBe(market)
        if (!isTight) expect(story.market).toEqual(story.market.toSorted((a, b) => a - b))
        if (!isTight) expect(story.dropped).toBe(0)
      }
      expect(one.engine.state()["waiting"]).toEqual({ events: 0, bytes: 0 })
    },
  )
})
