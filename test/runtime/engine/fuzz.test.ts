// Everything at once, by seed: small rings, pauses and resumes, throws and rejections, timers, intents, different audiences.
import { expect, test } from "bun:test"
import { MARKETS } from "../../../src/runtime/domain/market.ts"
import { bot, type Context, type InstrumentMsg, intents, orders, trades, type TradeMsg } from "../../../src/index.ts"
import type { CallbackData } from "../../../src/runtime/domain/callbacks.ts"
import type { Fill } from "../../../src/runtime/domain/order.ts"
import type { TaskSpec } from "../../../src/runtime/domain/task.ts"
import { chance, changed, rig, settle, trade } from "./rig.ts"

const EVENTS = 400
const POLICIES = ["continue", "pause", "continue", "pause"] as const
const count = (upTo: number) => Array.from({ length: upTo }, (_, at) => at)
const fill = (tradeId: string) => ({ tradeId }) as Fill
const listed = (inst: string) =>
  ({ market: "binance-um", inst, fields: ["listed"], timestamp: 0 }) as unknown as CallbackData["onInstrument"]

/** What one strategy saw, and whether it saw two things at once or a task's events out of order. */
class Story {
  readonly private: string[] = []
  market = 0
  dropped = 0
  overlaps = 0
  disorder = 0
  #running = 0
  readonly #last = new Map<string, number>()

  async during(work: () => Promise<void>): Promise<void> {
    if (++this.#running > 1) this.overlaps++
    try {
      await work()
    } finally {
      this.#running--
    }
  }

  saw(from: string, sequence: number): void {
    if ((this.#last.get(from) ?? 0) >= sequence) this.disorder++
    this.#last.set(from, sequence)
  }
}

async function play(
  seed: number,
): Promise<{ readonly told: unknown; readonly meant: unknown; readonly left: unknown }> {
  const random = chance(seed * 7_919)
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T
  const tapes = count(3).map(() =>
    trades("binance-um", ["BTC_USDT_PERP"], { ringSlots: [8, 32, 8_192][seed % 3] as number }),
  )
  const desks = count(2).map((at) => orders(MARKETS[at]!, { ringSlots: [16, 4_096][seed % 2] as number }))
  const wishes = intents({ ringSlots: 4_096 })

  const made = (name: string) => {
    const story = new Story()
    const work = (): Promise<void> =>
      story.during(async () => {
        for (let left = Math.floor(random() * 20); left > 0; left--) await Promise.resolve()
        if (random() < 0.05) throw new Error("later")
      })
    const answer = (): Promise<void> | undefined => {
      if (random() < 0.03) throw new Error("at once")
      return random() < 0.5 ? work() : undefined
    }
    return {
      name,
      story,
      onTrade({ task, sequence }: TradeMsg, ctx: Context) {
        story.market++
        story.saw(`trades ${task.id}`, sequence)
        if (random() < 0.05) ctx.publishIntent(wishes, { timestamp: 1, type: "weight", targets: [], metadata: {} })
        if (random() < 0.05) ctx.after(random() * 2, work)
        return answer()
      },
      onOrder({ data, task, sequence }: { data: CallbackData["onOrder"]; task: { id: string }; sequence: number }) {
        story.private.push(data.order.clientId)
        story.saw(`private ${task.id}`, sequence)
        return answer()
      },
      onInstrument({ data, task, sequence }: InstrumentMsg) {
        story.private.push(data.inst)
        story.saw(`private ${task.id}`, sequence)
        return answer()
      },
      onInstIntent({ sequence }: { sequence: number }) {
        story.saw("intents", sequence)
        return answer()
      },
      onLag({ data }: { data: CallbackData["onLag"] }) {
        if (data.kind === "dropped") story.dropped += data.dropped
      },
      onError: () => (random() < 0.3 ? work() : undefined),
    }
  }

  const strategies = POLICIES.map((_, at) => made(`s${at}`))
  // The last task is bound to the first two strategies only: by it the others are left out.
  const mark = trades("binance-um", ["BTC_USDT_PERP"])
  const shared = [...tapes, ...desks, wishes]
  let declared = bot({ name: "fuzz" }).tasks(shared).task(mark) as ReturnType<typeof bot>
  for (const [at, strategy] of strategies.entries()) {
    const on = at < 2 ? [...shared, mark] : shared
    declared = declared.strategy(strategy as never, { onThrow: POLICIES[at], on } as never) as typeof declared
  }
  const one = rig(declared as never)
  await one.engine.start()

  const isMarked = (bound: readonly TaskSpec[]) => bound.some(({ kind, id }) => kind === "feed" && id === "4")
  const audiences = [
    { left: undefined, hears: () => true },
    { left: isMarked, hears: (at: number) => at >= 2 },
    { left: (bound: readonly TaskSpec[]) => !isMarked(bound), hears: (at: number) => at < 2 },
  ] as const
  const publishers = desks.flatMap((desk) =>
    audiences.map(({ left, hears }) => ({ hears, publish: one.publisher(desk, "onInstrument", left) })),
  )
  const meant = strategies.map(() => [] as string[])
  let market = 0
  for (const at of count(EVENTS)) {
    if (random() < 0.05) {
      for (const list of meant) list.push(`o${at}`)
      one.send(pick(desks), "onOrder", { ...changed(`o${at}`), fill: fill(`${at}`) })
    } else if (random() < 0.08) {
      const { hears, publish } = pick(publishers)
      for (const [place, list] of meant.entries()) if (hears(place)) list.push(`i${at}`)
      one.engine.turn.run(() => publish(listed(`i${at}`), one.clock.now()))
    } else {
      market++
      one.send(pick(tapes), "onTrade", trade(at))
    }
    if (random() < 0.1) one.engine.resume()
    if (random() < 0.2) await settle()
    if (random() < 0.05) await one.clock.advance(1)
  }
  for (const _ of count(100)) {
    one.engine.resume()
    await one.clock.advance(20)
  }
  return {
    told: strategies.map(({ story }) => ({
      private: story.private.toSorted(),
      market: story.market + story.dropped,
      overlaps: story.overlaps,
      disorder: story.disorder,
    })),
    meant: meant.map((list) => ({ private: list.toSorted(), market, overlaps: 0, disorder: 0 })),
    left: one.engine.state()["waiting"],
  }
}

test.each(count(60))("seed %d: each strategy gets what is its own, once, in order, one at a time", async (seed) => {
  const { told, meant, left } = await play(seed + 1)
  expect(told).toEqual(meant)
  expect(left).toEqual({ events: 0, bytes: 0 })
})
